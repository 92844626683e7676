from odoo.exceptions import AccessError, UserError
from odoo.tests import new_test_user, tagged

from ..engine import reasons
from .common import BillingCommon

MISSED = [("2026-01-01", "2026-01-31"), ("2026-02-01", "2026-02-28"), ("2026-03-01", "2026-03-31")]
APRIL = ("2026-04-01", "2026-04-30")


@tagged("post_install", "-at_install")
class TestCatchUp(BillingCommon):
    """Contracts of 100.00 a month from 1 January 2026 that are entered, or first run, on 15 April."""

    def make_late(self, **vals):
        return self.make_contract(
            {"price_unit": 100.0}, date_start="2026-01-01", **{"today": "2026-04-15", "name": "Late", **vals})

    def periods(self, contract):
        """Return (state, first day, last day) of the rows up to April."""
        rows = contract.schedule_ids.filtered(lambda row: str(row.cycle_start) <= "2026-04-01").sorted("cycle_start")
        return [(row.state, str(row.cycle_start), str(row.cycle_end)) for row in rows]

    def billed(self, contract):
        """Return the billed periods, oldest first."""
        lines = self.invoices(contract).invoice_line_ids.sorted("billing_period_start")
        self.assertEqual(set(lines.mapped("price_subtotal")) - {100.0}, set())
        return [(str(line.billing_period_start), str(line.billing_period_end)) for line in lines]

    def approval(self):
        return self.env["billing.run"].search([("state", "=", "approval"), ("company_id", "=", self.company.id)])

    def test_all_bills_every_missed_period(self):
        contract = self.make_late()
        self.bill(contract, "2026-04-15")
        self.assertEqual(self.billed(contract), [*MISSED, APRIL])

    def test_current_skips_the_missed_periods_and_they_stay_visible(self):
        contract = self.make_late(catch_up="current")
        self.bill(contract, "2026-04-15")
        self.assertEqual(self.billed(contract), [APRIL])
        self.assertEqual(self.periods(contract), [
            *(("skipped", *period) for period in MISSED), ("invoiced", *APRIL)])
        skipped = contract.schedule_ids.filtered(lambda row: row.state == "skipped")
        self.assertEqual(set(skipped.mapped("reason")), {reasons.CATCH_UP})
        jobs = self.invoices(contract).billing_run_id.job_ids
        self.assertEqual(
            sorted((job.outcome, job.reason or "") for job in jobs),
            [("invoiced", ""), *[("skipped", reasons.CATCH_UP)] * 3])
        self.run_daily("2026-04-16", "2026-05-02")
        self.assertEqual(self.billed(contract), [APRIL, ("2026-05-01", "2026-05-31")])

    def test_a_draft_says_what_its_policy_will_bill(self):
        late = self.make_late(activate=False)
        current = self.make_late(activate=False, catch_up="current")
        with self.today("2026-04-15"):
            self.assertIn("4 invoices", late.past_message)
            self.assertIn("1 invoices of $ 100.00", current.past_message.replace("\N{NO-BREAK SPACE}", " "))

    def test_what_failed_or_was_undone_is_not_missed(self):
        contract = self.make_late(catch_up="current", today="2026-01-01")
        self.run_job("2026-01-02")
        with self.today("2026-01-20"):
            self.invoices(contract).unlink()
            self.customer.active = False
        self.run_job("2026-01-21")
        self.assertEqual(self.periods(contract)[0], ("error", *MISSED[0]))
        with self.today("2026-04-15"):
            self.customer.active = True
        self.run_job("2026-04-15")
        self.assertEqual(self.billed(contract), [*MISSED, APRIL])

    def test_ask_waits_and_says_how_much(self):
        contract = self.make_late(catch_up="ask")
        other = self.make_late(name="Other")
        self.run_job("2026-04-15")
        self.run_job("2026-04-15", time="06:00:00")
        self.assertEqual(self.billed(contract), [])
        self.assertEqual(self.billed(other), [*MISSED, APRIL])
        run = self.approval()
        self.assertRecordValues(run, [{
            "contract_count": 1, "catch_up_periods": 3, "catch_up_amount": 300.0, "run_type": "automatic"}])
        self.assertRecordValues(run.job_ids, [
            {"contract_id": contract.id, "outcome": "skipped", "reason": reasons.APPROVAL}])
        self.assertEqual(
            contract.catch_up_message.replace("\N{NO-BREAK SPACE}", " "), "3 missed periods, $ 300.00 before tax")
        self.assertEqual(len(contract.activity_ids), 1)
        with self.today("2026-04-15"):
            contract.action_catch_up_all()
            self.assertEqual((run.state, contract.catch_up_run_id.id, len(contract.activity_ids)), ("done", False, 0))
            with self.assertRaises(UserError):
                contract.action_catch_up_all()
        self.run_job("2026-04-15", time="07:00:00")
        self.assertEqual(self.billed(contract), [*MISSED, APRIL])
        self.assertFalse(self.approval())

    def test_a_clerk_decides_and_a_viewer_does_not(self):
        contract = self.make_late(catch_up="ask")
        self.run_job("2026-04-15")
        for login, group in (("cara", "user"), ("vera", "viewer")):
            new_test_user(self.env, login, f"work365_billing.billing_group_{group}", company_id=self.company.id)
        run = self.approval().with_user(self.env["res.users"].search([("login", "=", "vera")]))
        with self.today("2026-04-15"), self.assertRaises(AccessError):
            run.action_approve()
        with self.today("2026-04-15"):
            run.with_user(self.env["res.users"].search([("login", "=", "cara")])).action_approve()
        self.assertEqual((self.approval().ids, str(contract.catch_up_until)), ([], "2026-04-15"))

    def test_ask_and_only_the_current_one(self):
        contract = self.make_late(catch_up="ask")
        self.run_job("2026-04-15")
        with self.today("2026-04-15"):
            self.approval().action_approve_current()
        self.run_job("2026-04-15", time="07:00:00")
        self.assertEqual(self.billed(contract), [APRIL])
        self.assertEqual([state for state, _first, _last in self.periods(contract)], [*["skipped"] * 3, "invoiced"])

    def test_ask_bills_a_contract_that_missed_nothing(self):
        contract = self.make_late(catch_up="ask", today="2026-01-01")
        self.bill(contract, "2026-01-02", "2026-02-02")
        self.assertEqual(self.billed(contract), MISSED[:2])

    def test_a_limit_of_periods_holds_all_contracts_that_missed_some(self):
        self.company.billing_catch_up_periods = 5
        first, second = self.make_late(), self.make_late(name="Second")
        newer = self.make_contract({"price_unit": 100.0}, date_start="2026-04-01", name="Newer")
        self.run_job("2026-04-15")
        self.assertEqual([self.billed(first), self.billed(second), self.billed(newer)], [[], [], [APRIL]])
        run = self.approval()
        self.assertRecordValues(run, [{"contract_count": 2, "catch_up_periods": 6, "catch_up_amount": 600.0}])
        with self.today("2026-04-15"):
            run.action_approve()
        self.assertEqual(run.state, "done")
        self.run_job("2026-04-15", time="07:00:00")
        self.assertEqual([self.billed(first), self.billed(second)], [[*MISSED, APRIL]] * 2)

    def test_below_the_limit_nobody_is_asked(self):
        self.company.write({"billing_catch_up_periods": 3, "billing_catch_up_amount": 300.0})
        contract = self.make_late()
        self.bill(contract, "2026-04-15")
        self.assertEqual(self.billed(contract), [*MISSED, APRIL])

    def test_a_limit_of_the_amount(self):
        self.company.billing_catch_up_amount = 299.99
        contract = self.make_late()
        self.run_job("2026-04-15")
        self.assertEqual(self.billed(contract), [])
        self.assertEqual(self.approval().catch_up_amount, 300.0)

    def test_an_approval_shrinks_with_what_is_settled_by_hand(self):
        contract = self.make_late(catch_up="ask")
        self.run_job("2026-04-15")
        rows = contract.schedule_ids.sorted("cycle_start")
        with self.today("2026-04-15"):
            rows[0].action_skip()
        self.run_job("2026-04-15", time="07:00:00")
        self.assertRecordValues(self.approval(), [{"catch_up_periods": 2, "catch_up_amount": 200.0}])
        with self.today("2026-04-15"):
            rows[1:3].action_skip()
        self.run_job("2026-04-15", time="08:00:00")
        self.assertFalse(self.approval())
        self.assertEqual(self.billed(contract), [APRIL])

    def test_a_ledger_that_ends_before_today_is_topped_up_first(self):
        contract = self.make_late(catch_up="ask", today="2024-12-20")
        self.run_job("2026-04-15")
        self.assertRecordValues(self.approval(), [{"catch_up_periods": 3, "catch_up_amount": 300.0}])
        contract.date_start = "2024-01-01"
        self.run_job("2026-04-15", time="07:00:00")
        self.assertRecordValues(self.approval(), [{"catch_up_periods": 27, "catch_up_amount": 2700.0}])
