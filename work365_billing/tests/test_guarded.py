"""What ties an invoice to its contract is written by the system alone, also over the wire."""

from odoo import Command
from odoo.exceptions import AccessError
from odoo.tests import Form, HttpCase, new_test_user, tagged
from odoo.tools import mute_logger

from .test_rights import RightsCommon


class GuardedCommon(RightsCommon):
    """An invoice of a contract, and who may edit it: a person who only invoices, a clerk and an administrator."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.users["invoicing"] = new_test_user(
            cls.env, login="rights_invoicing", groups="account.group_account_invoice", company_id=cls.company.id,
            company_ids=[Command.set(cls.company.ids)], tz="UTC")
        cls.other = cls.make_contract({"quantity": 1, "price_unit": 1.0}, date_start="2026-04-01", name="Other")

    def make_invoice(self):
        with mute_logger("odoo.tests.common"):  # in a browser test the job's registry mode is on already
            self.run_job("2026-04-02")
        return self.contract.invoice_ids

    def forged(self, move):
        """Return what somebody might write by hand: values of the invoice and of its line."""
        row = self.other.schedule_ids.sorted("cycle_start")[1]
        return (
            {"billing_contract_id": self.other.id, "billing_schedule_id": row.id, "billing_run_id": False,
             "billing_kind": "change_log", "billing_replaced_by_id": move.id},
            {"billing_subscription_id": self.other.subscription_ids.id, "billing_item_id": self.contract.item_ids.id,
             "billing_change_log_id": self.other.change_log_ids.id, "billing_period_start": "2026-05-01",
             "billing_period_end": "2026-05-31", "billing_cycle_start": "2026-05-01", "billing_amount": 7.0,
             "billing_usage_ids": [Command.set(self.usage.ids)]})

    def links(self, move):
        names = [sorted(name for name in records._fields if name.startswith("billing_") and records._fields[name].store)
                 for records in (move, move.invoice_line_ids)]
        return [records.read(own, load=None) for records, own in
                zip((move.sudo(), move.sudo().invoice_line_ids), names, strict=True)]


@tagged("post_install", "-at_install")
class TestGuarded(GuardedCommon):
    def test_who_corrects_an_invoice_changes_the_rest_of_it(self):
        for number, group in enumerate(("invoicing", "user", "admin")):
            move = self.as_user(self.make_invoice(), group)
            with Form(move) as form, form.invoice_line_ids.edit(0) as line:
                line.price_unit = 31.0 + number
            self.assertEqual((move.amount_untaxed, move.sudo().billing_contract_id.id), (
                (31.0 + number) * 5, self.contract.id))

    def test_a_copy_a_credit_and_a_correction_by_who_only_invoices(self):
        move = self.as_user(self.make_invoice(), "invoicing")
        copy = move.copy()
        self.assertFalse(copy.sudo().billing_contract_id)
        move.action_post()
        wizard = self.env["account.move.reversal"].with_user(move.env.user).with_context(
            active_model="account.move", active_ids=move.ids).create(
            {"journal_id": move.journal_id.id, "date": "2026-04-10"})
        wizard.modify_moves()
        [row] = self.contract.with_context(active_test=False).schedule_ids.filtered("resulting_invoice_id")
        new = row.resulting_invoice_id
        self.assertRecordValues(new, [{
            "amount_untaxed": 150.0, "billing_contract_id": self.contract.id, "billing_schedule_id": row.id,
            "create_uid": self.users["invoicing"].id, "state": "draft"}])
        self.assertEqual(move.payment_state, "reversed")
        wizard = self.env["account.move.reversal"].with_user(move.env.user).create({
            "journal_id": move.journal_id.id, "date": "2026-04-10", "move_ids": [Command.set(copy.ids)]})
        copy.invoice_date = "2026-04-10"
        copy.action_post()
        wizard.modify_moves()
        self.assertFalse(wizard.new_move_ids.sudo().billing_contract_id)

    def test_a_viewer_corrects_nothing(self):
        move = self.make_invoice()
        move.action_post()
        wizard = self.env["account.move.reversal"].create({
            "journal_id": move.journal_id.id, "date": "2026-04-10", "move_ids": [Command.set(move.ids)]})
        with self.assertRaises(AccessError):
            wizard.with_user(self.users["viewer"]).modify_moves()


@tagged("post_install", "-at_install")
class TestGuardedOverRpc(GuardedCommon, HttpCase):
    def call(self, model, method, *args, **kwargs):
        return self.make_jsonrpc_request(
            f"/web/dataset/call_kw/{model}/{method}",
            {"model": model, "method": method, "args": args, "kwargs": kwargs})

    def assertRefused(self, *args, **kwargs):
        with mute_logger("odoo.http"), self.assertRaises(Exception) as refusal:
            self.call(*args, **kwargs)
        self.assertIn("AccessError", str(refusal.exception), args)

    def test_no_user_writes_what_ties_an_invoice_to_its_contract(self):
        move = self.make_invoice()
        line, before = move.invoice_line_ids, self.links(move)
        of_move, of_line = self.forged(move)
        product = {"product_id": self.licence.id, "quantity": 1, "price_unit": 1.0}
        for group in ("invoicing", "user", "admin"):
            self.authenticate(f"rights_{group}", f"rights_{group}")
            for name, value in of_move.items():
                self.assertRefused("account.move", "write", move.ids, {name: value})
                self.assertRefused("account.move", "create", [{"move_type": "out_invoice", name: value}])
                self.assertRefused(
                    "account.move", "create", [{"move_type": "out_invoice"}], context={f"default_{name}": value})
            for name, value in of_line.items():
                self.assertRefused("account.move.line", "write", line.ids, {name: value})
                self.assertRefused(
                    "account.move", "write", move.ids, {"invoice_line_ids": [[1, line.id, {name: value}]]})
                self.assertRefused(
                    "account.move", "write", move.ids, {"invoice_line_ids": [[0, 0, {**product, name: value}]]})
            self.assertRefused("account.move", "copy", move.ids, {"billing_contract_id": self.contract.id})
        self.env.invalidate_all()
        self.assertEqual(self.links(move), before)

    def test_a_file_with_such_columns_is_refused_and_others_are_imported(self):
        move = self.make_invoice()
        names = ["move_type", "partner_id/.id", "invoice_date", "invoice_line_ids/product_id/.id"]
        row = ["out_invoice", str(self.customer.id), "2026-04-10", str(self.licence.id)]
        self.authenticate("rights_invoicing", "rights_invoicing")
        answer = self.call("account.move", "load", names, [row])
        self.assertEqual(len(answer["ids"]), 1)
        answer = self.call("account.move", "load", [*names, "billing_contract_id/.id"], [[*row, str(self.contract.id)]])
        self.assertFalse(answer["ids"])
        self.assertIn("“Billing Contract” is written by billing only", answer["messages"][0]["message"])
        self.env.invalidate_all()
        self.assertEqual(self.contract.invoice_ids, move)

    def test_the_fields_say_that_they_are_read_only(self):
        self.authenticate("rights_user", "rights_user")
        for model, names in (("account.move", list(self.forged(self.env["account.move"])[0])),
                             ("account.move.line", list(self.forged(self.env["account.move"])[1]))):
            fields = self.call(model, "fields_get", names, ["readonly"])
            self.assertEqual({name for name in names if not fields[name]["readonly"]}, set())
