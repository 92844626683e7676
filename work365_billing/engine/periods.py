"""Half-open date periods, and a series of them that is computed from its anchor, never chained.

DESIGN section 1, idea 1: period *k* is a pure function of (anchor, step, k).
"""

from calendar import monthrange
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta

from .steps import ChosenMonths, Step

ONE_DAY = timedelta(days=1)


@dataclass(frozen=True, order=True)
class Period:
    """The days from `start` up to, not including, `stop`. Ordered by start, then stop.

    :raises ValueError: when it would hold no day
    """

    start: date
    stop: date

    def __post_init__(self):
        if not self.start < self.stop:
            raise ValueError(f"a period needs a day: start {self.start} is not before stop {self.stop}")

    @property
    def end(self) -> date:
        """Last day, inclusive: what texts and record fields show."""
        return self.stop - ONE_DAY

    @property
    def days(self) -> int:
        """Number of days, 1 or more."""
        return (self.stop - self.start).days

    def contains(self, day: date) -> bool:
        """Tell whether `day` is one of the days."""
        return self.start <= day < self.stop

    def intersect(self, other: "Period") -> "Period | None":
        """Return the days that both have, None when there are none."""
        start, stop = max(self.start, other.start), min(self.stop, other.stop)
        return Period(start, stop) if start < stop else None


def add_months(day: date, months: int, last_day: bool = False) -> date:
    """Return `day` moved by `months` (may be negative), clamped to the length of the target month.

    :param last_day: return the last day of the target month, whatever the day of `day`
    :raises ValueError: outside the years 1 to 9999
    """
    years, month0 = divmod(day.month - 1 + months, 12)
    year, month = day.year + years, month0 + 1
    length = monthrange(year, month)[1]
    return date(year, month, length if last_day else min(day.day, length))


def months_between(first: date, second: date) -> int:
    """Return the number of calendar months from the month of `first` to that of `second`, days ignored."""
    return (second.year - first.year) * 12 + second.month - first.month


@dataclass(frozen=True)
class Recurrence:
    """An endless series of touching periods in both directions; period 0 starts at the anchor.

    :param anchor: the day from which every start is computed
    :param step: length of a period, or the months in which periods begin, on the day of the anchor
    :param last_day: every period starts on the last day of its month, so period 0 on the last day of the
        anchor's month. Means nothing to steps in days. Without it a short month clamps and the next recovers:
        31 Jan, 28 Feb, 31 Mar; and the 28th stays the 28th.
    """

    anchor: date
    step: Step | ChosenMonths
    last_day: bool = False

    def start_of(self, index: int) -> date:
        """Return the first day of period `index` (may be negative), straight from the anchor."""
        if self.step.unit == "day":
            return self.anchor + timedelta(days=self.step.count * index)
        return add_months(self.anchor, self.step.offset_of(self.anchor.month, index), self.last_day)

    def period(self, index: int) -> Period:
        """Return period `index` in full, not cut by any term."""
        return Period(self.start_of(index), self.start_of(index + 1))

    def index_of(self, day: date) -> int:
        """Return the index of the period that contains `day`."""
        if self.step.unit == "day":
            return (day - self.anchor).days // self.step.count
        # The month of every start is given by the step: only the day within that month can be ahead of `day`.
        index = self.step.index_at(self.anchor.month, months_between(self.anchor, day))
        return index if self.start_of(index) <= day else index - 1

    def period_at(self, day: date) -> Period:
        """Return the full period that contains `day`."""
        return self.period(self.index_of(day))

    def touching(self, span: Period) -> Iterator[Period]:
        """Yield, in order, the full periods that share a day with `span`."""
        index = self.index_of(span.start)
        while (period := self.period(index)).start < span.stop:
            yield period
            index += 1
