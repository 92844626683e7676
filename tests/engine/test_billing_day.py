"""Moving the billing day: one transition period between two rhythms, and the invariants of PEERS across it."""

import copy
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction
from itertools import islice, pairwise

import pytest
from billing_engine.billing_day import NoSuchDay, move_day
from billing_engine.cycles import Leg, Terms, cycle_at, cycles, due_cycles, next_cycle, schedule_date
from billing_engine.money import round_to
from billing_engine.periods import ONE_DAY, Period, add_months
from billing_engine.proration import prorate
from billing_engine.renewal import renewals, renewed_end
from billing_engine.steps import FREQUENCIES, Step
from books import ANNUAL, MONTHLY, QUARTERLY, Books
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from test_biller_invariants import day_numbers, enter, entries, offices, worth
from test_invariants import anchors, closed_terms, day_in, month_steps

few = settings(max_examples=settings.default.max_examples // 3)

new_days = st.none() | st.integers(1, 31)
months = st.none() | st.integers(1, 12)
moves = st.lists(st.tuples(st.integers(0, 30), new_days, months), max_size=3)


def day(text):
    return date.fromisoformat(text)


def shown(found):
    return [f"{cycle.start} {cycle.end}" for cycle in found]


def moved(terms, all_moves):
    """Apply each move (number of the cycle from which it holds, day, month) to what the moves before have made."""
    for number, new_day, month in all_moves:
        starts = [cycle.start for cycle in cycles(terms)]
        try:
            terms = move_day(terms, starts[number % len(starts)], new_day, month)
        except NoSuchDay:
            assume(False)
    return terms


@st.composite
def moved_terms(draw, **values):
    """A term in months whose billing day was moved up to three times."""
    terms = draw(closed_terms(step=month_steps, **values))
    assume(terms.alignment == "anniversary" and next(cycles(terms), None))
    return moved(terms, draw(moves))


# ---- examples ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("start", "frequency", "since", "new_day", "month", "expected"),
    [
        ("2025-01-01", "monthly", "2025-02-01", 15, None,
         ["2025-01-01 2025-01-31", "2025-02-01 2025-02-14", "2025-02-15 2025-03-14", "2025-03-15 2025-04-14"]),
        ("2025-01-31", "monthly", "2025-02-28", 30, None,
         ["2025-01-31 2025-02-27", "2025-02-28 2025-03-29", "2025-03-30 2025-04-29"]),
        ("2025-01-15", "monthly", "2025-02-15", None, None,
         ["2025-01-15 2025-02-14", "2025-02-15 2025-02-27", "2025-02-28 2025-03-30", "2025-03-31 2025-04-29"]),
        ("2025-01-15", "monthly", "2025-02-15", 31, None,
         ["2025-01-15 2025-02-14", "2025-02-15 2025-02-27", "2025-02-28 2025-03-30", "2025-03-31 2025-04-29"]),
        ("2025-01-15", "monthly", "2025-02-15", 28, None,
         ["2025-01-15 2025-02-14", "2025-02-15 2025-02-27", "2025-02-28 2025-03-27", "2025-03-28 2025-04-27"]),
        ("2025-01-15", "monthly", "2025-02-15", 1, None,
         ["2025-01-15 2025-02-14", "2025-02-15 2025-02-28", "2025-03-01 2025-03-31"]),
        ("2025-01-01", "quarterly", "2025-04-01", 15, 5,
         ["2025-01-01 2025-03-31", "2025-04-01 2025-05-14", "2025-05-15 2025-08-14", "2025-08-15 2025-11-14"]),
        ("2025-01-01", "quarterly", "2025-04-01", 1, 12,
         ["2025-01-01 2025-03-31", "2025-04-01 2025-05-31", "2025-06-01 2025-08-31"]),
        ("2025-01-01", "annual", "2026-01-01", 1, 7,
         ["2025-01-01 2025-12-31", "2026-01-01 2026-06-30", "2026-07-01 2027-06-30"]),
        ("2025-03-01", "annual", "2026-03-01", 29, 2,
         ["2025-03-01 2026-02-28", "2026-03-01 2027-02-27", "2027-02-28 2028-02-28", "2028-02-29 2029-02-27"]),
        ("2025-01-01", "triennial", "2025-01-01", 1, 4,
         ["2025-01-01 2025-03-31", "2025-04-01 2028-03-31", "2028-04-01 2031-03-31"]),
    ],
)
def test_series_with_a_transition_period(start, frequency, since, new_day, month, expected):
    terms = move_day(Terms(day(start), FREQUENCIES[frequency]), day(since), new_day, month)
    assert shown(islice(cycles(terms), len(expected))) == expected


