"""The rule of billing: wanted minus billed, explained change by change (DESIGN sections 1 and 4).

``plan`` turns the facts of one contract into the invoices that its due ledger rows make, oldest first. Each planned
invoice counts as billed for the next one, so that a plan over many periods equals many plans of one period.
"""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from decimal import Decimal
from fractions import Fraction

from . import reasons
from .facts import Billed, Charge, Contract, Item, Row
from .money import cumulative, exact, round_to
from .periods import ONE_DAY
from .plan import FULL_CYCLE, ITEM, MIDCYCLE, Invoice, Line, Reason
from .wanted import Wanted, last_day, quantity_on

REGULAR = "regular"
CHANGE_LOG = "change_log"


def plan(contract: Contract, rows: Iterable[Row]) -> list[Invoice]:
    """Return one ``Invoice`` per row, in the order of ``rows`` (the caller chooses which are due, oldest first)."""
    biller = Biller(contract)
    return [biller.bill(row) for row in rows]


def settle_price(amount, gross, quantity, discount, rounding) -> Fraction:
    """Return the exact unit price with which Odoo's own arithmetic arrives at ``amount``.

    The rounded gross ÷ quantity, as a clerk would expect it; where rounding the gross first would lose a cent
    after the discount, the price that gives the amount.
    """
    shown = exact(round_to(gross, rounding))
    factor = 1 - discount / 100
    if round_to(shown * factor, rounding) != amount:
        shown = exact(amount) / factor
    return shown / quantity


