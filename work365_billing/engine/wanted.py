"""What should have been billed for a charge in a cycle, as known now (DESIGN section 1, idea 3)."""

from collections.abc import Sequence
from datetime import date
from fractions import Fraction

from .cycles import Cycle
from .facts import Charge, Contract, Log
from .periods import ONE_DAY, Period
from .proration import prorate


class Wanted:
    """The exact amounts, before discount, of one contract's charges, by the terms of their cycles."""

    def __init__(self, contract: Contract):
        self._terms_of = contract.terms_of
        self._unit = contract.proration_unit
        self._shares: dict[tuple, Fraction] = {}

    def amount(self, charge: Charge, cycle: Cycle, logs: Sequence[Log], price: Fraction | None = None) -> Fraction:
        """Return what ``logs`` alone make of ``cycle``: the quantity of each day at the price of the cycle.

        A quantity below zero, which corrections may leave for some days, costs nothing.

        :param price: of one unit for a full cycle; by default the one that ``logs`` give
        """
        last = last_day(charge, cycle)
        if last < cycle.start:
            return Fraction(0)
        if price is None:
            price = self.cycle_price(charge, cycle, logs)
        if self.is_whole(charge):
            return price * max(sum(delta for day, delta in steps(logs) if day <= cycle.start), 0)
        total = quantity = Fraction(0)
        for day, delta in steps(logs):
            if day > last:
                break
            before, quantity = quantity, quantity + delta
            units = max(quantity, 0) - max(before, 0)
            if units:
                total += units * self._share(charge.owner, max(day, cycle.start), last, cycle)
        return total * price

    def is_whole(self, charge: Charge) -> bool:
        """Tell whether a cycle of ``charge`` costs what its first day says, whatever changes in it."""
        return self._terms_of(charge.owner).whole

    def cycle_price(self, charge: Charge, cycle: Cycle, logs: Sequence[Log]) -> Fraction:
        """Return the price of one unit for a full cycle: that in force when the cycle, or the charge in it, starts."""
        priced = [log for log in logs if log.price is not None]
        if not priced:
            return Fraction(0)
        start = max(cycle.start, min(log.acts_on for log in priced))
        # The last price by its own date: a reduction that was postponed does not undo a later price.
        price = max((log for log in priced if log.acts_on <= start), key=lambda log: (log.effective, log.id)).price
        step = self._terms_of(charge.owner).step
        if charge.unit_months and step.unit == "month":
            return price / charge.unit_months * step.count
        return price

    def _share(self, owner, first: date, last: date, cycle: Cycle) -> Fraction:
        key = (owner, first, last, cycle.natural)
        if key not in self._shares:
            recurrence = self._terms_of(owner).recurrence_at(cycle.start)
            self._shares[key] = prorate(Period(first, last + ONE_DAY), cycle.natural, recurrence, self._unit)
        return self._shares[key]


def by_date(log: Log):
    """Sort changes by the day on which they act, then as they were entered."""
    return (log.acts_on, log.effective, log.id)


def steps(logs: Sequence[Log]) -> list[tuple[date, Fraction]]:
    """Return the changes of the billed quantity as (day, delta), by day.

    Who goes back up after a reduction that is not credited is paid for still, and who goes back down after an increase
    that is not charged has paid nothing for it: what only takes back such a change counts from the same day as it.
    """
    postponed = [[log, log.delta] for log in logs if log.acts_on > log.effective]
    found = []
    for log in sorted(logs, key=by_date):
        delta = log.delta
        for entry in postponed:
            other, rest = entry
            if rest * delta < 0 and other.id < log.id and other.effective <= log.acts_on < other.acts_on:
                again = max(delta, -rest) if delta < 0 else min(delta, -rest)
                entry[1], delta = rest + again, delta - again
                found.append((other.acts_on, log, again))
        found.append((log.acts_on, log, delta))
    return [(day, delta) for day, log, delta in sorted(found, key=lambda one: (one[0], one[1].effective, one[1].id))]


def last_day(charge: Charge, cycle: Cycle) -> date:
    """Return the last day of ``cycle`` on which ``charge`` is billed; before the start when it has ended."""
    return min(cycle.end, charge.end) if charge.end else cycle.end


def quantity_on(logs: Sequence[Log], day: date) -> Fraction:
    """Return the quantity in force on ``day``."""
    return sum((log.delta for log in logs if log.acts_on <= day), Fraction(0))