@pytest.mark.parametrize(
    ("step", "since", "new_day", "month", "shares"),
    [
        (MONTHLY, "2025-02-01", 15, None, {"days": Fraction(14, 28), "months": Fraction(14, 28)}),
        (QUARTERLY, "2025-04-01", 15, 5, {"days": Fraction(44, 91), "months": (1 + Fraction(14, 31)) / 3}),
        (ANNUAL, "2026-01-01", 15, 4, {"days": Fraction(104, 365), "months": (3 + Fraction(14, 30)) / 12}),
    ],
)
def test_the_transition_costs_its_part_of_the_cycle_that_it_replaces(step, since, new_day, month, shares):
    terms = move_day(Terms(day("2025-01-01"), step), day(since), new_day, month)
    cycle = cycle_at(terms, day(since))
    for unit, share in shares.items():
        assert prorate(cycle.span, cycle.natural, terms.recurrence_at(cycle.start), unit) == share


def test_a_transition_in_the_second_of_two_cycles():
    """The start cuts the first cycle, and the new day comes after its end."""
    terms = move_day(Terms(day("2025-01-01"), MONTHLY, billed_through=day("2025-01-10")), day("2025-01-11"), 5)
    assert shown(islice(cycles(terms), 3)) == [
        "2025-01-11 2025-01-31", "2025-02-01 2025-02-04", "2025-02-05 2025-03-04"]
    assert terms.legs[0].since == day("2025-02-01")


def test_moving_twice_and_back():
    terms = Terms(day("2025-01-01"), MONTHLY)
    once = move_day(terms, day("2025-02-01"), 15)
    assert move_day(once, day("2025-02-01"), 1) == terms
    assert move_day(once, day("2025-02-15"), 15) == once
    assert move_day(once, day("2025-02-01"), 20) == move_day(terms, day("2025-02-01"), 20)
    back = move_day(once, day("2025-04-15"), 1)
    assert shown(cycles(back, day("2025-05-01"))) == [
        "2025-01-01 2025-01-31", "2025-02-01 2025-02-14", "2025-02-15 2025-03-14", "2025-03-15 2025-04-14",
        "2025-04-15 2025-04-30", "2025-05-01 2025-05-31"]
    assert move_day(terms, day("2025-02-01"), 1) == terms


@pytest.mark.parametrize(("new_day", "month"), [(30, 2), (31, 4)])
def test_a_day_that_no_month_of_the_series_has(new_day, month):
    terms = Terms(day("2025-01-01"), FREQUENCIES["annual"])
    with pytest.raises(NoSuchDay):
        move_day(terms, terms.start, new_day, month)


def test_a_day_that_another_month_of_the_series_has():
    terms = move_day(Terms(day("2025-07-01"), FREQUENCIES["semi_annual"]), day("2025-07-01"), 31, 9)
    assert shown(islice(cycles(terms), 3)) == [
        "2025-07-01 2025-09-29", "2025-09-30 2026-03-30", "2026-03-31 2026-09-29"]


def test_what_legs_may_not_be():
    with pytest.raises(ValueError, match="no day of the month"):
        move_day(Terms(day("2025-01-01"), Step("day", 7)), day("2025-01-08"), 15)
    with pytest.raises(ValueError, match="before the transition period"):
        Leg(day("2025-02-15"), day("2025-02-01"), day("2025-02-01"))
    leg = Leg(day("2025-02-01"), day("2025-02-15"), day("2025-02-15"))
    for wrong in (
        [leg, leg], [replace(leg, anchor=day("2025-02-16"))], [replace(leg, since=day("2024-12-01"))],
    ):  # fmt: skip
        with pytest.raises(ValueError, match="do not follow"):
            Terms(day("2025-01-01"), MONTHLY, legs=tuple(wrong))


