"""Prices that rise once a year, on the anniversary of the run date.

DESIGN section 5: price = base × (1+p)ⁿ, rounded once to 5 decimals; applied to lines that are flagged.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from fractions import Fraction
from math import prod

from ...work365_billing.engine.money import Number, exact, round_to
from ...work365_billing.engine.periods import Recurrence
from ...work365_billing.engine.steps import Step

PRICE_UNIT = Decimal("0.00001")
_YEAR = Step("month", 12)


def anniversaries(run_date: date, day: date) -> int:
    """Return how many anniversaries of `run_date` have come up to `day`, that day included; 0 before the first.

    The anniversary of 29 February is 28 February in a year without it.
    """
    return max(Recurrence(run_date, _YEAR).index_of(day), 0)


def anniversary(run_date: date, number: int) -> date:
    """Return anniversary `number` of `run_date`, counted from 1."""
    return Recurrence(run_date, _YEAR).start_of(number)


@dataclass(frozen=True)
class Escalation:
    """By how much a price rises each year, compounding.

    :param percent: of every year that the table does not name; negative lowers the price
    :param by_year: number of the anniversary (1 = the first) -> percent of that year
    :param max_percent: no year's rise is above it
    :param max_price: no rise leads above it; a base that is above it already stays as it is
    :raises ValueError: on a percentage of -100 or less, after which no price is left, or a year below 1
    """

    percent: Number = 0
    by_year: Mapping[int, Number] = field(default_factory=dict)
    max_percent: Number | None = None
    max_price: Number | None = None

    def __post_init__(self):
        if any(exact(percent) <= -100 for percent in (self.percent, *self.by_year.values())):
            raise ValueError("an escalation is above -100 percent")
        if any(year < 1 for year in self.by_year):
            raise ValueError("the years of an escalation are counted from 1, the first anniversary")

    def percent_of(self, year: int) -> Fraction:
        """Return the percentage by which anniversary `year`, counted from 1, raises the price."""
        percent = exact(self.by_year.get(year, self.percent))
        return percent if self.max_percent is None else min(percent, exact(self.max_percent))

    def price(self, base: Number, run_date: date, day: date, since: date | None = None) -> Decimal:
        """Return the price in force on `day`, rounded once to 5 decimals, halves away from zero.

        :param base: price in force on `since`
        :param since: day for which the base was agreed, default the run date: only later anniversaries raise it
        """
        first, last = anniversaries(run_date, since or run_date), anniversaries(run_date, day)
        return self._raised(base, range(first + 1, last + 1))

    def ladder(
        self, base: Number, run_date: date, first: date, last: date, since: date | None = None,
    ) -> list[tuple[date, Decimal]]:
        """Return the prices in force from `first` to `last`, both included, each with the day from which it is.

        The first rung is the price in force on `first`, from the anniversary before it (or the run date, or `since`).
        An anniversary that changes nothing has no rung.

        :param base: as for `price`
        :param since: as for `price`
        """
        since = since or run_date
        years = range(anniversaries(run_date, max(first, since)), anniversaries(run_date, last) + 1)
        rungs = []
        for year in years:
            day = max(anniversary(run_date, year), since)
            price = self.price(base, run_date, day, since)
            if not rungs or price != rungs[-1][1]:
                rungs.append((day, price))
        return rungs

    def _raised(self, base, years):
        base = exact(base)
        price = base * prod((1 + self.percent_of(year) / 100 for year in years), start=Fraction(1))
        if self.max_price is not None and price > base:
            price = min(price, max(base, exact(self.max_price)))
        return round_to(price, PRICE_UNIT)
