"""Pauses, deactivations and new starts in the bill: the invariants of PEERS on random histories, and one table."""

import copy
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction

from billing_engine import reasons
from billing_engine.cycles import Terms
from billing_engine.money import exact, round_to
from books import ANNUAL, MONTHLY, QUARTERLY
from hypothesis import given, settings
from hypothesis import strategies as st
from stops import CREDIT, FULL, NOTHING, StoppingBooks

few = settings(max_examples=settings.default.max_examples // 3)

START, DAYS = date(2024, 1, 17), 400
prices = st.sampled_from(["9.99", "10", "33.35", "100"]).map(exact)
steps = st.sampled_from([MONTHLY, MONTHLY, QUARTERLY, ANNUAL])
policies = st.sampled_from([FULL, NOTHING, CREDIT])
granted, credited = st.just(True), st.just(CREDIT)


def on(number):
    return START + timedelta(days=number)


@st.composite
def offices(draw, refunds=granted):
    books = StoppingBooks(
        Terms(START, draw(steps), on(DAYS - 1), draw(st.sampled_from(["anniversary", "calendar"]))),
        refunds=draw(refunds), policy=draw(st.sampled_from(["advance", "arrears"])))
    for _charge in (1, 2):
        books.subscribe(draw(st.sampled_from([1, 3, 10])), draw(prices), on(draw(st.sampled_from([0, 12]))),
                        discount=draw(st.sampled_from([Fraction(0), Fraction(5)])))
    return books


@st.composite
def histories(draw, policies=credited):
    """What is entered for charge 1, as (day of entry, kind, first day, value): two pauses, an end, and changes."""
    found = []
    for first in (60, 190):
        if draw(st.booleans()):
            start = first + draw(st.integers(0, 40))
            stop = start + draw(st.integers(0, 70))
            entered = draw(st.integers(max(start - 40, 0), stop + 60))
            found.append((entered, "pause", on(start), (on(stop), draw(policies))))
    if draw(st.booleans()):
        found.append((draw(st.integers(310, DAYS - 1)), "deactivate", on(draw(st.integers(310, DAYS - 1))), None))
    for _number in range(draw(st.integers(0, 3))):
        effective = draw(st.integers(12, 55))
        found.append((effective + draw(st.integers(0, 250)), "change", on(effective), draw(st.integers(1, 3))))
    return sorted(found, key=lambda entry: entry[0])


def enter(books, entry):
    _entered, kind, day, value = entry
    if kind == "change":
        books.change(day, value)
    elif kind == "deactivate":
        books.deactivate(day)
    else:
        books.pause(day, value[0], policy=value[1])


def live(books, history, *, late=False):
    """Enter each change on its day, or all at the end, and run the job when something is due."""
    waiting = list(history)
    for day in sorted({row.schedule_date for row in books.rows.values()} | {on(entry[0]) for entry in history}):
        while waiting and on(waiting[0][0]) <= day and not late:
            enter(books, waiting.pop(0))
        books.bill_due(day)
    for entry in waiting:
        enter(books, entry)
    books.settle()


def worth(books):
    result = {}
    for charge in books.charges:
        for row in books.rows.values():
            key = (charge, row.cycle.natural.start)
            result[key] = result.get(key, 0) + books.worth(charge, row)
    return {key: amount for key, value in result.items() if (amount := round_to(value, books.rounding))}


@few
@given(offices(), histories(st.sampled_from([FULL, CREDIT])))
def test_i31_what_is_billed_is_the_value_of_the_days_that_are_not_paused(books, history):
    live(books, history)
    assert books.totals() == worth(books)


@few
@given(offices(), histories(st.sampled_from([FULL, CREDIT])))
def test_i19_pauses_and_changes_entered_late_give_the_same_total(books, history):
    other = copy.deepcopy(books)
    live(books, history)
    live(other, history, late=True)
    assert books.totals() == other.totals()


@few
@given(offices(), histories(policies))
def test_a_pause_that_is_known_before_the_first_bill_costs_the_same_by_either_policy(books, history):
    """Nothing is invoiced yet: bill nothing and credit the pause are one."""
    credited = [
        (0, kind, day, (value[0], FULL if value[1] == FULL else CREDIT) if kind == "pause" else value)
        for _entered, kind, day, value in history]
    other = copy.deepcopy(books)
    for entry in history:
        enter(books, entry)
    for entry in credited:
        enter(other, entry)
    books.settle()
    other.settle()
    assert books.totals() == other.totals() == worth(books)


@few
@given(offices(st.booleans()), histories(policies))
def test_i21_no_paused_day_is_billed_twice_and_none_that_was_not_invoiced_is_billed(books, history):
    """Between what the served days are worth and what they would be worth without any pause."""
    paused = [entry for entry in history if entry[1] == "pause"]
    unpaused = copy.deepcopy(books)
    live(books, history)
    live(unpaused, [entry for entry in history if entry not in paused])
    least = worth(books)
    for key, amount in books.totals().items():
        assert amount <= unpaused.totals().get(key, 0), key
        if books.refunds or all(entry[3][1] == FULL for entry in paused):
            assert amount >= least.get(key, 0), key


@few
@given(offices(st.booleans()), st.integers(20, DAYS - 1), policies, st.booleans())
def test_i21_a_pause_of_zero_days_changes_nothing(books, number, policy, billed):
    other = copy.deepcopy(books)
    for some, paused in ((books, True), (other, False)):
        if billed:
            some.bill_due(on(number))
        if paused:
            some.pause(on(number), on(number), policy=policy)
        some.settle()
    assert books.live_lines() == other.live_lines()


@few
@given(offices(), histories(policies))
def test_i20_a_pause_never_gives_back_more_than_was_billed(books, history):
    live(books, history)
    assert all(held.amount >= 0 for held in books.billed().values())


@few
@given(offices(st.just(False)), histories(policies))
def test_without_refunds_a_pause_gives_nothing_back(books, history):
    live(books, history)
    assert not any(made.plan.is_credit for made in books.made)
    for made in books.made:
        own = {}
        for line in made.plan.lines:
            if line.cycle_start != made.row.start:
                cause = next(log.cause or log.id for log in books.logs[line.charge] if log.id == line.log)
                own[line.charge, cause] = own.get((line.charge, cause), 0) + line.amount
        assert all(amount > 0 for amount in own.values())


@few
@given(offices(st.booleans()), histories(policies), st.integers(0, 50))
def test_i22_undone_and_billed_again_gives_the_same_total(books, history, number):
    live(books, history)
    before, made = books.totals(), books.made[number % len(books.made)] if books.made else None
    if made and made.row.kind == "regular" and books.refunds:
        books.undo(made)
        books.bill(made.row)
        books.settle()
        assert books.totals() == before


def monthly(**values):
    books = StoppingBooks(Terms(date(2026, 4, 1), MONTHLY, date(2026, 12, 31)), **values)
    books.subscribe(5, 30)
    return books


def amounts(planned):
    return [line.amount for line in planned.lines]


def test_each_policy_with_an_invoiced_month():
    """5 × 30.00, April invoiced on the 2nd, paused from 16 April to 15 May: half of April, 15 of 31 days of May."""
    served = Decimal("150.00") - Decimal("72.58")  # 31 days of May less 15
    for policy, april, may in (
            (FULL, [], [Decimal("150.00")]), (NOTHING, [], [served]), (CREDIT, [Decimal("-75.00")], [served])):
        books = monthly()
        books.bill(1)
        books.pause(date(2026, 4, 16), date(2026, 5, 16), policy=policy)
        lines = amounts(books.bill(2))
        assert sorted(lines) == sorted(april + may), policy


def test_a_cycle_that_is_paused_whole_bills_nothing_and_says_so():
    books = monthly()
    books.bill(1)
    books.pause(date(2026, 4, 16), date(2026, 7, 1), policy=NOTHING)
    may, june, july = (books.bill(number) for number in (2, 3, 4))
    assert [[reason.code for reason in planned.reasons] for planned in (may, june)] == [[reasons.ON_PAUSE]] * 2
    assert [amounts(planned) for planned in (may, june, july)] == [[], [], [Decimal("150.00")]]


def test_a_resume_within_what_is_invoiced_is_not_billed_again():
    books = monthly()
    books.bill(1)
    books.pause(date(2026, 4, 11), date(2026, 4, 21), policy=NOTHING)
    assert amounts(books.bill(2)) == [Decimal("150.00")]
    books = monthly()
    books.bill(1)
    books.pause(date(2026, 4, 11), policy=CREDIT)
    books.bill_changes(date(2026, 4, 11))
    books.resume(date(2026, 4, 21))
    assert [made.plan.amount for made in books.made] == [Decimal("150.00"), Decimal("-100.00")]
    assert amounts(books.bill(2)) == [Decimal("150.00"), Decimal("50.00")]


def test_a_change_before_a_past_pause_bills_no_paused_day_with_refunds_off():
    books = monthly(refunds=False)
    for row in (1, 2, 3):
        books.bill(row)
    books.pause(date(2026, 7, 1), date(2026, 8, 1))
    for row in (4, 5):
        books.bill(row)
    books.change(date(2026, 6, 16), 1)  # June 15 of 30 days, July paused, August whole
    planned = books.bill(6)
    assert planned.amount == 6 * 30 + Decimal("15.00") + Decimal("30.00")


def test_an_increase_that_was_left_out_is_not_credited_when_it_goes():
    books = monthly()
    books.bill(1)
    gift = books.change(date(2026, 4, 11), 1)
    books.exclude(gift)
    books.change(date(2026, 4, 21), -1)
    assert amounts(books.bill(2)) == [Decimal("150.00")]
    books.change(date(2026, 5, 16), -1)
    assert amounts(books.bill(3)) == [Decimal("120.00"), Decimal("-15.48")]


def test_the_cycle_in_which_an_increase_was_left_out_is_billed_again_without_it():
    books = monthly()
    books.bill(1)
    books.exclude(books.change(date(2026, 4, 11), 1))
    books.undo(books.made[0])
    books.change(date(2026, 4, 21), -1)
    assert amounts(books.bill(1)) == [Decimal("150.00")]
    assert amounts(books.bill(2)) == [Decimal("150.00")]


def test_what_is_changed_back_on_the_same_day_makes_no_line():
    books = monthly()
    books.pause(date(2026, 4, 16))
    books.resume(date(2026, 4, 16))
    books.change(date(2026, 4, 20), 2)
    books.change(date(2026, 4, 20), -2)
    assert amounts(books.bill(1)) == [Decimal("150.00")]
