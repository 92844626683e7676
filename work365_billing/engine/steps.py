"""How long a billing period is: a unit and a count, and the tables of the products' own words."""

from bisect import bisect_left, bisect_right
from dataclasses import dataclass
from typing import ClassVar

STEP_UNITS = ("day", "month")


@dataclass(frozen=True)
class Step:
    """Length of a period: `count` times `unit`.

    :param unit: 'day' or 'month'
    :param count: whole number, 1 or more
    :raises ValueError: on another unit or a count that is not a whole number above zero
    """

    unit: str
    count: int

    def __post_init__(self):
        if self.unit not in STEP_UNITS:
            raise ValueError(f"unknown step unit {self.unit!r}, expected one of {STEP_UNITS}")
        if not isinstance(self.count, int) or self.count < 1:
            raise ValueError(f"a step is a whole number of {self.unit}s, 1 or more, not {self.count!r}")

    def offset_of(self, _month: int, index: int) -> int:
        """Return the units from the anchor to period `index`."""
        return self.count * index

    def index_at(self, _month: int, offset: int) -> int:
        """Return the index of the last period that begins `offset` units after the anchor or before."""
        return offset // self.count


@dataclass(frozen=True)
class ChosenMonths:
    """Periods that begin in chosen months of every year and last until the next of them.

    Period 0 begins in the first chosen month on or after that of the anchor.

    :param months: numbers from 1 to 12, in any order
    :raises ValueError: without a month, or on another number
    """

    months: tuple[int, ...]
    unit: ClassVar[str] = "month"

    def __post_init__(self):
        months = tuple(sorted(set(self.months)))
        if not months or not set(months) <= set(range(1, 13)):
            raise ValueError(f"chosen months are numbers from 1 to 12, at least one, not {self.months!r}")
        object.__setattr__(self, "months", months)

    def offset_of(self, month: int, index: int) -> int:
        """Return the months from the anchor, which lies in `month`, to the one in which period `index` begins."""
        years, place = divmod(bisect_left(self.months, month) + index, len(self.months))
        return 12 * years + self.months[place] - month

    def index_at(self, month: int, offset: int) -> int:
        """Return the index of the last period that begins `offset` months after the anchor's month or before."""
        years, month0 = divmod(month - 1 + offset, 12)
        place = bisect_right(self.months, month0 + 1) - 1
        return years * len(self.months) + place - bisect_left(self.months, month)


def every_days(count) -> Step:
    """Return the step of `count` days. Raises ValueError below 1."""
    return Step("day", count)


# Months that a price per sales unit covers: the monthly price is price ÷ this, never rounded (DESIGN section 4).
SALES_UNIT_MONTHS: dict[str, int] = {"monthly": 1, "quarterly": 3, "semi_annual": 6, "annual": 12, "triennial": 36}

# Billing frequencies of contracts (DESIGN section 3) and the week of repeating invoices (section 5).
FREQUENCIES: dict[str, Step] = {
    "weekly": Step("day", 7),
    **{name: Step("month", months) for name, months in SALES_UNIT_MONTHS.items()},
}
