"""Cycles that are billed whole or not at all, and cycles that begin in chosen months (DESIGN section 5)."""

from datetime import date, timedelta
from fractions import Fraction
from itertools import islice, pairwise

import pytest
from billing_engine.biller import plan
from billing_engine.cycles import Terms, cycle_at, cycles, next_cycle
from billing_engine.facts import Charge, Contract, Log, Row
from billing_engine.periods import Recurrence
from billing_engine.steps import FREQUENCIES, ChosenMonths
from hypothesis import given
from hypothesis import strategies as st

MONTHLY = FREQUENCIES["monthly"]
DAYS = st.dates(date(2019, 1, 1), date(2032, 12, 31))
MONTHS = st.sets(st.integers(1, 12), min_size=1).map(lambda months: ChosenMonths(tuple(months)))


def day(text):
    return text and date.fromisoformat(text)


def whole(start, step, end=None, billed_through=None, anchor=None):
    return Terms(day(start), step, day(end), billed_through=day(billed_through), anchor=day(anchor), whole=True)


def starts(terms, count):
    return [str(cycle.start) for cycle in islice(cycles(terms), count)]


# ---- chosen months --------------------------------------------------------------------------------------------------

@pytest.mark.parametrize(("months", "start", "expected"), [
    ((1, 7), "2026-01-31", ["2026-01-31", "2026-07-31", "2027-01-31"]),
    ((1, 7), "2026-03-15", ["2026-07-15", "2027-01-15", "2027-07-15"]),
    ((7, 1, 7), "2026-08-01", ["2027-01-01", "2027-07-01", "2028-01-01"]),
    ((2, 8), "2027-01-31", ["2027-02-28", "2027-08-31", "2028-02-29"]),  # short months clamp and recover
    ((12,), "2026-12-01", ["2026-12-01", "2027-12-01", "2028-12-01"]),
    (tuple(range(1, 13)), "2026-01-31", ["2026-01-31", "2026-02-28", "2026-03-31"]),
])
def test_chosen_months(months, start, expected):
    assert starts(whole(start, ChosenMonths(months)), 3) == expected


def test_a_period_lasts_to_the_day_before_the_next_chosen_month():
    [first, second] = islice(cycles(whole("2026-01-15", ChosenMonths((1, 3)))), 2)
    assert (str(first.end), str(second.end)) == ("2026-03-14", "2027-01-14")


@pytest.mark.parametrize("months", [(), (0,), (13,), (1, 14)])
def test_months_that_are_none(months):
    with pytest.raises(ValueError, match="from 1 to 12"):
        ChosenMonths(months)


@given(MONTHS, DAYS, st.integers(-60, 60))
def test_a_day_lies_in_the_period_of_its_index(step, anchor, index):
    series = Recurrence(anchor, step)
    period = series.period(index)
    assert {series.index_of(period.start), series.index_of(period.end)} == {index}
    assert period.start.month in step.months
    assert series.start_of(0) >= anchor


@given(MONTHS, DAYS, DAYS)
def test_every_day_has_one_period(step, anchor, some):
    series = Recurrence(anchor, step)
    assert series.period(series.index_of(some)).contains(some)


@given(DAYS, st.integers(-60, 60))
def test_all_months_are_monthly(anchor, index):
    every = Recurrence(anchor, ChosenMonths(tuple(range(1, 13))))
    assert every.period(index) == Recurrence(anchor, MONTHLY).period(index)


# ---- whole or not at all --------------------------------------------------------------------------------------------

def test_term_12_makes_12_cycles():
    assert len(list(cycles(whole("2026-01-31", MONTHLY, "2027-01-30")))) == 12


def test_a_cycle_that_begins_on_the_last_day_is_whole():
    last = list(cycles(whole("2026-01-01", MONTHLY, "2026-03-01")))[-1]
    assert (str(last.start), str(last.end), last.is_cut) == ("2026-03-01", "2026-03-31", False)


