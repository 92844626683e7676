"""DESIGN section 4, *Cycles* and *When*, and its table: each rule with dates in it."""

from datetime import date, timedelta
from itertools import islice

import pytest
from billing_engine.cycles import (
    ALIGNMENTS,
    POLICIES,
    EndBeforeStart,
    Terms,
    cycle_at,
    cycles,
    due_cycles,
    next_cycle,
    schedule_date,
)
from billing_engine.periods import Period, add_months
from billing_engine.steps import FREQUENCIES, Step, every_days


def day(text):
    return text and date.fromisoformat(text)


def terms(start, frequency, end=None, alignment="anniversary", billed_through=None, last_day=False):
    step = FREQUENCIES.get(frequency, frequency)
    return Terms(day(start), step, day(end), alignment, day(billed_through), last_day)


def shown(found):
    return [f"{cycle.start} {cycle.end}" for cycle in found]


def natural(cycle):
    return f"{cycle.natural.start} {cycle.natural.end}"


def first(contract, count=3):
    return shown(islice(cycles(contract), count))


def test_monthly_from_the_second_is_second_to_first():
    assert first(terms("2025-01-02", "monthly"), 2) == ["2025-01-02 2025-02-01", "2025-02-02 2025-03-01"]


def test_monthly_from_31_january():
    assert first(terms("2025-01-31", "monthly")) == [
        "2025-01-31 2025-02-27",
        "2025-02-28 2025-03-30",
        "2025-03-31 2025-04-29",
    ]


def test_monthly_on_the_last_day_from_a_28th():
    assert first(terms("2025-02-28", "monthly", last_day=True), 2) == ["2025-02-28 2025-03-30", "2025-03-31 2025-04-29"]


def test_last_day_from_within_a_month_makes_a_first_part_cycle():
    found = list(islice(cycles(terms("2025-01-15", "monthly", last_day=True)), 2))
    assert shown(found) == ["2025-01-15 2025-01-30", "2025-01-31 2025-02-27"]
    assert natural(found[0]) == "2024-12-31 2025-01-30"
    assert [cycle.index for cycle in found] == [-1, 0]


def test_the_last_cycle_is_cut_at_the_inclusive_end():
    found = list(cycles(terms("2020-01-01", "annual", "2021-06-30")))
    assert shown(found) == ["2020-01-01 2020-12-31", "2021-01-01 2021-06-30"]
    assert [cycle.is_cut for cycle in found] == [False, True]
    assert natural(found[1]) == "2021-01-01 2021-12-31"
    assert found[1].span == Period(day("2021-01-01"), day("2021-07-01"))


def test_an_end_on_the_last_day_of_a_cycle_cuts_nothing():
    found = list(cycles(terms("2018-01-01", "quarterly", "2018-12-31")))
    assert len(found) == 4 and not any(cycle.is_cut for cycle in found)


def test_an_end_on_the_first_day_of_a_cycle_bills_that_day():
    assert shown(cycles(terms("2025-01-01", "monthly", "2025-02-01"))) == [
        "2025-01-01 2025-01-31",
        "2025-02-01 2025-02-01",
    ]


def test_a_term_of_one_day():
    assert shown(cycles(terms("2025-01-01", "annual", "2025-01-01"))) == ["2025-01-01 2025-01-01"]


def test_a_term_in_months_gives_that_many_cycles():
    """Billdozer: projected end = run date + term - 1 day; monthly with term 12 makes 12 invoices."""
    end = add_months(day("2026-01-01"), 12) - timedelta(days=1)
    assert end == day("2026-12-31")
    assert len(list(cycles(Terms(day("2026-01-01"), FREQUENCIES["monthly"], end)))) == 12


