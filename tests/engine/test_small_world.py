"""A small world, whole: every start of two years, one of them a leap year, at every frequency and alignment.

Ends rotate over a sample so that each frequency meets each of them from many starts; the oracle is the plain list
of the days of the term, and the months of a term counted without cycles.
"""

from datetime import date, timedelta
from fractions import Fraction
from functools import cache
from itertools import pairwise

import pytest
from billing_engine.cycles import ALIGNMENTS, POLICIES, Terms, cycles, due_cycles
from billing_engine.periods import Period, Recurrence
from billing_engine.proration import prorate
from billing_engine.steps import FREQUENCIES, Step

STARTS = [date(2023, 1, 1) + timedelta(days=count) for count in range(731)]
# Days from the first to the last of the term: one day, around a month, a quarter, a year with and without 29 Feb.
LENGTHS = [0, 1, 27, 28, 29, 30, 31, 58, 59, 60, 89, 90, 91, 180, 181, 183, 212, 364, 365, 366, 395, 423, 730]
MONTH = Step("month", 1)


def worlds(name, alignment):
    """Yield a term per start, its length rotating; weeks get short terms, they repeat themselves."""
    lengths = LENGTHS[:10] if name == "weekly" else LENGTHS
    for number, start in enumerate(STARTS):
        yield Terms(start, FREQUENCIES[name], start + timedelta(days=lengths[number % len(lengths)]), alignment)


def check_calendar_of(terms, found):
    """I1 to I3: the cycles touch, in order, from the first day of the term to the last."""
    assert found[0].start == terms.start
    assert found[-1].end == terms.end
    ordinals = [(cycle.start.toordinal(), cycle.end.toordinal()) for cycle in found]
    assert all(start <= end for start, end in ordinals)
    assert all(before[1] + 1 == after[0] for before, after in pairwise(ordinals))


def check_anchor_of(terms, found):
    """I4 and I5: each natural start is on the anchor's day, or on the last day of a month that is too short."""
    anchor = terms.recurrence.anchor
    for cycle in found:
        start = cycle.natural.start
        if terms.step.unit == "day":
            assert (start - anchor).days == 7 * cycle.index
        else:
            assert (start.year - anchor.year) * 12 + start.month - anchor.month == terms.step.count * cycle.index
            assert start.day == anchor.day or (start.day < anchor.day and (start + timedelta(days=1)).day == 1)


@cache
def month_starts(anchor):
    recurrence = Recurrence(anchor, MONTH)
    return [recurrence.start_of(index) for index in range(-37, 62)]


def months_of(terms):
    """Return the months of the term: whole ones and days ÷ days of the two at its ends."""
    stop, bounds = terms.end + timedelta(days=1), month_starts(terms.recurrence.anchor)
    months = Fraction(0)
    for first, after in pairwise(bounds):
        days = (min(after, stop) - max(first, terms.start)).days
        if days > 0:
            months += Fraction(days, (after - first).days)
    return months


def check_prorations_of(terms, found):
    """I13 over a whole term: its cycles cost its days (or months), no more and no less; whole cycles cost 1."""
    recurrence = terms.recurrence
    for cycle in found:
        if cycle.is_cut:
            rest = [
                Period(start, stop)
                for start, stop in ((cycle.natural.start, cycle.start), (cycle.span.stop, cycle.natural.stop))
                if start < stop
            ]
            share = prorate(cycle.span, cycle.natural, recurrence, "days")
            assert share == Fraction((cycle.end - cycle.start).days + 1, cycle.natural.days)
            assert share + sum(prorate(part, cycle.natural, recurrence, "days") for part in rest) == 1
    if terms.step.unit == "month":
        shares = [prorate(cycle.span, cycle.natural, recurrence, "months") for cycle in found]
        assert sum(shares) * terms.step.count == months_of(terms)


@pytest.mark.parametrize("alignment", ALIGNMENTS)
@pytest.mark.parametrize("name", FREQUENCIES)
def test_every_start_of_two_years(name, alignment):
    for terms in worlds(name, alignment):
        found = list(cycles(terms))
        check_calendar_of(terms, found)
        check_anchor_of(terms, found)
        check_prorations_of(terms, found)


@pytest.mark.parametrize("policy", POLICIES)
@pytest.mark.parametrize("name", FREQUENCIES)
def test_every_start_is_billed_to_its_end(name, policy):
    """Both policies find the same cycles; the last one is not due before its own day, one offset after."""
    for terms in worlds(name, "anniversary"):
        found = list(cycles(terms))
        last = found[-1].start if policy == "advance" else found[-1].end
        assert due_cycles(terms, policy, 1, last + timedelta(days=1)) == found
        assert due_cycles(terms, policy, 1, last) == found[:-1]
