"""What is billed as entered, once, and never prorated: items, usage and time.

Usage goes through the meter of its subscription. What a cycle costs is a pure function of its records: each invoice
bills the difference between what is known now and what is billed, so late records and corrections need no other rule.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import date
from decimal import Decimal
from fractions import Fraction

from . import reasons
from .cycles import Cycle, Terms, cycle_at, cycles
from .facts import Charge, Contract, Item, Meter, Metered, Row
from .ledger import REGULAR
from .money import exact, round_to, settle_price, shown_percent
from .plan import GROUPS, ITEM, USAGE, Invoice, Line
from .tiers import BLOCK_UNIT
from .wanted import last_day, quantity_on


def usage_cycle(terms: Terms, day: date) -> Cycle:
    """Return the cycle to which usage up to ``day`` belongs; before and after the term it is the first and the last.

    What was billed elsewhere does not cut it.
    """
    day = max(day, terms.start)
    return cycle_at(replace(terms, billed_through=None), min(day, terms.end) if terms.end else day)


class Entered:
    """The items and meters of a contract; ``record`` counts a planned invoice as made."""

    def __init__(self, contract: Contract):
        self._contract = contract
        self._terms = {charge.id: contract.terms_of(charge.owner) for charge in contract.charges}
        self._items = {item.key: item for item in contract.items}
        self._meters = {meter.id: meter for meter in contract.meters}
        self._held = {(meter.id, start): held for meter in contract.meters for start, held in meter.held.items()}

    def bill(self, draft, charges: dict[int, Charge]):
        """Add the lines of what is due to ``draft``, with the reasons of what is not."""
        entered, usage = defaultdict(list), defaultdict(list)
        due = self._due(draft, charges)
        for item in sorted(due, key=lambda item: (GROUPS.index(item.source), item.invoice_on, item.id)):
            if item.source == USAGE:
                usage[item.charge].append(item)
            else:
                entered[item.source, item.id if item.rollup is None else (item.rollup, item.discount)].append(item)
        for meter in self._meters.values():
            if meter.id in charges:
                self._bill_meter(draft, meter, charges[meter.id], usage[meter.id])
        for items in entered.values():
            draft.lines.append(self._line(items))

    def _due(self, draft, charges):
        """Yield the items that are due; why the others are not stands in ``draft``."""
        for item in self._items.values():
            if not self._is_carried(item, draft.row, charges):
                continue
            obstacle = self._obstacle(item, draft.row)
            if obstacle:
                draft.leave(item, obstacle)
            else:
                yield item

    @staticmethod
    def _is_carried(item, row, charges):
        """Tell whether ``row``, which bills ``charges``, may bill ``item`` as soon as it is due.

        What belongs to a charge goes with it; all else goes with any row but what is left of a charge that has ended.
        """
        if item.charge is not None:
            return item.charge in charges
        if item.apart and row.kind == REGULAR:
            return row.items_until is not None
        return row.kind == REGULAR or row.owner is None

    @staticmethod
    def _obstacle(item, row):
        if item.invoice_on > (row.items_until or row.schedule_date) and item.obstacle != reasons.NOT_BILLABLE:
            return reasons.ITEM_LATER if item.source == ITEM else reasons.NOT_OVER
        return item.obstacle

    def record(self, invoice: Invoice):
        """Count what ``invoice`` bills as billed."""
        for line in invoice.lines:
            items = [self._items.pop((line.group, record)) for record in line.records]
            if line.group == USAGE:
                key = line.charge, usage_cycle(self._terms[line.charge], line.end).start
                held = self._held.get(key, Metered())
                if items:
                    priced = sum((item.quantity for item in items if item.price is None), Fraction(0))
                    held = replace(held, quantity=held.quantity + priced, usage=held.usage + line.amount)
                else:
                    held = replace(held, top_up=held.top_up + line.amount)
                self._held[key] = held

    # ---- usage ----------------------------------------------------------------------------------------------------

    def _bill_meter(self, draft, meter: Meter, charge: Charge, items: Sequence[Item]):
        if not charge.billable:
            draft.reason(reasons.NOT_BILLABLE, charge=charge.id)
            return
        by_cycle = {cycle: [] for cycle in self._ended(draft.row, meter, charge)}
        closed = set(by_cycle)
        for item in items:
            by_cycle.setdefault(usage_cycle(self._terms[charge.id], item.end), []).append(item)
        lines = len(draft.lines)
        for cycle in sorted(by_cycle, key=lambda cycle: cycle.start):
            held = self._held.get((meter.id, cycle.start), Metered())
            own = list(self._usage_lines(meter, charge, cycle, by_cycle[cycle], held))
            draft.lines += own
            used = sum((line.amount for line in own), Decimal(0))
            top_up = self._top_up(draft.row, meter, cycle, held, used, cycle in closed)
            if top_up:
                draft.lines.append(self._top_up_line(charge, cycle, top_up))
        if len(draft.lines) == lines and not any(reason.charge == charge.id for reason in draft.reasons):
            draft.reason(reasons.NO_USAGE, charge=charge.id)

    def _usage_lines(self, meter, charge, cycle, items, held) -> Iterable[Line]:
        tiered = [item for item in items if item.price is None]
        priced = [item for item in items if item.price is not None]
        if tiered:
            yield self._tiered_line(meter, charge, cycle, tiered, held)
        for own in [[item] for item in priced] if meter.by_record else [priced]:
            if own:
                line = self._line(own)
                yield line if meter.by_record else replace(line, start=cycle.start, end=max(cycle.end, line.end))

    def _tiered_line(self, meter, charge, cycle, items, held) -> Line:
        """Return the line of usage that the rate card prices: what it adds to the price of the cycle's quantity."""
        quantity = sum((item.quantity for item in items), Fraction(0))
        total = held.quantity + quantity
        factor, rounding = 1 - charge.discount / 100, self._contract.rounding
        before, after = meter.card.amount(held.quantity), meter.card.amount(total)
        amount = round_to(after * factor, rounding) - round_to(before * factor, rounding)
        gross = after - before
        units = Fraction(1 if gross >= 0 else -1)
        if quantity and meter.card.kind == BLOCK_UNIT and gross == quantity * meter.card.price(total):
            units = quantity
        return self._make_line(
            USAGE, charge.id, items, units, gross, amount, charge.discount, cycle.start,
            max(cycle.end, *(item.end for item in items)), gross / units)

    def _ended(self, row: Row, meter: Meter, charge: Charge) -> list[Cycle]:
        """Return the cycles whose minimum ``row`` bills: those that have ended since the row before it.

        Of change-log invoices only the final one, after the end, is as good as a row for that.
        """
        terms = self._terms[charge.id]
        final = terms.end is not None and row.schedule_date > terms.end
        if not meter.minimum or not (row.kind == REGULAR or final):
            return []
        since = max(terms.first_day, row.previous or terms.first_day)
        return [
            cycle for cycle in cycles(replace(terms, billed_through=None), until=row.schedule_date)
            if since <= cycle.end < row.schedule_date and _is_charged(charge, cycle)]

    def _top_up(self, row, meter, cycle, held, used, closed):
        """Return what ``cycle`` lacks of the minimum, less what was billed of it: at most as much as late usage moves.

        ``used`` is what this invoice bills of its usage.
        """
        if not closed and (row.previous is None or cycle.end >= row.previous):
            return Decimal(0)
        minimum = round_to(meter.minimum, self._contract.rounding)
        lacking = max(minimum - held.usage - used, Decimal(0)) - held.top_up
        return lacking if closed else max(min(lacking, max(-used, Decimal(0))), -max(used, Decimal(0)))

    def _top_up_line(self, charge, cycle, amount) -> Line:
        return Line(
            group=USAGE, charge=charge.id, quantity=Fraction(1 if amount > 0 else -1), price_unit=abs(exact(amount)),
            discount=Fraction(0), amount=amount, start=cycle.start, end=cycle.end)

    # ---- lines ----------------------------------------------------------------------------------------------------

    def _line(self, items: Sequence[Item]) -> Line:
        """Return the line of ``items``, which share source and discount: their sum.

        Quantities of one price add up; where prices differ, and of whole records, the sum is one unit.
        """
        first = items[0]
        quantity = sum((item.quantity for item in items), Fraction(0))
        gross = sum((item.quantity * item.price for item in items), Fraction(0))
        mixed = len(items) > 1 and (
            any(item.price != first.price for item in items) or all(item.quantity == 1 for item in items))
        if mixed:
            quantity = Fraction(1 if gross >= 0 else -1)
        amount = round_to(gross * (1 - first.discount / 100), self._contract.rounding)
        return self._make_line(
            first.source, first.charge, items, quantity, gross, amount, first.discount,
            min((item.start for item in items if item.start), default=None),
            max((item.end for item in items if item.end), default=None),
            None if mixed else first.price)

    def _make_line(self, source, charge, items, quantity, gross, amount, discount, start, end, price=None) -> Line:
        """Return a line; ``price`` is kept where Odoo's own arithmetic arrives at ``amount`` with it."""
        rounding, percent = self._contract.rounding, shown_percent(discount, self._contract.discount_digits)
        exactly = percent == discount and round_to(gross * (1 - discount / 100), rounding) == amount
        if price is None or (gross and not exactly):
            price = settle_price(amount, gross, quantity, percent, rounding)
        return Line(
            group=source, charge=charge, records=tuple(item.id for item in items), quantity=quantity, price_unit=price,
            discount=percent, amount=amount, start=start, end=end)


def _is_charged(charge: Charge, cycle: Cycle) -> bool:
    """Tell whether the subscription is in force on a day of ``cycle``."""
    last = last_day(charge, cycle)
    days = [cycle.start, *(log.acts_on for log in charge.logs if cycle.start < log.acts_on <= last)]
    return cycle.start <= last and any(quantity_on(charge.logs, day) > 0 for day in days)
