"""Recurring revenue: its movements add up, and what a day takes back has never been."""

from collections import defaultdict
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction

import pytest
from billing_engine.money import round_to
from billing_engine.revenue import KINDS, Change, Stream, monthly_amount, movements
from hypothesis import given
from hypothesis import strategies as st

CENT = Decimal("0.01")
UNTIL = date(2026, 12, 31)


def same(_currency, _day):
    return Fraction(1)


def rate(currency, day):
    """Euros stay; a dollar is 0.90 and falls by a thousandth a day, all through 2026."""
    return Fraction(1) if currency == "EUR" else Fraction(900 - (day - date(2026, 1, 1)).days, 1000)


def stream(*changes, number=1, customer="A", currency="EUR", start=date(2026, 1, 10), **values):
    """Return a subscription with ``changes`` (day, delta, price)."""
    logs = tuple(
        Change(index, date.fromisoformat(day), Fraction(delta), None if price is None else Fraction(price))
        for index, (day, delta, price) in enumerate(changes, start=1))
    return Stream(number, customer, currency, logs, start, **values)


def found(*streams, until=UNTIL, rates=same):
    return [
        (one.stream, str(one.day), one.kind, str(one.amount))
        for one in sorted(movements(streams, until, rates, CENT), key=lambda one: (one.day, one.stream))]


@pytest.mark.parametrize(("quantity", "price", "months", "discount", "amount"), [
    (10, 12, 1, 0, "120"), (1, 1200, 12, 0, "100"), (2, 90, 3, "14.5", "51.3"), (1, 360, 36, 0, "10"),
    (5, 600, 6, 100, "0")])
def test_a_month_of_it(quantity, price, months, discount, amount):
    assert monthly_amount(quantity, price, months, Fraction(discount)) == Fraction(amount)


def test_the_life_of_a_customer():
    assert found(stream(
        ("2026-01-10", 10, "12"), ("2026-03-05", 5, None), ("2026-04-01", 0, "13.5"), ("2026-06-20", -3, None),
        ("2026-08-01", -12, None), ("2026-10-01", 12, None), last=date(2026, 11, 30))) == [
        (1, "2026-01-10", "new", "120.00"), (1, "2026-03-05", "expansion", "60.00"),
        (1, "2026-04-01", "expansion", "22.50"), (1, "2026-06-20", "contraction", "-40.50"),
        (1, "2026-08-01", "churn", "-162.00"), (1, "2026-10-01", "reactivation", "162.00"),
        (1, "2026-12-01", "churn", "-162.00")]


def test_kinds_are_those_of_the_customer():
    """A second subscription is no new customer, one of two is not lost, and a switch counts with its net."""
    first = stream(("2026-01-10", 1, "10"), ("2026-05-01", -1, None))
    second = stream(("2026-03-01", 1, "4"), ("2026-05-01", 2, None), ("2026-07-01", -3, None), number=2)
    other = stream(("2026-01-10", 1, "7"), number=3, customer="B")
    assert found(first, second, other) == [
        (1, "2026-01-10", "new", "10.00"), (3, "2026-01-10", "new", "7.00"), (2, "2026-03-01", "expansion", "4.00"),
        (1, "2026-05-01", "contraction", "-10.00"), (2, "2026-05-01", "contraction", "8.00"),
        (2, "2026-07-01", "churn", "-12.00")]


def test_exchange_differences_are_shown_on_their_own():
    """100 dollars from 11 January (at 0.890), ten more on 1 March (at 0.841), gone on 10 April (at 0.801)."""
    dollars = stream(
        ("2026-01-11", 10, "10"), ("2026-03-01", 1, None), ("2026-04-10", -11, None), currency="USD",
        start=date(2026, 1, 11))
    assert found(dollars, rates=rate) == [
        (1, "2026-01-11", "new", "89.00"), (1, "2026-01-31", "exchange", "-2.00"),  # 87.00
        (1, "2026-02-28", "exchange", "-2.80"),  # 84.20
        (1, "2026-03-01", "expansion", "8.41"), (1, "2026-03-31", "exchange", "-3.40"),  # 110 x 0.811 = 89.21
        (1, "2026-04-10", "churn", "-88.11"), (1, "2026-04-30", "exchange", "-1.10")]
    assert found(dollars, until=date(2026, 1, 20), rates=rate) == [
        (1, "2026-01-11", "new", "89.00"), (1, "2026-01-20", "exchange", "-0.90")]


