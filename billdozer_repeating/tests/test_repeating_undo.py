"""Runs whose invoice is undone: corrected by *Reverse and Create Invoice*, after a cancelled contract, remade."""

from odoo import Command
from odoo.exceptions import UserError
from odoo.tests import tagged

from .repeating_common import RepeatingCommon


@tagged("post_install", "-at_install")
class TestRepeatingUndo(RepeatingCommon):

    def make(self, **vals):
        return self.make_repeating(
            {"price_unit": 100.0}, {"price_unit": 30.0, "name": "Router", "term": 3}, **{
                "run_date": "2026-01-01", **vals})

    def live(self, repeating):
        """Return date and amount of all invoices that are not cancelled or credited."""
        moves = self.invoices_of(repeating).filtered(
            lambda move: move.move_type == "out_invoice" and move.state != "cancel"
            and move.payment_state != "reversed")
        return [(str(move.invoice_date), move.amount_untaxed) for move in moves]

    # ---- reverse and create -----------------------------------------------------------------------------------------

    def reverse_and_create(self, move, day):
        with self.today(day):
            wizard = self.env["account.move.reversal"].with_context(
                active_model="account.move", active_ids=move.ids,
            ).create({"date": day, "journal_id": move.journal_id.id})
            wizard.modify_moves()
        return wizard.new_move_ids

    def test_reverse_and_create_moves_the_run(self):
        self.company.country_id = self.env.ref("base.za")
        repeating = self.make(info="PO 4711", collect_on="10", run_date="2026-08-01", today="2026-07-01")
        self.run_job("2026-07-20")
        august = self.invoices_of(repeating)
        row = august.billing_schedule_id
        august.action_post()
        new = self.reverse_and_create(august, "2026-08-03")
        self.assertEqual((august.payment_state, august.billing_row_ids.ids), ("reversed", []))
        self.assertRecordValues(new, [{
            "state": "draft", "repeating_invoice_id": repeating.id, "billing_contract_id": repeating.contract_id.id,
            "billing_schedule_id": row.id, "amount_untaxed": 130.0, "narration": "<p>PO 4711</p>",
            "invoice_user_id": repeating.user_id.id}])
        self.assertEqual(row.resulting_invoice_id, new)
        days = [str(new[name]) for name in ("invoice_date", "collection_date", "collection_date_unmoved")]
        self.assertEqual(days, ["2026-08-03", "2026-08-11", "2026-08-10"])  # the 10th is a holiday
        names = ("name", "price_subtotal", "billing_period_start", "billing_period_end")
        self.assertRecordValues(
            new.invoice_line_ids, [{name: line[name] for name in names} for line in august.invoice_line_ids])
        self.assertEqual(
            new.invoice_line_ids.billing_subscription_id, august.invoice_line_ids.billing_subscription_id)
        self.run_job("2026-09-01")
        self.assertEqual(self.live(repeating), [("2026-08-03", 130.0), ("2026-09-01", 130.0)])
        new.unlink()  # the run is free again
        self.run_job("2026-09-02")
        self.assertEqual(self.live(repeating), [("2026-08-01", 130.0), ("2026-09-01", 130.0)])

    def test_reverse_and_create_on_a_collected_contract(self):
        self.company.country_id = self.env.ref("base.za")
        repeating = self.make(collect_on="15")
        repeating.contract_id.payment_method_id = self.env["billing.payment.method"].create({
            "partner_id": self.customer.id, "bank_id": self.env.ref("billdozer_repeating.res_bank_fnb").id,
            "account_number": "62001234567", "account_type": "cheque"})
        self.run_job("2026-01-20")
        february = self.invoices_of(repeating)[-1]
        self.assertEqual(str(february.invoice_date_due), "2026-02-16")
        february.action_post()
        new = self.reverse_and_create(february, "2026-02-03")
        self.assertEqual(self.days(new), ["2026-02-03", "2026-02-16", "2026-02-16"])
        new.action_post()
        self.assertEqual(self.days(new), ["2026-02-03", "2026-02-16", "2026-02-16"])
        later = self.reverse_and_create(new, "2026-02-20")
        self.assertEqual(self.days(later), ["2026-02-20", "2026-03-16", "2026-03-16"])

    def test_reverse_and_create_of_a_run_that_lies_ahead(self):
        repeating = self.make()
        self.run_job("2026-01-20")
        february = self.invoices_of(repeating)[-1]
        february.action_post()
        self.assertEqual(
            self.days(self.reverse_and_create(february, "2026-01-22")), ["2026-02-01", "2026-02-02", "2026-02-01"])

    def days(self, move):
        return [str(move[name]) for name in ("invoice_date", "collection_date", "invoice_date_due")]

    # ---- after the contract was cancelled ---------------------------------------------------------------------------

    def cancelled(self):
        """Return a repeating invoice with January posted and February as a draft, its contract cancelled since."""
        repeating = self.make()
        self.run_job("2026-01-20")
        january, february = self.invoices_of(repeating)
        january.action_post()
        with self.today("2026-02-05"):
            repeating.contract_id.close("2026-02-05")
        self.assertEqual((repeating.contract_id.state, repeating.state), ("closed", "inactive"))
        return repeating, january, february

    def assertSettled(self, repeating, *expected):
        """The job makes ``expected`` again, whole, and nothing after it; all is closed in the end."""
        for day in ("2026-02-10", "2026-06-01"):
            self.run_job(day)
            self.assertEqual(self.live(repeating), list(expected))
        self.assertEqual((repeating.contract_id.state, repeating.state), ("closed", "inactive"))
        self.assertEqual(str(repeating.date_end), "2026-02-05")

    def test_a_draft_that_is_deleted_or_cancelled_afterwards(self):
        for undo in ("unlink", "button_cancel"):
            with self.subTest(undo):
                repeating, _january, february = self.cancelled()
                with self.today("2026-02-06"):
                    getattr(february, undo)()
                self.assertSettled(repeating, ("2026-01-01", 130.0), ("2026-02-01", 130.0))

    def test_an_invoice_that_is_credited_afterwards_waits_for_somebody(self):
        repeating, january, _february = self.cancelled()
        with self.today("2026-02-06"):
            january._reverse_moves([{"date": "2026-02-06", "invoice_date": "2026-02-06"}], cancel=True)
        row = january.billing_schedule_id
        self.assertRecordValues(row, [{"state": "pending", "on_hold": True}])
        self.run_job("2026-02-10")
        self.assertEqual(self.live(repeating), [("2026-02-01", 130.0)])
        with self.today("2026-02-11"):
            row.action_skip()
        self.assertSettled(repeating, ("2026-02-01", 130.0))

    def test_a_draft_that_is_deleted_after_the_repeating_invoice_was_cancelled(self):
        repeating = self.make()
        self.run_job("2026-01-20")
        february = self.invoices_of(repeating)[-1]
        with self.today("2026-01-25"):
            repeating.cancel("2026-02-05")
            self.assertEqual(repeating.state, "inactive")
            february.unlink()
        for day in ("2026-01-26", "2026-06-01"):
            self.run_job(day)
            self.assertEqual(self.live(repeating), [("2026-01-01", 130.0), ("2026-02-01", 130.0)])
        self.assertEqual((repeating.contract_id.state, repeating.state), ("active", "inactive"))

    # ---- remade -----------------------------------------------------------------------------------------------------

    def test_several_drafts_are_remade(self):
        self.company.billdozer_days_in_advance = 70
        repeating = self.make(run_date="2026-02-01", today="2026-01-05")
        self.assertEqual(self.live(repeating), [("2026-02-01", 130.0), ("2026-03-01", 130.0)])
        drafts = self.invoices_of(repeating)
        with self.today("2026-01-25"):
            self.run_job("2026-01-25")
            april = self.invoices_of(repeating) - drafts
            april.action_post()
            repeating.line_ids[0].price_unit = 110.0
            self.assertIn("2 drafts made ahead (02/01/2026, 03/01/2026)", repeating.outdated_message)
            repeating.action_remake_drafts()
            self.assertFalse(repeating.outdated_message)
        self.assertFalse(drafts.exists())
        # What the posted April lacks is on the first one.
        self.assertEqual(self.live(repeating), [("2026-02-01", 150.0), ("2026-03-01", 140.0), ("2026-04-01", 130.0)])
        self.run_job("2026-02-25")
        self.assertEqual(self.live(repeating)[3:], [("2026-05-01", 110.0)])

    def test_a_change_of_a_later_day_remakes_what_it_is_on(self):
        self.company.billdozer_days_in_advance = 70
        repeating = self.make(run_date="2026-02-01", today="2026-01-05")
        february, march = self.invoices_of(repeating)
        with self.today("2026-01-06"):
            repeating.line_ids = [Command.create({
                "product_id": self.licence.id, "name": "Mail", "price_unit": 5.0, "tax_ids": False,
                "date_start": "2026-03-01"})]
            self.assertIn("The draft made ahead (03/01/2026)", repeating.outdated_message)
            repeating.action_remake_drafts()
        self.assertEqual((february.exists(), march.exists()), (february, self.env["account.move"]))
        self.assertEqual(self.live(repeating), [("2026-02-01", 130.0), ("2026-03-01", 135.0)])

    def test_remaking_is_whole_or_not_at_all(self):
        self.company.billdozer_days_in_advance = 70
        repeating = self.make(run_date="2026-02-01", today="2026-01-05")
        drafts = self.invoices_of(repeating)
        with self.today("2026-01-06"):
            repeating.line_ids[0].price_unit = 110.0
            drafts[1].action_post()
            drafts[1].button_draft()  # it has a number now
            with self.assertRaisesRegex(UserError, "had a number"), self.cr.savepoint():
                repeating.action_remake_drafts()
        self.assertEqual(self.invoices_of(repeating), drafts)