@pytest.mark.parametrize(
    ("start", "frequency", "part", "whole"),
    [
        ("2025-01-15", "monthly", "2025-01-01 2025-01-31", "2025-02-01 2025-02-28"),
        ("2025-02-15", "quarterly", "2025-01-01 2025-03-31", "2025-04-01 2025-06-30"),
        ("2025-04-02", "quarterly", "2025-04-01 2025-06-30", "2025-07-01 2025-09-30"),
        ("2025-12-31", "quarterly", "2025-10-01 2025-12-31", "2026-01-01 2026-03-31"),
        ("2025-02-15", "semi_annual", "2025-01-01 2025-06-30", "2025-07-01 2025-12-31"),
        ("2025-07-02", "semi_annual", "2025-07-01 2025-12-31", "2026-01-01 2026-06-30"),
        ("2025-01-02", "annual", "2025-01-01 2025-12-31", "2026-01-01 2026-12-31"),
        ("2025-03-15", "triennial", "2023-01-01 2025-12-31", "2026-01-01 2028-12-31"),
        ("2025-01-01", "weekly", "2024-12-30 2025-01-05", "2025-01-06 2025-01-12"),
        ("2025-03-15", Step("month", 2), "2025-03-01 2025-04-30", "2025-05-01 2025-06-30"),
        ("2025-03-15", Step("month", 24), "2024-01-01 2025-12-31", "2026-01-01 2027-12-31"),
    ],
)
def test_calendar_alignment_makes_a_first_part_cycle(start, frequency, part, whole):
    cut, full = islice(cycles(terms(start, frequency, alignment="calendar")), 2)
    assert (cut.start, cut.index, full.index) == (day(start), -1, 0)
    assert (natural(cut), natural(full)) == (part, whole)
    assert cut.is_cut and not full.is_cut
    assert cut.end == cut.natural.end and shown([full]) == [whole]


@pytest.mark.parametrize(
    ("start", "frequency"),
    [
        ("2025-03-01", "monthly"),
        ("2025-10-01", "quarterly"),
        ("2025-07-01", "semi_annual"),
        ("2025-01-01", "annual"),
        ("2025-01-01", "triennial"),
        ("2025-01-06", "weekly"),
        ("2025-01-15", every_days(10)),
    ],
)
def test_calendar_alignment_on_a_boundary_is_the_anniversary(start, frequency):
    calendar = terms(start, frequency, alignment="calendar")
    assert calendar.recurrence == terms(start, frequency).recurrence
    assert not next(cycles(calendar)).is_cut


def test_a_calendar_part_cycle_can_be_cut_by_the_end_as_well():
    (only,) = cycles(terms("2025-02-10", "quarterly", "2025-03-05", "calendar"))
    assert shown([only]) == ["2025-02-10 2025-03-05"] and natural(only) == "2025-01-01 2025-03-31"


def test_calendar_alignment_ignores_last_day():
    assert first(terms("2025-01-15", "monthly", None, "calendar", last_day=True)) == first(
        terms("2025-01-15", "monthly", None, "calendar")
    )


def test_nothing_up_to_billed_through_is_billed():
    contract = terms("2025-01-01", "monthly", "2025-04-30", billed_through="2025-02-10")
    found = list(cycles(contract))
    assert shown(found) == ["2025-02-11 2025-02-28", "2025-03-01 2025-03-31", "2025-04-01 2025-04-30"]
    assert natural(found[0]) == "2025-02-01 2025-02-28" and found[0].is_cut
    assert cycle_at(contract, day("2025-02-10")) is None
    assert cycle_at(contract, day("2025-02-11")) == found[0]


@pytest.mark.parametrize(
    ("billed_through", "start"),
    [("2024-06-30", "2025-01-01"), ("2024-12-31", "2025-01-01"), ("2025-01-31", "2025-02-01")],
)
def test_billed_through_on_a_boundary_cuts_nothing(billed_through, start):
    found = next(cycles(terms("2025-01-01", "monthly", billed_through=billed_through)))
    assert found.start == day(start) and not found.is_cut


@pytest.mark.parametrize("billed_through", ["2025-04-30", "2026-01-01"])
def test_all_billed_elsewhere(billed_through):
    assert not list(cycles(terms("2025-01-01", "monthly", "2025-04-30", billed_through=billed_through)))


