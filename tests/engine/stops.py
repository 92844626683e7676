"""Books in which subscriptions are paused, resumed, deactivated and activated again, as the models enter it."""

from collections import defaultdict
from dataclasses import dataclass, field, replace
from fractions import Fraction

from billing_engine import history
from billing_engine.facts import Log
from billing_engine.history import Entry
from billing_engine.periods import ONE_DAY
from books import Books

FULL, NOTHING, CREDIT = "full", "nothing", "credit"


@dataclass
class StoppingBooks(Books):
    """``entries`` are the same changes as ``logs``, with what they mean."""

    entries: dict[int, list[Entry]] = field(default_factory=lambda: defaultdict(list))
    spans: dict[int, list] = field(default_factory=lambda: defaultdict(list))

    def change(self, effective, delta=0, price=None, charge_id=1, refundable=True):
        event = "update" if self.entries[charge_id] else "create"
        log = super().change(effective, delta, price, charge_id, refundable)
        self.entries[charge_id].append(Entry(log, effective, event, Fraction(delta)))
        self._balance(charge_id, log)
        return log

    def pause(self, first, stop=None, charge_id=1, policy=CREDIT):
        """Pause from ``first`` to the day before ``stop``."""
        if first == stop:
            return
        self.spans[charge_id].append((first, stop, policy))
        self._stop("pause", first, charge_id, policy)
        if stop:
            self.resume(stop, charge_id, policy)

    def resume(self, day, charge_id=1, policy=CREDIT):
        units = Fraction(0)
        if policy != FULL:
            state, pause = history.last_state(self.entries[charge_id], day)
            assert state == "paused"
            units = -sum(entry.delta for entry in self.entries[charge_id] if entry.head == pause.head)
        first, _stop, policy = self.spans[charge_id].pop()
        self.spans[charge_id].append((first, day, policy))
        self._enter("resume", day, units, charge_id, policy)

    def deactivate(self, day, charge_id=1, refundable=True):
        self.spans[charge_id].append((day, None, CREDIT if refundable else NOTHING))
        self._stop("deactivate", day, charge_id, CREDIT if refundable else NOTHING)

    def _stop(self, event, day, charge_id, policy):
        units = Fraction(0) if policy == FULL else -history.quantity_on(self.entries[charge_id], day)
        log = self._enter(event, day, units, charge_id, policy)
        if policy == NOTHING:
            self.exclude(log, charge_id)

    def _enter(self, event, day, delta, charge_id, policy, completes=None, cause=None):
        log = Log(self._next_log, day, Fraction(delta), None, refundable=policy == CREDIT,
                  pauses=event == "pause", cause=cause)
        self._next_log += 1
        self.logs[charge_id].append(log)
        self.entries[charge_id].append(Entry(log.id, day, event, log.delta, policy == FULL, completes))
        if cause is None:
            self._balance(charge_id, log.id)
        return log.id

    def exclude(self, log_id, charge_id=1):
        """Leave invoiced days as they are, as the model does with a stop that gives nothing back, or by hand."""
        [log] = [log for log in self.logs[charge_id] if log.id == log_id]
        rows = [row for row in self.rows.values() if row.end >= log.effective]
        invoiced = [row.end for row in rows if self.invoice_of(row)]
        if invoiced:
            starts = [row.start for row in rows if not self.invoice_of(row)]
            day = max(log.effective, min([*starts, max(invoiced) + ONE_DAY]))
            if day > log.effective:
                self.logs[charge_id] = [
                    replace(one, counts_from=day) if one is log else one for one in self.logs[charge_id]]
                self.used_by[log.id] = None

    def _balance(self, charge_id, cause):
        for entry, delta in list(history.unbalanced(self.entries[charge_id])):
            policy = FULL if entry.billed else CREDIT
            self._enter(entry.event, entry.day, delta, charge_id, policy, completes=entry.head, cause=cause)

    def days(self, charge_id, row):
        """Return, day by day, the quantity that counts: what plain changes make of it, and nothing while stopped."""
        plain = [entry for entry in self.entries[charge_id] if entry.event in ("create", "update")
                 and entry.completes is None]
        day = row.start
        while day <= row.end:
            stopped = any(first <= day and (stop is None or day < stop) and policy != FULL
                          for first, stop, policy in self.spans[charge_id])
            yield day, Fraction(0) if stopped else max(history.quantity_on(plain, day), Fraction(0))
            day += ONE_DAY

    def worth(self, charge_id, row):
        """Return, exactly, what the days of ``row`` are worth at a price that never changes, day by day."""
        charge, cycle = self.charges[charge_id], row.cycle
        price = next(log.price for log in self.logs[charge_id] if log.price is not None)
        units = sum(quantity for day, quantity in self.days(charge_id, row) if not charge.end or day <= charge.end)
        months = charge.unit_months
        price = price * self.terms.step.count / months if months else price
        return units * price / cycle.natural.days * (1 - charge.discount / 100)
