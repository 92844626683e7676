"""Renewal: the ends of the terms that follow each other. DESIGN section 1, idea 1: each is counted from the anchor."""

from dataclasses import replace
from datetime import date

from .cycles import Terms, cycle_at, schedule_date
from .periods import ONE_DAY, Recurrence, add_months
from .steps import Step


def renewed_end(terms: Terms, months: int) -> date:
    """Return the last day of ``terms``, which have an end, when they go on for ``months``.

    An end that lies whole months after the start stays so, whatever the length of the months between; any other moves
    by calendar months.
    """
    stop = terms.end + ONE_DAY
    monthly = Recurrence(terms.start, Step("month", 1), terms.last_day)
    index = monthly.index_of(stop)
    if monthly.start_of(index) == stop:
        return monthly.start_of(index + months) - ONE_DAY
    return add_months(stop, months) - ONE_DAY


def renewal_day(terms: Terms, policy: str, offset: int) -> date:
    """Return the day on which ``terms`` are renewed: their last one, or earlier where the next cycle is due before.

    :param policy: 'advance' or 'arrears'
    :param offset: days from the start or end of a cycle to the day on which it is due
    """
    ahead = replace(terms, end=None, billed_through=max(terms.end, terms.billed_through or terms.end))
    return min(terms.end, schedule_date(cycle_at(ahead, ahead.first_day), policy, offset))


def renewals(terms: Terms, policy: str, offset: int, months: int, day: date) -> list[tuple[date, date]]:
    """Return each renewal up to ``day`` as the day on which it happens and the new end, oldest first.

    :param months: length of each new term, 1 or more
    """
    found = []
    while (renews_on := renewal_day(terms, policy, offset)) <= day:
        terms = replace(terms, end=renewed_end(terms, months))
        found.append((renews_on, terms.end))
    return found
