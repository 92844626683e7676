"""Billing cycles: the periods of a recurrence, cut to a term, and the day on which each is due.

DESIGN section 4, *Cycles* and *When*. Due dates never touch the cycles: policy and offset only
choose the day of the bill. Ends are inclusive here, as in record fields; `Cycle.span` is half-open.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cached_property
from itertools import takewhile
from math import gcd

from .periods import ONE_DAY, Period, Recurrence, add_months
from .steps import ChosenMonths, Step

ALIGNMENTS = ("anniversary", "calendar")

# Day of the cycle from which its schedule date counts, per billing policy.
_COUNTS_FROM = {"advance": "start", "arrears": "end"}
POLICIES = tuple(_COUNTS_FROM)


class EndBeforeStart(ValueError):
    """The term would end before it starts."""


def _calendar_month(start: date, step: Step) -> date:
    """Return the first boundary on or after `start`: the 1st of a month, quarter, half-year or year."""
    first = start if start.day == 1 else add_months(start.replace(day=1), 1)
    # A count that does not divide the year starts on the longest part of a year that it fills: 36 on 1 January.
    return add_months(first, -(first.month - 1) % gcd(step.count, 12))


def _calendar_day(start: date, step: Step) -> date:
    """Return the first Monday on or after `start` for weeks; `start` itself for other counts of days."""
    return start + timedelta(days=-start.weekday() % 7) if step.count == 7 else start


_CALENDAR = {"month": _calendar_month, "day": _calendar_day}


@dataclass(frozen=True)
class Leg:
    """A later anchor: from `first` on the cycles are counted from `anchor`, no longer from the start of the term.

    The days from `since` up to `first` are the transition period: the last cycle of the rhythm before, cut there.

    :param since: first day of the transition period; `first` itself where none is needed
    :param first: first day of the first cycle of the new rhythm, one of the starts that `anchor` gives
    :param anchor: as of `Recurrence`, like `last_day`
    :raises ValueError: when it would begin before `since`
    """

    since: date
    first: date
    anchor: date
    last_day: bool = False

    def __post_init__(self):
        if self.first < self.since:
            raise ValueError(f"the new cycles start on {self.first}, before the transition period from {self.since}")


@dataclass(frozen=True)
class Terms:
    """What decides the cycles of a contract, subscription or line.

    :param start: first day of the term
    :param step: length of a cycle
    :param end: last day of the term, inclusive; None for open-ended
    :param alignment: 'anniversary' counts from the start; 'calendar' from the first calendar boundary on or
        after it, with a part-cycle before
    :param billed_through: last day that was billed elsewhere, inclusive: nothing up to it is billed
    :param last_day: cycles start on the last day of the month. Calendar cycles and steps in days ignore it.
    :param anchor: day from which the cycles of the anniversary are counted; default the start
    :param whole: a cycle that begins in the term is billed whole, and any other not at all: nothing is ever cut
    :param legs: later anchors, oldest first; without one all cycles are counted from the start
    :raises EndBeforeStart: (a ValueError) when `end` is before `start`
    :raises ValueError: on an unknown alignment, or legs before the start, out of order or off their own series
    """

    start: date
    step: Step | ChosenMonths
    end: date | None = None
    alignment: str = "anniversary"
    billed_through: date | None = None
    last_day: bool = False
    anchor: date | None = None
    whole: bool = False
    legs: tuple[Leg, ...] = ()

    def __post_init__(self):
        if self.alignment not in ALIGNMENTS:
            raise ValueError(f"unknown alignment {self.alignment!r}, expected one of {ALIGNMENTS}")
        if self.end is not None and self.end < self.start:
            raise EndBeforeStart(f"the end {self.end} is before the start {self.start}")
        day = self.start
        for leg in self.legs:
            if leg.since < day or self._series_of(leg).period_at(leg.first).start != leg.first:
                raise ValueError(f"the cycles from {leg.first} on do not follow what is before them")
            day = leg.first

    @cached_property
    def recurrence(self) -> Recurrence:
        """The series of natural cycles that is counted from the start; a first part-cycle lies in its period -1."""
        if self.alignment == "calendar":
            return Recurrence(_CALENDAR[self.step.unit](self.start, self.step), self.step)
        return Recurrence(self.anchor or self.start, self.step, self.last_day)

    def _series_of(self, leg: Leg) -> Recurrence:
        return Recurrence(leg.anchor, self.step, leg.last_day)

    def rhythm_at(self, day: date) -> tuple[Recurrence, date | None]:
        """Return the series of natural cycles that holds on `day`, and the first day of the one that follows it."""
        stop = None
        for leg in reversed(self.legs):
            if leg.first <= day:
                return self._series_of(leg), stop
            stop = leg.first
        return self.recurrence, stop

    def recurrence_at(self, day: date) -> Recurrence:
        """Return the series of natural cycles that holds on `day`: that of its leg."""
        return self.rhythm_at(day)[0]

    @cached_property
    def first_day(self) -> date:
        """First day that may be billed; after `end` when everything was billed elsewhere."""
        return self.start if self.billed_through is None else max(self.start, self.billed_through + ONE_DAY)

    @cached_property
    def first_cycle_day(self) -> date:
        """A day of the first cycle of which something may be billed."""
        natural = self.recurrence_at(self.first_day).period_at(self.first_day)
        return natural.stop if self.whole and natural.start < self.first_day else self.first_day

    def covers(self, day: date) -> bool:
        """Tell whether `day` may be billed: in the term and after `billed_through`."""
        return self.first_day <= day and (self.end is None or day <= self.end)


@dataclass(frozen=True)
class Cycle:
    """One billing cycle.

    :param index: number of its natural period in the series of its leg: 0 at the anchor, -1 for a part-cycle before it
    :param start: first billed day
    :param end: last billed day, inclusive
    :param natural: the uncut period, on whose length a part is prorated
    """

    index: int
    start: date
    end: date
    natural: Period

    @cached_property
    def span(self) -> Period:
        """The billed days as a half-open period."""
        return Period(self.start, self.end + ONE_DAY)

    @property
    def is_cut(self) -> bool:
        """Whether less than the natural period is billed."""
        return self.span != self.natural


def _cycle(terms: Terms, day: date) -> Cycle | None:
    """Return the cycle in the natural period of `day`, cut to leg and term; None when no day of it may be billed."""
    recurrence = terms.recurrence_at(day)
    index = recurrence.index_of(day)
    natural = recurrence.period(index)
    if terms.whole:
        return Cycle(index, natural.start, natural.end, natural) if terms.covers(natural.start) else None
    start = max(natural.start, terms.first_day)
    end = _stop_of(terms, day, natural) - ONE_DAY
    if terms.end is not None:
        end = min(end, terms.end)
    return Cycle(index, start, end, natural) if start <= end else None


def _stop_of(terms: Terms, day: date, natural: Period) -> date:
    """Return the day after the cycle of `day` in `natural`, whatever the end of the term: a later leg cuts it."""
    _recurrence, stop = terms.rhythm_at(day)
    return natural.stop if stop is None else min(natural.stop, stop)


def cycle_at(terms: Terms, day: date) -> Cycle | None:
    """Return the cycle that contains `day`; None outside the term and up to `billed_through`."""
    return _cycle(terms, day) if terms.covers(day) else None


def next_cycle(terms: Terms, cycle: Cycle) -> Cycle | None:
    """Return the cycle after `cycle`, or the first billable one if that is later; None after the last."""
    return _cycle(terms, max(_stop_of(terms, cycle.start, cycle.natural), terms.first_cycle_day))


def cycles(terms: Terms, until: date | None = None) -> Iterator[Cycle]:
    """Yield the cycles in order, from the first billable day.

    :param until: last start to yield, inclusive. Without it and without an end the series never stops.
    """
    cycle = _cycle(terms, terms.first_cycle_day)
    while cycle and (until is None or cycle.start <= until):
        yield cycle
        cycle = next_cycle(terms, cycle)


def _check_policy(policy: str) -> None:
    if policy not in POLICIES:
        raise ValueError(f"unknown billing policy {policy!r}, expected one of {POLICIES}")


def schedule_date(cycle: Cycle, policy: str, offset: int) -> date:
    """Return the day on which `cycle` is to be billed.

    :param policy: 'advance' counts from the first day of the cycle, 'arrears' from the last
    :param offset: days after that day; negative is before
    :raises ValueError: on an unknown policy
    """
    _check_policy(policy)
    return getattr(cycle, _COUNTS_FROM[policy]) + timedelta(days=offset)


def due_cycles(terms: Terms, policy: str, offset: int, today: date) -> list[Cycle]:
    """Return every cycle whose schedule date is `today` or earlier, oldest first, billed or not.

    "Due", never "due today": what is already billed is the ledger's business (DESIGN section 1, idea 2).

    :raises ValueError: on an unknown policy
    """
    _check_policy(policy)
    return list(takewhile(lambda cycle: schedule_date(cycle, policy, offset) <= today, cycles(terms)))
