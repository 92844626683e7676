"""How long a billing period is: a unit and a count, and the tables of the products' own words."""

from dataclasses import dataclass

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
