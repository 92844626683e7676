"""The invariants of PEERS for the biller, each named after its number, on random histories of a contract."""

import math
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction
from itertools import permutations

from billing_engine import reasons
from billing_engine.biller import plan, rows_sorted
from billing_engine.cycles import Terms
from billing_engine.money import compound_discount, exact, round_to
from billing_engine.steps import Step
from books import ANNUAL, MONTHLY, QUARTERLY, Books
from hypothesis import assume, given
from hypothesis import strategies as st

START, DAYS = date(2024, 1, 17), 400
FAR = date(2026, 1, 1)

day_numbers = st.integers(0, DAYS - 1)
prices = st.sampled_from(["0", "9.99", "10", "33.35", "100", "1234.567"]).map(exact)
deltas = st.sampled_from([-3, -2, -1, 0, 1, 2, 5]).map(Fraction) | st.just(Fraction("0.75"))
discounts = st.sampled_from([Fraction(0), Fraction(5), compound_discount(10, "5.55"), Fraction(100, 3)])


def on(number):
    return START + timedelta(days=number)


@st.composite
def entries(draw, charges=(1, 2), latest=6):
    """Changes as (day of entry, charge, first day, delta, price or None); entered up to 150 days late or ahead."""
    found = []
    for _number in range(draw(st.integers(0, latest))):
        entered = draw(day_numbers)
        effective = min(max(entered + draw(st.integers(-150, 60)), 0), DAYS - 1)
        delta = draw(deltas)
        price = draw(prices) if not delta else draw(st.none() | prices)
        found.append((on(entered), draw(st.sampled_from(charges)), on(effective), delta, price))
    return sorted(found, key=lambda entry: entry[0])


@st.composite
def offices(draw, refunds=True, steps=(MONTHLY, MONTHLY, QUARTERLY, ANNUAL, Step("month", 5))):
    """A contract of one or two subscriptions, nothing billed yet."""
    books = Books(
        Terms(START, draw(st.sampled_from(steps)), on(DAYS - 1), draw(st.sampled_from(["anniversary", "calendar"]))),
        unit=draw(st.sampled_from(["days", "months"])), refunds=refunds,
        policy=draw(st.sampled_from(["advance", "arrears"])), offset=draw(st.sampled_from([-3, 0, 1])))
    for charge in (1, 2):
        books.subscribe(
            draw(st.sampled_from([1, 3, 10])), draw(prices), on(draw(st.sampled_from([0, 0, 12, 45]))),
            discount=draw(discounts), end=draw(st.sampled_from([None, None, on(200)])))
    return books


def enter(books, entry):
    _entered, charge, effective, delta, price = entry
    return books.change(max(effective, books.charges[charge].start), delta, price, charge)


def live_on(books, entries, run_days, changes=False):
    """Let time pass: enter each change on its day, and run the job on ``run_days``."""
    waiting = list(entries)
    for day in sorted({*run_days, *(entry[0] for entry in entries)}):
        while waiting and waiting[0][0] <= day:
            enter(books, waiting.pop(0))
        if day in run_days:
            books.bill_due(day)
            if changes:
                books.bill_changes(day)
    books.settle()
    return books


def twin(books):
    other = Books(books.terms, books.unit, books.refunds, books.policy, books.offset, dict(books.charges))
    for charge, logs in books.logs.items():
        other.logs[charge] = list(logs)
    other._next_log = books._next_log
    return other


def worth(books):
    """Return the rounded value of each charge and natural cycle: what I31 wants to have been billed."""
    result = {}
    for charge in books.charges:
        for row in books.rows.values():
            key = (charge, row.cycle.natural.start)
            result[key] = result.get(key, 0) + books.value(charge, row)
    rounded = {key: round_to(value, books.rounding) for key, value in result.items()}
    return {key: amount for key, amount in rounded.items() if amount}


EVERY_DAY = {on(number) for number in range(0, DAYS + 10, 3)}


@given(offices(), entries())
def test_i31_billed_less_credits_is_the_value_of_the_served_days(books, history):
    """And I13: to the cent, per subscription and natural cycle, however late a change is entered."""
    live_on(books, history, EVERY_DAY)
    assert books.totals() == worth(books)


@given(offices(), entries(), st.booleans())
def test_i6_run_date_independence(books, history, changes):
    other = twin(books)
    live_on(books, history, EVERY_DAY, changes)
    live_on(other, history, set())
    assert books.totals() == other.totals()


@st.composite
def undos(draw):
    return draw(st.lists(st.tuples(day_numbers, st.integers(0, 50), st.booleans()), max_size=5))


@given(offices(), entries(), undos())
def test_i9_undo(books, history, undos):
    events = sorted([(entry[0], 0, entry) for entry in history] + [(on(n), 1, (k, rebill)) for n, k, rebill in undos],
                    key=lambda e: e[:2])
    hold = []
    for day in sorted({e[0] for e in events} | EVERY_DAY):
        for when, kind, what in events:
            if when != day: continue
            if kind == 0:
                enter(books, what)
            else:
                live = [m for m in books.made if m.live]
                if live:
                    m = live[what[0] % len(live)]
                    books.undo(m)
                    if what[1] and m.row.kind == "regular":
                        books.skipped.add(m.row.key)  # on hold
        books.bill_due(day)
    books.skipped.clear()
    books.settle()
    assert books.totals() == worth(books)