def test_the_end_is_renewed_from_the_start_whatever_the_billing_day():
    terms = Terms(day("2025-01-01"), MONTHLY, day("2025-12-31"))
    later = move_day(terms, day("2025-02-01"), 15)
    assert renewed_end(later, 12) == renewed_end(terms, 12) == day("2026-12-31")
    # The cycle from 15 December is cut by the end, and the next is due before it.
    assert renewals(later, "advance", -20, 12, day("2025-12-31")) == [(day("2025-12-12"), day("2026-12-31"))]
    assert shown([cycle_at(replace(later, end=day("2026-12-31")), day("2026-01-01"))]) == ["2025-12-15 2026-01-14"]


# ---- invariants ----------------------------------------------------------------------------------------------------


@given(moved_terms())
def test_i1_i2_i3_no_overlap_no_gap_inside_the_term(terms):
    found = list(cycles(terms))
    assert (found[0].start, found[-1].end) == (terms.first_day, terms.end)
    for before, after in pairwise(found):
        assert before.end + ONE_DAY == after.start
    for cycle in found:
        assert cycle.natural.start <= cycle.start <= cycle.end <= cycle.natural.end


@given(moved_terms())
def test_i4_i5_every_start_comes_from_the_anchor_of_its_leg(terms):
    firsts = [leg.first for leg in terms.legs]
    for cycle in list(cycles(terms))[1:]:
        leg = next((leg for leg in reversed(terms.legs) if leg.first <= cycle.start), None)
        anchor, last_day = (leg.anchor, leg.last_day) if leg else (terms.start, terms.last_day)
        expected = add_months(anchor, terms.step.count * cycle.index, last_day)
        assert cycle.start == expected
        if not last_day:
            assert cycle.start.day == anchor.day or (cycle.start + ONE_DAY).day == 1
        cut = [stop for stop in (*firsts, terms.end + ONE_DAY) if cycle.start < stop < cycle.natural.stop]
        assert cycle.end == (min(cut) - ONE_DAY if cut else cycle.natural.end)


@given(moved_terms())
def test_a_transition_is_one_cycle_and_shorter_than_the_one_that_it_replaces(terms):
    free = replace(terms, end=None)
    for leg in terms.legs:
        found = [cycle for cycle in cycles(free, leg.first) if leg.since <= cycle.start < leg.first]
        assert len(found) == (leg.since < leg.first)
        for cycle in found:
            assert (cycle.start, cycle.end + ONE_DAY) == (leg.since, leg.first)
            assert cycle.span.days < cycle.natural.days


@given(moved_terms(longest=400), st.data())
def test_every_way_to_a_cycle_agrees(terms, data):
    found = list(cycles(terms))
    for cycle, following in zip(found, [*found[1:], None], strict=True):
        assert cycle_at(terms, data.draw(day_in(cycle.span))) == cycle
        assert next_cycle(terms, cycle) == following
        assert cycle.natural == terms.recurrence_at(cycle.start).period(cycle.index)


@given(moved_terms(longest=400), st.integers(0, 400))
def test_what_the_ledger_holds_does_not_change_the_rest(terms, count):
    found = list(cycles(terms))
    held = found[count % len(found)].end
    assert list(cycles(replace(terms, billed_through=held))) == [cycle for cycle in found if cycle.start > held]


@given(moved_terms(longest=400), st.sampled_from(["days", "months"]), st.data())
def test_i13_the_parts_of_a_cycle_add_up(terms, unit, data):
    for cycle in cycles(terms):
        recurrence = terms.recurrence_at(cycle.start)
        days = data.draw(st.lists(day_in(cycle.span), max_size=3))
        bounds = sorted({cycle.natural.start, *days, cycle.natural.stop})
        parts = [prorate(Period(*pair), cycle.natural, recurrence, unit) for pair in pairwise(bounds)]
        assert sum(parts) == 1 and min(parts) > 0


@given(moved_terms(longest=400), st.integers(-10, 10))
def test_i28_advance_and_arrears_bill_the_same_periods(terms, offset):
    last = terms.end + timedelta(days=40)
    assert due_cycles(terms, "advance", offset, last) == due_cycles(terms, "arrears", offset, last)


@given(anchors, month_steps, st.integers(0, 20), new_days, months)
def test_moving_back_before_the_transition_leaves_no_trace(start, step, number, new_day, month):
    terms = Terms(start, step)
    since = next(islice(cycles(terms), number, None)).start
    try:
        other = move_day(terms, since, new_day, month)
    except NoSuchDay:
        assume(False)
    assert list(cycles(other, since - ONE_DAY)) == list(cycles(terms, since - ONE_DAY))
    assert move_day(other, since, start.day, start.month) == terms


