"""Proration and money: the amounts of DESIGN section 4, and the edges of rounding."""

from datetime import date
from decimal import Decimal, localcontext
from fractions import Fraction

import pytest
from billing_engine.cycles import Terms, cycle_at
from billing_engine.money import compound_discount, cumulative, exact, round_to, unit_price
from billing_engine.periods import Period, Recurrence
from billing_engine.proration import prorate
from billing_engine.steps import FREQUENCIES, every_days

CENT = Decimal("0.01")


def day(text):
    return date.fromisoformat(text)


def share(anchor, frequency, start, end, unit, last_day=False):
    """Return the share of the cycle around `start`..`end` (inclusive)."""
    step = FREQUENCIES.get(frequency, frequency)
    recurrence = Recurrence(day(anchor), step, last_day)
    natural = recurrence.period(recurrence.index_of(day(start)))
    return prorate(Period(day(start), date.fromordinal(day(end).toordinal() + 1)), natural, recurrence, unit)


@pytest.mark.parametrize(
    ("anchor", "frequency", "start", "end", "unit", "price", "expected"),
    [
        ("2018-01-01", "quarterly", "2018-01-15", "2018-03-31", "days", 360, "304.00"),
        ("2018-01-01", "quarterly", "2018-01-15", "2018-03-31", "months", 360, "305.81"),
        ("2018-01-01", "quarterly", "2018-04-01", "2018-06-30", "days", 360, "360.00"),
        ("2018-01-01", "quarterly", "2018-04-01", "2018-06-30", "months", 360, "360.00"),
        ("2020-01-01", "annual", "2020-01-01", "2020-12-31", "days", 1440, "1440.00"),
        ("2020-01-01", "annual", "2021-01-01", "2021-06-30", "days", 1440, "714.08"),
        ("2020-01-01", "annual", "2021-01-01", "2021-06-30", "months", 1440, "720.00"),
        ("2025-04-01", "monthly", "2025-04-16", "2025-04-30", "days", 200, "100.00"),
        ("2025-04-01", "monthly", "2025-04-16", "2025-04-30", "months", 200, "100.00"),
        ("2025-04-01", "monthly", "2025-04-16", "2025-04-30", "days", 30, "15.00"),
        ("2025-01-01", "annual", "2025-12-01", "2025-12-31", "days", 1200, "101.92"),
        ("2025-01-01", "annual", "2025-12-01", "2025-12-31", "months", 1200, "100.00"),
    ],
)
def test_amounts_of_the_design(anchor, frequency, start, end, unit, price, expected):
    assert str(round_to(price * share(anchor, frequency, start, end, unit), CENT)) == expected


@pytest.mark.parametrize(
    ("anchor", "frequency", "start", "end", "unit", "last_day", "expected"),
    [
        # the denominators are the days of the natural period, whichever it is
        ("2025-01-01", "monthly", "2025-02-01", "2025-02-14", "days", False, Fraction(14, 28)),
        ("2024-01-01", "monthly", "2024-02-01", "2024-02-14", "days", False, Fraction(14, 29)),
        ("2025-01-31", "monthly", "2025-03-01", "2025-03-30", "days", False, Fraction(30, 31)),
        # months run from the anchor: 15 Jan to 14 Feb has 31 days, to 14 Mar 28, to 14 Apr 31
        ("2025-01-15", "quarterly", "2025-02-10", "2025-03-31", "months", False, Fraction(5 + 31 + 17, 31) / 3),
        # and are clamped from it, never chained: 31 Jan, 28 Feb, 31 Mar, 30 Apr
        ("2025-01-31", "quarterly", "2025-02-28", "2025-03-30", "months", False, Fraction(1, 3)),
        ("2025-01-31", "quarterly", "2025-03-31", "2025-04-14", "months", False, Fraction(15, 30) / 3),
        # the last day of the month, where asked for: 28 Feb, 31 Mar, 30 Apr, 31 May
        ("2025-02-28", "quarterly", "2025-02-28", "2025-03-30", "months", True, Fraction(1, 3)),
        ("2025-02-28", "quarterly", "2025-02-28", "2025-03-27", "months", False, Fraction(1, 3)),
        ("2025-01-01", every_days(10), "2025-01-09", "2025-01-10", "months", False, Fraction(2, 10)),
        # a week is days, also where it lies across months of unequal length
        ("2025-01-29", "weekly", "2025-02-26", "2025-02-27", "months", False, Fraction(2, 7)),
    ],
)  # fmt: skip
def test_exact_shares(anchor, frequency, start, end, unit, last_day, expected):
    assert share(anchor, frequency, start, end, unit, last_day) == expected


@pytest.mark.parametrize("unit", ["days", "months"])
def test_a_calendar_part_cycle_is_prorated_on_its_quarter(unit):
    terms = Terms(day("2018-01-15"), FREQUENCIES["quarterly"], alignment="calendar")
    cycle = cycle_at(terms, terms.start)
    expected = {"days": "304.00", "months": "305.81"}
    assert str(round_to(360 * prorate(cycle.span, cycle.natural, terms.recurrence, unit), CENT)) == expected[unit]


