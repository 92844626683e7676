"""Steps, periods and recurrences: tables."""

from datetime import date

import pytest
from billing_engine.periods import Period, Recurrence, add_months
from billing_engine.steps import FREQUENCIES, SALES_UNIT_MONTHS, Step, every_days

MONTHLY = Step("month", 1)


def day(text):
    return date.fromisoformat(text)


def span(start, stop):
    return Period(day(start), day(stop))


def test_frequencies():
    assert {
        "weekly": Step("day", 7),
        "monthly": Step("month", 1),
        "quarterly": Step("month", 3),
        "semi_annual": Step("month", 6),
        "annual": Step("month", 12),
        "triennial": Step("month", 36),
    } == FREQUENCIES


def test_sales_units():
    assert SALES_UNIT_MONTHS == {"monthly": 1, "quarterly": 3, "semi_annual": 6, "annual": 12, "triennial": 36}


@pytest.mark.parametrize(("unit", "count"), [("month", 0), ("month", -1), ("day", 0), ("day", 1.5), ("day", "7")])
def test_a_step_counts_from_one(unit, count):
    with pytest.raises(ValueError, match="1 or more"):
        Step(unit, count)


def test_a_step_of_an_unknown_unit():
    with pytest.raises(ValueError, match="unknown step unit 'week'"):
        Step("week", 1)


def test_every_days():
    assert every_days(10) == Step("day", 10)
    with pytest.raises(ValueError, match="1 or more"):
        every_days(0)


def test_a_period_is_half_open():
    april = span("2025-04-01", "2025-05-01")
    assert (april.end, april.days) == (day("2025-04-30"), 30)
    assert april.contains(day("2025-04-01")) and april.contains(day("2025-04-30"))
    assert not april.contains(day("2025-03-31")) and not april.contains(day("2025-05-01"))


@pytest.mark.parametrize("stop", ["2025-04-01", "2025-03-31"])
def test_a_period_holds_a_day(stop):
    with pytest.raises(ValueError, match="is not before stop"):
        span("2025-04-01", stop)


@pytest.mark.parametrize(
    ("other", "common"),
    [
        (("2025-03-01", "2025-04-02"), ("2025-04-01", "2025-04-02")),
        (("2025-04-10", "2025-04-20"), ("2025-04-10", "2025-04-20")),
        (("2025-03-01", "2025-06-01"), ("2025-04-01", "2025-05-01")),
        (("2025-03-01", "2025-04-01"), None),
        (("2025-05-01", "2025-06-01"), None),
    ],
)
def test_intersect(other, common):
    april, other = span("2025-04-01", "2025-05-01"), span(*other)
    assert april.intersect(other) == other.intersect(april) == (common and span(*common))


def test_periods_sort_by_start_then_stop():
    short, long = span("2025-01-01", "2025-01-02"), span("2025-01-01", "2025-02-01")
    later = span("2025-01-02", "2025-01-03")
    assert sorted([later, long, short]) == [short, long, later]


@pytest.mark.parametrize(
    ("start", "months", "last_day", "expected"),
    [
        ("2025-01-31", 1, False, "2025-02-28"),
        ("2024-01-31", 1, False, "2024-02-29"),
        ("2025-01-31", 2, False, "2025-03-31"),
        ("2025-01-31", 0, False, "2025-01-31"),
        ("2025-03-31", -1, False, "2025-02-28"),
        ("2025-01-15", -1, False, "2024-12-15"),
        ("2025-12-15", 1, False, "2026-01-15"),
        ("2025-12-31", 12, False, "2026-12-31"),
        ("2024-02-29", 12, False, "2025-02-28"),
        ("2024-02-29", 48, False, "2028-02-29"),
        ("2025-02-28", 1, False, "2025-03-28"),
        ("2025-02-28", 1, True, "2025-03-31"),
        ("2025-01-15", 1, True, "2025-02-28"),
        ("2025-01-15", 0, True, "2025-01-31"),
    ],
)
def test_add_months(start, months, last_day, expected):
    assert add_months(day(start), months, last_day) == day(expected)


def starts(recurrence, count):
    return [recurrence.start_of(index).isoformat() for index in range(count)]


def test_short_months_clamp_and_recover():
    assert starts(Recurrence(day("2025-01-31"), MONTHLY), 5) == [
        "2025-01-31", "2025-02-28", "2025-03-31", "2025-04-30", "2025-05-31",
    ]  # fmt: skip


def test_a_28th_stays_a_28th():
    assert starts(Recurrence(day("2025-02-28"), MONTHLY), 3) == ["2025-02-28", "2025-03-28", "2025-04-28"]


def test_last_day_is_the_last_day_from_any_anchor():
    expected = ["2025-02-28", "2025-03-31", "2025-04-30"]
    assert starts(Recurrence(day("2025-02-28"), MONTHLY, last_day=True), 3) == expected
    assert starts(Recurrence(day("2025-02-10"), MONTHLY, last_day=True), 3) == expected


def test_29_february_every_year():
    assert starts(Recurrence(day("2024-02-29"), Step("month", 12)), 5) == [
        "2024-02-29", "2025-02-28", "2026-02-28", "2027-02-28", "2028-02-29",
    ]  # fmt: skip


def test_last_day_means_nothing_to_days():
    assert starts(Recurrence(day("2025-01-15"), every_days(10), last_day=True), 2) == ["2025-01-15", "2025-01-25"]


@pytest.mark.parametrize(
    ("anchor", "step", "last_day", "wanted", "index"),
    [
        ("2025-01-31", MONTHLY, False, "2025-02-27", 0),
        ("2025-01-31", MONTHLY, False, "2025-02-28", 1),
        ("2025-01-31", MONTHLY, False, "2025-01-30", -1),
        ("2025-01-31", Step("month", 3), False, "2025-04-29", 0),
        ("2025-01-31", Step("month", 3), False, "2025-04-30", 1),
        ("2025-01-10", MONTHLY, True, "2025-01-10", -1),
        ("2025-01-10", MONTHLY, True, "2025-01-31", 0),
        ("2025-01-10", every_days(7), False, "2025-01-16", 0),
        ("2025-01-10", every_days(7), False, "2025-01-09", -1),
    ],
)
def test_index_of(anchor, step, last_day, wanted, index):
    assert Recurrence(day(anchor), step, last_day).index_of(day(wanted)) == index


def test_touching_yields_full_periods():
    recurrence = Recurrence(day("2025-01-31"), MONTHLY)
    assert list(recurrence.touching(span("2025-02-27", "2025-03-31"))) == [recurrence.period(0), recurrence.period(1)]
