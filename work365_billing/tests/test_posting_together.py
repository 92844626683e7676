"""Invoices that the job posts together equal those that Odoo posts one by one: numbers, journal items and chatter."""

from unittest.mock import patch

from odoo import fields
from odoo.tests import tagged

from .matrix_common import MatrixCommon

OWN = ("id", "create_date", "write_date", "date", "message_id", "res_id")


@tagged("post_install", "-at_install")
class TestPostingTogether(MatrixCommon):
    def make(self, *days, env=None, **head):
        """Return drafts as the executor makes them, one for each of ``days``."""
        Move = (env or self.env(su=True))["account.move"].with_context(tracking_disable=True)
        moves = Move._billing_create([
            self.vals(self.line(self.tax_15), invoice_date=fields.Date.to_date(day), invoice_date_due=day, **head)
            for day in days])
        self.save()
        return moves.with_context(tracking_disable=False, mail_notrack=False)

    def save(self):
        """Do what a commit does with the chatter."""
        self.cr.flush()
        self.cr.precommit.clear()
        self.env.invalidate_all()

    def chatter(self, moves):
        """Return every stored field of the messages of each of ``moves``, and of what was tracked."""
        self.save()
        return [
            [(self._read_all(message, move), [self._read_all(value, move) for value in message.tracking_value_ids])
             for message in move.message_ids.sudo()]
            for move in moves]

    def _read_all(self, record, move):
        values = {}
        for name, field in record._fields.items():
            if field.store and name not in OWN and field.type not in ("one2many", "binary"):
                value = record[name].ids if field.relational else record[name]
                values[name] = value.replace(move.name, "NUMBER") if field.type in ("char", "text") and value else value
        values.pop("mail_message_id", None)
        return values

    def test_chatter(self):
        together, alone = self.make("2024-03-15", "2024-03-15", "2024-03-15"), self.make("2024-03-15")
        together._billing_post()
        found = self.chatter(together)
        alone._post(soft=False)
        [wanted] = self.chatter(alone)
        self.assertEqual(len(wanted), 1)
        self.assertIn("posted", {value["new_value_char"] and value["new_value_char"].lower()
                                 for value in wanted[0][1]})
        self.assertEqual(found, [wanted] * 3)

    def test_followers_are_told(self):
        """Whoever follows one of many invoices is notified of it."""
        moves = self.make("2024-03-15", "2024-03-15", "2024-03-15")
        subtype = self.env.ref("account.mt_invoice_validated")
        moves[1].message_subscribe(self.partner_a.ids, subtype.ids)
        moves._billing_post()
        self.save()
        self.assertEqual([len(move.message_ids) for move in moves], [1, 1, 1])
        self.assertEqual(
            [move.message_ids.notified_partner_ids for move in moves],
            [self.env["res.partner"], self.partner_a, self.env["res.partner"]])

    def test_conversations_go_on(self):
        moves = self.make("2024-03-15", "2024-03-15")
        note = moves[0].message_post(body="Wait for the purchase order", message_type="comment")
        moves._billing_post()
        self.save()
        self.assertEqual(moves[0].message_ids[0].parent_id, note)
        self.assertFalse(moves[1].message_ids.parent_id)

    def test_new_customers(self):
        """Each becomes a customer, with the number of its invoices, as does the company of a contact."""
        company, regular = self.env["res.partner"].create([
            {"name": "Company", "is_company": True}, {"name": "Regular", "customer_rank": 5}])
        contact, other = self.env["res.partner"].create([
            {"name": "Contact", "parent_id": company.id}, {"name": "Other"}])
        moves = self.env["account.move"].union(*(
            self.make(*["2024-03-15"] * count, partner_id=partner.id)
            for partner, count in ((contact, 2), (company, 1), (other, 2), (regular, 3))))
        moves._billing_post()
        self.assertEqual((contact + company + other).mapped("customer_rank"), [2, 3, 2])
        self.assertEqual(regular.customer_rank, 5)  # Odoo adds to it after the commit
        self.assertEqual(self.cr.postcommit.data["account.res.partner.increase_rank.customer_rank"], {regular.id: 3})
        self.assertEqual((contact + company + other + regular).mapped("supplier_rank"), [0] * 4)

    def test_no_gaps(self):
        moves = self.make(*["2024-03-15"] * 3)
        moves._billing_post()
        self.assertEqual(moves.mapped("made_sequence_gap"), [False] * 3)
        moves[1].button_draft()
        moves[1].name = False
        self.assertEqual(moves.mapped("made_sequence_gap"), [False, False, True])
        moves[1]._billing_post()
        [last] = self.make("2024-03-15")
        last._billing_post()
        self.assertEqual((moves + last).mapped("made_sequence_gap"), [False, False, True, False])

    def test_numbers(self):
        """They follow the dates, of every sequence of its own, and go on where others have stopped."""
        self.company_data["default_journal_sale"].refund_sequence = True
        before = self.make("2024-03-01", "2024-03-01")
        before._post()
        moves = self.make("2024-03-15", "2023-12-31", "2024-03-14", "2024-03-15")
        moves |= self.make("2024-03-15", "2024-03-15", move_type="out_refund")
        moves._billing_post()
        self.assertEqual(moves.mapped("name"), [
            "INV/2024/00004", "INV/2023/00001", "INV/2024/00003", "INV/2024/00005",
            "RINV/2024/00001", "RINV/2024/00002"])
        self.assertEqual(moves.mapped("made_sequence_gap"), [False] * 6)
        after = self.make("2024-03-15")
        after._post()
        self.assertEqual(after.name, "INV/2024/00006")

    def test_numbers_of_another_addon(self):
        """Where another addon decides in which sequence an invoice is, each invoice is asked for."""
        Move = self.registry["account.move"]
        domain_of = Move._get_last_sequence_domain

        def by_reference(move, relaxed=False):
            where, params = domain_of(move, relaxed)
            return f"{where} AND ref = %(ref)s", {**params, "ref": move.ref}

        def start(move):
            return f"{move.ref}/{move.date.year}/00000"

        self.startPatcher(patch.object(Move, "_get_last_sequence_domain", by_reference))
        self.startPatcher(patch.object(Move, "_get_starting_sequence", start))
        moves = self.make("2024-03-15", ref="A") | self.make("2024-03-15", ref="B") | self.make("2024-03-15", ref="A")
        moves._billing_post()
        self.assertEqual(moves.mapped("name"), ["A/2024/00001", "B/2024/00001", "A/2024/00002"])

    def test_a_number_given_by_hand(self):
        moves = self.make("2024-03-15", "2024-03-15", "2024-03-15")
        moves[0].name = "INV/2024/00041"
        moves._billing_post()
        self.assertEqual(moves.mapped("name"), ["INV/2024/00041", "INV/2024/00042", "INV/2024/00043"])

    def test_the_number_of_queries_does_not_grow(self):
        """New customers included."""
        self.make("2024-03-01", "2024-03-01")._billing_post()
        few, many = (
            self._count(self.env["account.move"].union(*(
                self.make("2024-03-15", partner_id=partner.id) for partner in self.env["res.partner"].create([
                    {"name": f"Customer {number}"} for number in range(count)]))))
            for count in (3, 15))
        self.assertLessEqual(many, few + 2)

    def _count(self, moves):
        before = self.cr.sql_log_count
        moves._billing_post()
        self.save()
        return self.cr.sql_log_count - before
