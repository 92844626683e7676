"""Usage: tiers, the minimum of a cycle, and what late records and corrections change."""

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction

import pytest
from billing_engine import reasons
from billing_engine.cycles import Terms
from billing_engine.entered import usage_cycle
from billing_engine.facts import Item, Meter
from billing_engine.money import exact, round_to
from billing_engine.plan import USAGE
from billing_engine.tiers import BLOCK, BLOCK_UNIT, RateCard, Tier
from books import MONTHLY, QUARTERLY, Books
from hypothesis import given
from hypothesis import strategies as st

YEAR = Terms(date(2026, 1, 1), MONTHLY, date(2026, 12, 31))


def card(kind, *tiers, default=0):
    return RateCard(kind, tuple(Tier(exact(limit), exact(price)) for limit, price in tiers), exact(default))


UNIT = card(BLOCK_UNIT, (100, "1.00"), (500, "0.80"), default="0.50")
FLAT = card(BLOCK, (100, 90), (500, 300), default=700)


def office(terms=YEAR, policy="advance", offset=1, discount=0, **meter):
    books = Books(terms, policy=policy, offset=offset)
    books.subscribe(1, 0, metered=True, discount=exact(discount))
    books.meters[1] = Meter(1, **meter)
    return books


def shown(planned):
    """Return quantity, amount and period of each line; a top-up has no records."""
    return [
        (line.quantity, str(line.amount), line.start, line.end, bool(line.records)) for line in planned.lines]


def amounts(planned):
    return [str(line.amount) for line in planned.lines]


def codes(planned):
    return [reason.code for reason in planned.reasons]


# --- tiers ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("quantity, unit, flat", [
    ("0", "0", "0"),
    ("0.01", "0.01", "90"),
    ("99.99", "99.99", "90"),
    ("100", "100", "90"),  # up to is inclusive
    ("100.01", "80.008", "300"),
    ("500", "400", "300"),
    ("500.01", "250.005", "700"),
    ("10000", "5000", "700"),
])
def test_the_tier_of_the_total_prices_all_of_it(quantity, unit, flat):
    assert (UNIT.amount(exact(quantity)), FLAT.amount(exact(quantity))) == (exact(unit), exact(flat))


def test_a_card_without_tiers_has_its_default():
    assert card(BLOCK_UNIT, default=2).amount(Fraction(7)) == 14


def test_the_quantity_of_all_records_of_the_cycle_decides():
    books = office(card=UNIT)
    for day in (date(2026, 1, 10), date(2026, 1, 20), date(2026, 1, 31)):
        books.measure(day, 40, None)
    books.measure(date(2026, 2, 3), 40, None)
    january, february = books.bill_due(date(2026, 2, 2))
    assert (shown(january), codes(january)) == ([], [reasons.NOT_OVER])
    assert shown(february) == [(120, "96.00", date(2026, 1, 1), date(2026, 1, 31), True)]
    assert february.lines[0].price_unit == Fraction(4, 5)
    assert shown(books.bill(3)) == [(40, "40.00", date(2026, 2, 1), date(2026, 2, 28), True)]


def test_late_usage_bills_what_it_adds_to_the_price_of_its_cycle():
    books = office(card=UNIT)
    books.measure(date(2026, 1, 31), 90, None)
    books.bill_due(date(2026, 2, 2))
    books.measure(date(2026, 1, 31), 20, None)  # 110 at 0.80 are 88.00: 2.00 less than billed
    assert shown(books.bill(3)) == [(-1, "-2.00", date(2026, 1, 1), date(2026, 1, 31), True)]
    books.measure(date(2026, 1, 31), 10, None)  # the same tier: as many units
    assert shown(books.bill(4)) == [(10, "8.00", date(2026, 1, 1), date(2026, 1, 31), True)]


def test_a_range_is_billed_once():
    books = office(card=FLAT)
    books.measure(date(2026, 1, 15), 60, None)
    books.measure(date(2026, 1, 31), 40, None)
    assert shown(books.bill_due(date(2026, 2, 2))[1]) == [(1, "90.00", date(2026, 1, 1), date(2026, 1, 31), True)]
    books.measure(date(2026, 1, 31), 1, None)
    assert shown(books.bill(3)) == [(1, "210.00", date(2026, 1, 1), date(2026, 1, 31), True)]


