"""What the planner knows of a contract: plain, frozen data, read once from the records.

Money is exact (``Fraction``), dates are local dates of the company, ends are inclusive.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from fractions import Fraction

from .cycles import Cycle, Terms


@dataclass(frozen=True)
class Log:
    """One change of a subscription: from ``effective`` on, ``delta`` more units at ``price``.

    ``price`` is per sales unit and acts from the first cycle that begins on or after ``effective``.
    ``pending`` tells that no invoice has used the log yet. ``counts_from`` postpones a reduction that was not
    credited: it changes nothing that was billed before that date.
    """

    id: int
    effective: date
    delta: Fraction
    price: Fraction
    pending: bool = True
    refundable: bool = True
    counts_from: date | None = None

    @property
    def acts_on(self):
        """First day on which the log changes what is billed."""
        return max(self.effective, self.counts_from or self.effective)


@dataclass(frozen=True)
class Charge:
    """A subscription: what is charged again in every cycle.

    ``unit_months`` is the length of the sales unit that the price is for; None means that the price is per cycle.
    ``end`` is the last billed day. ``discount`` is a percentage, already compounded with the contract's.
    """

    id: int
    logs: tuple[Log, ...]
    start: date
    end: date | None = None
    unit_months: int | None = 1
    discount: Fraction = Fraction(0)
    billable: bool = True


@dataclass(frozen=True)
class Item:
    """A one-off charge, billed as entered on the first invoice on or after ``invoice_on``."""

    id: int
    invoice_on: date
    quantity: Fraction
    price: Fraction
    discount: Fraction = Fraction(0)
    billable: bool = True


@dataclass(frozen=True)
class Billed:
    """What live invoices already hold of one charge in one ledger row.

    ``amount`` is net of discount, positive when the customer owes it. ``discount`` is the percentage that was
    applied and ``line`` identifies the invoice line that a credit refers to.
    """

    amount: Decimal
    discount: Fraction
    line: int


@dataclass(frozen=True)
class Row:
    """A row of the ledger: one period of the contract, regular or change log."""

    key: int
    kind: str
    cycle: Cycle
    schedule_date: date
    state: str = "pending"

    @property
    def start(self):
        return self.cycle.start

    @property
    def end(self):
        return self.cycle.end


@dataclass(frozen=True)
class Contract:
    """Everything that decides what one contract is billed."""

    id: int
    terms: Terms
    rows: tuple[Row, ...]
    charges: tuple[Charge, ...] = ()
    items: tuple[Item, ...] = ()
    billed: Mapping[tuple[int, date], Billed] = field(default_factory=dict)
    proration_unit: str = "days"
    refunds: bool = False
    rounding: Decimal = Decimal("0.01")
    discount_digits: int = 2
