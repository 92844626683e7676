"""The day of a collection: tables with South African public holidays, and what holds for every calendar."""

from calendar import monthrange
from datetime import date, timedelta

import holidays
import pytest
from hypothesis import given
from hypothesis import strategies as st
from plain.billdozer_repeating.engine.collection import (
    COLLECT_ON,
    BusinessDays,
    Closed,
    Collection,
    agreed_day,
    collect,
)

SOUTH_AFRICA = holidays.country_holidays("ZA", years=range(2019, 2037))
NO_HOLIDAYS = {}

invoice_dates = st.dates(date(2020, 1, 1), date(2035, 12, 31))
choices = st.sampled_from(COLLECT_ON)
calendars = st.builds(
    BusinessDays,
    st.sampled_from([NO_HOLIDAYS.get, SOUTH_AFRICA.get]), st.booleans(), st.sampled_from(["next", "previous"]))


def south_africa(direction="next", saturday=False):
    return BusinessDays(SOUTH_AFRICA.get, saturday, direction)


@pytest.mark.parametrize(("collect_on", "invoice_date", "day"), [
    ("issued", "2026-05-31", "2026-05-31"),
    ("last", "2026-05-01", "2026-05-31"),
    ("last", "2026-05-31", "2026-05-31"),
    ("last", "2026-02-10", "2026-02-28"),
    ("last", "2028-02-10", "2028-02-29"),
    ("10", "2026-08-01", "2026-08-10"),
    ("10", "2026-08-10", "2026-08-10"),
    ("10", "2026-08-11", "2026-09-10"),
    ("1", "2026-12-02", "2027-01-01"),
    ("30", "2026-01-30", "2026-01-30"),
    ("30", "2026-01-31", "2026-02-28"),
    ("30", "2028-01-31", "2028-02-29"),
    ("29", "2027-02-01", "2027-02-28"),
    ("28", "2026-02-28", "2026-02-28"),
    ("30", "2026-02-28", "2026-02-28"),
    ("30", "2026-12-31", "2027-01-30"),
])
def test_the_agreed_day(collect_on, invoice_date, day):
    assert agreed_day(collect_on, date.fromisoformat(invoice_date)) == date.fromisoformat(day)


@pytest.mark.parametrize("collect_on", ["0", "31", "first", "", 10, None])
def test_an_unknown_day_is_refused(collect_on):
    with pytest.raises(ValueError, match="expected '1' to '30', 'last' or 'issued'"):
        agreed_day(collect_on, date(2026, 1, 1))


def test_an_unknown_direction_is_refused():
    with pytest.raises(ValueError, match="'next' or 'previous'"):
        BusinessDays(NO_HOLIDAYS.get, direction="sideways")


@pytest.mark.parametrize(("collect_on", "invoice_date", "following", "preceding"), [
    # DESIGN section 5
    ("last", "2026-05-01", "2026-06-01", "2026-05-29"),
    ("10", "2026-08-01", "2026-08-11", "2026-08-07"),
    # Easter 2026: Good Friday 3 April to Family Day 6 April
    ("3", "2026-04-01", "2026-04-07", "2026-04-02"),
    ("5", "2026-04-01", "2026-04-07", "2026-04-02"),
    # 25 and 26 December, then a weekend
    ("25", "2026-12-01", "2026-12-28", "2026-12-24"),
    ("26", "2025-12-01", "2025-12-29", "2025-12-24"),
    # 27 April 2025 is a Sunday, so Monday is free, too; 1 May and 2 May are a Thursday and a Friday
    ("27", "2025-04-01", "2025-04-29", "2025-04-25"),
    ("1", "2025-04-15", "2025-05-02", "2025-04-30"),
    # New Year's Day on another year's first day
    ("last", "2027-12-05", "2027-12-31", "2027-12-31"),
    ("1", "2027-12-05", "2028-01-03", "2027-12-31"),
])
def test_south_africa(collect_on, invoice_date, following, preceding):
    day = date.fromisoformat(invoice_date)
    assert collect(collect_on, day, south_africa()).date == date.fromisoformat(following)
    assert collect(collect_on, day, south_africa("previous")).date == date.fromisoformat(preceding)


