from odoo import Command, fields
from odoo.exceptions import UserError
from odoo.tests import freeze_time, new_test_user, tagged

from .common import BillingCommon


@tagged("post_install", "-at_install")
class TestUndo(BillingCommon):
    """Undoing an invoice frees exactly what it had billed; only the invoice that holds a period can free it."""

    JULY = [
        (6, 30.0, 180.0, "2026-07-01", "2026-07-31"), (1, 15.0, 15.0, "2026-04-16", "2026-04-30"),
        (1, 30.0, 30.0, "2026-05-01", "2026-05-31"), (1, 30.0, 30.0, "2026-06-01", "2026-06-30"),
        (1, 80.0, 80.0, False, False)]
    AUGUST = [(6, 30.0, 180.0, "2026-08-01", "2026-08-31")]

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.setup = cls._create_product(name="Setup", lst_price=80.0, taxes_id=False)
        cls.contract = cls.make_contract(
            {"quantity": 5, "price_unit": 30.0}, date_start="2026-04-01", date_end="2026-12-31", refund_policy="yes",
            item_ids=[Command.create(
                {"product_id": cls.setup.id, "name": "Setup", "price_unit": 80.0, "invoice_on": "2026-07-02"})])

        # April to July are billed; July also bills the item and, late, one more unit since 16 April.
        for day in ("2026-04-02", "2026-05-02", "2026-06-02", "2026-07-02"):
            with freeze_time(f"{day} 08:00:00"):
                if day == "2026-07-02":
                    cls.contract.subscription_ids.change_quantity(6, "2026-04-16")
                cls.env["billing.generate"].create({"contract_id": cls.contract.id}).action_proceed()

    def setUp(self):
        super().setUp()
        self.july = self.invoices(self.contract)[-1]
        self.row = self.july.billing_schedule_id
        self.late = self.contract.change_log_ids.filtered(lambda log: log.event == "update")
        self.item = self.contract.item_ids
        self.sub = self.contract.subscription_ids

    # ---- what is compared -------------------------------------------------------------------------------------------

    def lines(self, move):
        return [
            (line.quantity, line.price_unit, line.price_subtotal,
             line.billing_period_start and str(line.billing_period_start),
             line.billing_period_end and str(line.billing_period_end))
            for line in move.invoice_line_ids.sorted("sequence")]

    def said(self):
        """Return the newest message on the contract."""
        return str(self.contract.message_ids.sorted("id")[-1].body)

    def assertHolds(self, move):
        """The row of July, the late change and the item are billed by ``move``."""
        self.assertRecordValues(self.row, [{
            "state": "invoiced", "active": False, "status": "inactive", "on_hold": False,
            "resulting_invoice_id": move.id}])
        self.assertRecordValues(self.late, [{"state": "archived", "billing_move_id": move.id}])
        self.assertEqual(self.late.invoice_line_id.move_id, move)
        self.assertRecordValues(self.item, [{"invoice_id": move.id}])

    def assertFree(self):
        """The row of July, the late change and the item are to be billed."""
        self.assertRecordValues(self.row, [{
            "state": "pending", "active": True, "status": "active", "on_hold": False, "resulting_invoice_id": False,
            "run_date": False, "run_type": False}])
        self.assertRecordValues(self.late, [{
            "state": "active", "applied": True, "billing_move_id": False, "invoice_line_id": False}])
        self.assertFalse(self.item.invoice_line_id)
        self.assertEqual(self.contract.next_invoice_date, fields.Date.to_date("2026-07-02"))

    def assertOnHold(self):
        self.assertRecordValues(self.row, [{
            "state": "pending", "active": True, "on_hold": True, "resulting_invoice_id": False, "reason": "on_hold"}])
        self.assertIn("Generate its invoice again, or skip", self.row.message)
        self.assertEqual(self.contract.next_invoice_date, fields.Date.to_date("2026-08-02"))

    def reverse(self, move, modify=False, day="2026-07-10"):
        with self.today(day):
            wizard = self.env["account.move.reversal"].with_context(
                active_model="account.move", active_ids=move.ids,
            ).create({"date": day, "journal_id": move.journal_id.id})
            (wizard.modify_moves if modify else wizard.refund_moves)()
        return wizard.new_move_ids

    def credit(self, move, day="2026-07-10"):
        """Credit ``move`` in full, as a clerk does: the credit note is posted and reconciles itself."""
        note = self.reverse(move, day=day)
        with self.today(day):
            note.action_post()
        self.assertEqual(move.payment_state, "reversed")
        return note

    def generate(self, row, day="2026-07-12", **vals):
        with self.today(day):
            wizard = self.env["billing.generate"].create(
                {"contract_id": self.contract.id, "schedule_id": row.id, **vals})
            wizard.action_proceed()
        return wizard.invoice_id

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
