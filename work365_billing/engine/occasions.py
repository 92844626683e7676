"""The occasions of what is done weekly or monthly. "Last one due", never "today equals" (DESIGN section 1, idea 2)."""

from collections.abc import Iterator
from datetime import date, timedelta

from .periods import ONE_DAY, add_months


def _weekly(day: date, number: int) -> date:
    return day - timedelta(days=(day.weekday() - number) % 7)


def _monthly(day: date, number: int) -> date:
    this = _in_month(day, number)
    return this if this <= day else _in_month(add_months(day.replace(day=1), -1), number)


def _in_month(day: date, number: int) -> date:
    """Return day ``number`` of the month of ``day``, the last one where it is shorter."""
    return min(day.replace(day=1) + timedelta(days=number - 1), add_months(day, 0, last_day=True))


_LAST = {"weekly": _weekly, "monthly": _monthly}


def last_occasion(rhythm: str, number: int, day: date) -> date:
    """Return the last occasion up to ``day``, inclusive.

    :param rhythm: 'weekly' or 'monthly'
    :param number: day of the week, 0 for Monday, or of the month; a month that is shorter has it on its last day
    """
    return _LAST[rhythm](day, number)


def occasions(rhythm: str, number: int, first: date, last: date) -> Iterator[date]:
    """Yield the occasions from ``first`` to ``last``, both inclusive, oldest first. See ``last_occasion``."""
    for days in range((last - first).days + 1):
        day = first + days * ONE_DAY
        if last_occasion(rhythm, number, day) == day:
            yield day
