from odoo import Command
from odoo.exceptions import UserError
from odoo.tests import new_test_user, tagged

from .undo_common import UndoCommon


@tagged("post_install", "-at_install")
class TestUndo(UndoCommon):
    """Undoing an invoice frees exactly what it had billed; only the invoice that holds a period can free it."""

    # ---- drafts -----------------------------------------------------------------------------------------------------

    def test_the_scene(self):
        self.assertEqual([(str(move.invoice_date), move.amount_untaxed) for move in self.invoices(self.contract)], [
            ("2026-04-02", 150.0), ("2026-05-02", 150.0), ("2026-06-02", 150.0), ("2026-07-02", 335.0)])
        self.assertEqual(self.lines(self.july), self.JULY)
        self.assertHolds(self.july)

    def test_deleting_a_draft_frees_it_and_the_next_run_bills_the_same_lines(self):
        vals = self.july.invoice_line_ids.sorted("sequence").mapped("name")
        self.july.unlink()
        self.assertFree()
        self.assertIn(
            "The draft of 07/02/2026 was deleted: period 07/01/2026 – 07/31/2026 is to be billed again, or skipped",
            self.said())
        self.run_job("2026-07-03")
        again = self.invoices(self.contract)[-1]
        self.assertEqual((str(again.invoice_date), self.lines(again)), ("2026-07-02", self.JULY))
        self.assertEqual(again.invoice_line_ids.sorted("sequence").mapped("name"), vals)
        self.assertHolds(again)
        self.run_job("2026-08-02")
        self.assertEqual(self.lines(self.invoices(self.contract)[-1]), self.AUGUST)

    def test_cancelling_a_draft_frees_it_and_the_next_run_bills_the_same_lines(self):
        self.july.button_cancel()
        self.assertFree()
        self.assertIn(
            "The draft of 07/02/2026 was cancelled: period 07/01/2026 – 07/31/2026 is to be billed again, or skipped",
            self.said())
        self.assertEqual(self.july.billing_contract_id, self.contract)
        self.run_job("2026-07-03")
        again = self.invoices(self.contract).filtered(lambda move: move.state == "draft")[-1]
        self.assertEqual(self.lines(again), self.JULY)
        self.assertHolds(again)
        self.july.unlink()
        self.assertHolds(again)

    def test_undone_twice_and_skipped(self):
        for number in (1, 2):
            self.july.unlink()
            self.assertFree()
            self.run_job("2026-07-03", time=f"0{number}:00:00")
            self.july = self.invoices(self.contract)[-1]
            self.assertEqual(self.lines(self.july), self.JULY)
        self.july.unlink()
        with self.today("2026-07-04"):
            self.row.action_skip()
        self.assertRecordValues(self.row, [{"state": "skipped", "active": False, "resulting_invoice_id": False}])
        self.assertIn("was skipped by", self.said())
        self.run_job("2026-07-05")
        self.assertEqual(len(self.invoices(self.contract)), 3)
        self.run_job("2026-08-02")
        self.assertEqual(self.lines(self.invoices(self.contract)[-1]), [self.AUGUST[0], *self.JULY[1:]])

    def test_an_older_invoice_frees_only_its_own_period(self):
        may = self.invoices(self.contract)[1]
        row = may.billing_schedule_id
        may.unlink()
        self.assertRecordValues(row, [{"state": "pending", "resulting_invoice_id": False}])
        self.assertHolds(self.july)
        self.run_job("2026-07-03")
        again = row.resulting_invoice_id
        self.assertEqual(self.lines(again), [(5, 30.0, 150.0, "2026-05-01", "2026-05-31")])
        self.run_job("2026-08-02")
        self.assertEqual(sum(self.invoices(self.contract).mapped("amount_untaxed")), 150 * 3 + 335 + 180)

    def test_a_cancelled_invoice_comes_back_only_while_its_period_is_free(self):
        self.july.button_cancel()
        self.july.button_draft()
        self.assertHolds(self.july)
        self.assertIn("is no longer cancelled: period 07/01/2026 – 07/31/2026 is invoiced again", self.said())
        self.run_job("2026-07-03")
        self.assertEqual(len(self.invoices(self.contract)), 4)
        self.july.button_cancel()
        self.run_job("2026-07-04")
        again = self.row.resulting_invoice_id
        self.assertNotEqual(again, self.july)
        with self.assertRaisesRegex(UserError, "billed twice.*stays cancelled"):
            self.july.button_draft()
        self.assertHolds(again)

    def test_waiting_tasks_of_an_undone_invoice_are_cancelled(self):
        task = self.env["billing.job"].sudo().create({
            "run_id": self.july.billing_run_id.id, "contract_id": self.contract.id, "job_type": "post",
            "invoice_id": self.july.id, "invoice_date": "2026-07-02"})
        self.july.button_cancel()
        self.assertEqual(task.state, "cancelled")

    def test_an_accountant_without_billing_rights_undoes_too(self):
        accountant = new_test_user(
            self.env, "accountant", groups="account.group_account_manager", company_id=self.company.id,
            company_ids=[Command.set(self.company.ids)])
        self.july.with_user(accountant).button_cancel()
        self.assertFree()
        self.run_job("2026-07-03")
        again = self.row.resulting_invoice_id
        again.with_user(accountant).action_post()
        [new] = self.reverse(again.with_user(accountant), modify=True)
        self.assertHolds(new.sudo())
        new.unlink()
        self.assertFree()
        other = self.init_invoice("out_invoice", amounts=[10.0], post=True).with_user(accountant)
        self.env["account.payment.register"].with_user(accountant).with_context(
            active_model="account.move", active_ids=other.ids).create({})._create_payments()
        self.assertIn(other.payment_state, ("paid", "in_payment"))

    # ---- invoices that had a number ---------------------------------------------------------------------------------

    def test_reset_to_draft_frees_nothing_and_a_number_is_cancelled_never_deleted(self):
        self.july.action_post()
        self.july.button_draft()
        self.assertHolds(self.july)
        with self.assertRaisesRegex(UserError, "had a number: cancel it instead of deleting it"):
            self.july.unlink()
        self.assertHolds(self.july)
        self.july.action_post()
        self.assertHolds(self.july)
        self.july.button_cancel()
        self.assertFree()
        with self.assertRaisesRegex(UserError, "cancel it instead"):
            self.july.unlink()

    def test_a_partial_credit_frees_nothing(self):
        self.july.action_post()
        note = self.reverse(self.july)
        note.invoice_line_ids.filtered(lambda line: line.product_id == self.setup).unlink()
        note.action_post()
        self.assertEqual((self.july.payment_state, note.amount_untaxed), ("partial", 255.0))
        self.assertHolds(self.july)
        self.run_job("2026-07-11")
        self.assertEqual(len(self.invoices(self.contract)), 4)

    def test_a_draft_credit_frees_nothing(self):
        self.july.action_post()
        note = self.reverse(self.july)
        self.assertHolds(self.july)
        note.unlink()
        self.assertHolds(self.july)