def test_the_cycle_of_a_day():
    contract = terms("2025-01-15", "monthly", "2025-03-20")
    assert shown([cycle_at(contract, day("2025-02-14"))]) == ["2025-01-15 2025-02-14"]
    assert shown([cycle_at(contract, day("2025-03-20"))]) == ["2025-03-15 2025-03-20"]
    assert cycle_at(contract, day("2025-01-14")) is None
    assert cycle_at(contract, day("2025-03-21")) is None


def test_next_cycle():
    contract = terms("2025-01-01", "monthly", "2025-02-20")
    january, february = cycles(contract)
    assert next_cycle(contract, january) == february
    assert next_cycle(contract, february) is None


def test_next_cycle_skips_what_was_billed_elsewhere():
    january = next(cycles(terms("2025-01-01", "monthly")))
    imported = terms("2025-01-01", "monthly", billed_through="2025-04-10")
    assert shown([next_cycle(imported, january)]) == ["2025-04-11 2025-04-30"]


def test_until_is_the_last_start_inclusive():
    contract = terms("2025-01-01", "monthly")
    assert len(list(cycles(contract, day("2025-03-01")))) == 3
    assert len(list(cycles(contract, day("2025-02-28")))) == 2
    assert not list(cycles(contract, day("2024-12-31")))


@pytest.mark.parametrize(
    ("start", "frequency", "policy", "offset", "expected"),
    [
        ("2018-01-01", "quarterly", "advance", 1, ["2018-01-02", "2018-04-02", "2018-07-02", "2018-10-02"]),
        ("2025-01-01", "monthly", "arrears", 1, ["2025-02-01", "2025-03-01", "2025-04-01"]),
        ("2025-05-01", "monthly", "advance", -3, ["2025-04-28", "2025-05-29"]),
        ("2025-01-01", "monthly", "arrears", 0, ["2025-01-31", "2025-02-28"]),
        ("2025-01-01", "monthly", "advance", 0, ["2025-01-01", "2025-02-01"]),
    ],
)
def test_schedule_dates(start, frequency, policy, offset, expected):
    found = islice(cycles(terms(start, frequency)), len(expected))
    assert [schedule_date(cycle, policy, offset).isoformat() for cycle in found] == expected


def test_everything_due_is_found_however_late_it_is():
    contract = terms("2018-01-01", "quarterly", "2018-12-31")
    assert [len(due_cycles(contract, "advance", 1, day(today))) for today in (
        "2018-01-01", "2018-01-02", "2018-04-01", "2018-04-02", "2018-10-02", "2031-01-01",
    )] == [0, 1, 1, 2, 4, 4]  # fmt: skip


def test_the_last_part_cycle_in_arrears_is_due_after_its_end():
    contract = terms("2025-01-01", "monthly", "2025-02-10")
    assert shown(due_cycles(contract, "arrears", 1, day("2025-02-10"))) == ["2025-01-01 2025-01-31"]
    assert shown(due_cycles(contract, "arrears", 1, day("2025-02-11")))[1:] == ["2025-02-01 2025-02-10"]


def test_end_before_start():
    with pytest.raises(EndBeforeStart) as raised:
        terms("2025-01-02", "monthly", "2025-01-01")
    assert isinstance(raised.value, ValueError)


def test_unknown_words():
    january = next(cycles(terms("2025-01-01", "monthly")))
    with pytest.raises(ValueError, match="unknown alignment"):
        terms("2025-01-01", "monthly", alignment="fiscal")
    with pytest.raises(ValueError, match="unknown billing policy"):
        schedule_date(january, "prepaid", 1)
    with pytest.raises(ValueError, match="unknown billing policy"):
        due_cycles(terms("2025-01-01", "monthly", "2025-01-31", billed_through="2025-12-31"), "", 1, date.max)
    assert (ALIGNMENTS, POLICIES) == (("anniversary", "calendar"), ("advance", "arrears"))
