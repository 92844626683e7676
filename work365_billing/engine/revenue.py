"""Recurring revenue: what subscriptions are worth a month (MRR), and what the changes of each day make of it.

Plain sums of changes by day, so neither the order of the changes of a day nor what a day takes back has any effect.
"""

from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from fractions import Fraction

from .money import Number, round_to
from .periods import ONE_DAY, add_months

NEW, EXPANSION, CONTRACTION, CHURN, REACTIVATION = "new", "expansion", "contraction", "churn", "reactivation"
EXCHANGE = "exchange"
KINDS = (NEW, EXPANSION, CONTRACTION, CHURN, REACTIVATION, EXCHANGE)
MONTHS_A_YEAR = 12

Rate = Callable[[Hashable, date], Fraction]


def monthly_amount(quantity: Number, price: Number, unit_months: Number, discount: Number) -> Fraction:
    """Return what ``quantity`` units cost a month, exact.

    :param price: of one unit for ``unit_months``
    :param discount: percent
    """
    return Fraction(quantity) * Fraction(price) / Fraction(unit_months) * (1 - Fraction(discount) / 100)


@dataclass(frozen=True)
class Change:
    """From ``day`` on, ``delta`` more units; a price of one unit, or None where the change sets none.

    Ids grow in the order of entry: of several prices of a day the last one counts.
    """

    id: int
    day: date
    delta: Fraction
    price: Fraction | None = None


@dataclass(frozen=True)
class Stream:
    """A subscription as revenue: it counts from ``start`` to ``last``, inclusive, or without an end.

    ``customer`` is whose revenue goes up and down, ``currency`` what its price is in. ``discount`` is in percent.
    """

    id: int
    customer: Hashable
    currency: Hashable
    changes: tuple[Change, ...]
    start: date
    last: date | None = None
    unit_months: Number = 1
    discount: Fraction = Fraction(0)

    def value(self, day: date) -> Fraction:
        """Return what the subscription is worth a month on ``day``, in its currency. Below zero units are none."""
        if day < self.start or (self.last and day > self.last):
            return Fraction(0)
        known = [change for change in self.changes if change.day <= day]
        priced = [change for change in known if change.price is not None]
        if not priced:
            return Fraction(0)
        quantity = max(sum((change.delta for change in known), Fraction(0)), Fraction(0))
        price = max(priced, key=lambda change: (change.day, change.id)).price
        return monthly_amount(quantity, price, self.unit_months, self.discount)

    def steps(self, until: date) -> Iterator[tuple[date, Fraction, Fraction]]:
        """Yield each day up to ``until`` on which the value changes, with the values before and after, oldest first."""
        days = {self.start, *(change.day for change in self.changes if change.day > self.start)}
        days |= {self.last + ONE_DAY} if self.last else set()
        before = Fraction(0)
        for day in sorted(day for day in days if day <= until):
            after = self.value(day)
            if after != before:
                yield day, before, after
            before = after


@dataclass(frozen=True)
class Movement:
    """From ``day`` on, the MRR of a subscription is ``amount`` more, in the currency of the company."""

    stream: int
    day: date
    kind: str
    amount: Decimal


def movements(streams: Sequence[Stream], until: date, rate: Rate, rounding: Number) -> list[Movement]:
    """Return everything that has moved the MRR of one company up to ``until``, inclusive.

    A change is converted at the rate of its day. What the rates alone have made of a subscription is a movement of
    its own on the last day of each month, and on ``until``. So on each such day the movements of a subscription add up
    to its value at the rate of that day, rounded.

    Whether a change is new revenue, more, less, lost or won back is seen from the customer: all changes of a customer
    on a day are of one kind, as the whole of them.

    :param rate: rate(currency, day) is the company's money for one unit of ``currency``, 1 for its own
    :param rounding: of the currency of the company
    """
    kinds = _kinds(streams, until, rate)
    return [
        movement for stream in streams
        for movement in _book(stream, until, lambda day, own=stream: rate(own.currency, day), rounding, kinds)]


def _kinds(streams: Iterable[Stream], until: date, rate: Rate) -> dict[tuple[Hashable, date], str]:
    """Return what the changes of each customer on each day are."""
    days = defaultdict(lambda: defaultdict(list))
    for stream in streams:
        for day, before, after in stream.steps(until):
            days[stream.customer][day].append((stream, before, after))
    found = {}
    for customer, changes in days.items():
        counting: set[int] = set()
        for number, day in enumerate(sorted(changes)):
            net = sum((after - before) * rate(stream.currency, day) for stream, before, after in changes[day])
            was_active = bool(counting)
            for stream, _before, after in changes[day]:
                (counting.add if after else counting.discard)(stream.id)
            found[customer, day] = _kind(number == 0, was_active, bool(counting), net)
    return found


def _kind(is_first: bool, was_active: bool, is_active: bool, net: Fraction) -> str:
    if not was_active:
        return NEW if is_first else REACTIVATION
    if not is_active:
        return CHURN
    return CONTRACTION if net < 0 else EXPANSION


def _book(stream, until, rate, rounding, kinds) -> Iterator[Movement]:
    """Yield the movements of one subscription: its changes, and what the rates make of it."""
    value, booked = Fraction(0), Decimal(0)
    steps = {day: after for day, _before, after in stream.steps(until)}
    if not steps:
        return
    for day in sorted({*steps, *_month_ends(min(steps), until)}):
        if day in steps:
            amount = round_to(steps[day] * rate(day), rounding) - round_to(value * rate(day), rounding)
            value, booked = steps[day], booked + amount
            if amount:
                yield Movement(stream.id, day, kinds[stream.customer, day], amount)
        if day == until or (day + ONE_DAY).day == 1:
            difference = round_to(value * rate(day), rounding) - booked
            booked += difference
            if difference:
                yield Movement(stream.id, day, EXCHANGE, difference)


def _month_ends(first: date, until: date) -> Iterator[date]:
    """Yield the last day of each month from that of ``first`` on, and at last ``until``."""
    month = 0
    while (day := add_months(first, month, last_day=True)) < until:
        yield day
        month += 1
    yield until
