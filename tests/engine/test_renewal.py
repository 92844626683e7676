"""Ends that renew themselves: no drift, in time, and every day billed once."""

from dataclasses import replace
from datetime import date, timedelta
from itertools import pairwise

import pytest
from billing_engine.cycles import Terms, cycles, schedule_date
from billing_engine.money import round_to
from billing_engine.periods import ONE_DAY, add_months
from billing_engine.renewal import renewal_day, renewals, renewed_end
from billing_engine.steps import Step
from books import ANNUAL, MONTHLY, QUARTERLY, Books
from hypothesis import given
from hypothesis import strategies as st

starts = st.dates(date(2020, 1, 1), date(2030, 12, 31))
steps = st.sampled_from([MONTHLY, QUARTERLY, ANNUAL, Step("month", 6)])
offsets = st.integers(-45, 10)
policies = st.sampled_from(["advance", "arrears"])
months = st.sampled_from([1, 2, 3, 6, 12, 36])
lengths = st.integers(1, 800)


@pytest.mark.parametrize(("start", "end", "months", "last_day", "ends"), [
    (date(2025, 1, 31), date(2025, 2, 27), 1, False, ["2025-03-30", "2025-04-29", "2025-05-30", "2025-06-29"]),
    (date(2024, 1, 31), date(2025, 1, 30), 12, False, ["2026-01-30", "2027-01-30", "2028-01-30", "2029-01-30"]),
    (date(2024, 2, 29), date(2025, 2, 27), 12, False, ["2026-02-27", "2027-02-27", "2028-02-28", "2029-02-27"]),
    (date(2025, 2, 28), date(2025, 3, 30), 1, True, ["2025-04-29", "2025-05-30", "2025-06-29", "2025-07-30"]),
    (date(2025, 3, 15), date(2025, 12, 31), 3, False, ["2026-03-31", "2026-06-30", "2026-09-30", "2026-12-31"]),
])
def test_ends_do_not_drift(start, end, months, last_day, ends):
    terms = Terms(start, MONTHLY, end, last_day=last_day)
    for expected in ends:
        terms = replace(terms, end=renewed_end(terms, months))
        assert str(terms.end) == expected


@pytest.mark.parametrize(("policy", "offset", "day"), [
    ("advance", 1, date(2025, 12, 31)), ("advance", 30, date(2025, 12, 31)), ("advance", -10, date(2025, 12, 22)),
    ("arrears", 1, date(2025, 12, 31)), ("arrears", -40, date(2025, 12, 22)),
])
def test_the_renewal_is_in_time_for_the_next_cycle(policy, offset, day):
    assert renewal_day(Terms(date(2025, 1, 1), MONTHLY, date(2025, 12, 31)), policy, offset) == day


@given(starts, steps, lengths, months, policies, offsets, st.integers(-50, 3000))
def test_renewals_reach_beyond_the_day_and_no_further_than_needed(start, step, days, months, policy, offset, later):
    terms = Terms(start, step, start + timedelta(days=days))
    day = terms.end + timedelta(days=later)
    found = renewals(terms, policy, offset, months, day)
    ends = [end for _day, end in found]
    assert found == sorted(set(found))
    assert all(renews_on <= day for renews_on, _end in found)
    last = replace(terms, end=ends[-1]) if ends else terms
    assert renewal_day(last, policy, offset) > day
    if ends:
        before = replace(terms, end=ends[-2] if len(ends) > 1 else terms.end)
        assert renewal_day(before, policy, offset) <= day
    # Nothing after the end is due yet: the schedules of the next term come in time.
    ahead = replace(last, end=None, billed_through=last.end)
    assert schedule_date(next(cycles(ahead)), policy, offset) > day


@given(starts, steps, lengths, months, st.integers(1, 4))
def test_all_at_once_is_one_by_one_and_whole_months_stay_whole(start, step, days, months, count):
    whole = Terms(start, step, add_months(start, 7) - ONE_DAY)
    for terms in (whole, Terms(start, step, start + timedelta(days=days))):
        ends, term = [], terms
        for _number in range(count):
            term = replace(term, end=renewed_end(term, months))
            ends.append(term.end)
        if terms is whole:
            assert ends == [add_months(start, 7 + months * number) - ONE_DAY for number in range(1, count + 1)]
        assert renewals(terms, "advance", 1, months, ends[-1] - ONE_DAY) == list(
            zip([terms.end, *ends[:-1]], ends, strict=True))


@given(starts, steps, lengths, st.integers(1, 12), st.sampled_from(["days", "months"]),
       st.sampled_from(["anniversary", "calendar"]), st.sampled_from(["33.33", "100"]))
def test_a_cycle_that_was_billed_cut_is_billed_to_its_end(start, step, days, months, unit, alignment, price):
    """No gap, no overlap, and in money the same as if the new end had been known at once."""
    terms = Terms(start, step, start + timedelta(days=days), alignment)
    books = Books(terms, unit=unit)
    books.subscribe(3, price)
    books.bill_due()
    longer = replace(terms, end=renewed_end(terms, months))
    known = Books(longer, unit=unit)
    known.subscribe(3, price)
    known.settle()
    books.extend(longer)
    books.settle()
    spans = sorted((line.start, line.end) for line in books.live_lines())
    assert spans[0][0] == start
    assert spans[-1][1] == longer.end
    assert all(before + ONE_DAY == after for (_start, before), (after, _end) in pairwise(spans))
    assert books.totals() == known.totals()
    assert sum(books.totals().values()) == sum(
        round_to(known.value(1, row), known.rounding) for row in known.rows.values())
