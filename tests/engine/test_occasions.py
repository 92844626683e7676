"""Weekly and monthly occasions."""

from calendar import monthrange
from datetime import date, timedelta

import pytest
from billing_engine.occasions import last_occasion, occasions
from hypothesis import given
from hypothesis import strategies as st

days = st.dates(date(2020, 1, 1), date(2032, 12, 31))


@pytest.mark.parametrize(("rhythm", "number", "day", "expected"), [
    ("weekly", 0, date(2026, 11, 23), date(2026, 11, 23)),  # a Monday
    ("weekly", 4, date(2026, 11, 23), date(2026, 11, 20)),
    ("monthly", 1, date(2026, 11, 1), date(2026, 11, 1)),
    ("monthly", 15, date(2026, 11, 14), date(2026, 10, 15)),
    ("monthly", 31, date(2026, 3, 30), date(2026, 2, 28)),
    ("monthly", 31, date(2026, 2, 28), date(2026, 2, 28)),
    ("monthly", 30, date(2028, 3, 1), date(2028, 2, 29)),
])
def test_the_last_one_due(rhythm, number, day, expected):
    assert last_occasion(rhythm, number, day) == expected


@pytest.mark.parametrize(("rhythm", "number", "expected"), [
    ("weekly", 0, ["2026-02-23", "2026-03-02", "2026-03-09"]), ("weekly", 5, ["2026-02-28", "2026-03-07"]),
    ("monthly", 31, ["2026-02-28"]), ("monthly", 9, ["2026-03-09"]), ("monthly", 10, []),
    ("monthly", 23, ["2026-02-23"])])
def test_all_from_a_day_to_another(rhythm, number, expected):
    found = occasions(rhythm, number, date(2026, 2, 23), date(2026, 3, 9))
    assert [day.isoformat() for day in found] == expected


@given(days, st.integers(0, 6))
def test_every_week_has_one(day, number):
    found = last_occasion("weekly", number, day)
    assert found.weekday() == number
    assert timedelta(0) <= day - found < timedelta(days=7)


@given(days, st.integers(1, 31))
def test_every_month_has_one_whatever_the_day_on_which_is_asked(day, number):
    month = day.replace(day=1)
    length = monthrange(day.year, day.month)[1]
    asked = {last_occasion("monthly", number, month + timedelta(days=past)) for past in range(length)}
    own = [found for found in asked if (found.year, found.month) == (day.year, day.month)]
    assert own == [month.replace(day=min(number, length))]
    assert max(asked) == own[0]
    assert len(asked) <= 2
