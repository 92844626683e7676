"""Random lives of contracts, and what all invariants do with them."""

from collections import defaultdict
from contextlib import closing
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import pairwise

from hypothesis import seed, settings
from hypothesis import strategies as st

from odoo.exceptions import UserError, ValidationError
from odoo.tools import float_round

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
    """Begins lives, lives them under the real job, and tells what was billed."""

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

    def lines(self, contract, moves=None):
        """Return what was billed by ``moves`` (default all): per subscription (date, period, quantity, amount)."""
        order = {sub.id: number for number, sub in enumerate(contract.subscription_ids.sorted("id"))}
        found = defaultdict(list)
        for move in self.invoices(contract) if moves is None else moves:
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
                booked = line.price_total if any(line.tax_ids.mapped("price_include")) else line.price_subtotal
                self.assertAlmostEqual(booked, line.billing_amount * (-1 if move.move_type == "out_refund" else 1), 2)
        self.assertFalse({key: amount for key, amount in billed.items() if amount < -0.005})