@pytest.mark.parametrize(
    ("start", "stop"),
    [("2024-12-31", "2025-01-10"), ("2025-01-10", "2025-02-02"), ("2026-01-01", "2026-01-02")],
)
@pytest.mark.parametrize("unit", ["days", "months"])
def test_a_span_outside_the_natural_period(start, stop, unit):
    january = Recurrence(day("2025-01-01"), FREQUENCIES["monthly"])
    with pytest.raises(ValueError, match="is not inside the period"):
        prorate(Period(day(start), day(stop)), january.period(0), january, unit)


@pytest.mark.parametrize("frequency", ["weekly", "monthly"])
def test_an_unknown_unit(frequency):
    recurrence = Recurrence(day("2025-01-01"), FREQUENCIES[frequency])
    with pytest.raises(ValueError, match="unknown proration unit 'weeks'"):
        prorate(recurrence.period(0), recurrence.period(0), recurrence, "weeks")


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (3, Fraction(3)),
        (0.1, Fraction(1, 10)),
        (1e-05, Fraction(1, 100000)),
        (1e22, Fraction(10**22)),
        ("12.50", Fraction(25, 2)),
        (Decimal("0.05"), Fraction(1, 20)),
        (Fraction(1, 3), Fraction(1, 3)),
    ],
)
def test_exact(value, expected):
    assert exact(value) == expected


@pytest.mark.parametrize("value", ["", "ten", float("nan"), float("inf"), Decimal("NaN"), Decimal("-Infinity")])
def test_no_number(value):
    with pytest.raises(ValueError):
        exact(value)


def test_nothing_is_no_number():
    with pytest.raises(TypeError):
        exact(None)


@pytest.mark.parametrize(
    ("amount", "rounding", "expected"),
    [
        (Fraction(5, 1000), CENT, "0.01"),
        (Fraction(-5, 1000), CENT, "-0.01"),
        (Fraction(4999, 1000000), CENT, "0.00"),
        (Fraction(-4999, 1000000), CENT, "0.00"),
        (Fraction(2675, 1000), 0.01, "2.68"),
        (Fraction(304), CENT, "304.00"),
        (Fraction(5, 2), 1, "3"),
        (Fraction(-5, 2), 1, "-3"),
        (Fraction(1025, 1000), Decimal("0.05"), "1.05"),
        (Fraction(1024, 1000), Decimal("0.05"), "1.00"),
        (Fraction(12345678, 1000000), Decimal("0.00001"), "12.34568"),
        (Fraction(10**40 + 1, 3), CENT, "3333333333333333333333333333333333333333.67"),
        (1, Fraction(1, 4), "1.00"),
    ],
)
def test_round_to(amount, rounding, expected):
    assert str(round_to(amount, rounding)) == expected


def test_rounding_ignores_the_decimal_context():
    with localcontext() as context:
        context.prec = 3
        assert round_to(Fraction(1234567, 100), CENT) == Decimal("12345.67")
        assert cumulative([Fraction(1234567, 100)], 0, CENT) == [Decimal("12345.67")]


@pytest.mark.parametrize("rounding", [0, -1, Decimal("-0.01")])
def test_no_rounding_to_nothing(rounding):
    with pytest.raises(ValueError, match="above zero"):
        round_to(Fraction(1), rounding)


def test_cumulative_gives_the_cents_to_fixed_parts():
    assert list(map(str, cumulative([Fraction(10, 3)] * 3, 0, CENT))) == ["3.33", "3.34", "3.33"]


def test_cumulative_bills_what_is_missing():
    # 100.00 wanted, 66.67 billed of an exact 66.666…
    assert cumulative([Fraction(100, 3)], Decimal("66.67"), CENT, base=Fraction(200, 3)) == [Decimal("33.33")]


def test_the_first_piece_carries_an_old_difference():
    # 60.00 was billed where 66.67 was right
    pieces = cumulative([Fraction(100, 3), Fraction(10)], Decimal("60.00"), CENT, base=Fraction(200, 3))
    assert pieces == [Decimal("40.00"), Decimal("10.00")]


def test_cumulative_sheds_the_noise_of_floats():
    assert cumulative([Fraction(1)], 0.1 + 0.2, CENT, base=Fraction(3, 10)) == [Decimal("1.00")]


def test_no_parts_no_pieces():
    assert cumulative([], Decimal("5.00"), CENT) == []


@pytest.mark.parametrize(
    ("percents", "expected"),
    [
        ((10, 5), Fraction(29, 2)),
        ((5, 10), Fraction(29, 2)),
        ((), Fraction(0)),
        ((0, 7.5), Fraction(15, 2)),
        ((100, 50), Fraction(100)),
        ((33.33, 12.5), Fraction("41.66375")),
        ((-10,), Fraction(-10)),
    ],
)
def test_compound_discount(percents, expected):
    assert compound_discount(*percents) == expected


def test_a_discount_above_the_price():
    with pytest.raises(ValueError, match="above 100"):
        compound_discount(10, 100.5)


def test_unit_price():
    assert unit_price(Decimal("305.81"), 10) == Fraction("30.581")
    assert unit_price(10, 3) * 3 == 10
    with pytest.raises(ValueError, match="quantity of zero"):
        unit_price(10, 0)