days = st.dates(date(2026, 1, 1), date(2026, 6, 30))
prices = st.none() | st.fractions(0, 50, max_denominator=100)
changes = st.lists(st.tuples(days, st.integers(-5, 10), prices), max_size=8)


@st.composite
def worlds(draw):
    """Return subscriptions of two customers in two currencies."""
    found = []
    for number in range(draw(st.integers(1, 4))):
        start = draw(days)
        first = Change(0, start, Fraction(draw(st.integers(0, 10))), Fraction(draw(st.integers(1, 100))))
        logs = [Change(index, max(day, start), Fraction(delta), price)
                for index, (day, delta, price) in enumerate(draw(changes), start=1)]
        found.append(Stream(
            number, draw(st.sampled_from("AB")), draw(st.sampled_from(["EUR", "USD"])), (first, *logs), start,
            draw(st.none() | st.dates(start, UNTIL)), draw(st.sampled_from([1, 3, 12])),
            draw(st.fractions(0, 100, max_denominator=10))))
    return found


def closing_days(until):
    ends = [date(2026, month + 1, 1) - timedelta(days=1) for month in range(1, 12)]
    return [day for day in ends if day < until] + [until]


@given(worlds(), st.dates(date(2026, 1, 31), UNTIL))
def test_movements_add_up_to_the_value_of_each_subscription(streams, until):
    booked = movements(streams, until, rate, CENT)
    assert all(one.kind in KINDS and one.amount and one.day <= until for one in booked)
    for own in streams:
        for day in closing_days(until):
            total = sum(one.amount for one in booked if one.stream == own.id and one.day <= day)
            assert total == round_to(own.value(day) * rate(own.currency, day), CENT)


@given(worlds(), st.randoms(use_true_random=False))
def test_the_order_in_which_the_changes_are_given_does_not_matter(streams, random):
    shuffled = [replace(own, changes=tuple(random.sample(own.changes, len(own.changes)))) for own in streams]
    assert movements(shuffled, UNTIL, rate, CENT) == movements(streams, UNTIL, rate, CENT)


@given(worlds(), st.randoms(use_true_random=False))
def test_the_order_of_entry_of_the_quantities_of_a_day_does_not_matter(streams, random):
    swapped = []
    for own in streams:
        by_day = defaultdict(list)
        for change in own.changes:
            by_day[change.day].append(change)
        logs = []
        for group in by_day.values():
            deltas = [change.delta for change in group]
            random.shuffle(deltas)
            logs += [replace(change, delta=delta) for change, delta in zip(group, deltas, strict=True)]
        swapped.append(replace(own, changes=tuple(logs)))
    assert movements(swapped, UNTIL, rate, CENT) == movements(streams, UNTIL, rate, CENT)


@given(worlds(), days, st.integers(1, 20))
def test_up_and_back_on_a_day_has_never_been(streams, day, units):
    own = streams[0]
    there_and_back = (Change(90, day, Fraction(units)), Change(91, day, Fraction(-units)))
    changed = [replace(own, changes=(*own.changes, *there_and_back)), *streams[1:]]
    assert movements(changed, UNTIL, rate, CENT) == movements(streams, UNTIL, rate, CENT)


@given(worlds())
def test_each_customer_is_new_once_and_lost_as_often_as_won(streams):
    by_customer = defaultdict(dict)
    for one in movements([replace(own, currency="EUR") for own in streams], UNTIL, same, Decimal("0.0000001")):
        customer = next(own.customer for own in streams if own.id == one.stream)
        by_customer[customer][one.day] = one.kind
    for kinds in by_customer.values():
        told = [kinds[day] for day in sorted(kinds)]
        assert told[0] == "new" and told.count("new") == 1
        lost = told.count("churn")
        assert lost in (told.count("reactivation"), told.count("reactivation") + 1)
