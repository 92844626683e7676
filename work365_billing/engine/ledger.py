"""What is billed of one contract, and what each change alters of it: the memory of the planner.

Every amount of a change is a pure function of the facts, in the order in which the changes were entered:
round(all up to it) - round(all before it). So lines are the same whenever, and however often, they are made, and the
lines of a charge and a natural cycle always add up to the rounded exact total.
"""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, replace
from fractions import Fraction

from .cycles import Cycle
from .facts import Billed, Charge, Contract, Item, Log, Row
from .periods import ONE_DAY
from .plan import Invoice, Line
from .wanted import Wanted

REGULAR = "regular"
CHANGE_LOG = "change_log"
_OPEN = ("pending", "error")


@dataclass(frozen=True)
class Effect:
    """What one change alters of an invoiced cycle: exact amounts without and with it, before discount.

    ``base`` is what other rows of the same natural cycle had billed.
    """

    log: Log
    row: Row
    without: Fraction
    amount: Fraction
    base: Fraction


class Ledger:
    """The charges, invoiced rows and billed amounts of a contract; ``record`` adds a planned invoice."""

    def __init__(self, contract: Contract):
        self.wanted = Wanted(contract)
        self.charges = {charge.id: charge for charge in contract.charges}
        self._billed = dict(contract.billed)
        self._invoiced: dict = defaultdict(list)  # by owner, oldest first
        self._open: dict = defaultdict(dict)  # by owner, then by start
        for row in sorted(contract.rows, key=lambda row: row.start):
            if row.kind == REGULAR and row.state == "invoiced":
                self._invoiced[row.owner].append(row)
            elif row.kind == REGULAR and row.state in _OPEN:
                self._open[row.owner][row.start] = row

    def charges_on(self, row: Row) -> list[Charge]:
        """Return the charges that ``row`` bills: those of its owner; a change-log row of the contract bills all."""
        every = row.kind == CHANGE_LOG and row.owner is None
        return [charge for charge in self.charges.values() if every or charge.owner == row.owner]

    def carries(self, row: Row, item: Item) -> bool:
        """Tell whether ``item`` may be billed by ``row`` as soon as it is due.

        What belongs to a charge goes with it; all else goes with every row but what is left of a charge that has ended.
        """
        if item.charge is not None:
            return item.charge in (charge.id for charge in self.charges_on(row))
        return row.kind == REGULAR or row.owner is None

    def reopen(self, row: Row):
        """Treat ``row`` as not invoiced: it is about to be billed."""
        if row.kind == REGULAR:
            invoiced = self._invoiced[row.owner]
            self._invoiced[row.owner] = [other for other in invoiced if other.start != row.start]
            self._open[row.owner][row.start] = row

    def billed(self, charge: Charge, cycle: Cycle) -> Billed | None:
        """Return what live invoices hold of ``charge`` in ``cycle``."""
        return self._billed.get((charge.id, cycle.start))

    def seen(self, row: Row) -> int:
        """Return the id up to which the changes are in the bill of ``row``.

        While lines of an older bill of it stand, only their invoices tell which changes they hold: then it stays.
        """
        charges = self.charges_on(row)
        standing = [held for charge in charges if (held := self._billed.get((charge.id, row.start)))]
        if row.kind == REGULAR and any(held.amount or held.logs for held in standing):
            return row.seen
        return max((log.id for charge in charges for log in charge.logs), default=0)

    def day_after_invoiced(self, charge: Charge, log: Log):
        """Return the first day, from the one on which ``log`` acts, that is not invoiced."""
        days = [row.start for row in self._open[charge.owner].values() if row.end >= log.acts_on]
        return max(log.acts_on, min([*days, self._invoiced[charge.owner][-1].end + ONE_DAY]))

    def other_rows(self, charge: Charge, cycle: Cycle) -> Fraction:
        """Return the exact amount of what other rows of the same natural cycle bill of ``charge``."""
        return sum((
            self.wanted.amount(charge, row.cycle, charge.logs) for row in self._siblings(charge, cycle)), Fraction(0))

    def is_late(self, charge: Charge, log: Log) -> bool:
        """Tell whether ``log`` reaches into an invoiced cycle whose bill does not hold it."""
        return any(row.end >= log.acts_on and row.seen < log.id for row in self._invoiced[charge.owner])

    def effects(self, charge: Charge, log: Log) -> Iterator[Effect]:
        """Yield what ``log`` alters of each invoiced cycle whose bill does not hold it, oldest first."""
        before = [other for other in charge.logs if other.id < log.id]
        for row in self._invoiced[charge.owner]:
            if row.end < log.acts_on or row.seen >= log.id:
                continue
            without = self.wanted.amount(charge, row.cycle, before)
            amount = self.wanted.amount(charge, row.cycle, [*before, log]) - without
            if amount:
                base = sum((
                    self.wanted.amount(charge, other.cycle, [*before, log] if other.start < row.start else before)
                    for other in self._siblings(charge, row.cycle) if other.seen < log.id), Fraction(0))
                yield Effect(log, row, without, amount, base)

    def _siblings(self, charge, cycle):
        return [
            row for row in self._invoiced[charge.owner]
            if row.cycle.natural == cycle.natural and row.start != cycle.start]

    def record(self, row: Row, invoice: Invoice, charges: dict[int, Charge]):
        """Count ``invoice`` as made. ``charges`` are those that it bills, as they are after it."""
        if not invoice.lines:
            return
        used = set(invoice.used_logs)
        for charge in charges.values():
            logs = tuple(replace(log, pending=False) if log.id in used else log for log in charge.logs)
            self.charges[charge.id] = replace(charge, logs=logs)
        for line in invoice.lines:
            if line.cycle_start:
                self._count(line)
        if row.kind == REGULAR:
            self._open[row.owner].pop(row.start, None)
            invoiced = self._invoiced[row.owner]
            invoiced.append(replace(row, state="invoiced", seen=invoice.seen))
            invoiced.sort(key=lambda other: other.start)

    def _count(self, line: Line):
        key = (line.charge, line.cycle_start)
        held = self._billed.get(key, Billed(line.amount - line.amount, line.discount))
        logs = held.logs if line.log is None else held.logs | {line.log}
        self._billed[key] = replace(held, amount=held.amount + line.amount, logs=logs)
