"""What should have been billed for a charge in a cycle, as known now (DESIGN section 1, idea 3)."""

from collections.abc import Sequence
from fractions import Fraction

from .facts import Charge, Log
from .periods import ONE_DAY, Period
from .proration import prorate


class Wanted:
    """The exact amounts, before discount, of one contract's charges. ``terms`` and ``unit`` decide the proration."""

    def __init__(self, terms, unit):
        self._recurrence = terms.recurrence
        self._step = terms.step
        self._unit = unit

    def amount(self, charge: Charge, cycle, logs: Sequence[Log], price: Fraction | None = None) -> Fraction:
        """Return what ``logs`` alone make of ``cycle``: the quantity of each day at the price of the cycle.

        :param price: of one unit for a full cycle; by default the one that ``logs`` give
        """
        last = last_day(charge, cycle)
        if last < cycle.start:
            return Fraction(0)
        if price is None:
            price = self.cycle_price(charge, cycle, logs)
        return sum(
            (log.delta * price * self._share(max(log.acts_on, cycle.start), last, cycle)
             for log in logs if log.delta and log.acts_on <= last),
            Fraction(0),
        )

    def cycle_price(self, charge: Charge, cycle, logs: Sequence[Log]) -> Fraction:
        """Return the price of one unit for a full cycle: the price in force when the cycle, or the charge in it, starts."""
        known = [log for log in logs if log.acts_on <= cycle.start]
        if known:
            price = max(known, key=lambda log: (log.acts_on, log.effective, log.id)).price
        else:
            first = min(logs, key=lambda log: (log.acts_on, log.effective, log.id), default=None)
            price = first.price if first else Fraction(0)
        if charge.unit_months and self._step.unit == "month":
            return price / charge.unit_months * self._step.count
        return price

    def _share(self, first, last, cycle):
        if first > last:
            return Fraction(0)
        return prorate(Period(first, last + ONE_DAY), cycle.natural, self._recurrence, self._unit)


def last_day(charge: Charge, cycle):
    """Return the last day of ``cycle`` on which ``charge`` is billed; before the start when it has ended."""
    return min(cycle.end, charge.end) if charge.end else cycle.end


def quantity_on(logs: Sequence[Log], day) -> Fraction:
    """Return the quantity in force on ``day``."""
    return sum((log.delta for log in logs if log.acts_on <= day), Fraction(0))