@pytest.mark.parametrize(("billed_through", "first"), [
    (None, "2026-01-15"), ("2026-01-14", "2026-01-15"), ("2026-01-15", "2026-02-15"), ("2026-02-20", "2026-03-15")])
def test_nothing_up_to_billed_through(billed_through, first):
    assert starts(whole("2026-01-15", MONTHLY, billed_through=billed_through), 1) == [first]


def test_the_anchor_moves_the_days_and_not_the_start():
    moved = whole("2026-01-01", MONTHLY, billed_through="2026-03-14", anchor="2026-03-15")
    assert starts(moved, 2) == ["2026-03-15", "2026-04-15"]


def test_the_weekday_is_an_anchor():
    # Run date Thursday 1 January 2026, on Mondays
    assert starts(whole("2026-01-01", FREQUENCIES["weekly"], anchor="2026-01-05"), 2) == ["2026-01-05", "2026-01-12"]


def test_no_part_of_a_cycle_before_the_first():
    terms = whole("2026-01-10", MONTHLY, anchor="2026-01-20")
    assert cycle_at(terms, day("2026-01-15")) is None
    assert starts(terms, 1) == ["2026-01-20"]


@given(DAYS, st.sampled_from([MONTHLY, FREQUENCIES["weekly"], ChosenMonths((3, 9))]), st.integers(0, 800),
       st.none() | st.integers(-40, 400))
def test_whole_cycles_are_the_natural_ones_that_begin_in_the_term(start, step, length, elsewhere):
    end = start + timedelta(days=length)
    through = None if elsewhere is None else start + timedelta(days=elsewhere)
    terms = Terms(start, step, end, billed_through=through, whole=True)
    series, found = Recurrence(start, step), list(cycles(terms))
    natural = [series.period(index) for index in range(-2, 130)]
    first = start if through is None else max(start, through + timedelta(days=1))
    assert [cycle.span for cycle in found] == [one for one in natural if first <= one.start <= end]
    assert all(next_cycle(terms, one) == other for one, other in pairwise(found))


# ---- what a whole cycle costs ---------------------------------------------------------------------------------------

def bill(*logs, charge_end=None, terms=None, rows=2):
    terms = terms or whole("2026-01-01", MONTHLY)
    charge = Charge(1, logs, day("2026-01-01"), day(charge_end), unit_months=None, owner="ri")
    ledger = tuple(Row(number, "regular", cycle, cycle.start, owner="ri")
                   for number, cycle in enumerate(islice(cycles(terms), rows), start=1))
    facts = Contract(1, None, ledger, (charge,), terms_by_owner={"ri": terms})
    return [[(line.quantity, line.price_unit, float(line.amount), str(line.start), str(line.end))
             for line in invoice.lines] for invoice in plan(facts, ledger)]


def log(number, effective, delta, price=None):
    return Log(number, day(effective), Fraction(delta), None if price is None else Fraction(price))


def test_the_first_day_decides():
    one, other = bill(log(1, "2026-01-01", 2, 100), log(2, "2026-01-16", 1), log(3, "2026-01-20", 0, 110))
    assert one == [(2, 100, 200.0, "2026-01-01", "2026-01-31")]
    assert other == [(3, 110, 330.0, "2026-02-01", "2026-02-28")]


def test_a_line_that_ends_in_the_cycle_is_whole_and_then_gone():
    one, other, last = bill(log(1, "2026-01-01", 1, 100), charge_end="2026-02-10", rows=3)
    assert [one[0][2], other[0][2], last] == [100.0, 100.0, []]


def test_a_price_is_for_a_run_however_long():
    [one] = bill(log(1, "2026-01-01", 1, 100), terms=whole("2026-01-01", ChosenMonths((1, 7))), rows=1)
    assert one == [(1, 100, 100.0, "2026-01-01", "2026-06-30")]


def test_a_price_of_zero_has_one_line():
    [one] = bill(log(1, "2026-01-01", 1, 0), log(2, "2026-01-16", 1), rows=1)
    assert one == [(1, 0, 0.0, "2026-01-01", "2026-01-31")]
