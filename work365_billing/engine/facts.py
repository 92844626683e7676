"""What the planner knows of a contract: plain, frozen data, read once from the records.

Money is exact (``Fraction``), dates are local dates of the company, ends are inclusive.
"""

from collections.abc import Hashable, Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from fractions import Fraction

from .cycles import Cycle, Terms
from .plan import ITEM
from .tiers import RateCard


@dataclass(frozen=True)
class Log:
    """One change of a subscription: from ``effective`` on, ``delta`` more units at ``price``.

    ``price`` is per sales unit and acts from the first cycle that begins on or after ``effective``; None leaves the
    price as it is. Ids grow in the order of entry. ``pending`` tells that no live invoice has used the log.
    ``counts_from`` postpones a reduction that was not credited, or a change that was left out: it changes nothing
    before that date. ``pauses`` tells that nothing is billed because of a pause. ``cause`` is the change that made this
    one necessary: the two are one when it is asked whether something is given back.
    """

    id: int
    effective: date
    delta: Fraction
    price: Fraction | None
    pending: bool = True
    refundable: bool = True
    counts_from: date | None = None
    pauses: bool = False
    cause: int | None = None

    @property
    def acts_on(self):
        """First day on which the log changes what is billed."""
        return max(self.effective, self.counts_from or self.effective)


@dataclass(frozen=True)
class Charge:
    """A subscription: what is charged again in every cycle.

    ``unit_months`` is the length of the sales unit that the price is for; None means that the price is per cycle.
    ``end`` is the last billed day. ``discount`` is a percentage, already compounded with the contract's. ``metered``
    charges nothing by itself: a ``Meter`` tells how its usage is billed. ``owner`` names whose cycles it is billed in:
    None for the contract's.
    """

    id: int
    logs: tuple[Log, ...]
    start: date
    end: date | None = None
    unit_months: int | None = 1
    discount: Fraction = Fraction(0)
    billable: bool = True
    metered: bool = False
    owner: Hashable = None


@dataclass(frozen=True)
class Item:
    """Something that is billed once, as entered, on the first invoice on or after ``invoice_on``.

    ``source`` is the group in which it is shown and tells what kind of record ``id`` is: ids are unique per source.
    Items of one source and equal ``rollup`` that are due together share a line; None gives each its own.
    ``charge`` is the subscription that it belongs to, ``start`` and ``end`` (inclusive) are the days that its line
    names, where it has any. ``obstacle`` is the reason for which it cannot be billed yet. ``price`` is of one unit;
    None leaves it to the rate card of the meter. ``apart`` keeps it off the invoices of cycles.
    """

    id: int
    invoice_on: date
    quantity: Fraction
    price: Fraction | None
    discount: Fraction = Fraction(0)
    obstacle: str | None = None
    source: str = ITEM
    rollup: Hashable = None
    charge: int | None = None
    start: date | None = None
    end: date | None = None
    apart: bool = False

    @property
    def key(self):
        return self.source, self.id


@dataclass(frozen=True)
class Metered:
    """What live invoices hold of one meter in one cycle: amounts net of discount.

    ``quantity`` is what the rate card has priced, ``top_up`` what lifts the ``usage`` to the minimum.
    """

    quantity: Fraction = Fraction(0)
    usage: Decimal = Decimal(0)
    top_up: Decimal = Decimal(0)


@dataclass(frozen=True)
class Meter:
    """How the usage of the charge of the same ``id`` is billed.

    ``minimum`` is what a cycle costs at least, whatever its length, net of discount. ``by_record`` gives each record a
    line of its own. ``held`` is by the first day of the cycle.
    """

    id: int
    card: RateCard | None = None
    minimum: Decimal = Decimal(0)
    by_record: bool = False
    held: Mapping[date, Metered] = field(default_factory=dict)


@dataclass(frozen=True)
class Billed:
    """What live invoices already hold of one charge in one ledger row.

    ``amount`` is net of discount, positive when the customer owes it: what was planned, whatever a clerk made of the
    draft. ``discount`` is the percentage that was applied, ``line`` the invoice line that a credit refers to, ``logs``
    the changes that have a line of their own among them.
    """

    amount: Decimal
    discount: Fraction
    line: int | None = None
    logs: frozenset[int] = frozenset()


@dataclass(frozen=True)
class Row:
    """A row of the ledger: one period of its owner, regular or change log.

    ``seen`` is ``Invoice.seen`` of the invoice that billed the row last, kept when the row is freed: changes up to that
    id are in the bill of the row, also when the invoice that had used them first is gone. ``previous`` is the schedule
    date of the regular row before it: meters need it. ``owner`` names whose period it is: None for the contract's.
    ``items_until`` is the last day whose items are on it, by default the schedule date.
    """

    key: int
    kind: str
    cycle: Cycle
    schedule_date: date
    state: str = "pending"
    seen: int = 0
    previous: date | None = None
    owner: Hashable = None
    items_until: date | None = None

    @property
    def start(self):
        return self.cycle.start

    @property
    def end(self):
        return self.cycle.end


@dataclass(frozen=True)
class Contract:
    """Everything that decides what one contract is billed.

    ``rows`` are the regular rows of the ledger: the invoiced ones, from the start of the natural period of the oldest
    pending change on, and the open ones. ``terms`` are those of the contract's own cycles, None where it has none;
    ``terms_by_owner`` those of the charges with cycles of their own.
    """

    id: int
    terms: Terms | None
    rows: tuple[Row, ...]
    charges: tuple[Charge, ...] = ()
    items: tuple[Item, ...] = ()
    meters: tuple[Meter, ...] = ()
    billed: Mapping[tuple[int, date], Billed] = field(default_factory=dict)
    proration_unit: str = "days"
    refunds: bool = False
    rounding: Decimal = Decimal("0.01")
    discount_digits: int = 2
    terms_by_owner: Mapping[Hashable, Terms] = field(default_factory=dict)

    def terms_of(self, owner: Hashable) -> Terms:
        """Return the terms of the cycles of ``owner``."""
        return self.terms if owner is None else self.terms_by_owner[owner]