def test_a_price_given_is_not_tiered():
    books = office(card=UNIT)
    books.measure(date(2026, 1, 31), 100, None)
    books.measure(date(2026, 1, 31), 50, 2)
    assert amounts(books.bill_due(date(2026, 2, 2))[1]) == ["100.00", "100.00"]


# --- one line, or one per record --------------------------------------------------------------------------------------


def test_usage_of_one_price_shows_its_quantity():
    books = office()
    books.measure(date(2026, 1, 10), 3, "0.0035", start=date(2026, 1, 1))
    books.measure(date(2026, 1, 31), 5000, "0.0035", start=date(2026, 1, 11))
    [line] = books.bill_due(date(2026, 2, 2))[1].lines
    assert (line.quantity, line.price_unit, line.amount) == (5003, exact("0.0035"), Decimal("17.51"))
    assert (line.start, line.end, line.records) == (date(2026, 1, 1), date(2026, 1, 31), (1, 2))


def test_usage_of_several_prices_is_one_unit_of_its_sum():
    books = office(discount=10)
    books.measure(date(2026, 1, 10), 3, "1.234")
    books.measure(date(2026, 1, 31), 2, "0.5")
    [line] = books.bill_due(date(2026, 2, 2))[1].lines  # 4.702 less 10 %
    assert (line.quantity, line.price_unit, line.amount, line.discount) == (1, exact("4.70"), Decimal("4.23"), 10)


def test_a_line_per_record():
    books = office(by_record=True)
    books.measure(date(2026, 1, 10), 3, 2, start=date(2026, 1, 5))
    books.measure(date(2026, 1, 31), 2, 2)
    assert shown(books.bill_due(date(2026, 2, 2))[1]) == [
        (3, "6.00", date(2026, 1, 5), date(2026, 1, 10), True), (2, "4.00", date(2026, 1, 31), date(2026, 1, 31), True)]


# --- when -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("policy, offset, row", [
    ("advance", 1, 2), ("advance", 0, 2), ("advance", -3, 3), ("advance", 40, 1),
    ("arrears", 1, 1), ("arrears", 0, 2), ("arrears", -3, 2),
])
def test_usage_is_due_on_the_first_schedule_date_after_its_period(policy, offset, row):
    books = office(policy=policy, offset=offset)
    books.measure(date(2026, 1, 31), 7)
    assert [key for key, planned in enumerate(books.bill_due(), start=1) if planned.lines] == [row]


@pytest.mark.parametrize("day, first", [
    (date(2025, 11, 3), date(2026, 1, 1)), (date(2026, 2, 28), date(2026, 2, 1)),
    (date(2027, 3, 1), date(2026, 12, 1))])
def test_usage_outside_the_term_belongs_to_the_nearest_cycle(day, first):
    assert usage_cycle(YEAR, day).start == first


def test_usage_after_the_end_comes_with_the_final_invoice():
    books = office(minimum=Decimal(50))
    books.bill_due()
    books.measure(date(2027, 1, 5), 7)
    assert shown(books.bill_changes(date(2027, 1, 6))) == [
        (7, "7.00", date(2026, 12, 1), date(2027, 1, 5), True),
        (1, "43.00", date(2026, 12, 1), date(2026, 12, 31), False)]


def test_what_is_not_over_need_not_be_confirmed():
    books = office()
    for day in (date(2026, 1, 31), date(2026, 2, 28)):
        books.measure(day, 7)
    books.items = [replace(item, obstacle=reasons.UNCONFIRMED) for item in books.items]
    assert [codes(books.bill(key)) for key in (1, 2, 3)] == [
        [reasons.NOT_OVER], [reasons.UNCONFIRMED, reasons.NOT_OVER], [reasons.UNCONFIRMED]]


def test_lines_are_in_the_order_of_their_days():
    books = office(by_record=True)
    for day in (20, 10, 15):
        books.measure(date(2026, 1, day), 7, price=day)
    books.items.append(Item(9, date(2026, 1, 1), Fraction(1), Fraction(5)))
    assert [(line.group, line.records) for line in books.bill_due(date(2026, 2, 2))[1].lines] == [
        (USAGE, (2,)), (USAGE, (3,)), (USAGE, (1,))]