# ---- the money ----------------------------------------------------------------------------------------------------


def move(books, new_day, month=None):
    """Move the billing day from the first cycle on that is not billed; tell whether there was one."""
    rows = books.open_rows()
    if not rows:
        return False
    books.extend(move_day(books.terms, rows[0].start, new_day, month))
    return True


def amounts(planned):
    return [(str(line.start), str(line.end), line.amount) for line in planned.lines]


@pytest.fixture
def books():
    """310.00 a month from January on, January billed, moved to the 15th."""
    books = Books(Terms(day("2025-01-01"), MONTHLY, day("2025-12-31")))
    books.subscribe(1, 310)
    books.bill_due(day("2025-01-02"))
    move(books, 15)
    return books


def test_the_transition_is_billed_with_its_part(books):
    assert [amounts(planned) for planned in books.bill_due(day("2025-03-16"))] == [
        [("2025-02-01", "2025-02-14", Decimal("155.00"))],
        [("2025-02-15", "2025-03-14", Decimal("310.00"))],
        [("2025-03-15", "2025-04-14", Decimal("310.00"))]]


def test_a_change_inside_the_transition_known_in_time_and_late(books):
    late = copy.deepcopy(books)
    books.change(day("2025-02-08"), 1)
    assert amounts(books.bill_due(day("2025-02-02"))[0]) == [
        ("2025-02-01", "2025-02-14", Decimal("155.00")), ("2025-02-08", "2025-02-14", Decimal("77.50"))]
    late.bill_due(day("2025-02-02"))
    late.change(day("2025-02-08"), 1)
    assert amounts(late.bill_due(day("2025-02-16"))[0]) == [
        ("2025-02-15", "2025-03-14", Decimal("620.00")), ("2025-02-08", "2025-02-14", Decimal("77.50"))]
    books.settle()
    late.settle()
    assert books.totals() == late.totals() == worth(books)


def test_the_transition_is_billed_again_after_its_invoice_was_undone(books):
    [planned] = books.bill_due(day("2025-02-02"))
    books.undo(books.made[-1])
    assert [amounts(again) for again in books.bill_due(day("2025-02-02"))] == [amounts(planned)]


@few
@given(offices(), entries(), st.lists(st.tuples(day_numbers, new_days, months), max_size=3), st.booleans())
def test_i6_i31_the_same_money_however_often_the_job_runs(office, history, all_moves, changes):
    """Billed less credits is the value of the served days, in the rhythm that held on them."""
    assume(office.terms.alignment == "anniversary")
    moves_on = sorted(
        ((office.terms.start + timedelta(days=number), *rest) for number, *rest in all_moves), key=lambda one: one[0])
    other = copy.deepcopy(office)
    for one, step in ((office, 3), (other, 29)):
        waiting, today = list(history), one.terms.start
        todo = list(moves_on)
        while today <= one.terms.end:
            while waiting and waiting[0][0] <= today:
                enter(one, waiting.pop(0))
            if todo and todo[0][0] <= today:
                one.bill_due(today)
                _day, new_day, month = todo.pop(0)
                try:
                    move(one, new_day, month)
                except NoSuchDay:
                    assume(False)
            if (today - one.terms.start).days % step == 0:
                one.bill_due(today)
                if changes and step == 3:
                    one.bill_changes(today)
            today += ONE_DAY
        while waiting:
            enter(one, waiting.pop(0))
        one.settle()
        assert one.totals() == worth(one)
    assert [row.cycle for row in office.rows.values()] == [row.cycle for row in other.rows.values()]
    assert office.totals() == other.totals()


@few
@given(moved_terms(longest=500), st.sampled_from(["days", "months"]))
def test_i28_the_policy_changes_the_day_of_the_bill_only(terms, unit):
    found = []
    for policy in ("advance", "arrears"):
        books = Books(replace(terms, billed_through=None), unit=unit, policy=policy)
        books.subscribe(3, "33.35")
        books.bill_due()
        assert [row.schedule_date for row in books.rows.values()] == [
            schedule_date(row.cycle, policy, 1) for row in books.rows.values()]
        found.append(books.totals())
        assert books.totals() == {key: round_to(amount, books.rounding) for key, amount in worth(books).items()}
    assert found[0] == found[1]
