from unittest.mock import patch

from odoo import Command
from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.sql_db import Cursor
from odoo.tests import Form, new_test_user, tagged

from .common import BillingCommon

TRACKING = ('INSERT INTO "mail_message"', 'INSERT INTO "mail_tracking_value"')


@tagged("post_install", "-at_install")
class TestSuspend(BillingCommon):
    """A contract that is suspended from a day on and resumed on another, by each policy."""

    def five_at_thirty(self, *more, **vals):
        return self.make_contract(
            {"quantity": 5, "price_unit": 30.0}, *more, **{"date_start": "2026-04-01", **vals})

    def lines(self, move):
        return [
            (line.quantity, line.price_subtotal, str(line.billing_period_start), str(line.billing_period_end))
            for line in move.invoice_line_ids.sorted("sequence")]

    def cycles(self, contract):
        return [(str(row.cycle_start), row.state) for row in contract.schedule_ids.sorted("cycle_start")
                if row.state != "pending"]

    def open(self, contract, action):
        opened = getattr(contract, f"action_open_{action}")()
        return Form(self.env[opened["res_model"]].browse(opened["res_id"]))

    # ---- policies ---------------------------------------------------------------------------------------------------

    def test_bill_nothing_skips_the_cycles_with_the_reason_and_goes_on_after_the_resume(self):
        contract = self.five_at_thirty({"quantity": 1, "price_unit": 10.0})
        self.bill(contract, "2026-04-02")
        with self.today("2026-04-16"):
            contract.suspend(resume_on="2026-06-16", policy="nothing", reason="Closed for the season")
        self.assertEqual(contract.state, "suspended")
        self.assertEqual(set(contract.subscription_ids.mapped("state")), {"paused"})
        self.assertEqual(
            contract.suspend_message,
            "Suspended from 04/16/2026 · active again on 06/16/2026 · Bill Nothing · Closed for the season")
        self.run_daily("2026-05-01", "2026-05-03")
        self.run_job("2026-06-15")
        self.assertEqual(self.cycles(contract), [("2026-04-01", "invoiced")])
        self.run_job("2026-06-16")
        self.assertRecordValues(contract, [{
            "state": "active", "suspend_on": False, "resume_on": False, "suspend_policy": False,
            "suspend_reason": False, "suspend_message": False}])
        self.assertRecordValues(contract.subscription_ids, [
            {"state": "active", "quantity": 5.0}, {"state": "active", "quantity": 1.0}])
        self.assertEqual(self.cycles(contract), [
            ("2026-04-01", "invoiced"), ("2026-05-01", "skipped"), ("2026-06-01", "invoiced")])
        may = contract.schedule_ids.filtered(lambda row: str(row.cycle_start) == "2026-05-01")
        self.assertIn("Paused: no day of this cycle is billed.", may.message)
        self.run_job("2026-07-02")
        self.assertEqual([self.lines(move) for move in self.invoices(contract)[1:]], [
            [(5, 75.0, "2026-06-16", "2026-06-30"), (1, 5.0, "2026-06-16", "2026-06-30")],
            [(5, 150.0, "2026-07-01", "2026-07-31"), (1, 10.0, "2026-07-01", "2026-07-31")]])

    def test_credit_the_pause_gives_back_what_is_invoiced(self):
        contract = self.five_at_thirty(refund_policy="yes")
        self.bill(contract, "2026-04-02")
        with self.today("2026-04-16"):
            contract.suspend(resume_on="2026-06-16", policy="credit")
        self.run_job("2026-06-16")
        self.assertEqual(
            [(move.move_type, move.amount_total) for move in self.invoices(contract)],
            [("out_invoice", 150.0), ("out_refund", 75.0), ("out_invoice", 75.0)])
        self.assertEqual(
            [self.lines(move) for move in self.invoices(contract)[1:]],
            [[(5, 75.0, "2026-04-16", "2026-04-30")], [(5, 75.0, "2026-06-16", "2026-06-30")]])

    def test_bill_in_full_bills_all_days_once_it_is_resumed(self):
        contract = self.five_at_thirty()
        self.bill(contract, "2026-04-02")
        with self.today("2026-04-16"):
            contract.suspend(resume_on="2026-06-16", policy="full")
        self.assertEqual(contract.subscription_ids.state, "active")
        self.run_job("2026-05-02")
        self.assertEqual(len(self.invoices(contract)), 1)
        self.run_job("2026-06-16")
        self.assertEqual([self.lines(move) for move in self.invoices(contract)[1:]], [
            [(5, 150.0, "2026-05-01", "2026-05-31")], [(5, 150.0, "2026-06-01", "2026-06-30")]])

    def test_plain_suspend_and_activate_bill_later_what_was_not_billed_meanwhile(self):
        contract = self.five_at_thirty()
        self.bill(contract, "2026-04-02")
        with self.today("2026-04-16"):
            contract.action_suspend()
            self.assertEqual(
                contract.suspend_message,
                "Suspended · until somebody resumes it · what is not billed meanwhile is billed then")
        self.run_job("2026-05-02")
        with self.today("2026-06-10"):
            contract.action_activate()
        self.run_job("2026-06-10")
        self.assertEqual(self.invoices(contract).mapped("amount_total"), [150.0] * 3)

    def test_a_plainly_suspended_contract_with_a_date_is_activated_by_the_job(self):
        contract = self.five_at_thirty()
        with self.today("2026-04-01"):
            contract.action_suspend()
            contract.resume_on = "2026-05-10"
        self.run_job("2026-05-09")
        self.assertEqual(contract.state, "suspended")
        self.run_job("2026-05-10")
        self.assertRecordValues(contract, [{"state": "active", "resume_on": False}])
        self.assertEqual(self.invoices(contract).mapped("amount_total"), [150.0] * 2)

    def test_items_stay_and_are_billed_after_the_resume(self):
        contract = self.five_at_thirty(item_ids=[Command.create({
            "product_id": self.licence.id, "name": "Set-up", "price_unit": 99.0, "invoice_on": "2026-05-10",
            "tax_ids": False})])
        self.bill(contract, "2026-04-02")
        with self.today("2026-04-16"):
            contract.suspend(policy="nothing")
        self.run_job("2026-05-11")
        self.assertEqual(len(self.invoices(contract)), 1)
        with self.today("2026-06-16"):
            contract.action_activate()
        self.run_job("2026-06-16")
        self.assertEqual([self.lines(move) for move in self.invoices(contract)[1:]], [
            [(5, 75.0, "2026-06-16", "2026-06-30"), (1, 99.0, "False", "False")]])

    # ---- dates ------------------------------------------------------------------------------------------------------

    def test_a_suspension_in_the_future_waits_and_is_withdrawn(self):
        contract = self.five_at_thirty()
        with self.today("2026-04-10"):
            contract.suspend("2026-05-16", "2026-06-01", "nothing")
            self.assertEqual(contract.state, "active")
            self.assertRegex(contract.suspend_message, "Suspended from 05/16/2026")
            with self.assertRaisesRegex(UserError, "withdraw that first"):
                contract.suspend("2026-07-01")
            contract.withdraw_suspension()
            self.assertEqual(contract.change_log_ids.mapped("event"), ["create"])
            self.assertFalse(contract.suspend_message)
            with self.assertRaisesRegex(UserError, "no suspension that waits"):
                contract.withdraw_suspension()
            contract.suspend("2026-05-16", "2026-06-01", "nothing")
        self.bill(contract, "2026-05-02")
        self.assertEqual(self.lines(self.invoices(contract)[-1]), [
            (5, 150.0, "2026-05-01", "2026-05-31"), (-5, -77.42, "2026-05-16", "2026-05-31")])
        with self.today("2026-05-10"), self.assertRaisesRegex(UserError, "delete or cancel that draft"):
            contract.withdraw_suspension()
        self.run_job("2026-05-16")
        self.assertEqual((contract.state, contract.subscription_ids.state), ("suspended", "paused"))
        self.run_job("2026-06-02")
        self.assertEqual((contract.state, contract.subscription_ids.state), ("active", "active"))
        self.assertEqual(self.lines(self.invoices(contract)[-1]), [(5, 150.0, "2026-06-01", "2026-06-30")])

    def test_it_is_resumed_earlier_later_or_when_somebody_says_so(self):
        for resumed, day, april in (("2026-05-16", "2026-05-16", 77.42), ("2026-07-01", "2026-07-01", None)):
            contract = self.five_at_thirty(name=resumed)
            self.bill(contract, "2026-04-02")
            with self.today("2026-04-16"):
                contract.suspend(resume_on="2026-06-16", policy="nothing")
            with self.today("2026-05-05"):
                contract.resume(resumed)
                self.assertEqual((contract.state, str(contract.resume_on)), ("suspended", resumed))
                self.assertEqual(contract.change_log_ids.sorted("id").mapped("event"), ["create", "pause", "resume"])
            self.run_job(day)
            self.assertEqual((contract.state, contract.subscription_ids.state), ("active", "active"))
            billed = self.invoices(contract)[1:].mapped("amount_total")
            self.assertEqual(billed, [april] if april else [])
        contract = self.five_at_thirty()
        with self.today("2026-04-16"):
            contract.suspend(policy="nothing")
        with self.today("2026-05-21"):
            contract.resume()
        self.assertEqual((contract.state, contract.subscription_ids.quantity), ("active", 5.0))

    def test_bad_dates_and_states_are_refused(self):
        contract = self.five_at_thirty()
        with self.today("2026-04-10"):
            for attempt, error, words in (
                    (lambda: contract.suspend("2026-03-01"), ValidationError, "starts on 04/01/2026"),
                    (lambda: contract.suspend("2026-05-01", "2026-05-01"), ValidationError, "choose a later day"),
                    (lambda: contract.suspend(policy="half"), ValidationError, "what becomes of the suspended days")):
                with self.assertRaisesRegex(error, words):
                    attempt()
            contract.suspend()
            with self.assertRaisesRegex(UserError, "only an active contract"):
                contract.suspend()
            with self.assertRaisesRegex(ValidationError, "is suspended from 04/10/2026"):
                contract.resume("2026-04-09")

    # ---- subscriptions ----------------------------------------------------------------------------------------------

    def test_what_was_paused_before_stays_so_and_what_resumes_meanwhile_waits_for_the_contract(self):
        contract = self.five_at_thirty(*({"quantity": 1, "price_unit": 10.0, "name": name} for name in "abcd"))
        _five, open_pause, short, long, gone = contract.subscription_ids
        with self.today("2026-04-02"):
            open_pause.pause()
            short.pause(resume_on="2026-05-10")
            long.pause(resume_on="2026-08-01")
            gone.deactivate()
        with self.today("2026-04-16"):
            contract.suspend(policy="nothing")
        self.run_job("2026-05-10")
        states = contract.subscription_ids.mapped
        self.assertEqual(states("state"), ["paused"] * 4 + ["inactive"])
        with self.today("2026-06-16"):
            contract.resume()
        self.assertEqual(states("state"), ["active", "paused", "active", "paused", "inactive"])
        self.run_job("2026-08-01")
        self.assertEqual(states("state"), ["active", "paused", "active", "active", "inactive"])

    def test_with_a_date_a_longer_pause_of_a_subscription_stays(self):
        contract = self.five_at_thirty(*({"quantity": 1, "price_unit": 10.0, "name": name} for name in "ab"))
        _five, short, long = contract.subscription_ids
        with self.today("2026-04-02"):
            short.pause(resume_on="2026-05-10")
            long.pause(resume_on="2026-08-01")
        with self.today("2026-04-16"):
            contract.suspend(resume_on="2026-06-16")
        self.run_job("2026-06-16")
        self.assertEqual(contract.subscription_ids.mapped("state"), ["active", "active", "paused"])
        self.run_job("2026-08-01")
        self.assertEqual(long.state, "active")

    def test_what_is_added_while_it_is_suspended_is_not_billed_before_the_resume(self):
        for refunds in ("yes", "no"):
            contract = self.five_at_thirty(refund_policy=refunds)
            self.bill(contract, "2026-04-02")
            with self.today("2026-04-16"):
                contract.suspend(policy="nothing")
            with self.today("2026-04-20"):
                contract.subscription_ids = [Command.create(self._subscription_vals(
                    {"quantity": 2, "price_unit": 10.0, "date_start": day})) for day in ("2026-04-11", "2026-05-20")]
            with self.today("2026-06-16"):
                contract.resume()
            self.run_job("2026-06-16")
            # the first one is paid for the five days before the suspension, both for half of June
            self.assertEqual([self.lines(move) for move in self.invoices(contract)[1:]], [
                [(2, 13.33, "2026-04-11", "2026-04-30"), (-2, -10.0, "2026-04-16", "2026-04-30")],
                [(5, 75.0, "2026-06-16", "2026-06-30"), (2, 10.0, "2026-06-16", "2026-06-30"),
                 (2, 10.0, "2026-06-16", "2026-06-30")]], refunds)

    def test_a_change_that_waits_within_it_stops_the_suspension(self):
        contract = self.five_at_thirty()
        with self.today("2026-04-10"):
            contract.subscription_ids.change_quantity(7, "2026-05-10")
            with self.assertRaisesRegex(UserError, "05/10/2026, within the pause"):
                contract.suspend()
        self.assertEqual((contract.state, contract.subscription_ids.state), ("active", "active"))

    def test_reduction_rules_do_not_stop_it(self):
        self.licence.billing_reduction = "not_allowed"
        contract = self.five_at_thirty()
        with self.today("2026-04-10"):
            contract.suspend()
        self.assertEqual(contract.state, "suspended")

    # ---- windows ----------------------------------------------------------------------------------------------------

    def test_the_window_shows_the_money_before(self):
        contract = self.five_at_thirty(refund_policy="yes")
        self.bill(contract, "2026-04-02")
        with self.today("2026-04-16"):
            window = self.open(contract, "suspend")
            window.resume_on = "2026-06-16"
            differences = {}
            for policy in ("full", "nothing", "credit"):
                window.policy = policy
                differences[policy] = round(window.difference, 2)
            self.assertEqual(differences, {"full": 0.0, "nothing": -225.0, "credit": -300.0})
            self.assertIn("05/02/2026 → 06/16/2026", window.preview)
            self.assertIn("are credited once it is resumed", window.explanation)
            window.save().action_confirm()
        self.assertEqual((contract.state, str(contract.resume_on)), ("suspended", "2026-06-16"))
        self.run_job("2026-06-16")
        self.run_job("2026-07-02")
        billed = sum(self.invoices(contract).mapped("amount_total_signed"))
        self.assertEqual(billed, 150.0 * 4 - 300.0)
        with self.today("2026-07-10"):
            contract.suspend()
            window = self.open(contract, "resume")
            window.effective_date = "2026-07-21"
            window.save().action_confirm()
        self.assertEqual(str(contract.resume_on), "2026-07-21")

    def test_a_viewer_suspends_nothing(self):
        viewer = new_test_user(
            self.env, "suspend_viewer", "work365_billing.billing_group_viewer", company_id=self.company.id,
            company_ids=self.company.ids)
        contract = self.five_at_thirty().with_user(viewer)
        for attempt in (contract.suspend, contract.resume, contract.withdraw_suspension, contract.action_open_suspend,
                        contract.action_open_resume):
            with self.assertRaises(AccessError):
                attempt()

    # ---- the job ----------------------------------------------------------------------------------------------------

    def test_a_company_of_which_all_contracts_are_suspended_is_looked_at(self):
        contract = self.five_at_thirty()
        self.env["billing.contract"].search([("id", "!=", contract.id), ("state", "=", "active")]).action_suspend()
        with self.today("2026-04-10"):
            contract.suspend(resume_on="2026-05-01")
        self.run_job("2026-05-02")
        self.assertEqual(contract.state, "active")
        self.assertEqual(self.invoices(contract)[-1].amount_total, 150.0)

    def test_one_that_is_refused_harms_no_other(self):
        good, bad = self.five_at_thirty(), self.five_at_thirty()
        for contract in (good, bad):
            with self.today("2026-04-10"):
                contract.suspend(policy="nothing")
                contract.resume_on = "2026-05-01"
        self.env.flush_all()
        self.env.cr.execute("UPDATE billing_subscription SET quantity = 9 WHERE id = %s", [bad.subscription_ids.id])
        self.env.invalidate_all()
        self.run_job("2026-05-02")
        self.assertEqual((good.state, bad.state), ("active", "suspended"))
        self.assertIn("could not be suspended or resumed", bad.activity_ids.summary)

    def count_statements(self, work):
        """Return how many statements ``work`` sends, without Odoo's tracking, which goes one by one."""
        found, execute = [], Cursor.execute

        def spy(cursor, query, params=None, log_exceptions=True):
            text = query.code if hasattr(query, "code") else query
            if not text.startswith(TRACKING):
                found.append(text)
            return execute(cursor, query, params, log_exceptions)

        self.env.flush_all()
        self.env.invalidate_all()
        with patch.object(Cursor, "execute", spy):
            work()
            self.env.flush_all()
        return len(found)

    def test_the_job_resumes_thirty_with_as_many_queries_as_two(self):
        executor = self.env["billing.executor"]

        def resume(number):
            contracts = [self.five_at_thirty(name=f"{number}") for _number in range(number)]
            with self.today("2026-04-10"):
                for contract in contracts:
                    contract.suspend(resume_on="2026-05-10")
            with self.today("2026-05-10"):
                count = self.count_statements(
                    lambda: (executor._apply_changes(self.company), executor._apply_suspensions(self.company)))
            self.assertEqual({contract.state for contract in contracts}, {"active"})
            return count
        resume(2)
        self.assertEqual(resume(2), resume(30))
