from odoo import Command
from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.tests import new_test_user, tagged

from .close_common import CloseCommon


@tagged("post_install", "-at_install")
class TestCloseStates(CloseCommon):
    """Closing a contract in each state: what is refused, what waits, the window, and what is undone afterwards."""

    # ---- states -----------------------------------------------------------------------------------------------------

    def test_a_suspended_contract_closes_and_suspended_days_stay_as_chosen(self):
        for policy, amounts in (("nothing", [150.0]), ("credit", [150.0, 75.0]), ("full", [150.0, 150.0, 50.0])):
            contract = self.five_at_thirty(refund_policy="yes")
            self.bill(contract, "2026-04-02")
            with self.today("2026-04-16"):
                contract.suspend(policy=policy)
            with self.today("2026-06-10"):
                with self.assertRaisesRegex(UserError, "will be suspended on 07/01/2026"):
                    contract.close("2026-07-01")
                contract.close()
            self.assertEqual(self.invoices(contract).mapped("amount_untaxed"), amounts)
            self.assertSettled(contract, "2026-06-10")

    def test_a_suspension_to_come_is_withdrawn_or_stops_it(self):
        contract = self.five_at_thirty(refund_policy="yes")
        with self.today("2026-04-10"):
            contract.suspend("2026-05-16")
            with self.assertRaisesRegex(UserError, "will be suspended on 05/31/2026"):
                contract.close("2026-05-31")
            contract.close("2026-05-10")
        self.assertFalse(contract.suspend_on)
        self.run_daily("2026-05-01", "2026-05-03")
        self.run_job("2026-05-11")
        self.assertEqual(self.invoices(contract).mapped("amount_untaxed"), [150.0, 48.39])
        self.assertSettled(contract, "2026-05-10")

    def test_what_is_refused_and_what_to_do(self):
        contract = self.five_at_thirty(date_end="2026-08-31")
        self.bill(contract, "2026-04-02")
        with self.today("2026-06-10"):
            sub = contract.subscription_ids
            sub.change_quantity(6, "2026-06-05")
            for stop, error, words in (
                    ("2026-03-31", ValidationError, "starts on 04/01/2026: choose that day or a later one"),
                    ("2026-09-01", ValidationError, "ends on 08/31/2026: choose that day or an earlier one"),
                    ("2026-05-31", ValidationError, "was changed on 06/05/2026: choose that day or a later one")):
                with self.assertRaisesRegex(error, words):
                    contract.close(stop)
                self.assertRegex(self.env["billing.contract.close"].create(
                    {"contract_id": contract.id, "stop_date": stop}).problem, words)
            self.assertEqual((contract.state, sub.quantity, len(self.invoices(contract))), ("active", 6.0, 1))
            self.licence.billing_reduction = "not_allowed"
            with self.assertRaisesRegex(UserError, "may not be reduced"):
                contract.close(refund=True)
            contract.close()
            with self.assertRaisesRegex(UserError, "is closed already"):
                contract.close()
            with self.assertRaisesRegex(UserError, "is closed already"):
                contract.action_open_close()
            before = self.invoices(contract)
            contract.action_close()
            self.assertEqual(self.invoices(contract), before)
        draft = self.five_at_thirty(activate=False)
        with self.assertRaisesRegex(UserError, "is a draft, nothing of it is billed"):
            draft.action_open_close()

    def test_a_state_that_is_written_or_imported_does_not_pass_the_closing_by(self):
        contract = self.five_at_thirty()
        self.bill(contract, "2026-04-02")
        with self.today("2026-06-10"):
            with self.assertRaisesRegex(UserError, "never be billed or credited: use Close Contract"):
                contract.write({"state": "closed"})
            result = contract.load([".id", "state"], [[str(contract.id), "Closed"]])
            self.assertFalse(result["ids"])
            self.assertRegex(result["messages"][0]["message"], "use Close Contract")
            self.assertEqual(contract.state, "active")
            contract.close()
        self.assertEqual(sum(self.invoices(contract).mapped("amount_untaxed")), 150.0 + 150.0 + 50.0)
        draft = self.five_at_thirty(activate=False)
        draft.write({"state": "closed"})
        self.assertEqual(draft.state, "closed")

    def test_what_cannot_be_billed_is_named_and_nothing_is_done(self):
        contract = self.five_at_thirty()
        self.licence.active = False
        self.run_job("2026-04-02")
        self.assertEqual(contract.schedule_ids.sorted("cycle_start")[0].state, "error")
        with self.today("2026-04-20"):
            self.assertRegex(self.open(contract).problem, "A product is archived")
            with self.assertRaisesRegex(UserError, "A product is archived.*Then close the contract"):
                contract.action_close()
            self.env.invalidate_all()
        self.assertEqual(contract.state, "active")
        self.licence.active = True
        with self.today("2026-04-20"):
            contract.action_close()
        self.assertEqual(self.invoices(contract).mapped("amount_untaxed"), [100.0])
        self.assertSettled(contract, "2026-04-20")
        self.assertFalse(contract.activity_ids)

    def test_periods_on_hold(self):
        contract = self.five_at_thirty()
        self.bill(contract, "2026-04-02", "2026-05-02")
        for move in self.invoices(contract):
            move.action_post()
            move._reverse_moves(cancel=True)
        april, may = contract.schedule_ids.filtered("on_hold").sorted("cycle_start")
        with self.today("2026-05-10"):
            with self.assertRaisesRegex(UserError, "04/01/2026 – 04/30/2026 is on hold"):
                contract.close("2026-04-30")
            april.action_skip()
            self.assertFalse(contract.close("2026-04-30"))
        self.assertRecordValues(may, [{"state": "skipped", "reason": "ended", "on_hold": False}])
        self.assertSettled(contract, "2026-04-30")

    def test_missed_periods(self):
        contract = self.five_at_thirty(catch_up="current")
        with self.today("2026-06-10"):
            window = self.open(contract)
            self.assertIn("Missed period", window.preview)
            window.save().action_confirm()
        self.assertEqual([self.lines(move) for move in self.invoices(contract)], [
            [(5, 50.0, "2026-06-01", "2026-06-10")]])
        self.assertSettled(contract, "2026-06-10")
        contract = self.five_at_thirty(catch_up="ask")
        self.run_job("2026-06-10")
        self.assertTrue(contract.catch_up_run_id)
        with self.today("2026-06-10"):
            contract.close()
        self.assertEqual(self.invoices(contract).mapped("amount_untaxed"), [150.0, 150.0, 50.0])
        self.assertSettled(contract, "2026-06-10")

    def test_a_contract_that_has_not_begun_just_closes(self):
        contract = self.five_at_thirty(date_start="2026-08-01", today="2026-04-01")
        draft = self.five_at_thirty(activate=False)
        with self.today("2026-04-20"):
            (contract | draft).action_close()
        self.assertEqual((contract | draft).mapped("state"), ["closed", "closed"])
        self.assertFalse((contract | draft).invoice_ids)

    # ---- the window -------------------------------------------------------------------------------------------------

    def test_what_the_window_shows_is_done_and_linked(self):
        contract = self.five_at_thirty(refund_policy="yes", auto_sync=True)
        self.bill(contract, "2026-04-02", "2026-05-02")
        with self.today("2026-05-20"):
            before = self.env["billing.change.log"].search_count([])
            window = self.open(contract)
            self.assertEqual(window.summary, "Nothing is left to bill or to credit.")
            self.assertIn("05/21/2026 – 05/31/2026 is invoiced already and is not credited.", window.preview)
            window.refund = "yes"
            self.assertEqual(round(window.difference, 2), -53.23)
            self.assertIn("05/21/2026 – 05/31/2026 is invoiced already and is credited.", window.preview)
            self.assertIn("Credit Note", window.preview)
            self.assertEqual(self.env["billing.change.log"].search_count([]), before)
            record = window.save()
            record.action_confirm()
            with self.assertRaisesRegex(UserError, "done already"):
                record.action_confirm()
        self.assertRecordValues(record.invoice_ids, [
            {"move_type": "out_refund", "amount_untaxed": 53.23, "state": "draft"}])
        self.assertEqual(record.result, "The contract is closed as of 05/20/2026.")
        self.assertIn("closed the contract: 05/20/2026 was its last day", self.said(contract))
        self.assertFalse(record.invoice_ids.billing_run_id.job_ids.filtered(lambda job: job.job_type != "invoice"))
        self.assertSettled(contract, "2026-05-20")

    def test_rights(self):
        viewer, clerk = (
            new_test_user(self.env, f"close_{name}", f"work365_billing.billing_group_{name}",
                          company_id=self.company.id, company_ids=self.company.ids) for name in ("viewer", "user"))
        contract = self.five_at_thirty()
        for attempt in (contract.with_user(viewer).close, contract.with_user(viewer).action_open_close):
            with self.assertRaises(AccessError):
                attempt()
        with self.today("2026-05-10"):
            moves = contract.with_user(clerk).close()
        self.assertEqual(moves.create_uid, clerk)
        self.assertEqual(moves.mapped("amount_untaxed"), [150.0, 48.39])
        self.assertSettled(contract, "2026-05-10")

    def test_a_waiting_bulk_job_is_told_that_it_is_closed(self):
        contract = self.five_at_thirty()
        with self.today("2026-04-10"):
            window = self.env["billing.bulk.generate"].create({"mode": "regular", "row_ids": [Command.create({
                "contract_id": contract.id, "schedule_id": contract.schedule_ids.sorted("cycle_start")[0].id})]})
            window.action_proceed()
            job = window.row_ids.job_id
            self.assertIn("The contract waits in", self.open(contract).preview)
            contract.close()
        self.run_job("2026-04-11")
        self.assertRecordValues(job, [{"outcome": "skipped", "reason": "not_active"}])
        self.assertEqual(self.invoices(contract).mapped("amount_untaxed"), [50.0])

    # ---- undone -----------------------------------------------------------------------------------------------------

    def test_an_undone_invoice_of_a_closed_contract_is_billed_again_and_it_closes_again(self):
        contract = self.five_at_thirty(refund_policy="yes")
        self.bill(contract, "2026-04-02")
        with self.today("2026-04-20"):
            credit = contract.close(refund=True)
            self.assertEqual(credit.amount_untaxed, 50.0)
            credit.unlink()
            self.assertEqual(contract.state, "active")
            self.assertIn("is to be billed again, or skipped", self.said(contract))
            with self.assertRaisesRegex(UserError, "is closed and is not billed any more"):
                contract.date_end = "2026-12-31"
            with self.assertRaisesRegex(ValidationError, "was closed as of 04/20/2026"):
                contract.close("2026-04-25")
        with self.env.cr.savepoint() as savepoint:
            self.run_job("2026-04-21")
            self.assertEqual(self.invoices(contract).mapped("amount_untaxed"), [150.0, 50.0])
            self.assertEqual(contract.state, "closed")
            savepoint.rollback()
            self.env.invalidate_all()
        with self.today("2026-04-20"):
            contract.close(refund=True)
        self.assertEqual(self.invoices(contract).mapped("amount_untaxed"), [150.0, 50.0])
        self.assertSettled(contract, "2026-04-20")
