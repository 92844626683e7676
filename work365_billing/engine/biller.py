"""The rule of billing: wanted minus billed, explained change by change (DESIGN sections 1 and 4).

``plan`` turns the facts of one contract into the invoices that its due ledger rows make, oldest first. Each planned
invoice counts as billed for the next one, so that a plan over many periods equals many plans of one period.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import replace
from fractions import Fraction

from . import reasons
from .entered import Entered
from .facts import Charge, Contract, Row
from .ledger import CHANGE_LOG, REGULAR, Ledger
from .money import cumulative, exact, round_to, settle_price, shown_percent
from .plan import FULL_CYCLE, MIDCYCLE, Invoice, Line, Reason
from .wanted import by_date, last_day, quantity_on


def plan(contract: Contract, rows: Iterable[Row]) -> list[Invoice]:
    """Return one ``Invoice`` per row, in the order of ``rows`` (the caller chooses which are due, oldest first)."""
    biller = Biller(contract)
    return [biller.bill(row) for row in rows]


def rows_sorted(rows: Sequence[Row]) -> list[Row]:
    """Return ``rows`` in the order in which they are billed: by due date, then by period."""
    return sorted(rows, key=lambda row: (row.schedule_date, row.start, row.kind))


class Biller:
    """Plans the rows of one contract, remembering what the rows before have billed."""

    def __init__(self, contract: Contract):
        self._contract = contract
        self._ledger = Ledger(contract)
        self._entered = Entered(contract)

    def bill(self, row: Row) -> Invoice:
        """Return what ``row`` bills, and count it as billed from here on."""
        self._ledger.reopen(row)
        draft = _Draft(row)
        charges = {}
        for charge in self._ledger.charges_on(row):
            charges[charge.id] = self._bill_charge(draft, charge)
        self._entered.bill(draft, charges)
        invoice = draft.finish(self._ledger.seen(row))
        self._ledger.record(row, invoice, charges)
        self._entered.record(invoice)
        return invoice

    def _bill_charge(self, draft, charge):
        """Bill one charge and return it as it is when the invoice is made."""
        if charge.metered:
            draft.use(log for log in charge.logs if log.pending and log.acts_on <= draft.row.end)
            return charge
        lines = len(draft.lines)
        reasons_before = len(draft.reasons)
        charge = self._refuse_credits(draft, charge)
        if draft.row.kind == REGULAR:
            self._bill_cycle(draft, charge)
        self._bill_late(draft, charge)
        if draft.row.kind == CHANGE_LOG and draft.row.owner is not None:
            draft.use(log for log in charge.logs if log.pending)  # the charge has ended: no later row will
        if draft.row.kind == CHANGE_LOG and (lines, reasons_before) == (len(draft.lines), len(draft.reasons)):
            draft.reason(reasons.NOTHING_LEFT if charge.billable else reasons.NOT_BILLABLE, charge=charge.id)
        return charge

    # ---- the cycle itself -------------------------------------------------------------------------------------

    def _bill_cycle(self, draft, charge: Charge):
        cycle = draft.row.cycle
        # With what counts only from a later day: the changes of the cycle that take it back have nothing to bill.
        logs = sorted((log for log in charge.logs if log.effective <= last_day(charge, cycle)), key=by_date)
        lines = len(draft.lines)
        if charge.billable and last_day(charge, cycle) >= cycle.start:
            self._add_pieces(draft, charge, logs)
        if len(draft.lines) == lines:
            draft.reason(self._why_not(charge, cycle, logs), charge=charge.id)
        draft.use(log for log in charge.logs if log.pending and log.acts_on <= cycle.end)

    def _why_not(self, charge, cycle, logs):
        if not charge.billable:
            return reasons.NOT_BILLABLE
        if last_day(charge, cycle) < cycle.start:
            return reasons.ENDED
        logs = [log for log in logs if log.acts_on <= last_day(charge, cycle)]
        if not logs:
            return reasons.STARTS_LATER
        if self._ledger.billed(charge, cycle):
            return reasons.NOTHING_LEFT
        moves = [log for log in logs if log.delta]
        return reasons.ON_PAUSE if moves and moves[-1].pauses else reasons.NO_QUANTITY

    def _add_pieces(self, draft, charge, logs):
        """Add the full line and a line for each change after the first day, less what stands of an older bill."""
        cycle, rounding = draft.row.cycle, self._contract.rounding
        standing = self._ledger.billed(charge, cycle)
        percent = self._percent(charge, standing)
        factor = 1 - percent / 100
        free = [log for log in logs if not (standing and log.id in standing.logs and not log.pending)]
        pieces = self._split(charge, cycle, free)
        already, rest = Fraction(0), Fraction(0)
        if standing and factor:
            # Nothing, or the fraction of a cent that rounding has left, unless something was billed out of order.
            already, wanted = exact(standing.amount), self._ledger.wanted
            rest = wanted.amount(charge, cycle, logs) - wanted.amount(charge, cycle, free) - already / factor
        _log, quantity, full = pieces[0]
        least = exact(rounding) / (2 if quantity else 1)  # what rounding may have left is no line of its own
        if (standing or not quantity) and abs(full + rest) * factor <= least:
            pieces, rest = pieces[1:], full + rest
        base = self._ledger.other_rows(charge, cycle) * factor + already
        nets = [gross * factor for _log, _units, gross in pieces]
        if nets:
            nets[0] += rest * factor
        amounts = cumulative(nets, round_to(base, rounding), rounding, base)
        for (log, units, gross), amount in zip(pieces, amounts, strict=True):
            self._add_line(draft, charge, draft.row, log, units or Fraction(1), gross, amount, percent)

    def _split(self, charge, cycle, logs):
        """Return (None, quantity, exact amount) of the full line, then (log, delta, amount) of each later change."""
        wanted = self._ledger.wanted
        price, last = wanted.cycle_price(charge, cycle, logs), last_day(charge, cycle)
        later = [] if wanted.is_whole(charge) else [log for log in logs if cycle.start < log.acts_on <= last]
        known = [log for log in logs if log not in later]
        amount = wanted.amount(charge, cycle, known, price)
        pieces = [(None, max(quantity_on(known, cycle.start), Fraction(0)), amount)]
        for log in later:
            known.append(log)
            before, amount = amount, wanted.amount(charge, cycle, known, price)
            if log.delta and (amount != before or not price):
                pieces.append((log, log.delta, amount - before))
        return [pieces[0], *self._without_reverted(pieces[1:])]

    @staticmethod
    def _without_reverted(pieces):
        """Return the pieces without those of a day on which all that was changed was changed back."""
        days = defaultdict(list)
        for piece in pieces:
            days[piece[0].acts_on].append(piece)
        kept = [own for own in days.values() if any(map(sum, zip(*(piece[1:] for piece in own), strict=True)))]
        return [piece for own in kept for piece in own]

    # ---- cycles that are already invoiced ---------------------------------------------------------------------

    def _due_changes(self, draft, charge):
        """Return the changes up to the end of the row that reach into invoiced cycles, by date.

        A later price that was entered before a credit comes with it: what is not billed yet must not be given back.
        """
        late = [log for log in charge.logs if log.pending and self._ledger.is_late(charge, log)]
        due = [log for log in late if log.acts_on <= draft.row.end]
        prices = [log for log in late if log.acts_on > draft.row.end and log.price is not None]
        if prices:
            last = max((log.id for log in due if self._gives_back(charge, log)), default=0)
            due += [log for log in prices if log.id < last]
        return sorted(due, key=by_date)

    def _gives_back(self, charge, log):
        return any(effect.amount < 0 for effect in self._ledger.effects(charge, log))

    def _bill_late(self, draft, charge):
        """Bill what changes, known only now, make of the cycles that are already invoiced."""
        if not charge.billable:
            return
        for log in self._due_changes(draft, charge):
            if log.id in draft.refused:
                continue
            for effect in self._ledger.effects(charge, log):
                draft.use([log])
                self._add_effect(draft, charge, effect)

    def _add_effect(self, draft, charge, effect):
        row, log = effect.row, effect.log
        held = self._ledger.billed(charge, row.cycle)
        percent = self._percent(charge, held)
        factor, rounding = 1 - percent / 100, self._contract.rounding
        base = (effect.base + effect.without) * factor
        wanted = round_to(base + effect.amount * factor, rounding) - round_to(base, rounding)
        amount = draft.limit((charge.id, row.start), max(held.amount, 0) if held else 0, wanted)
        if amount:
            quantity = self._changed_quantity(charge, effect)
            self._add_line(draft, charge, row, log, quantity, effect.amount, amount, percent,
                           credited=held.line if held and amount < 0 else None)

    @staticmethod
    def _changed_quantity(charge, effect):
        """Return the quantity that a late line shows: the change, or for a change of price what it is the price of."""
        log, sign = effect.log, 1 if effect.amount > 0 else -1
        if log.delta * sign > 0:
            return log.delta
        day = max(effect.row.start, min(other.acts_on for other in charge.logs))
        units = quantity_on([other for other in charge.logs if other.id <= log.id], day)
        return sign * (units if units > 0 else Fraction(1))

    # ---- reductions that are not credited ---------------------------------------------------------------------

    def _refuse_credits(self, draft, charge):
        """Return ``charge`` with the reductions that are not credited counting from the first day not invoiced."""
        while charge.billable and (refused := self._refused(draft, charge)):
            for log in refused:
                day = self._ledger.day_after_invoiced(charge, log)
                draft.refuse(charge, log, day)
                late = replace(log, counts_from=day)
                charge = replace(charge, logs=tuple(late if other is log else other for other in charge.logs))
        return charge

    def _refused(self, draft, charge):
        """Return the changes of the first day that would give back what must not be credited."""
        days = defaultdict(dict)
        acts_on = {log.id: log.acts_on for log in charge.logs}
        for log in self._due_changes(draft, charge):
            if log.id not in draft.refused:
                amount = sum((effect.amount for effect in self._ledger.effects(charge, log)), Fraction(0))
                if amount:
                    days[acts_on.get(log.cause, log.acts_on)][log] = amount
        for day, amounts in days.items():
            if sum(amounts.values()) < 0:
                # What goes up and down on one day, or for one cause, is one change: only its net counts.
                refused = [log for log, amount in amounts.items() if amount > 0 or not self._may_credit(log)]
                if any(amounts[log] < 0 for log in refused):
                    draft.refused_days.add((charge.id, day))
                    return refused
            elif (charge.id, day) in draft.refused_days:
                return list(amounts)  # a price that adds something only because the reduction beside it does not act
        return []

    def _may_credit(self, log):
        return self._contract.refunds and log.refundable

    # ---- lines --------------------------------------------------------------------------------------

    def _add_line(self, draft, charge, row, log, quantity, gross, amount, percent, credited=None):
        percent = self._shown(percent)
        if percent == 100 and amount:
            percent = Fraction(0)
        draft.lines.append(Line(
            group=MIDCYCLE if log else FULL_CYCLE, charge=charge.id, log=log.id if log else None, quantity=quantity,
            price_unit=settle_price(amount, gross, quantity, percent, self._contract.rounding), discount=percent,
            amount=amount, start=max(row.start, log.acts_on) if log else row.start, end=last_day(charge, row.cycle),
            cycle_start=row.start, credits=credited))

    def _percent(self, charge, held):
        """Return the discount of a line: the one with which the cycle was billed, as exact as it is known."""
        return charge.discount if held is None or held.discount == self._shown(charge.discount) else held.discount

    def _shown(self, percent):
        return shown_percent(percent, self._contract.discount_digits)


class _Draft:
    """Collects the lines and reasons of one row."""

    def __init__(self, row: Row):
        self.row = row
        self.lines: list[Line] = []
        self.reasons: list[Reason] = []
        self.refused: set[int] = set()
        self.refused_days: set = set()
        self._left: set = set()
        self._used: dict[int, None] = {}
        self._postponed: dict = {}
        self._changes = defaultdict(int)

    def use(self, logs):
        self._used.update((log.id, None) for log in logs)

    def refuse(self, charge, log, day):
        self.refused.add(log.id)
        if day > log.acts_on:
            self._postponed[log.id] = day
        self.use([log])
        self.reason(reasons.REFUND_OFF, charge=charge.id, log=log.id)

    def reason(self, code, **about):
        self.reasons.append(Reason(code, **about))

    def leave(self, item, code):
        """Say once why ``item``, and those that share its line, are not billed."""
        key = (code, item.source, item.charge or item.rollup or item.id)
        if key not in self._left:
            self._left.add(key)
            self.reason(code, charge=item.charge, item=item.id, source=item.source)

    def limit(self, key, billed, amount):
        """Return what is left of ``amount`` when all late changes of a cycle together give back ``billed`` at most."""
        before = self._changes[key]
        self._changes[key] = before + amount
        return max(before + amount, -billed) - max(before, -billed)

    def finish(self, seen) -> Invoice:
        return Invoice(
            row=self.row.key, kind=self.row.kind, lines=tuple(self.lines), reasons=tuple(self.reasons),
            used_logs=tuple(self._used), postponed=tuple(self._postponed.items()), seen=seen)