def test_reasons():
    books = office()
    books.charges[1] = replace(books.charges[1], billable=False)
    books.measure(date(2026, 1, 1), 7)
    assert codes(books.bill(1)) == [reasons.NOT_BILLABLE]
    assert codes(office().bill(1)) == [reasons.NO_USAGE]


# --- minimum ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("used, expected", [
    ([], ["100.00"]), (["80"], ["80.00", "20.00"]), (["100"], ["100.00"]), (["60", "60.01"], ["120.01"]),
])
def test_a_cycle_costs_its_minimum_at_least(used, expected):
    books = office(minimum=Decimal(100))
    for price in used:
        books.measure(date(2026, 1, 31), 1, price)
    assert [amounts(planned) for planned in books.bill_due(date(2026, 2, 2))] == [[], expected]


@pytest.mark.parametrize("policy, offset, billed", [
    ("advance", 1, 11), ("advance", -3, 10), ("arrears", 1, 12), ("arrears", 0, 11)])
def test_every_cycle_has_one_minimum(policy, offset, billed):
    books = office(policy=policy, offset=offset, minimum=Decimal(100))
    assert [line.start.month for planned in books.bill_due() for line in planned.lines] == list(range(1, billed + 1))
    final = books.bill_changes(date(2027, 1, 2))
    assert [line.start.month for line in final.lines] == list(range(billed + 1, 13))


def test_a_cycle_that_the_subscription_does_not_see_has_no_minimum():
    books = office(minimum=Decimal(100))
    books.charges[1] = replace(books.charges[1], start=date(2026, 3, 10), end=date(2026, 5, 3))
    books.logs[1].clear()
    books.change(date(2026, 3, 10), 1)
    assert [line.start.month for planned in books.bill_due() for line in planned.lines] == [3, 4, 5]
    books = office(minimum=Decimal(100))
    books.change(date(2026, 3, 1), -1)
    assert [line.start.month for planned in books.bill_due() for line in planned.lines] == [1, 2]


def test_late_usage_eats_the_top_up_and_a_correction_brings_it_back():
    books = office(minimum=Decimal(100))
    books.measure(date(2026, 1, 31), 1, 80)
    books.bill_due(date(2026, 2, 2))
    books.meters[1] = Meter(1, minimum=Decimal(100))
    books.measure(date(2026, 1, 31), 1, 15)
    books.measure(date(2026, 2, 28), 1, 500)
    assert amounts(books.bill(3)) == ["15.00", "-15.00", "500.00"]
    books.measure(date(2026, 1, 31), 1, 30)
    books.measure(date(2026, 3, 31), 1, 500)
    assert amounts(books.bill(4)) == ["30.00", "-5.00", "500.00"]
    books.measure(date(2026, 1, 31), 1, -40)
    books.measure(date(2026, 4, 30), 1, 500)
    assert amounts(books.bill(5)) == ["-40.00", "15.00", "500.00"]


def test_a_new_minimum_leaves_what_is_billed_as_it_is():
    books = office()
    books.measure(date(2026, 1, 31), 1, 80)
    books.bill_due(date(2026, 2, 2))
    books.meters[1] = Meter(1, minimum=Decimal(100))
    books.measure(date(2026, 1, 31), 1, 15)
    assert amounts(books.bill(3)) == ["15.00", "100.00"]  # late usage of January, the minimum of February


def test_the_minimum_is_what_is_paid_after_the_discount():
    books = office(minimum=Decimal(100), discount=10)
    books.measure(date(2026, 1, 31), 1, 80)
    assert amounts(books.bill_due(date(2026, 2, 2))[1]) == ["72.00", "28.00"]


def test_a_change_log_invoice_bills_usage_and_leaves_the_minimum_to_the_cycle():
    books = office(Terms(date(2026, 1, 1), QUARTERLY, date(2026, 12, 31)), minimum=Decimal(300))
    books.bill(1)
    books.measure(date(2026, 1, 31), 1, 80)
    assert amounts(books.bill_changes(date(2026, 2, 1))) == ["80.00"]
    books.measure(date(2026, 3, 31), 1, 90)
    assert amounts(books.bill(2)) == ["90.00", "130.00"]


