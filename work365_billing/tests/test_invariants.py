"""Invariants on the database (PEERS, I-numbers in the names): random lives of contracts, billed by the real job."""

from contextlib import closing
from datetime import date, timedelta
from unittest.mock import patch

from hypothesis import given
from hypothesis import strategies as st

from odoo.exceptions import UserError, ValidationError
from odoo.tests import tagged

from ..models import billing_executor_job
from .lives import LAST, Life, LivesCommon, examples, lives


@tagged("post_install", "-at_install")
class TestInvariants(LivesCommon):
    @examples(5)
    @given(life=lives())
    def _check_life(self, life):
        with closing(self.cr.savepoint()):
            contract = self.begin(life)
            self.live({contract: life}, every=3)
            self.check_ledger(contract)
            self.check_invoices(contract)
            for sub in contract.subscription_ids:
                applied = sub.change_log_ids.filtered("applied")
                self.assertAlmostEqual(sub.quantity, sum(applied.mapped("quantity")), 6)
            before = self.lines(contract)
            self.run_job(LAST, time="23:00:00")
            self.assertEqual(self.lines(contract), before)

    def test_i1_i2_i3_i7_i20_i26_i34_a_life_keeps_the_ledger_whole(self):
        self._check_life()

    @examples(4)
    @given(life=lives(), every=st.sampled_from([3, 10, 45]))
    def _check_run_date(self, life, every):
        with closing(self.cr.savepoint()):
            daily, seldom = self.begin(life, "Daily"), self.begin(life, "Seldom")
            with closing(self.cr.savepoint()):
                self.live({daily: life}, every=2)
                expected = self.totals(daily)
            self.live({seldom: life}, every=every)
            self.assertEqual(self.totals(seldom), expected)

    def test_i6_i19_totals_do_not_depend_on_when_the_job_runs(self):
        self._check_run_date()

    @examples(2)
    @given(first=lives(), second=lives(), third=lives())
    def _check_batches(self, first, second, third):
        found = []
        for chunk in (1, 2, 50):
            with closing(self.cr.savepoint()), patch.object(billing_executor_job, "CHUNK", chunk):
                lives_of = {self.begin(life, str(number)): life for number, life in enumerate((first, second, third))}
                self.live(lives_of, every=5, last=date(2026, 4, 1))
                found.append([self.lines(contract) for contract in lives_of])
        self.assertEqual(found[0], found[1])
        self.assertEqual(found[0], found[2])

    def test_i8_any_chunk_size_bills_the_same(self):
        self._check_batches()

    @examples(4)
    @given(life=lives(most=2, least=2))
    def _check_independence(self, life):
        with closing(self.cr.savepoint()):
            together = self.begin(life)
            alone = {}
            for number, sub in enumerate(life.subscriptions):
                own = [change for change in life.changes if change.number % 2 == number]
                one = Life(life.terms, [sub], own)
                alone[self.begin(one, f"Alone {number}")] = one
            self.live({together: life, **alone}, every=4)
            expected = {number: self.lines(contract)[0]
                        for number, contract in enumerate(alone) if self.lines(contract)}
            self.assertEqual(self.lines(together), expected)

    def test_i30_a_subscription_is_billed_as_if_it_stood_alone(self):
        self._check_independence()

    @examples(10)
    @given(actions=st.lists(st.sampled_from(
        ["action_activate", "action_suspend", "action_close", "job", "active", "draft", "suspended"]), max_size=8))
    def _check_states(self, actions):
        with closing(self.cr.savepoint()):
            contract = self.make_contract({"price_unit": 10.0}, date_start="2026-01-01", activate=False)
            closed = False
            for number, action in enumerate(actions):
                day = date(2026, 1, 2) + timedelta(days=number)
                with self.today(day), closing(self.cr.savepoint()) as savepoint:
                    try:
                        if action.startswith("action"):
                            getattr(contract, action)()
                        elif action != "job":
                            contract.state = action
                        self.env.flush_all()
                        savepoint.close(rollback=False)
                    except (UserError, ValidationError):
                        self.env.invalidate_all(flush=False)
                if action == "job":
                    self.run_job(day)
                closed = closed or contract.state == "closed"
                self.assertEqual(contract.state == "closed", closed)

    def test_i33_nothing_revives_a_closed_contract(self):
        self._check_states()

    @examples(2)
    @given(life=lives(), zone=st.sampled_from(["Pacific/Kiritimati", "America/Los_Angeles", "Asia/Kolkata"]))
    def _check_zone(self, life, zone):
        found = []
        for user_zone in ("UTC", zone):
            with closing(self.cr.savepoint()):
                self.env.ref("base.user_root").tz = self.env.user.tz = user_zone
                contract = self.begin(life)
                self.live({contract: life}, every=2, last=date(2026, 4, 1))
                found.append(self.lines(contract))
        self.assertEqual(*found)

    def test_i27_the_zone_of_the_user_decides_nothing(self):
        self._check_zone()

    def test_i27_the_zone_of_the_company_decides(self):
        contracts = []
        for zone, expected in (("Pacific/Kiritimati", 1), ("America/Los_Angeles", 0)):
            self.company.billing_tz = zone
            contract = self.make_contract({"price_unit": 10.0}, date_start="2026-01-01", name=zone)
            self.run_job("2026-01-01", time="12:00:00")  # the 2nd on Kiritimati, the 1st in Los Angeles
            self.assertEqual(len(self.invoices(contract)), expected)
            contracts.append(contract)

    @examples(5)
    @given(life=lives(), broken=st.booleans())
    def _check_outcomes(self, life, broken):
        """I35: every row that a run looks at has exactly one outcome; an invoice or a reason."""
        with closing(self.cr.savepoint()):
            contract = self.begin(life)
            self.run_job("2026-02-03")
            if broken:
                self.customer.active = False
            for day in ("2026-03-20", "2026-05-20"):
                with self.today(day):
                    due = {row.id for row in contract.schedule_ids
                           if row.state == "pending" and row.schedule_date <= date.fromisoformat(day)}
                before = self.env["billing.run"].search([])
                self.run_job(day)
                jobs = (self.env["billing.run"].search([]) - before).job_ids.filtered("schedule_id")
                rows = [job.schedule_id.id for job in jobs]
                self.assertEqual(len(rows), len(set(rows)))
                for job in jobs:
                    self.assertEqual(bool(job.invoice_id), job.outcome == "invoiced")
                    self.assertEqual(bool(job.reason), job.outcome != "invoiced")
                if not broken:
                    self.assertLessEqual(due, set(rows))

    def test_i35_every_due_period_ends_with_one_outcome(self):
        self._check_outcomes()
