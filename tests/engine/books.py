"""A billing office in plain Python: it enters changes, bills rows and undoes invoices as the executor does."""

from collections import defaultdict
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction

from billing_engine.biller import CHANGE_LOG, REGULAR, plan
from billing_engine.cycles import Cycle, Terms, cycles, schedule_date
from billing_engine.entered import usage_cycle
from billing_engine.facts import Billed, Charge, Contract, Item, Log, Meter, Metered, Row
from billing_engine.money import exact
from billing_engine.periods import ONE_DAY, Period
from billing_engine.plan import USAGE
from billing_engine.proration import prorate
from billing_engine.steps import Step

MONTHLY, QUARTERLY, ANNUAL = (Step("month", count) for count in (1, 3, 12))


@dataclass
class Made:
    """An invoice that was made: what was planned, and the row it belongs to."""

    row: Row
    plan: object
    live: bool = True


@dataclass
class Books:
    """The records of one contract that has an end: its rows are known to the last."""

    terms: Terms
    unit: str = "days"
    refunds: bool = True
    policy: str = "advance"
    offset: int = 1
    charges: dict[int, Charge] = field(default_factory=dict)
    items: list[Item] = field(default_factory=list)
    meters: dict[int, Meter] = field(default_factory=dict)
    logs: dict[int, list[Log]] = field(default_factory=lambda: defaultdict(list))
    used_by: dict[int, Made] = field(default_factory=dict)
    made: list[Made] = field(default_factory=list)
    rounding: Decimal = Decimal("0.01")

    def __post_init__(self):
        self.rows = {}
        self.seen = defaultdict(int)
        self.skipped = set()
        for key, cycle in enumerate(cycles(self.terms), start=1):
            self.rows[key] = Row(key, REGULAR, cycle, schedule_date(cycle, self.policy, self.offset))
        self._next_log = 1

    def extend(self, terms):
        """Move the end: the rows that are billed stay, those after them follow the new terms."""
        self.terms = terms
        kept = {key: row for key, row in self.rows.items() if self.invoice_of(row)}
        last = max((row.end for row in kept.values()), default=None)
        self.rows = kept
        for key, cycle in enumerate(cycles(replace(terms, billed_through=last)), start=max(kept, default=0) + 1):
            self.rows[key] = Row(key, REGULAR, cycle, schedule_date(cycle, self.policy, self.offset))

    # ---- entering ---------------------------------------------------------------------------------------------

    def subscribe(self, quantity, price, start=None, charge_id=None, **values):
        start = start or self.terms.start
        charge_id = charge_id or len(self.charges) + 1
        self.charges[charge_id] = Charge(charge_id, (), start, **values)
        self.change(start, quantity, price, charge_id)
        return charge_id

    def change(self, effective, delta=0, price=None, charge_id=1, refundable=True):
        log = Log(self._next_log, effective, exact(delta), None if price is None else exact(price),
                  refundable=refundable)
        self._next_log += 1
        self.logs[charge_id].append(log)
        return log.id

    def measure(self, end, quantity=1, price=1, start=None, charge_id=1):
        """Enter usage up to ``end``; price None leaves it to the rate card."""
        item = Item(
            len(self.items) + 1, end + ONE_DAY, exact(quantity), None if price is None else exact(price),
            discount=self.charges[charge_id].discount, source=USAGE, charge=charge_id, start=start or end, end=end)
        self.items.append(item)
        return item.id

    # ---- billing ----------------------------------------------------------------------------------------------

    def invoice_of(self, row):
        return next((made for made in self.made if made.live and made.row.key == row.key), None)

    def ledger_row(self, row):
        state = "invoiced" if self.invoice_of(row) else "skipped" if row.key in self.skipped else "pending"
        before = self.rows.get(row.key - 1)
        return replace(row, state=state, seen=self.seen[row.key], previous=before and before.schedule_date)

    def open_rows(self, until=date.max):
        return [self.ledger_row(row) for row in self.rows.values()
                if row.schedule_date <= until and not self.invoice_of(row) and row.key not in self.skipped]

    def live_lines(self):
        return [line for made in self.made if made.live for line in made.plan.lines]

    def facts(self, only=None):
        charges = []
        for charge in self.charges.values():
            if only in (None, charge.id):
                logs = tuple(replace(log, pending=log.id not in self.used_by) for log in self.logs[charge.id])
                charges.append(replace(charge, logs=logs))
        billed_items = {(line.group, record) for line in self.live_lines() for record in line.records}
        return Contract(
            id=1, terms=self.terms, rows=tuple(map(self.ledger_row, self.rows.values())), charges=tuple(charges),
            items=tuple(item for item in self.items if item.key not in billed_items and only is None),
            meters=tuple(replace(meter, held=self.metered(meter)) for meter in self.meters.values() if only is None),
            billed=self.billed(), proration_unit=self.unit, refunds=self.refunds, rounding=self.rounding)

    def billed(self):
        lines = defaultdict(list)
        for number, line in enumerate(self.live_lines(), start=1):
            if line.cycle_start:
                lines[line.charge, line.cycle_start].append((number, line))
        return {
            key: Billed(
                sum(line.amount for _number, line in own), max(own, key=lambda one: one[1].amount)[1].discount,
                max(own, key=lambda one: one[1].amount)[0], frozenset(line.log for _number, line in own if line.log))
            for key, own in lines.items()}

    def metered(self, meter):
        held = defaultdict(Metered)
        items = {item.key: item for item in self.items}
        for line in self.live_lines():
            if line.group == USAGE and line.charge == meter.id:
                start = usage_cycle(self.terms, line.end).start
                tiered = [items[line.group, record] for record in line.records]
                priced = sum((item.quantity for item in tiered if item.price is None), Fraction(0))
                usage, top_up = (line.amount, 0) if line.records else (0, line.amount)
                before = held[start]
                held[start] = Metered(before.quantity + priced, before.usage + usage, before.top_up + top_up)
        return held

    def plan(self, rows, only=None):
        return plan(self.facts(only), rows)

    def apply(self, row, planned):
        """Do what the executor does with a planned invoice that has lines."""
        if not planned.lines:
            return None
        made = Made(row, planned)
        self.made.append(made)
        postponed = dict(planned.postponed)
        for logs in self.logs.values():
            for place, log in enumerate(logs):
                if log.id in planned.used_logs:
                    self.used_by[log.id] = made
                    logs[place] = replace(log, counts_from=postponed.get(log.id))
        if row.kind == REGULAR:
            self.seen[row.key] = planned.seen
        return made

    def bill(self, row):
        """Bill one row and return its invoice as planned."""
        row = self.ledger_row(self.rows[row] if isinstance(row, int) else row)
        [planned] = self.plan([row])
        self.apply(row, planned)
        return planned

    def bill_due(self, until=date.max):
        """Bill what is due, a row at a time, as if the job ran each time."""
        return [self.bill(row) for row in self.open_rows(until)]

    def bill_at_once(self, until=date.max):
        """Bill what is due from one plan."""
        rows = self.open_rows(until)
        planned = self.plan(rows)
        for row, one in zip(rows, planned, strict=True):
            self.apply(row, one)
        return planned

    def bill_changes(self, until):
        """Make a change-log invoice up to ``until``."""
        before = [row.schedule_date for row in self.rows.values() if row.schedule_date < until]
        row = Row(1000 + len(self.made), CHANGE_LOG, Cycle(0, until, until, Period(until, until + ONE_DAY)), until,
                  previous=max(before, default=None))
        [planned] = self.plan([row])
        self.apply(row, planned)
        return planned

    def undo(self, made):
        made.live = False
        for logs in self.logs.values():
            for place, log in enumerate(logs):
                if self.used_by.get(log.id) is made:
                    del self.used_by[log.id]
                    logs[place] = replace(log, counts_from=None)

    def settle(self):
        """Bill all there is: every cycle, then what changes have left."""
        self.bill_due()
        return self.bill_changes(max(row.end for row in self.rows.values()) + timedelta(days=1))

    # ---- what it comes to -------------------------------------------------------------------------------------

    def totals(self):
        """Return the billed amount per charge and first day of the natural cycle."""
        natural = {row.start: row.cycle.natural.start for row in self.rows.values()}
        totals = defaultdict(Decimal)
        for line in self.live_lines():
            if line.cycle_start:
                totals[line.charge, natural[line.cycle_start]] += line.amount
        return {key: amount for key, amount in totals.items() if amount}

    def value(self, charge_id, row):
        """Return, exactly, what the days of ``row`` are worth: an oracle that goes from change to change."""
        charge, cycle = self.charges[charge_id], row.cycle
        end = min(cycle.end, charge.end) if charge.end else cycle.end
        logs = [log for log in self.logs[charge_id] if log.acts_on <= end]
        if not logs or end < cycle.start:
            return Fraction(0)
        first = max(cycle.start, min(log.acts_on for log in logs))
        priced = [log for log in logs if log.price is not None and log.acts_on <= first]
        price = max(priced, key=lambda log: (log.effective, log.id)).price if priced else Fraction(0)
        if charge.unit_months:
            price = price * self.terms.step.count / charge.unit_months
        days = sorted({cycle.start, *(log.acts_on for log in logs if log.acts_on > cycle.start)})
        total = Fraction(0)
        for start, stop in zip(days, [*days[1:], end + ONE_DAY], strict=True):
            quantity = max(sum(log.delta for log in logs if log.acts_on <= start), Fraction(0))
            recurrence = self.terms.recurrence_at(cycle.start)
            total += quantity * prorate(Period(start, stop), cycle.natural, recurrence, self.unit)
        return total * price * (1 - charge.discount / 100)
