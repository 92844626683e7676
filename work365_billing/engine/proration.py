"""The part of a period's price that some of its days cost. DESIGN section 4, *Proration*.

Proration is of amounts, never of quantities, and exact: parts of a period always add up to 1.
Rounding is somebody else's business (`money`), once, at the end.
"""

from fractions import Fraction

from .periods import Period, Recurrence
from .steps import Step


def _days(span: Period, _recurrence: Recurrence) -> Fraction:
    """Return the number of days of `span`."""
    return Fraction(span.days)


def _months(span: Period, recurrence: Recurrence) -> Fraction:
    """Return the number of months of `span`: days ÷ days of the month, summed over the months it touches."""
    monthly = Recurrence(recurrence.anchor, Step("month", 1), recurrence.last_day)
    return sum((Fraction(span.intersect(month).days, month.days) for month in monthly.touching(span)), Fraction(0))


_MEASURES = {"days": _days, "months": _months}
UNITS = tuple(_MEASURES)


def prorate(span: Period, natural: Period, recurrence: Recurrence, unit: str) -> Fraction:
    """Return the share of the price of `natural` that `span` costs: above 0, and 1 for the whole.

    :param span: the billed days (half-open), inside `natural`
    :param natural: the uncut period of the cycle
    :param recurrence: the series that `natural` belongs to; its anchor gives the month boundaries
    :param unit: 'days' = days of the span ÷ days of the natural period; 'months' = months of the span ÷ months
        of the natural period, a month running from anchor + n months. Steps in days always use days.
    :raises ValueError: when `span` reaches outside `natural`, or on an unknown unit
    """
    if unit not in UNITS:
        raise ValueError(f"unknown proration unit {unit!r}, expected one of {UNITS}")
    if span.start < natural.start or span.stop > natural.stop:
        raise ValueError(f"{span.start} to {span.end} is not inside the period {natural.start} to {natural.end}")
    if span == natural:
        return Fraction(1)
    measure = _MEASURES["days" if recurrence.step.unit == "day" else unit]
    return measure(span, recurrence) / measure(natural, recurrence)
