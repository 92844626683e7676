"""Invariants on the database (PEERS, I-numbers in the names): random lives of contracts, billed by the real job."""

from collections import defaultdict
from contextlib import closing
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import pairwise
from unittest.mock import patch

from hypothesis import given, seed, settings
from hypothesis import strategies as st

from odoo.exceptions import UserError, ValidationError
from odoo.tests import tagged
from odoo.tools import float_round

from ..models import billing_executor_job
from .common import BillingCommon

FIRST, LAST = date(2026, 1, 1), date(2026, 4, 20)
ONE_DAY = timedelta(days=1)

days = st.integers(0, 105).map(lambda count: FIRST + timedelta(days=count))
prices = st.sampled_from([0.07, 9.99, 12.0, 33.333, 100.0])


@dataclass(frozen=True)
class Change:
    """What somebody enters on ``entered`` about the subscription ``number`` of a contract."""

    entered: date
    number: int
    kind: str
    value: float
    shift: int

    @property
    def effective(self):
        return self.entered + timedelta(days=self.shift)


@dataclass(frozen=True)
class Life:
    """A contract and what happens to it."""

    terms: dict
    subscriptions: list
    changes: list


changes = st.builds(
    Change, entered=days, number=st.integers(0, 2), kind=st.sampled_from(["quantity", "price", "deactivate"]),
    value=st.sampled_from([0.0, 1.0, 3.0, 7.5, 20.0]), shift=st.integers(-45, 45))


@st.composite
def lives(draw, most=3, least=1):
    start = draw(st.sampled_from([date(2026, 1, 1), date(2026, 1, 15), date(2026, 1, 31), date(2026, 2, 28)]))
    end = draw(st.none() | st.integers(20, 90).map(lambda count: start + timedelta(days=count)))
    return Life(
        terms={
            "date_start": start, "date_end": end, "frequency": draw(st.sampled_from(["monthly", "quarterly"])),
            "alignment": draw(st.sampled_from(["anniversary", "calendar"])),
            "billing_policy": draw(st.sampled_from(["advance", "arrears"])),
            "billing_offset": draw(st.integers(-5, 5)), "proration_unit": draw(st.sampled_from(["days", "months"])),
            "discount": draw(st.sampled_from([0.0, 12.5])), "refund_policy": "yes"},
        subscriptions=[
            {"quantity": draw(st.sampled_from([0.0, 1.0, 4.0])), "price_unit": draw(prices),
             "date_start": start + timedelta(days=draw(st.sampled_from([0, 0, 9])))}
            for _number in range(draw(st.integers(least, most)))],
        changes=sorted(draw(st.lists(changes, max_size=5)), key=lambda change: change.entered))


def examples(count):
    """Run a property test on ``count`` examples, the same in every run."""
    def decorate(test):
        return seed(20260101)(settings(max_examples=count, deadline=None, database=None)(test))
    return decorate


class LivesCommon(BillingCommon):
    """Lets contracts live, and looks at what they were billed."""

    def begin(self, life, name="Life"):
        start = life.terms["date_start"]
        return self.make_contract(
            *[dict(sub) for sub in life.subscriptions], name=name, today=min(start, FIRST), **life.terms)

    def live(self, lives_of, every=1, last=LAST):
        """Enter the changes of ``lives_of`` (life per contract) and run the job every so many days."""
        with self.many_runs() as run:
            for number in range((last - FIRST).days + 1):
                day = FIRST + timedelta(days=number)
                for contract, life in lives_of.items():
                    for change in life.changes:
                        if change.entered == day:
                            run(day, job=False)
                            self.enter(contract, change)
                if number % every == 0 or day == last:
                    run(day)

    def enter(self, contract, change):
        """Enter ``change``; one that is refused changes nothing, as on the screen."""
        subscription = contract.subscription_ids.sorted("id")[change.number % len(contract.subscription_ids)]
        with closing(self.cr.savepoint()) as savepoint:
            try:
                if change.kind == "quantity":
                    subscription.change_quantity(change.value, change.effective)
                elif change.kind == "price":
                    subscription.change_price(change.value, change.effective)
                else:
                    subscription.deactivate(change.effective, refund=True)
                self.env.flush_all()
                savepoint.close(rollback=False)
            except (UserError, ValidationError):
                self.env.invalidate_all(flush=False)

    def lines(self, contract):
        """Return what was billed: per subscription the sorted (invoice date, period, quantity, amount)."""
        order = {sub.id: number for number, sub in enumerate(contract.subscription_ids.sorted("id"))}
        found = defaultdict(list)
        for move in self.invoices(contract):
            sign = -1 if move.move_type == "out_refund" else 1
            for line in move.invoice_line_ids:
                found[order[line.billing_subscription_id.id]].append((
                    move.invoice_date, line.billing_period_start, line.billing_period_end, sign * line.quantity,
                    sign * line.price_subtotal))
        return {number: sorted(own) for number, own in found.items()}

    def totals(self, contract):
        return {number: float_round(sum(line[-1] for line in own), precision_digits=2)
                for number, own in self.lines(contract).items()}

    def check_ledger(self, contract):
        """I1, I2, I3: the regular rows share no day, leave none out, and lie within the term."""
        rows = contract.schedule_ids.filtered(lambda row: row.kind == "regular").sorted("cycle_start")
        self.assertEqual(rows[0].cycle_start, contract.date_start)
        for before, after in pairwise(rows):
            self.assertEqual(before.cycle_end + ONE_DAY, after.cycle_start)
        if contract.date_end:
            self.assertLessEqual(rows[-1].cycle_end, contract.date_end)

    def check_invoices(self, contract):
        """I20, I26, I34: credits within what was billed, one company, and lines that add up."""
        billed = defaultdict(float)
        for move in self.invoices(contract):
            self.assertEqual(move.company_id, contract.company_id)
            self.assertEqual(move.currency_id, contract.currency_id)
            self.assertEqual(move.journal_id.company_id, contract.company_id)
            self.assertAlmostEqual(sum(move.invoice_line_ids.mapped("price_subtotal")), move.amount_untaxed, 2)
            for line in move.invoice_line_ids:
                billed[line.billing_subscription_id, line.billing_cycle_start] += line.billing_amount
                self.assertAlmostEqual(
                    line.price_subtotal, line.billing_amount * (-1 if move.move_type == "out_refund" else 1), 2)
        self.assertFalse({key: amount for key, amount in billed.items() if amount < -0.005})


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
