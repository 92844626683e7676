"""A stop stays a stop, whatever is entered before it and after it."""

from datetime import date, timedelta
from fractions import Fraction

from billing_engine.history import ACTIVE, INACTIVE, PAUSED, Entry, first_negative, quantity_on, state_on, unbalanced
from billing_engine.periods import ONE_DAY
from hypothesis import given
from hypothesis import strategies as st

APRIL, MAY, JUNE, JULY = (date(2026, month, 1) for month in (4, 5, 6, 7))


def entries(*rows):
    return [Entry(number, day, event, Fraction(delta), **dict(more)) for number, (day, event, delta, *more)
            in enumerate(rows, start=1)]


def fixed(found):
    """Return the entries with what completes them, as the models enter it."""
    found = list(found)
    for entry, delta in list(unbalanced(found)):
        found.append(Entry(len(found) + 1, entry.day, entry.event, delta, entry.billed, entry.head))
    return found


def differences(found):
    return [(entry.day, entry.event, int(delta)) for entry, delta in unbalanced(found)]


def test_a_pause_and_its_resume_follow_a_change_before_them():
    found = entries((APRIL, "create", 5), (MAY, "pause", -5), (JUNE, "resume", 5), (date(2026, 4, 16), "update", 1))
    assert differences(found) == [(MAY, "pause", -1), (JUNE, "resume", 1)]
    again = fixed(found)
    assert differences(again) == []
    assert [quantity_on(again, day) for day in (APRIL, date(2026, 4, 16), MAY, JUNE)] == [5, 6, 0, 6]


def test_a_deactivation_takes_all_there_is_then():
    found = entries((APRIL, "create", 5), (JULY, "deactivate", -5), (MAY, "update", 1), (JUNE, "update", -3))
    assert differences(found) == [(JULY, "deactivate", 2)]


def test_a_change_while_it_is_stopped_changes_nothing():
    found = entries((APRIL, "create", 5), (MAY, "deactivate", -5), (JUNE, "update", 2))
    assert differences(found) == [(JUNE, "update", -2)]
    found = entries((APRIL, "create", 5), (MAY, "pause", -5), (JUNE, "update", 2), (JULY, "resume", 5))
    assert differences(found) == [(JUNE, "update", -2)]


def test_a_resume_without_a_pause_changes_nothing():
    found = entries((APRIL, "create", 5), (MAY, "pause", -5), (JUNE, "resume", 5), (JULY, "resume", 5))
    assert differences(found) == [(JULY, "resume", -5)]
    found = entries((APRIL, "create", 5), (MAY, "pause", -5), (JUNE, "deactivate", 0), (JULY, "resume", 5))
    assert differences(found) == [(JULY, "resume", -5)]


def test_a_new_activation_chooses_its_quantity():
    found = entries((APRIL, "create", 5), (MAY, "deactivate", -5), (JUNE, "activate", 3), (APRIL, "update", 1))
    assert differences(found) == [(MAY, "deactivate", -1)]


def test_a_pause_that_is_billed_in_full_leaves_the_quantity():
    found = entries(
        (APRIL, "create", 5), (MAY, "pause", 0, ("billed", True)), (JUNE, "resume", 0, ("billed", True)),
        (APRIL, "update", 1))
    assert differences(found) == []
    assert state_on(found, MAY) == PAUSED


def test_the_state_is_that_of_the_last_stop_or_start():
    found = entries(
        (APRIL, "create", 5), (MAY, "pause", -5), (JUNE, "resume", 5), (JUNE, "update", 1), (JULY, "deactivate", -6))
    assert [state_on(found, day) for day in (APRIL, MAY, JUNE, JULY)] == [ACTIVE, PAUSED, ACTIVE, INACTIVE]


def test_the_first_day_on_which_nothing_is_left_to_take():
    found = entries((APRIL, "create", 5), (JULY, "update", -3), (MAY, "update", -4))
    assert first_negative(found, MAY) == JULY
    assert first_negative(found[:2], MAY) is None


@st.composite
def histories(draw):
    """Changes of any day and order around stops that do not overlap."""
    found = [Entry(1, APRIL, "create", Fraction(5))]
    for first in (APRIL + timedelta(days=20), APRIL + timedelta(days=50)):
        if draw(st.booleans()):
            found.append(Entry(len(found) + 1, first, "pause", Fraction(-5)))
            found.append(Entry(len(found) + 1, first + timedelta(days=15), "resume", Fraction(5)))
    if draw(st.booleans()):
        found.append(Entry(len(found) + 1, APRIL + timedelta(days=80), "deactivate", Fraction(-5)))
    for _number in range(draw(st.integers(0, 5))):
        day = APRIL + timedelta(days=draw(st.integers(0, 100)))
        found.append(Entry(len(found) + 1, day, "update", Fraction(draw(st.integers(0, 3)))))
        found = fixed(found)
    return found


@given(histories())
def test_nothing_is_in_force_while_it_is_stopped_and_all_before_and_after(found):
    assert not differences(found)
    day = APRIL
    while day < APRIL + timedelta(days=100):
        before = [entry for entry in found if entry.day <= day]
        state = state_on(before, day)
        stops = [(entry.day, entry.event) for entry in found if entry.event in ("pause", "resume", "deactivate")]
        plain = sum(
            entry.delta for entry in before if entry.event in ("create", "update") and entry.completes is None
            and state_on([one for one in found if one.id < entry.id], entry.day) == ACTIVE)
        assert quantity_on(found, day) == (plain if state == ACTIVE else 0), (day, stops)
        day += ONE_DAY