class Biller:
    """Plans the rows of one contract, remembering what the rows before have used."""

    def __init__(self, contract: Contract):
        self._contract = contract
        self._wanted = Wanted(contract.terms, contract.proration_unit)
        self._charges = {charge.id: charge for charge in contract.charges}
        self._items = {item.id: item for item in contract.items}
        self._billed = dict(contract.billed)
        self._invoiced = sorted(
            (row for row in contract.rows if row.kind == REGULAR and row.state == "invoiced"),
            key=lambda row: row.start)

    def bill(self, row: Row) -> Invoice:
        """Return what ``row`` bills, and count it as billed from here on."""
        draft = _Draft(row)
        for charge_id, charge in list(self._charges.items()):
            if row.kind == REGULAR:
                self._bill_cycle(draft, charge)
            self._bill_late(draft, charge_id)
        for item in self._items.values():
            self._bill_item(draft, item)
        invoice = draft.finish()
        self._remember(invoice, row)
        return invoice

    # ---- the cycle itself -------------------------------------------------------------------------------------

    def _bill_cycle(self, draft, charge: Charge):
        cycle = draft.row.cycle
        logs = [log for log in charge.logs if log.acts_on <= last_day(charge, cycle)]
        code = self._why_not(charge, cycle, logs)
        if code:
            draft.reason(code, charge=charge.id)
        if charge.billable and code != reasons.ENDED:
            self._add_pieces(draft, charge, cycle, logs)
        draft.use(log for log in charge.logs if log.pending and log.acts_on <= cycle.end)

    def _why_not(self, charge, cycle, logs):
        """Return the code that tells why no full line is made, or None."""
        if not charge.billable:
            return reasons.NOT_BILLABLE
        if last_day(charge, cycle) < cycle.start:
            return reasons.ENDED
        if not logs:
            return reasons.STARTS_LATER
        if quantity_on(logs, cycle.start) <= 0 and all(log.acts_on <= cycle.start for log in logs):
            return reasons.NO_QUANTITY
        return None

    def _add_pieces(self, draft, charge, cycle, logs):
        """Add the full line and a line for each change after the first day."""
        start = [log for log in logs if log.acts_on <= cycle.start]
        later = sorted((log for log in logs if log.acts_on > cycle.start and log.delta), key=_order)
        price = self._wanted.cycle_price(charge, cycle, logs)
        # A cycle that is billed again may still have a change of it on another, live invoice.
        standing = [log for log in later if not log.pending and (charge.id, cycle.start) in self._billed]
        base = self._before(charge, cycle) + self._wanted.amount(charge, cycle, standing, price)
        pieces = []
        quantity = quantity_on(start, cycle.start)
        if quantity > 0:
            pieces.append((None, quantity, self._wanted.amount(charge, cycle, start, price)))
        for log in later:
            if log not in standing:
                pieces.append((log, log.delta, self._wanted.amount(charge, cycle, [log], price)))
        self._add_lines(draft, charge, cycle, pieces, base, charge.discount)

    def _before(self, charge, cycle):
        """Return the exact amount of the same natural period that an earlier, shorter row has billed."""
        return sum(
            (self._wanted.amount(charge, row.cycle, charge.logs)
             for row in self._invoiced if row.cycle.natural == cycle.natural and row.end < cycle.start),
            Fraction(0))

    # ---- cycles that are already invoiced ---------------------------------------------------------------------

    def _bill_late(self, draft, charge_id):
        """Bill what changes, known only now, make of the cycles that are already invoiced."""
        charge = self._charges[charge_id]
        known = [log for log in charge.logs if not log.pending]
        for log in sorted((log for log in charge.logs if log.pending), key=_order):
            rows = [row for row in self._invoiced if row.end >= log.acts_on]
            if rows and log.acts_on <= draft.row.end and charge.billable:
                self._bill_late_log(draft, charge, log, known, rows)
            known.append(self._current(charge_id, log))

    def _bill_late_log(self, draft, charge, log, known, rows):
        effects = [
            (row, self._wanted.amount(charge, row.cycle, known), self._wanted.amount(charge, row.cycle, [*known, log]))
            for row in rows]
        draft.use([log])
        if sum(after - before for _row, before, after in effects) < 0 and not self._may_credit(log):
            self._postpone(draft, log, charge.id, rows[-1].end + ONE_DAY)
            return
        for row, before, after in effects:
            if after != before:
                self._add_difference(draft, charge, row, log, before, after)

    def _current(self, charge_id, log):
        return next(other for other in self._charges[charge_id].logs if other.id == log.id)

    def _may_credit(self, log):
        return self._contract.refunds and log.refundable

    def _postpone(self, draft, log, charge_id, day):
        """The reduction is not credited: it counts from the first day that is not invoiced yet."""
        draft.postpone(log, day)
        draft.reason(reasons.REFUND_OFF, charge=charge_id, log=log.id)
        charge = self._charges[charge_id]
        late = replace(log, counts_from=day)
        logs = tuple(late if other.id == log.id else other for other in charge.logs)
        self._charges[charge_id] = replace(charge, logs=logs)

    def _add_difference(self, draft, charge, row, log, before, after):
        billed = self._billed.get((charge.id, row.start))
        discount = billed.discount if billed else charge.discount
        quantity = log.delta or quantity_on(charge.logs, max(row.start, charge.start)) or Fraction(1)
        self._add_lines(
            draft, charge, row.cycle, [(log, quantity, after - before)], before + self._before(charge, row.cycle),
            discount, credited=billed)

    # ---- items and lines --------------------------------------------------------------------------------------

    def _bill_item(self, draft, item: Item):
        if not item.billable:
            draft.reason(reasons.NOT_BILLABLE, item=item.id)
        elif item.invoice_on > draft.row.schedule_date:
            draft.reason(reasons.ITEM_LATER, item=item.id)
        else:
            net = item.quantity * item.price * (1 - item.discount / 100)
            draft.lines.append(Line(
                group=ITEM, item=item.id, quantity=item.quantity, price_unit=item.price, discount=item.discount,
                amount=round_to(net, self._contract.rounding)))

    def _add_lines(self, draft, charge, cycle, pieces, base, discount, credited=None):
        """Add a line per piece (log or None, quantity, exact gross), rounded so that all pieces of the cycle add up.

        :param base: exact gross of the same period that is billed already
        :param credited: what is billed of the cycle, when the pieces may give it back: the limit of a credit
        """
        factor = 1 - discount / 100
        rounding = self._contract.rounding
        shown = _rounded_percent(discount, self._contract.discount_digits)
        amounts = cumulative(
            [gross * factor for _log, _quantity, gross in pieces], round_to(base * factor, rounding), rounding,
            base=base * factor)
        for (log, quantity, gross), amount in zip(pieces, amounts, strict=True):
            if credited and amount < 0:
                amount = max(amount, min(-self._billed[charge.id, cycle.start].amount, Decimal(0)))
            line = Line(
                group=MIDCYCLE if log else FULL_CYCLE, charge=charge.id, log=log and log.id, quantity=quantity,
                price_unit=settle_price(amount, gross, quantity, shown, rounding), discount=shown, amount=amount,
                start=max(cycle.start, log.acts_on) if log else cycle.start, end=last_day(charge, cycle),
                cycle_start=cycle.start, credits=credited.line if credited and amount < 0 else None)
            draft.lines.append(line)
            self._count(line)

    # ---- memory ------------------------------------------------------------------------------------------------

    def _remember(self, invoice, row):
        if not invoice.lines:
            return
        for line in invoice.lines:
            self._items.pop(line.item, None)
        used = set(invoice.used_logs)
        for charge_id, charge in self._charges.items():
            logs = tuple(replace(log, pending=False) if log.id in used else log for log in charge.logs)
            self._charges[charge_id] = replace(charge, logs=logs)
        if row.kind == REGULAR:
            self._invoiced.append(row)
            self._invoiced.sort(key=lambda other: other.start)

    def _count(self, line):
        key = (line.charge, line.cycle_start)
        before = self._billed.get(key)
        if before:
            self._billed[key] = replace(before, amount=before.amount + line.amount)
        else:
            self._billed[key] = Billed(line.amount, line.discount, line.credits or 0)


class _Draft:
    """Collects the lines and reasons of one row."""

    def __init__(self, row: Row):
        self.row = row
        self.lines: list[Line] = []
        self.settled: dict[int, None] = {}
        self._reasons: list[Reason] = []
        self._postponed: dict = {}

    def use(self, logs):
        self.settled.update((log.id, None) for log in logs)

    def postpone(self, log, day):
        self._postponed[log.id] = day
        self.use([log])

    def reason(self, code, **about):
        self._reasons.append(Reason(code, **about))

    def finish(self) -> Invoice:
        return Invoice(
            row=self.row.key, kind=self.row.kind, lines=tuple(self.lines), reasons=tuple(self._reasons),
            used_logs=tuple(self.settled), postponed=tuple(self._postponed.items()))


def _order(log):
    return (log.acts_on, log.effective, log.id)


def _rounded_percent(discount: Fraction, digits: int) -> Fraction:
    return exact(round_to(discount, Fraction(1, 10 ** digits)))


def rows_sorted(rows: Sequence[Row]) -> list[Row]:
    """Return ``rows`` in the order in which they are billed: by due date, then by period."""
    return sorted(rows, key=lambda row: (row.schedule_date, row.start, row.kind))
