"""The invariants of PEERS for the biller, each named after its number, on random histories of a contract."""

import copy
import math
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction

from billing_engine.cycles import Terms
from billing_engine.money import compound_discount, exact, round_to
from billing_engine.steps import Step
from books import ANNUAL, MONTHLY, QUARTERLY, Books
from hypothesis import assume, given, settings
from hypothesis import strategies as st

# A history is long: a third of the examples keeps the suite quick, `--hypothesis-profile=explore` makes up for it.
few = settings(max_examples=settings.default.max_examples // 3)

START, DAYS = date(2024, 1, 17), 400
MIDDLE = date(2024, 9, 20)

day_numbers = st.integers(0, DAYS - 1)
prices = st.sampled_from(["0", "9.99", "10", "33.35", "100", "1234.567"]).map(exact)
granted = st.just(True)
deltas = st.sampled_from([-3, -2, -1, 0, 1, 2, 5, Fraction(3, 4)]).map(Fraction)
discounts = st.sampled_from([Fraction(0), Fraction(5), compound_discount(10, "5.55"), Fraction(100, 3)])
steps = st.sampled_from([MONTHLY, MONTHLY, QUARTERLY, ANNUAL, Step("month", 5)])


def on(number):
    return START + timedelta(days=number)


@st.composite
def entries(draw, latest=6):
    """Changes as (day of entry, charge, first day, delta, price or None), entered up to 150 days late, or ahead."""
    found = []
    for _number in range(draw(st.integers(0, latest))):
        entered = draw(day_numbers)
        effective = min(max(entered + draw(st.integers(-150, 60)), 0), DAYS - 1)
        delta = draw(deltas)
        price = draw(st.none() | prices) if delta else draw(prices)
        found.append((on(entered), draw(st.sampled_from([1, 2])), on(effective), delta, price))
    return sorted(found, key=lambda entry: entry[0])


@st.composite
def offices(draw, refunds=granted):
    """A contract of two subscriptions, nothing billed yet."""
    books = Books(
        Terms(START, draw(steps), on(DAYS - 1), draw(st.sampled_from(["anniversary", "calendar"]))),
        unit=draw(st.sampled_from(["days", "months"])), refunds=draw(refunds),
        policy=draw(st.sampled_from(["advance", "arrears"])), offset=draw(st.sampled_from([-3, 0, 1])))
    for _charge in (1, 2):
        books.subscribe(
            draw(st.sampled_from([1, 3, 10])), draw(prices), on(draw(st.sampled_from([0, 0, 12, 45]))),
            discount=draw(discounts), end=draw(st.sampled_from([None, None, on(200)])))
    return books


def enter(books, entry):
    _entered, charge, effective, delta, price = entry
    return books.change(max(effective, books.charges[charge].start), delta, price, charge)


def enter_all(books, history):
    for entry in history:
        enter(books, entry)


def job_days(books):
    return [row.schedule_date for row in books.rows.values()]


def live_on(books, history, run_days, changes=False):
    """Let time pass: enter each change on its day, and run the job, with or without change-log invoices."""
    waiting = list(history)
    for day in sorted({*run_days, *(entry[0] for entry in history)}):
        while waiting and waiting[0][0] <= day:
            enter(books, waiting.pop(0))
        if day in run_days:
            books.bill_due(day)
            if changes:
                books.bill_changes(day)
    books.settle()


def worth(books):
    """Return the rounded value of the days of each charge and natural cycle."""
    result = {}
    for charge in books.charges:
        for row in books.rows.values():
            key = (charge, row.cycle.natural.start)
            result[key] = result.get(key, 0) + books.value(charge, row)
    rounded = {key: round_to(value, books.rounding) for key, value in result.items()}
    return {key: amount for key, amount in rounded.items() if amount}


def odoo_round(value):
    """Round half-up to the cent as ``odoo.tools.float_round`` does."""
    if not value:
        return Decimal("0.00")
    cents = value * 100
    epsilon = 2 ** (math.log2(abs(cents)) - 50)
    return Decimal(round(cents + math.copysign(epsilon, cents))) / 100


# --- the same money, whenever it is billed ----------------------------------------------------------------------------


@few
@given(offices(), entries(), st.booleans())
def test_i31_billed_less_credits_is_the_value_of_the_served_days(books, history, changes):
    """I13 too: to the cent, per subscription and natural cycle, however late a change is entered."""
    live_on(books, history, job_days(books), changes)
    assert books.totals() == worth(books)


@few
@given(offices(), entries(), st.lists(day_numbers.map(on), max_size=5))
def test_i6_run_date_independence(books, history, run_days):
    other = copy.deepcopy(books)
    live_on(books, history, run_days)
    live_on(other, history, ())
    assert books.totals() == other.totals()


@few
@given(offices(st.booleans()), entries())
def test_i7_idempotence(books, history):
    enter_all(books, history)
    books.settle()
    assert not any(planned.lines for planned in books.bill_due())
    assert not books.settle().lines


@few
@given(offices(), entries(), day_numbers.map(on))
def test_i19_late_entry_equals_known_in_time(books, history, day):
    known = copy.deepcopy(books)
    enter_all(known, history)
    known.settle()
    books.bill_due(day)
    enter_all(books, history)
    books.settle()
    assert books.totals() == known.totals()


@few
@given(offices(st.booleans()), entries(), day_numbers.map(on))
def test_i12_a_plan_of_many_rows_is_many_plans_of_one(books, history, day):
    books.bill_due(day)
    enter_all(books, history)
    at_once, one_by_one = copy.deepcopy(books), books
    assert at_once.bill_at_once() == one_by_one.bill_due()


@few
@given(offices(st.booleans()), entries(), day_numbers.map(on))
def test_i30_charges_are_independent(books, history, day):
    books.bill_due(day)
    enter_all(books, history)
    rows = books.open_rows()
    together = [line for planned in books.plan(rows) for line in planned.lines]
    for charge in books.charges:
        alone = [line for planned in books.plan(rows, only=charge) for line in planned.lines]
        assert alone == [line for line in together if line.charge == charge]


@few
@given(offices(), entries(), st.lists(day_numbers.map(on), min_size=1, max_size=6))
def test_a_change_log_invoice_bills_nothing_after_its_date(books, history, change_days):
    """Whenever they are made, the total is the same; only a price that a credit gives back comes before its day."""
    waiting = list(history)
    for day in sorted({*change_days, *job_days(books), *(entry[0] for entry in history)}):
        while waiting and waiting[0][0] <= day:
            enter(books, waiting.pop(0))
        books.bill_due(day)
        if day in change_days:
            logs = {log.id: log for own in books.logs.values() for log in own}
            for line in books.bill_changes(day).lines:
                assert logs[line.log].effective <= day or logs[line.log].price is not None
            assert all(held.amount >= 0 for held in books.billed().values())
    books.settle()
    assert books.totals() == worth(books)


# --- changes of one day -----------------------------------------------------------------------------------------------


@few
@given(offices(st.booleans()), st.sampled_from([1, 2, Fraction(1, 3)]), day_numbers.map(on), st.booleans())
def test_i17_change_and_revert_nets_zero(books, delta, day, up_first):
    books.bill_due(MIDDLE)
    untouched = copy.deepcopy(books)
    untouched.settle()
    for sign in (1, -1) if up_first else (-1, 1):
        enter(books, (None, 1, day, sign * Fraction(delta), None))
    books.settle()
    assert books.totals() == untouched.totals()


@few
@given(offices(st.booleans()), st.permutations([1, 3, -2]), day_numbers.map(on))
def test_i18_order_of_same_day_changes(books, order, day):
    books.bill_due(MIDDLE)
    other = copy.deepcopy(books)
    for some_books, some_deltas in ((books, order), (other, [1, 3, -2])):
        for delta in some_deltas:
            enter(some_books, (None, 1, day, Fraction(delta), None))
        some_books.settle()
    assert books.totals() == other.totals()


# --- credits ----------------------------------------------------------------------------------------------------------


@few
@given(offices(), entries(), st.lists(st.integers(0, 20), max_size=3))
def test_i20_credit_limit(books, history, taken):
    """Also where lines were taken off the ledger by hand, no cycle is billed less than nothing."""
    books.bill_due(MIDDLE)
    for number in taken:
        made = books.made[number % len(books.made)] if books.made else None
        if made:
            made.plan = replace(made.plan, lines=made.plan.lines[1:])
    enter_all(books, history)
    books.settle()
    assert all(held.amount >= 0 for held in books.billed().values())


@few
@given(offices(st.just(False)), entries())
def test_without_refunds_nothing_that_is_invoiced_is_given_back(books, history):
    live_on(books, history, job_days(books), changes=True)
    days = {log.id: log.effective for logs in books.logs.values() for log in logs}
    for made in books.made:
        net = {}
        for line in made.plan.lines:
            if line.charge and line.cycle_start != made.row.start:
                key = (line.charge, days[line.log])
                net[key] = net.get(key, 0) + line.amount
        assert all(amount >= 0 for amount in net.values())


# --- undo -------------------------------------------------------------------------------------------------------------


def every_change_costs(books):
    """Tell whether each change is worth something: one that is not has no line, and is told with the cycle."""
    return all(
        all(log.price is None or log.price for log in logs) and not any(
            sum(log.delta for log in logs[:count] if log.effective <= day.effective) < 0
            for count in range(1, len(logs) + 1) for day in logs[:count])
        for logs in books.logs.values())


@few
@given(offices(st.booleans()), entries(), day_numbers.map(on), st.integers(0, 50))
def test_i22_regenerate_gives_the_same_lines(books, history, day, number):
    books.bill_due(day)
    enter_all(books, history)
    books.settle()
    assume(books.made and all(log.id in books.used_by for logs in books.logs.values() for log in logs))
    assume(every_change_costs(books))
    made = books.made[number % len(books.made)]
    books.undo(made)
    again = books.bill(made.row) if made.row.kind == "regular" else books.bill_changes(made.row.end)
    assert again.lines == made.plan.lines
    assert again.postponed == made.plan.postponed


@few
@given(offices(), entries(), st.lists(st.tuples(day_numbers.map(on), st.integers(0, 50), st.booleans()), max_size=5))
def test_undo_loses_nothing_and_bills_nothing_twice(books, history, undone):
    """Invoices are undone on random days, some stay on hold to the end: the total is what the days are worth."""
    for day in sorted({*job_days(books), *(entry[0] for entry in history), *(one[0] for one in undone)}):
        for entry in (entry for entry in history if entry[0] == day):
            enter(books, entry)
        for _day, number, hold in (one for one in undone if one[0] == day):
            live = [made for made in books.made if made.live]
            if live:
                made = live[number % len(live)]
                books.undo(made)
                if hold:
                    books.skipped.add(made.row.key)
        books.bill_due(day)
    books.skipped.clear()
    books.settle()
    assert books.totals() == worth(books)


# --- what Odoo makes of it --------------------------------------------------------------------------------------------


@few
@given(offices(st.booleans()), entries(), day_numbers.map(on))
def test_odoo_arithmetic_gives_the_amount_of_every_line(books, history, day):
    books.bill_due(day)
    enter_all(books, history)
    books.settle()
    for line in books.live_lines():
        assert line.quantity
        assert line.discount == round(line.discount, 2)
        total = float(line.price_unit) * (1 - float(line.discount) / 100.0) * float(line.quantity)
        assert odoo_round(total) == line.amount
        assert line.price_unit >= 0
        assert line.start <= line.end
