"""How long a repeating invoice and its lines go on, and what of a commission is lost when it ends early."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from ...work365_billing.engine.money import Number, exact, round_to
from ...work365_billing.engine.periods import ONE_DAY, Recurrence, add_months
from ...work365_billing.engine.steps import Step

OPEN = 0
_MONTH = Step("month", 1)


def projected_end(start: date, term: int) -> date | None:
    """Return the last day of a term, or None for an open one.

    :param term: whole months, 0 for open
    :raises ValueError: on a negative term
    """
    if term < 0:
        raise ValueError(f"a term is a number of months, or 0 for an open end, not {term!r}")
    return add_months(start, term) - ONE_DAY if term else None


def line_end(line_start: date, line_term: int, end: date | None) -> date | None:
    """Return the last day on which a line is billed: the end of its own term, at the latest that of its invoice.

    :param line_term: months from the line's own start, 0 for as long as the invoice
    :param end: last day of the repeating invoice, None when it is open
    """
    return min(filter(None, (projected_end(line_start, line_term), end)), default=None)


def is_longer(line_term: int, term: int) -> bool:
    """Tell whether the term of a line is longer than that of its repeating invoice, which may be open (0)."""
    return term != OPEN and line_term > term


@dataclass(frozen=True)
class Service:
    """How much of a term has been served.

    :param served: months that have begun: a run date up to the last access is billed whole
    """

    served: int
    unserved: int

    def clawback(self, commission: Number, rounding: Number) -> Decimal:
        """Return the part of a commission that is lost: commission × unserved ÷ term, rounded once.

        :param rounding: smallest unit of the currency
        """
        term = self.served + self.unserved
        return round_to(exact(commission) * self.unserved / term if term else 0, rounding)


def service(run_date: date, term: int, last_access: date) -> Service:
    """Return the months served and not served of a term that ends with `last_access`.

    An open term (0) has no months to serve, so nothing of it is lost.

    :param run_date: first day of the term
    :param last_access: last day of service; before the run date nothing was served
    """
    begun = Recurrence(run_date, _MONTH).index_of(last_access) + 1
    served = min(max(begun, 0), term)
    return Service(served, term - served)
