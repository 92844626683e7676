"""The day on which an invoice is collected: the agreed one, moved off days on which banks do not collect.

DESIGN section 5: day N is the first one on or after the invoice date; never before the invoice date.
"""

import datetime
from collections.abc import Callable
from dataclasses import dataclass

from ...work365_billing.engine.periods import ONE_DAY, add_months

ISSUED, LAST = "issued", "last"
COLLECT_ON = (*map(str, range(1, 31)), LAST, ISSUED)
NEXT, PREVIOUS = "next", "previous"
SATURDAY, SUNDAY, HOLIDAY = "saturday", "sunday", "holiday"
WEEKEND = {5: SATURDAY, 6: SUNDAY}


@dataclass(frozen=True)
class Closed:
    """Why nothing is collected on a day.

    :param kind: 'saturday', 'sunday' or 'holiday'
    :param name: of the holiday, else empty
    """

    day: datetime.date
    kind: str
    name: str = ""


@dataclass(frozen=True)
class Collection:
    """The day of a collection, and how it came about.

    :param unmoved: the day agreed with the client
    :param reasons: the days that were passed over, from `unmoved` on; empty when the date is the agreed one
    """

    date: datetime.date
    unmoved: datetime.date
    reasons: tuple[Closed, ...] = ()


@dataclass(frozen=True)
class BusinessDays:
    """The days on which money is collected.

    :param name_of: returns the name of the holiday on a day, or None
    :param saturday: whether Saturdays are business days; Sundays never are
    :param direction: 'next' or 'previous': where a collection moves to
    :raises ValueError: on another direction
    """

    name_of: Callable[[datetime.date], str | None]
    saturday: bool = False
    direction: str = NEXT

    def __post_init__(self):
        if self.direction not in (NEXT, PREVIOUS):
            raise ValueError(f"a collection moves to the {NEXT!r} or {PREVIOUS!r} business day, not {self.direction!r}")

    def closed(self, day: datetime.date) -> Closed | None:
        """Return why `day` is no business day, None when it is one. A holiday counts before the weekend it falls on."""
        if name := self.name_of(day):
            return Closed(day, HOLIDAY, name)
        kind = WEEKEND.get(day.weekday())
        return Closed(day, kind) if kind and not (kind == SATURDAY and self.saturday) else None

    def move(self, day: datetime.date, not_before: datetime.date) -> Collection:
        """Return `day` moved to a business day in the direction; to the next one where it would fall before a date.

        :param not_before: the first day allowed, on or before `day`
        """
        found = self._walk(day, ONE_DAY if self.direction == NEXT else -ONE_DAY)
        return found if found.date >= not_before else self._walk(day, ONE_DAY)

    def _walk(self, unmoved, step):
        day, reasons = unmoved, []
        while reason := self.closed(day):
            reasons.append(reason)
            day += step
        return Collection(day, unmoved, tuple(reasons))


def agreed_day(collect_on: str, invoice_date: datetime.date) -> datetime.date:
    """Return the day agreed for the collection of an invoice, whether money is collected on it or not.

    :param collect_on: '1' to '30', the first such day on or after the invoice date, the last day of a shorter month;
        'last', the end of the invoice's month; or 'issued', the invoice date
    :raises ValueError: on another value
    """
    if collect_on not in COLLECT_ON:
        raise ValueError(f"unknown day of collection {collect_on!r}, expected '1' to '30', 'last' or 'issued'")
    if collect_on == ISSUED:
        return invoice_date
    if collect_on == LAST:
        return add_months(invoice_date, 0, last_day=True)
    day = _day_of_month(invoice_date, int(collect_on), 0)
    return day if day >= invoice_date else _day_of_month(invoice_date, int(collect_on), 1)


def _day_of_month(day, number, months):
    """Return day `number` of the month that lies `months` after `day`, or its last day."""
    end = add_months(day, months, last_day=True)
    return end.replace(day=min(number, end.day))


def collect(collect_on: str, invoice_date: datetime.date, business_days: BusinessDays) -> Collection:
    """Return the day on which an invoice is collected: the agreed one, moved to a business day.

    :param collect_on: see `agreed_day`
    :raises ValueError: on an unknown day of collection
    """
    return business_days.move(agreed_day(collect_on, invoice_date), invoice_date)
