"""What is billed of one contract, and what each change alters of it: the memory of the planner.

Every amount of a change is a pure function of the facts, in the order in which the changes were entered:
round(all up to it) - round(all before it). So lines are the same whenever, and however often, they are made, and the
lines of a charge and a natural cycle always add up to the rounded exact total.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from fractions import Fraction

from .cycles import Cycle
from .facts import Billed, Charge, Contract, Log, Row
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
        self.wanted = Wanted(contract.terms, contract.proration_unit)
        self.charges = {charge.id: charge for charge in contract.charges}
        self._billed = dict(contract.billed)
        regular = [row for row in contract.rows if row.kind == REGULAR]
        self._invoiced = sorted((row for row in regular if row.state == "invoiced"), key=lambda row: row.start)
        self._open = {row.start: row for row in regular if row.state in _OPEN}

    def reopen(self, row: Row):
        """Treat ``row`` as not invoiced: it is about to be billed."""
        if row.kind == REGULAR:
            self._invoiced = [other for other in self._invoiced if other.start != row.start]
            self._open[row.start] = row

    def billed(self, charge: Charge, cycle: Cycle) -> Billed | None:
        """Return what live invoices hold of ``charge`` in ``cycle``."""
        return self._billed.get((charge.id, cycle.start))

    def seen(self, row: Row) -> int:
        """Return the id up to which the changes are in the bill of ``row``.

        While lines of an older bill of it stand, only their invoices tell which changes they hold: then it stays.
        """
        stands = any(start == row.start and (held.amount or held.logs) for (_id, start), held in self._billed.items())
        if row.kind == REGULAR and stands:
            return row.seen
        return max((log.id for charge in self.charges.values() for log in charge.logs), default=0)

    def day_after_invoiced(self, log: Log):
        """Return the first day, from the one on which ``log`` acts, that is not invoiced."""
        days = [row.start for row in self._open.values() if row.end >= log.acts_on]
        return max(log.acts_on, min([*days, self._invoiced[-1].end + ONE_DAY]))

    def other_rows(self, charge: Charge, cycle: Cycle) -> Fraction:
        """Return the exact amount of what other rows of the same natural cycle bill of ``charge``."""
        return sum((self.wanted.amount(charge, row.cycle, charge.logs) for row in self._siblings(cycle)), Fraction(0))

    def is_late(self, log: Log) -> bool:
        """Tell whether ``log`` reaches into an invoiced cycle whose bill does not hold it."""
        return any(row.end >= log.acts_on and row.seen < log.id for row in self._invoiced)

    def effects(self, charge: Charge, log: Log) -> Iterator[Effect]:
        """Yield what ``log`` alters of each invoiced cycle whose bill does not hold it, oldest first."""
        before = [other for other in charge.logs if other.id < log.id]
        for row in self._invoiced:
            if row.end < log.acts_on or row.seen >= log.id:
                continue
            without = self.wanted.amount(charge, row.cycle, before)
            amount = self.wanted.amount(charge, row.cycle, [*before, log]) - without
            if amount:
                base = sum((
                    self.wanted.amount(charge, other.cycle, [*before, log] if other.start < row.start else before)
                    for other in self._siblings(row.cycle) if other.seen < log.id), Fraction(0))
                yield Effect(log, row, without, amount, base)

    def _siblings(self, cycle):
        return [row for row in self._invoiced if row.cycle.natural == cycle.natural and row.start != cycle.start]

    def record(self, row: Row, invoice: Invoice, charges: dict[int, Charge]):
        """Count ``invoice`` as made. ``charges`` are those of the contract, as they are after it."""
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
            self._open.pop(row.start, None)
            self._invoiced.append(replace(row, state="invoiced", seen=invoice.seen))
            self._invoiced.sort(key=lambda other: other.start)

    def _count(self, line: Line):
        key = (line.charge, line.cycle_start)
        held = self._billed.get(key, Billed(line.amount - line.amount, line.discount))
        logs = held.logs if line.log is None else held.logs | {line.log}
        self._billed[key] = replace(held, amount=held.amount + line.amount, logs=logs)
