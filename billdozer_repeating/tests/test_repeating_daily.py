"""When the job runs decides nothing: any repeating invoice, run every day, and run once when its life is over."""

from collections import Counter
from contextlib import closing
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from odoo import fields
from odoo.tests import tagged

from odoo.addons.work365_billing.tests.lives import examples

from .repeating_lives import AHEAD, RepeatingLives, lives

LAST = date(2027, 9, 5)
DAY = timedelta(days=1)


@dataclass(frozen=True)
class Change:
    """A new price or quantity of one line, for a day some days after the run date."""

    number: int
    kind: str
    value: float
    after: int

    def enter(self, repeating):
        line = repeating.line_ids[self.number % len(repeating.line_ids)]
        day = max(repeating.run_date + timedelta(days=self.after), line.date_start + DAY)
        if not line.date_end or day < line.date_end:
            change = {"price": line.subscription_id.change_price, "quantity": line.subscription_id.change_quantity}
            change[self.kind](self.value, day)


changes = st.builds(
    Change, number=st.integers(0, 2), kind=st.sampled_from(["price", "quantity"]),
    value=st.sampled_from([0.0, 1.0, 7.77, 250.0]), after=st.integers(1, 300))


@tagged("post_install", "-at_install")
class TestRepeatingDaily(RepeatingLives):

    def begin_escalating(self, life, percent):
        return self.begin(life, 1, escalate=True, escalation_percent=percent)

    def whole(self, repeating):
        """Return everything that the invoices say."""
        return [
            (str(move.invoice_date), str(move.invoice_date_due), str(move.collection_date), move.move_type,
             move.amount_total, [
                 (line.name.split("\n")[0], line.quantity, line.price_unit, line.price_subtotal,
                  str(line.billing_period_start), str(line.billing_period_end))
                 for line in move.invoice_line_ids.sorted("sequence")])
            for move in self.invoices_of(repeating)]

    def ledger(self, repeating):
        """Return the settled runs; what is ahead is made as far as the last run of the job looks."""
        rows = repeating.schedule_ids.filtered(lambda row: row.state in ("invoiced", "skipped"))
        return sorted((row.cycle_start, row.cycle_end, row.state, row.reason) for row in rows)

    def assertLedgerWhole(self, repeating):
        """I1 to I3: no day twice, no day left out, none outside of the term."""
        rows = repeating.schedule_ids.sorted("cycle_start")
        for row, after in pairwise(rows):
            self.assertEqual(row.cycle_end + DAY, after.cycle_start)
        if rows:
            self.assertGreaterEqual(rows[0].cycle_start, repeating.run_date)
        if repeating.date_end:
            self.assertFalse(rows.filtered(lambda row: row.cycle_start > repeating.date_end))

    @examples(2)
    @given(life=lives(), percent=st.sampled_from([0.0, 7.5, 10.0]), changes=st.lists(changes, max_size=3))
    def _check_daily(self, life, percent, changes):
        with closing(self.cr.savepoint()):
            repeating = self.begin_escalating(life, percent)
            with self.today(life.run_date - timedelta(days=40)):
                for change in changes:
                    change.enter(repeating)
            with closing(self.cr.savepoint()):
                self.run_daily(life.run_date - AHEAD, LAST)
                expected = self.whole(repeating), self.ledger(repeating)
                self.assertLedgerWhole(repeating)
            self.env.invalidate_all()
            self.run_job(LAST)
            self.assertEqual((self.whole(repeating), self.ledger(repeating)), expected)
            self.assertLedgerWhole(repeating)
            before = self.whole(repeating)
            self.run_job(LAST)
            self.assertEqual(self.whole(repeating), before)

    def test_i1_i2_i3_i6_i7_one_late_run_is_all_daily_runs(self):
        """With every change known: the same invoices in every word, and the same ledger."""
        self._check_daily()

    @examples(2)
    @given(life=lives(), percent=st.sampled_from([0.0, 10.0]), changes=st.lists(changes, min_size=1, max_size=3),
           late=st.integers(20, 60))
    def _check_entered_on_time(self, life, percent, changes, late):
        entered = Counter(life.run_date + timedelta(days=change.after) for change in changes)
        with closing(self.cr.savepoint()):
            repeating = self.begin_escalating(life, percent)
            found = []
            for step in (4, late):
                with closing(self.cr.savepoint()):
                    self.live(repeating, {day: [
                        change for change in changes if life.run_date + timedelta(days=change.after) == day]
                        for day in entered}, step)
                    found.append(self.totals(repeating))
                self.env.invalidate_all()
            self.assertEqual(*found)

    def live(self, repeating, changes, step):
        """Run the job every ``step`` days, and once in the end; each of ``changes`` is entered on its day."""
        first = repeating.run_date - AHEAD
        with self.many_runs() as run:
            for number in range((LAST - first).days + 1):
                day = first + timedelta(days=number)
                if number % step == 0 or day == LAST:
                    run(day)
                if changes.get(day):
                    run(day, job=False)
                    for change in changes[day]:
                        change.enter(repeating)

    def totals(self, repeating):
        """Return what each line came to, and the days of all invoices."""
        moves = self.invoices_of(repeating)
        amounts = Counter()
        for line in moves.invoice_line_ids:
            sign = -1 if line.move_id.move_type == "out_refund" else 1
            amounts[line.billing_subscription_id] += round(sign * line.price_subtotal * 100)
        return dict(amounts), [fields.Date.to_string(move.invoice_date) for move in moves]

    def test_i6_i19_totals_do_not_depend_on_when_a_change_meets_the_job(self):
        """With changes that are entered while it runs: who is billed how much in all, and on which days."""
        self._check_entered_on_time()