def test_the_reasons_name_each_day_that_was_passed_over():
    assert collect("9", date(2026, 8, 1), south_africa()) == Collection(date(2026, 8, 11), date(2026, 8, 9), (
        Closed(date(2026, 8, 9), "holiday", "National Women's Day"),
        Closed(date(2026, 8, 10), "holiday", "National Women's Day (observed)")))
    assert collect("last", date(2026, 5, 1), south_africa("previous")) == Collection(
        date(2026, 5, 29), date(2026, 5, 31),
        (Closed(date(2026, 5, 31), "sunday"), Closed(date(2026, 5, 30), "saturday")))
    assert collect("last", date(2026, 5, 1), south_africa("previous", saturday=True)) == Collection(
        date(2026, 5, 30), date(2026, 5, 31), (Closed(date(2026, 5, 31), "sunday"),))
    assert collect("12", date(2026, 8, 1), south_africa()) == Collection(date(2026, 8, 12), date(2026, 8, 12))


def test_a_holiday_on_a_business_saturday_is_closed():
    assert collect("26", date(2026, 12, 26), south_africa(saturday=True)).date == date(2026, 12, 28)


@pytest.mark.parametrize(("collect_on", "invoice_date", "day"), [
    ("issued", "2026-05-31", "2026-06-01"),
    ("last", "2026-05-30", "2026-06-01"),
    ("10", "2026-08-08", "2026-08-11"),
    ("10", "2026-08-07", "2026-08-07"),
])
def test_previous_never_goes_before_the_invoice_date(collect_on, invoice_date, day):
    found = collect(collect_on, date.fromisoformat(invoice_date), south_africa("previous"))
    assert found.date == date.fromisoformat(day)


@given(choices, invoice_dates)
def test_the_agreed_day_is_the_first_such_day(collect_on, invoice_date):
    day = agreed_day(collect_on, invoice_date)
    assert invoice_date <= day

    def fits(some):
        length = monthrange(some.year, some.month)[1]
        number = length if collect_on == "last" else min(int(collect_on), length)
        return some.day == number

    if collect_on == "issued":
        assert day == invoice_date
    else:
        before = [invoice_date + timedelta(days=days) for days in range((day - invoice_date).days)]
        assert fits(day) and not any(map(fits, before))


@given(choices, invoice_dates, calendars)
def test_a_collection_is_on_a_business_day_and_not_before_the_invoice(collect_on, invoice_date, calendar):
    found = collect(collect_on, invoice_date, calendar)
    assert calendar.closed(found.date) is None
    assert found.date >= invoice_date
    assert found.unmoved == agreed_day(collect_on, invoice_date)


@given(choices, invoice_dates, calendars)
def test_every_day_passed_over_is_closed_and_told_in_order(collect_on, invoice_date, calendar):
    found = collect(collect_on, invoice_date, calendar)
    step = timedelta(days=1 if found.date > found.unmoved else -1)
    passed = [found.unmoved + step * number for number in range(abs((found.date - found.unmoved).days))]
    assert [reason.day for reason in found.reasons] == passed
    assert all(calendar.closed(reason.day) == reason for reason in found.reasons)
    assert len(passed) <= 5


@given(choices, invoice_dates, calendars)
def test_previous_moves_forward_only_where_it_has_to(collect_on, invoice_date, calendar):
    found = collect(collect_on, invoice_date, calendar)
    if calendar.direction == "previous" and found.date > found.unmoved:
        between = (found.unmoved - invoice_date).days
        assert all(calendar.closed(invoice_date + timedelta(days=days)) for days in range(between + 1))


@given(choices, invoice_dates, st.integers(0, 70), calendars)
def test_a_later_invoice_is_not_collected_earlier(collect_on, invoice_date, days, calendar):
    later = invoice_date + timedelta(days=days)
    assert collect(collect_on, invoice_date, calendar).date <= collect(collect_on, later, calendar).date


@given(st.integers(2020, 2035))
def test_a_holiday_on_a_sunday_frees_the_monday_in_south_africa(year):
    calendar = south_africa()
    sundays = [day for day in holidays.country_holidays("ZA", years=year) if day.weekday() == 6]
    assert all(calendar.move(day, day).date > day + timedelta(days=1) for day in sundays)