def test_what_was_billed_elsewhere_has_no_minimum():
    terms = Terms(date(2026, 1, 1), MONTHLY, date(2026, 12, 31), billed_through=date(2026, 3, 15))
    books = office(terms, minimum=Decimal(100))
    assert [line.start for planned in books.bill_due() for line in planned.lines][:2] == [
        date(2026, 3, 1), date(2026, 4, 1)]


# --- whatever happens -------------------------------------------------------------------------------------------------

cards = st.sampled_from([None, UNIT, FLAT])
minimums = st.sampled_from([0, "0.01", 50, "199.99"]).map(lambda value: Decimal(str(value)))
records = st.lists(st.tuples(
    st.integers(0, 11), st.integers(0, 364), st.sampled_from([1, 7, "0.5", 120]),
    st.sampled_from([None, "0.333", 10, "49.995"])), max_size=12)


@st.composite
def metered(draw):
    """An office and its usage: (row before which it is entered, day, quantity, price)."""
    books = office(
        Terms(date(2026, 1, 1), draw(st.sampled_from([MONTHLY, QUARTERLY])), date(2026, 12, 31)),
        policy=draw(st.sampled_from(["advance", "arrears"])), offset=draw(st.sampled_from([-3, 0, 1])),
        card=draw(cards), minimum=draw(minimums), by_record=draw(st.booleans()),
        discount=draw(st.sampled_from([0, 10])))
    return books, draw(records)


def enter(books, used, before=None):
    for row, day, quantity, price in used:
        if before in (None, row):
            price = (1 if books.meters[1].card is None else None) if price is None else price
            books.measure(date(2026, 1, 1) + timedelta(days=day), quantity, price)


def live(books):
    """Return the usage that is billed: net of discount, by cycle."""
    totals = {}
    for line in books.live_lines():
        if line.group == USAGE:
            start = usage_cycle(books.terms, line.end).start
            totals[start] = totals.get(start, Decimal(0)) + line.amount
    return totals


def bill_through(books, used):
    for key in books.rows:
        enter(books, used, key - 1)
        books.bill(key)
    books.bill_changes(date(2027, 1, 1))
    books.bill_changes(date(2027, 1, 2))


@given(metered())
def test_a_cycle_costs_its_minimum_or_its_usage(case):
    """However late usage is entered: the total of a cycle is the larger of minimum and usage."""
    books, used = case
    bill_through(books, used)
    meter, factor = books.meters[1], 1 - books.charges[1].discount / 100
    totals = live(books)
    billed = {(line.group, record) for line in books.live_lines() for record in line.records}
    for row in books.rows.values():
        own = [item for item in books.items if item.key in billed
               and usage_cycle(books.terms, item.end).start == row.start]
        tiered = sum((item.quantity for item in own if item.price is None), Fraction(0))
        used = sum((item.quantity * item.price for item in own if item.price is not None), Fraction(0))
        actual = (used + (meter.card.amount(tiered) if meter.card else 0)) * factor
        cents = Decimal("0.01") * (len(own) + 1)  # each line is rounded
        total = totals.get(row.start, Decimal(0))
        assert total >= meter.minimum
        assert abs(total - max(meter.minimum, round_to(actual, "0.01"))) <= cents
        assert total >= round_to(actual, "0.01") - cents


@given(metered(), st.data())
def test_undo_and_bill_again_gives_the_same_lines(case, data):
    books, used = case
    enter(books, used)
    books.bill_due()
    books.bill_changes(date(2027, 1, 1))
    regular = [made for made in books.made if made.row.kind == "regular"]
    before = live(books)
    for made in data.draw(st.sampled_from([[one] for one in regular] or [[]])):
        books.undo(made)
        books.bill(made.row.key)
    assert live(books) == before  # a tier that later invoices have reached stays reached: the lines may differ
    for made in reversed(books.made):
        books.undo(made)
    for made in regular:
        assert books.bill(made.row.key).lines == made.plan.lines


@given(metered())
def test_one_plan_equals_many(case):
    books, used = case
    enter(books, used)
    at_once = books.plan(books.open_rows())
    assert [one.lines for one in at_once] == [one.lines for one in books.bill_due()]


@given(metered())
def test_every_record_is_billed_once(case):
    books, used = case
    bill_through(books, used)
    billed = [record for line in books.live_lines() for record in line.records]
    assert sorted(billed) == sorted(item.id for item in books.items)
