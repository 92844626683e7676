"""What a contract is worth, day by day, in exact fractions: a second opinion that uses nothing of the engine.

It knows what was entered, in the order of entry, and no invoices. So it holds for contracts that give back what is
credited, and whose every period is billed in the end.
"""

from bisect import bisect_right
from calendar import monthrange
from dataclasses import dataclass, field
from datetime import date, timedelta
from fractions import Fraction
from math import floor

ONE_DAY = timedelta(days=1)
MONTHS = {"monthly": 1, "quarterly": 3, "semi_annual": 6, "annual": 12}


def exact(value):
    return Fraction(repr(float(value)))


def month_start(anchor, number):
    """Return ``anchor`` moved by ``number`` months; the 31st becomes the last day of a shorter month."""
    year, month = divmod(anchor.year * 12 + anchor.month - 1 + number, 12)
    return date(year, month + 1, min(anchor.day, monthrange(year, month + 1)[1]))


def cents(amount):
    """Return ``amount`` in cents, halves away from zero."""
    whole = floor(abs(amount) * 100 + Fraction(1, 2))
    return whole if amount >= 0 else -whole


@dataclass
class Entry:
    """A change of the quantity as it was entered: ``amount`` is the difference, or for ``activate`` the quantity."""

    day: date
    kind: str
    amount: Fraction = Fraction(0)


@dataclass
class Account:
    """The history of one subscription. The methods return nothing and are called for what was accepted only."""

    start: date
    months: int | None  # length of its sales unit
    entries: list = field(default_factory=list)
    prices: list = field(default_factory=list)  # (day, number, price)

    def run(self):
        """Return the days on which the quantity changes, the quantity from each on, and the state."""
        days, quantities, states = [date.min], [Fraction(0)], ["active"]
        quantity = before = Fraction(0)
        stopped = ""
        order = sorted(range(len(self.entries)), key=lambda number: (self.entries[number].day, number))
        for number in order:
            entry = self.entries[number]
            if entry.kind in ("pause", "deactivate"):
                before = quantity if not stopped else before
                stopped, quantity = entry.kind, Fraction(0)
            elif entry.kind == "resume":
                if stopped == "pause":
                    stopped, quantity = "", before
            elif entry.kind == "activate":
                stopped, quantity = "", entry.amount
            elif not stopped:
                quantity += entry.amount
            days.append(entry.day)
            quantities.append(quantity)
            states.append(stopped or "active")
        return days, quantities, states

    def on(self, day):
        """Return quantity and state on ``day``."""
        days, quantities, states = self.run()
        place = bisect_right(days, day) - 1
        return quantities[place], states[place]

    def price_on(self, day):
        return max((entry for entry in self.prices if entry[0] <= day), default=min(self.prices))[2]

    # ---- what is entered ------------------------------------------------------------------------------------------

    def change(self, value, day):
        quantity, state = self.on(day)
        delta = exact(value) - quantity
        if delta:
            self.entries.append(Entry(day, "activate" if state == "deactivate" else "update", delta))

    def price(self, value, day):
        if exact(value) != self.price_on(day):
            self.prices.append((day, len(self.prices), exact(value)))

    def deactivate(self, day, today):
        self.entries = [one for one in self.entries if one.day <= today or one.day < day]
        self.entries.append(Entry(day, "deactivate"))

    def pause(self, day, stop=None):
        if stop != day:
            self.entries.append(Entry(day, "pause"))
            self.entries += [Entry(stop, "resume")] if stop else []

    def resume(self, day, today):
        self.entries = [one for one in self.entries if one.kind != "resume" or one.day <= today or one.day < day]
        self.entries.append(Entry(day, "resume"))


@dataclass
class Worth:
    """The terms of a contract, as far as they decide what a day costs."""

    start: date
    end: date
    frequency: str
    alignment: str
    unit: str

    def natural(self, day):
        """Return the first day of the natural cycle that ``day`` lies in, and the starts of its months and the next."""
        step = MONTHS[self.frequency]
        anchor, number = self.start, 0
        if self.alignment == "calendar":
            anchor, number = date(self.start.year, 1, 1), 0
        while month_start(anchor, number + step) <= day:
            number += step
        return [month_start(anchor, number + month) for month in range(step + 1)]

    def totals(self, account, factor):
        """Return the cents of each natural cycle, by its first day: what ``account`` costs, times ``factor``."""
        days, quantities, _states = account.run()
        sums, first = {}, max(self.start, account.start)
        day = self.start
        while day <= self.end:
            starts = self.natural(day)
            cycle = max(starts[0], self.start)
            price = account.price_on(max(cycle, first))
            monthly = price / account.months
            quantity = quantities[bisect_right(days, day) - 1] if day >= first else 0
            if self.unit == "months":
                place = bisect_right(starts, day) - 1
                share = Fraction(1, (starts[place + 1] - starts[place]).days)
            else:
                share = Fraction(len(starts) - 1, (starts[-1] - starts[0]).days)
            sums[cycle] = sums.get(cycle, Fraction(0)) + quantity * monthly * share
            day += ONE_DAY
        return {cycle: cents(amount * factor) for cycle, amount in sums.items()}
