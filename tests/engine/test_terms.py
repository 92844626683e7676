"""Ends of terms, and the part of a commission that is lost."""

from datetime import date, timedelta
from decimal import Decimal

import pytest
from billing_engine.periods import add_months
from hypothesis import given
from hypothesis import strategies as st
from plain.billdozer_repeating.engine.terms import Service, is_longer, line_end, projected_end, service

starts = st.dates(date(2020, 1, 1), date(2035, 12, 31))
terms = st.integers(0, 60)


@pytest.mark.parametrize(("start", "term", "end"), [
    ("2026-01-01", 12, "2026-12-31"), ("2026-01-01", 1, "2026-01-31"), ("2026-01-31", 1, "2026-02-27"),
    ("2024-02-29", 12, "2025-02-27"), ("2026-08-31", 6, "2027-02-27"), ("2026-01-15", 0, None),
])
def test_projected_end(start, term, end):
    assert projected_end(date.fromisoformat(start), term) == (end and date.fromisoformat(end))


def test_a_negative_term_is_refused():
    with pytest.raises(ValueError, match="or 0 for an open end"):
        projected_end(date(2026, 1, 1), -1)


@pytest.mark.parametrize(("line_start", "line_term", "end", "expected"), [
    ("2026-01-01", 3, "2026-12-31", "2026-03-31"),
    ("2026-01-01", 0, "2026-12-31", "2026-12-31"),
    ("2026-11-01", 3, "2026-12-31", "2026-12-31"),
    ("2026-11-01", 3, None, "2027-01-31"),
    ("2026-11-01", 0, None, None),
])
def test_line_end(line_start, line_term, end, expected):
    days = [day and date.fromisoformat(day) for day in (line_start, end, expected)]
    assert line_end(days[0], line_term, days[1]) == days[2]


@pytest.mark.parametrize(("line_term", "term", "longer"), [
    (13, 12, True), (12, 12, False), (0, 12, False), (36, 0, False), (0, 0, False), (1, 0, False)])
def test_is_longer(line_term, term, longer):
    assert is_longer(line_term, term) is longer


@pytest.mark.parametrize(("last_access", "served", "unserved"), [
    ("2025-12-31", 0, 12), ("2025-06-01", 0, 12), ("2026-01-01", 1, 11), ("2026-06-30", 6, 6), ("2026-07-15", 7, 5),
    ("2026-12-01", 12, 0), ("2026-12-31", 12, 0), ("2028-01-01", 12, 0),
])
def test_service(last_access, served, unserved):
    assert service(date(2026, 1, 1), 12, date.fromisoformat(last_access)) == Service(served, unserved)


def test_an_open_term_has_nothing_to_lose():
    assert service(date(2026, 1, 1), 0, date(2026, 6, 30)) == Service(0, 0)
    assert Service(0, 0).clawback(1000, "0.01") == Decimal("0.00")


@pytest.mark.parametrize(("commission", "served", "unserved", "lost"), [
    (1200, 6, 6, "600.00"), (1000, 5, 7, "583.33"), (1000, 0, 12, "1000.00"), (1000, 12, 0, "0.00"),
    ("0.05", 1, 1, "0.03"),
])
def test_clawback(commission, served, unserved, lost):
    assert Service(served, unserved).clawback(commission, "0.01") == Decimal(lost)


@given(starts, st.integers(1, 60), st.integers(-400, 2500))
def test_served_and_unserved_make_the_term(start, term, days):
    last_access = start + timedelta(days=days)
    found = service(start, term, last_access)
    assert found.served + found.unserved == term
    assert found.served >= 0 and found.unserved >= 0
    assert found.served == sum(add_months(start, month) <= last_access for month in range(term))


@given(starts, terms, terms, starts)
def test_a_line_never_outlives_its_invoice(start, term, line_term, line_start):
    end = projected_end(start, term)
    own = projected_end(line_start, line_term)
    found = line_end(line_start, line_term, end)
    assert found == (min(own, end) if own and end else own or end)
