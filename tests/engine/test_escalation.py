"""Prices that rise on anniversaries: tables, and what holds for every price and percentage."""

from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from plain.billdozer_repeating.engine.escalation import Escalation, anniversaries, anniversary

TEN = Escalation(10)
RUN = date(2026, 3, 15)

days = st.dates(date(2020, 1, 1), date(2040, 12, 31))
prices = st.decimals("-10000", "10000", places=5)
percents = st.decimals("-20", "30", places=3)
rises = st.decimals("0", "30", places=3)
tables = st.dictionaries(st.integers(1, 8), rises, max_size=4)


def rungs(*pairs):
    return [(date.fromisoformat(day), Decimal(price)) for day, price in pairs]


@pytest.mark.parametrize(("run_date", "day", "number"), [
    ("2026-03-15", "2025-01-01", 0), ("2026-03-15", "2027-03-14", 0), ("2026-03-15", "2027-03-15", 1),
    ("2026-03-15", "2031-03-14", 4), ("2024-02-29", "2025-02-27", 0), ("2024-02-29", "2025-02-28", 1),
    ("2024-02-29", "2028-02-28", 3), ("2024-02-29", "2028-02-29", 4), ("2026-12-31", "2027-12-31", 1),
])
def test_anniversaries(run_date, day, number):
    assert anniversaries(date.fromisoformat(run_date), date.fromisoformat(day)) == number


def test_a_hundred_becomes_121():
    assert TEN.ladder(100, RUN, RUN, date(2028, 3, 15)) == rungs(
        ("2026-03-15", "100.00000"), ("2027-03-15", "110.00000"), ("2028-03-15", "121.00000"))


def test_the_window_begins_with_the_price_in_force():
    assert TEN.ladder(100, RUN, date(2027, 6, 1), date(2028, 3, 14)) == rungs(("2027-03-15", "110.00000"))
    assert TEN.ladder(100, RUN, date(2025, 1, 1), date(2027, 3, 15)) == rungs(
        ("2026-03-15", "100.00000"), ("2027-03-15", "110.00000"))


def test_it_is_rounded_once():
    # Rounded every year it would never rise: 0.00003 × 1.1 is 0.000033, which rounds back to 0.00003.
    assert Escalation(10).price("0.00003", RUN, date(2031, 3, 15)) == Decimal("0.00005")
    assert Escalation("7.5").price("99.99", RUN, date(2029, 3, 15)) == Decimal("124.21726")


def test_halves_round_away_from_zero():
    assert Escalation(50).price("0.00001", RUN, date(2027, 3, 15)) == Decimal("0.00002")
    assert Escalation(50).price("-0.00001", RUN, date(2027, 3, 15)) == Decimal("-0.00002")


def test_a_leap_day_rises_on_28_february():
    assert TEN.ladder(100, date(2024, 2, 29), date(2025, 2, 1), date(2028, 3, 1)) == rungs(
        ("2024-02-29", "100.00000"), ("2025-02-28", "110.00000"), ("2026-02-28", "121.00000"),
        ("2027-02-28", "133.10000"), ("2028-02-29", "146.41000"))


def test_a_table_by_year_and_what_it_does_not_name():
    table = Escalation(5, by_year={1: 10, 3: 0})
    assert table.ladder(100, RUN, RUN, date(2030, 3, 15)) == rungs(
        ("2026-03-15", "100.00000"), ("2027-03-15", "110.00000"), ("2028-03-15", "115.50000"),
        ("2030-03-15", "121.27500"))


def test_caps():
    assert Escalation(12, max_percent=10).price(100, RUN, date(2028, 3, 15)) == Decimal("121")
    assert Escalation(by_year={1: 12, 2: 5}, max_percent=10).price(100, RUN, date(2028, 3, 15)) == Decimal("115.5")
    assert Escalation(10, max_price=115).ladder(100, RUN, RUN, date(2030, 3, 15)) == rungs(
        ("2026-03-15", "100.00000"), ("2027-03-15", "110.00000"), ("2028-03-15", "115.00000"))
    assert Escalation(10, max_price=90).price(100, RUN, date(2030, 3, 15)) == Decimal("100")


def test_a_price_agreed_later_rises_from_its_own_next_anniversary():
    assert TEN.price(100, RUN, date(2028, 3, 14), since=date(2027, 8, 1)) == Decimal("100")
    assert TEN.ladder(100, RUN, date(2027, 1, 1), date(2029, 3, 15), since=date(2027, 8, 1)) == rungs(
        ("2027-08-01", "100.00000"), ("2028-03-15", "110.00000"), ("2029-03-15", "121.00000"))
    # Agreed for the anniversary itself: that one does not raise it again.
    assert TEN.price(100, RUN, date(2027, 3, 15), since=date(2027, 3, 15)) == Decimal("100")


@pytest.mark.parametrize("vals", [{"percent": -100}, {"by_year": {2: "-150"}}])
def test_a_price_does_not_vanish(vals):
    with pytest.raises(ValueError, match="above -100 percent"):
        Escalation(**vals)


def test_years_count_from_one():
    with pytest.raises(ValueError, match="counted from 1"):
        Escalation(by_year={0: 5})


@given(prices, percents, days, days)
def test_the_price_is_the_power_rounded_once(base, percent, run_date, day):
    exact = Fraction(base) * (1 + Fraction(percent) / 100) ** anniversaries(run_date, day)
    price = Escalation(percent).price(base, run_date, day)
    assert abs(Fraction(price) - exact) <= Fraction(1, 200000)
    assert price == price.quantize(Decimal("0.00001"))


@given(prices, rises, tables, days, days, st.integers(0, 4000), st.sampled_from([None, 0, 90]))
def test_the_ladder_is_the_price_on_every_day(base, percent, table, run_date, since, length, later):
    since = max(run_date, since)
    escalation = Escalation(percent, table)
    first = since + timedelta(days=later or 0)
    last = first + timedelta(days=length)
    found = escalation.ladder(base, run_date, first, last, since)
    assert found[0][0] <= first
    assert all(first < day <= last for day, _price in found[1:])
    assert all(before[0] < after[0] and before[1] != after[1] for before, after in pairwise(found))
    for probe in {first, last, first + timedelta(days=length // 2), *(day for day, _price in found[1:])}:
        in_force = [price for day, price in found if day <= probe][-1]
        assert in_force == escalation.price(base, run_date, probe, since)


@given(prices, rises, tables, days, st.integers(1, 10), st.decimals("0", "20000", places=2), rises)
def test_caps_hold(base, percent, table, run_date, years, max_price, max_percent):
    day = anniversary(run_date, years)
    price = Escalation(percent, table, max_percent, max_price).price(base, run_date, day)
    assert price <= max(base, max_price)
    assert abs(price) <= abs(Escalation(max_percent).price(base, run_date, day)) + Decimal("0.00001")


@given(prices, rises, tables, days, st.integers(0, 10), days)
def test_price_after_price_compounds(base, percent, table, run_date, years, day):
    """What was agreed on an anniversary goes on from there as if it had always been so, but for the rounding."""
    escalation, middle = Escalation(percent, table), anniversary(run_date, years)
    if day >= middle:
        agreed = escalation.price(base, run_date, middle)
        stepped = escalation.price(agreed, run_date, day, since=middle)
        straight = escalation.price(base, run_date, day)
        left = anniversaries(run_date, day) - years
        assert abs(stepped - straight) <= Decimal("0.00001") * (1 + Decimal("1.3") ** left)
