"""What the planner answers: plain, frozen data that preview, forecast and executor share."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from fractions import Fraction

FULL_CYCLE = "full_cycle"
MIDCYCLE = "midcycle"
USAGE = "usage"
ITEM = "item"
SERVICE = "service"
GROUPS = (FULL_CYCLE, MIDCYCLE, USAGE, ITEM, SERVICE)


@dataclass(frozen=True)
class Line:
    """One invoice line.

    ``quantity`` is negative for a reduction, ``price_unit`` is exact and before ``discount`` (percent), ``amount``
    is the net amount rounded to the currency. ``start`` and ``end`` (inclusive) are the billed period; an item has
    none. ``records`` are the ids of what is billed as entered, in the source that the group stands for. ``credits`` is
    the invoice line that a reduction gives back, if there is one.
    """

    group: str
    quantity: Fraction
    price_unit: Fraction
    discount: Fraction
    amount: Decimal
    charge: int | None = None
    records: tuple[int, ...] = ()
    log: int | None = None
    start: date | None = None
    end: date | None = None
    cycle_start: date | None = None
    credits: int | None = None


@dataclass(frozen=True)
class Reason:
    """Why a charge, log or item is not on the invoice: a code of ``reasons``. ``source`` tells what ``item`` is."""

    code: str
    charge: int | None = None
    item: int | None = None
    log: int | None = None
    source: str | None = None


@dataclass(frozen=True)
class Invoice:
    """One invoice as it would be made for a ledger row, or, without lines, why there is none.

    ``used_logs`` are settled by the invoice. ``postponed`` are the reductions that are not credited, each with the
    date from which it counts. ``seen`` is to be kept on the ledger row: see ``Row.seen``.
    """

    row: int
    kind: str
    lines: tuple[Line, ...]
    reasons: tuple[Reason, ...]
    used_logs: tuple[int, ...] = ()
    postponed: tuple[tuple[int, date], ...] = ()
    seen: int = 0

    @property
    def amount(self):
        """Sum of the lines, before tax."""
        return sum((line.amount for line in self.lines), Decimal(0))

    @property
    def is_credit(self):
        """A negative sum becomes a credit note."""
        return self.amount < 0
