from odoo.exceptions import UserError
from odoo.tests import tagged

from .undo_common import UndoCommon


@tagged("post_install", "-at_install")
class TestUndoCredit(UndoCommon):
    """A full credit puts the period on hold, and nothing is billed twice when it is generated again."""

    # ---- full credit ------------------------------------------------------------------------------------------------

    def test_a_full_credit_puts_the_period_and_all_that_was_on_it_on_hold(self):
        self.july.action_post()
        note = self.credit(self.july)
        self.assertOnHold()
        self.assertFalse(note.billing_contract_id | note.billing_schedule_id.contract_id)
        self.assertIn(
            "was credited in full: period 07/01/2026 – 07/31/2026 is on hold until its invoice is generated again or "
            "the period is skipped", self.said())
        self.run_job("2026-07-11")
        self.assertEqual(len(self.invoices(self.contract)), 4)
        self.run_job("2026-08-02")
        self.assertEqual(self.lines(self.invoices(self.contract)[-1]), self.AUGUST)
        self.assertRecordValues(self.row, [{"state": "pending", "on_hold": True, "resulting_invoice_id": False}])

    def test_generating_a_period_on_hold_bills_all_of_it_again(self):
        self.july.action_post()
        self.credit(self.july)
        self.run_job("2026-08-02")
        again = self.generate(self.row, day="2026-08-05")
        self.assertEqual(self.lines(again), self.JULY)
        self.assertHolds(again)
        self.run_job("2026-09-02")
        self.assertEqual(len(self.invoices(self.contract)), 7)
        self.assertEqual(self.lines(self.invoices(self.contract)[-1]), [(6, 30.0, 180.0, "2026-09-01", "2026-09-30")])

    def test_a_correction_after_the_credit_is_on_the_new_invoice(self):
        self.july.action_post()
        self.credit(self.july)
        with self.today("2026-07-11"):
            self.sub.change_quantity(4, "2026-07-01")
        again = self.generate(self.row)
        self.assertEqual(self.lines(again), [(4, 30.0, 120.0, "2026-07-01", "2026-07-31"), *self.JULY[1:]])
        self.run_job("2026-08-02")
        self.assertEqual(self.lines(self.invoices(self.contract)[-1]), [(4, 30.0, 120.0, "2026-08-01", "2026-08-31")])

    def test_skipping_a_period_on_hold_settles_it(self):
        self.july.action_post()
        self.credit(self.july)
        with self.today("2026-07-12"):
            self.row.action_skip()
        self.assertRecordValues(self.row, [{"state": "skipped", "active": False, "on_hold": False}])
        self.run_job("2026-08-02")
        self.run_job("2026-09-02")
        self.assertEqual([self.lines(move) for move in self.invoices(self.contract)[4:]], [
            self.AUGUST, [(6, 30.0, 180.0, "2026-09-01", "2026-09-30")]])

    def test_the_credit_note_is_undone_and_the_invoice_holds_its_period_again(self):
        self.july.action_post()
        for undo in ("cancel", "delete", "unreconcile"):
            note = self.credit(self.july)
            self.assertOnHold()
            if undo == "unreconcile":
                note.line_ids.remove_move_reconcile()
            else:
                note.button_draft()
            if undo == "cancel":
                note.button_cancel()
            elif undo == "delete":
                note.with_context(force_delete=True).unlink()
            self.assertHolds(self.july)
            self.assertIn("is no longer credited: period 07/01/2026 – 07/31/2026 is invoiced again", self.said())
        self.run_job("2026-07-13")
        self.assertEqual(len(self.invoices(self.contract)), 4)
        self.run_job("2026-08-02")
        self.assertEqual(self.lines(self.invoices(self.contract)[-1]), self.AUGUST)

    def test_the_credit_note_of_a_period_that_was_billed_again_stays(self):
        self.july.action_post()
        note = self.credit(self.july)
        again = self.generate(self.row)
        self.assertHolds(again)
        for undo in (note.button_cancel, note.line_ids.remove_move_reconcile):
            with self.assertRaisesRegex(UserError, "billed twice.*Cancel that invoice first"), self.cr.savepoint():
                undo()
        self.assertHolds(again)
        again.unlink()
        note.button_cancel()
        self.assertHolds(self.july)
        self.run_job("2026-07-13")
        self.assertEqual(len(self.invoices(self.contract)), 4)
        self.run_job("2026-08-02")
        self.assertEqual(self.lines(self.invoices(self.contract)[-1]), self.AUGUST)

    def test_a_credited_change_log_invoice_waits_on_hold_too(self):
        with self.today("2026-07-11"):
            self.sub.change_quantity(8, "2026-07-22")
            wizard = self.env["billing.generate"].create(
                {"contract_id": self.contract.id, "kind": "change_log", "date_to": "2026-07-31"})
            wizard.action_proceed()
        extra = wizard.invoice_id
        row = extra.billing_schedule_id
        self.assertEqual(self.lines(extra), [(2, 9.675, 19.35, "2026-07-22", "2026-07-31")])
        extra.action_post()
        self.credit(extra)
        self.assertRecordValues(row, [{"kind": "change_log", "state": "pending", "on_hold": True}])
        self.run_job("2026-08-02")
        self.assertEqual(self.lines(self.invoices(self.contract)[-1]), [(8, 30.0, 240.0, "2026-08-01", "2026-08-31")])
        again = self.generate(row, day="2026-08-03")
        self.assertEqual(self.lines(again), self.lines(extra))
        self.assertRecordValues(row, [{"state": "invoiced", "on_hold": False, "resulting_invoice_id": again.id}])

    def test_a_deleted_change_log_invoice_is_billed_with_the_next_cycle(self):
        with self.today("2026-07-11"):
            self.sub.change_quantity(8, "2026-07-22")
            wizard = self.env["billing.generate"].create(
                {"contract_id": self.contract.id, "kind": "change_log", "date_to": "2026-07-31"})
            wizard.action_proceed()
        row = wizard.invoice_id.billing_schedule_id
        wizard.invoice_id.unlink()
        self.assertFalse(row.exists())
        self.run_job("2026-08-02")
        move = self.invoices(self.contract)[-1]
        self.assertEqual(self.lines(move), [
            (8, 30.0, 240.0, "2026-08-01", "2026-08-31"), (2, 9.675, 19.35, "2026-07-22", "2026-07-31")])

    # ---- another invoice in its place -------------------------------------------------------------------------------

    def test_reverse_and_create_moves_the_period_to_the_new_invoice(self):
        self.july.action_post()
        may = self.invoices(self.contract)[1]
        may.action_post()
        moves = self.reverse(may | self.july, modify=True)
        self.assertEqual(len(moves), 2)
        new = moves.filtered(lambda move: move.billing_schedule_id == self.row)
        self.assertEqual((self.july.payment_state, may.payment_state), ("reversed", "reversed"))
        self.assertRecordValues(new, [{
            "move_type": "out_invoice", "state": "draft", "billing_contract_id": self.contract.id,
            "billing_kind": "regular", "billing_run_id": self.july.billing_run_id.id}])
        self.assertEqual(self.lines(new), self.JULY)
        self.assertHolds(new)
        names = (
            "billing_subscription_id", "billing_item_id", "billing_change_log_id", "billing_cycle_start",
            "billing_amount")
        for old, line in zip(
                self.july.invoice_line_ids.sorted("sequence"), new.invoice_line_ids.sorted("sequence"), strict=True):
            self.assertEqual([old[name] for name in names], [line[name] for name in names])
        self.assertIn("was credited and its period moved to", self.said())
        may_row = may.billing_schedule_id
        self.assertEqual(may_row.resulting_invoice_id, moves - new)
        self.run_job("2026-07-11")
        self.run_job("2026-08-02")
        self.assertEqual(self.lines(self.invoices(self.contract).filtered(
            lambda move: str(move.invoice_date) == "2026-08-02")), self.AUGUST)

    def test_after_reverse_and_create_only_the_new_invoice_frees_the_period(self):
        self.july.action_post()
        new = self.reverse(self.july, modify=True)
        note = self.july.reversal_move_ids
        with self.assertRaisesRegex(UserError, "billed twice"), self.cr.savepoint():
            note.button_cancel()
        self.assertHolds(new)
        new.unlink()
        self.assertFree()
        self.run_job("2026-07-11")
        again = self.row.resulting_invoice_id
        self.assertEqual(self.lines(again), self.JULY)
        again.unlink()
        note.button_cancel()
        self.assertHolds(self.july)

    def test_duplicate_frees_and_holds_nothing(self):
        copy = self.july.copy()
        copy.unlink()
        self.assertHolds(self.july)

    def test_replacing_bills_again_what_the_old_one_covered_and_nothing_newer(self):
        self.run_job("2026-08-02")
        task = self.env["billing.job"].sudo().create({
            "run_id": self.july.billing_run_id.id, "contract_id": self.contract.id, "job_type": "post",
            "invoice_id": self.july.id, "invoice_date": "2026-07-02"})
        with self.today("2026-08-05"):
            self.sub.change_quantity(9, "2026-07-01")
            self.env["billing.item"].create({
                "contract_id": self.contract.id, "product_id": self.setup.id, "price_unit": 1.0,
                "invoice_on": "2026-07-02"})
        new = self.generate(self.row, day="2026-08-06", replace_existing=True)
        self.assertEqual(self.lines(new), self.JULY)
        self.assertHolds(new)
        self.assertRecordValues(self.july, [{
            "state": "draft", "billing_replaced_by_id": new.id, "no_followup": True,
            "billing_contract_id": self.contract.id}])
        self.assertIn("Replaced by", self.july.message_ids.sorted("id")[-1].body)
        self.assertRecordValues(self.july.activity_ids, [{
            "user_id": self.contract.user_id.id,
            "summary": "Replaced invoice: delete it, or credit it if it was sent"}])
        self.assertEqual(task.state, "cancelled")
        self.july.unlink()
        self.assertHolds(new)
        self.run_job("2026-09-02")
        september = self.invoices(self.contract)[-1]
        self.assertEqual(self.lines(september), [
            (9, 30.0, 270.0, "2026-09-01", "2026-09-30"), (3, 30.0, 90.0, "2026-07-01", "2026-07-31"),
            (3, 30.0, 90.0, "2026-08-01", "2026-08-31"), (1, 1.0, 1.0, False, False)])

    def test_replacing_a_posted_invoice_and_crediting_the_old_one(self):
        self.july.action_post()
        new = self.generate(self.row, replace_existing=True)
        self.assertHolds(new)
        note = self.credit(self.july, day="2026-07-13")
        self.assertHolds(new)
        note.button_cancel()
        self.assertHolds(new)
        with self.assertRaisesRegex(UserError, "already invoiced"):
            self.generate(self.row)
        new.unlink()
        self.assertFree()
