"""Moving the billing day: later cycles start on another day, after one transition period.

The transition period is the part of the last cycle of the old rhythm that lies before the new day, so it is never
longer than a cycle, and its price is a part of that cycle's.
"""

from dataclasses import replace
from datetime import date
from itertools import islice
from math import gcd

from .cycles import Leg, Terms, cycles
from .periods import ONE_DAY, Recurrence, add_months

# Periods after which every series of months has shown all lengths of its months, leap years included.
_PATTERN = 48


class NoSuchDay(ValueError):
    """None of the months in which cycles start has the day."""


def move_day(terms: Terms, since: date, day: int | None, month: int | None = None) -> Terms:
    """Return ``terms`` whose cycles start on ``day`` from the first such day on or after ``since``.

    Moves from ``since`` on that ``terms`` hold already are taken back. Moving to the day that holds before adds none.

    :param since: start of a cycle: what is before it stays
    :param day: day of the month, 1 to 31, clamped in shorter months; None is the last day of the month
    :param month: a month, 1 to 12, in which cycles are to start; default that of ``since``. Monthly cycles ignore it.
    :raises NoSuchDay: (a ValueError) when none of the months in which cycles start has ``day``
    :raises ValueError: where cycles are counted in days
    """
    if terms.step.unit != "month":
        raise ValueError("cycles that are counted in days have no day of the month")
    before = replace(terms, legs=tuple(leg for leg in terms.legs if leg.since < since))
    first = _first_start(since, gcd(terms.step.count, 12), day, month or since.month)
    series = Recurrence(_anchor(first, terms.step.count, day), terms.step, day is None)
    if _is_same_series(series, before.recurrence_at(since), since):
        return before
    if first > since:
        # A cycle that the start has cut may end before the new day: then it stays as it is.
        since = max(since, before.recurrence_at(since).period_at(first - ONE_DAY).start)
    return replace(before, legs=(*before.legs, Leg(since, first, series.anchor, series.last_day)))


def is_same(terms: Terms, other: Terms, since: date) -> bool:
    """Tell whether both have the same cycles from ``since`` on, whatever their ends."""
    before = since - ONE_DAY
    one, two = (
        [cycle.span for cycle in islice(cycles(replace(own, end=None, billed_through=before)), _PATTERN)]
        for own in (terms, other))
    return one == two


def leg_from(terms: Terms, since: date) -> Leg | None:
    """Return the last leg of ``terms`` if it begins on or after ``since``: what ``move_day`` from there has added."""
    return terms.legs[-1] if terms.legs and terms.legs[-1].since >= since else None


def _in_month(start, months, day):
    """Return ``day`` of the month that is ``months`` after that of ``start``, clamped to its length."""
    end = add_months(start, months, last_day=True)
    return end if day is None else end.replace(day=min(day, end.day))


def _first_start(since, every, day, month):
    """Return the first ``day`` on or after ``since`` in a month that is a multiple of ``every`` away from ``month``."""
    ahead = (month - since.month) % every
    first = _in_month(since, ahead, day)
    return first if first >= since else _in_month(since, ahead + every, day)


def _anchor(first, count, day):
    """Return a start of the series of ``first`` that has ``day``: a clamped one would not recover it."""
    for number in range(13):
        start = _in_month(first, number * count, day)
        if day in (None, start.day):
            return start
    raise NoSuchDay(f"no month in which cycles start has a day {day}")


def _is_same_series(series, other, day):
    """Tell whether two series of one step have the same starts from ``day`` on."""
    one, two = series.index_of(day), other.index_of(day)
    return all(series.start_of(one + number) == other.start_of(two + number) for number in range(_PATTERN))
