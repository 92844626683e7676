"""Tables for the biller: the numbers of DESIGN section 4, refunds, discounts, undo, and the reasons."""

from dataclasses import replace
from datetime import date
from decimal import Decimal
from fractions import Fraction

import pytest
from billing_engine import reasons
from billing_engine.biller import rows_sorted, settle_price
from billing_engine.cycles import Terms
from billing_engine.facts import Item
from billing_engine.money import compound_discount
from billing_engine.plan import FULL_CYCLE, ITEM, MIDCYCLE
from books import ANNUAL, MONTHLY, QUARTERLY, Books

YEAR = Terms(date(2025, 1, 1), MONTHLY, date(2025, 12, 31))


def amounts(planned):
    return [str(line.amount) for line in planned.lines]


def codes(planned):
    return [reason.code for reason in planned.reasons]


def shown(planned):
    """Return quantity, unit price and amount of each line."""
    return [(line.quantity, line.price_unit, str(line.amount)) for line in planned.lines]


@pytest.fixture
def billed_to_june():
    """Five units at 30.00 a month, billed from April to June 2025."""
    books = Books(Terms(date(2025, 4, 1), MONTHLY, date(2025, 12, 31)))
    books.subscribe(5, 30)
    books.bill_due(date(2025, 6, 2))
    return books


# --- the table of DESIGN ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("unit, first", [("days", "304.00"), ("months", "305.81")])
def test_quarterly_with_a_start_inside_the_first_cycle(unit, first):
    books = Books(Terms(date(2018, 1, 1), QUARTERLY, date(2018, 12, 31)), unit)
    books.subscribe(10, 12, date(2018, 1, 15))
    planned = books.bill_due()
    assert [amounts(one) for one in planned] == [[first], ["360.00"], ["360.00"], ["360.00"]]
    [line] = planned[0].lines
    assert (line.start, line.end, line.cycle_start) == (date(2018, 1, 15), date(2018, 3, 31), date(2018, 1, 1))


@pytest.mark.parametrize("unit, last", [("days", "714.08"), ("months", "720.00")])
def test_annual_with_a_cut_last_cycle(unit, last):
    books = Books(Terms(date(2020, 1, 1), ANNUAL, date(2021, 6, 30)), unit)
    books.subscribe(10, 12)
    assert [amounts(one) for one in books.bill_due()] == [["1440.00"], [last]]


def test_half_a_month():
    books = Books(Terms(date(2025, 4, 1), MONTHLY, date(2025, 4, 30)))
    books.subscribe(1, 200, date(2025, 4, 16))
    assert amounts(books.bill(1)) == ["100.00"]


@pytest.mark.parametrize("refunds", [True, False])
def test_late_addition_is_a_stub_and_every_full_cycle_since(billed_to_june, refunds):
    books = billed_to_june
    books.refunds = refunds
    books.change(date(2025, 4, 16), 1)  # entered on 10 June
    july = books.bill(4)
    assert shown(july) == [(6, 30, "180.00"), (1, 15, "15.00"), (1, 30, "30.00"), (1, 30, "30.00")]
    assert [line.group for line in july.lines] == [FULL_CYCLE, MIDCYCLE, MIDCYCLE, MIDCYCLE]
    assert [(line.start, line.end) for line in july.lines[1:]] == [
        (date(2025, 4, 16), date(2025, 4, 30)), (date(2025, 5, 1), date(2025, 5, 31)),
        (date(2025, 6, 1), date(2025, 6, 30))]
    assert amounts(books.bill(5)) == ["180.00"]


def test_deactivation_with_refund_is_credited_the_day_after_the_end():
    books = Books(Terms(date(2025, 1, 1), ANNUAL, date(2025, 12, 31)))
    books.subscribe(1, 1200, unit_months=12)
    assert amounts(books.bill(1)) == ["1200.00"]
    books.change(date(2025, 12, 1), -1)
    final = books.bill_changes(date(2026, 1, 1))
    [line] = final.lines
    assert (str(line.amount), line.quantity, line.start, line.end) == (
        "-101.92", -1, date(2025, 12, 1), date(2025, 12, 31))
    assert final.is_credit
    assert line.credits == 1
    assert amounts(books.bill_changes(date(2026, 1, 2))) == []


# --- the cycle itself -------------------------------------------------------------------------------------------------


def test_changes_inside_the_cycle_have_a_line_each():
    books = Books(YEAR)
    books.subscribe(5, 30)
    books.change(date(2025, 1, 1), 1)  # the first day is inside the full line
    books.change(date(2025, 1, 11), 2)
    books.change(date(2025, 1, 21), -3)
    assert shown(books.bill(1)) == [
        (6, 30, "180.00"), (2, Fraction("20.325"), "40.65"), (-3, Fraction(3194, 300), "-31.94")]


def test_reduction_known_in_time_lowers_the_bill_whatever_the_refund_policy():
    books = Books(YEAR, refunds=False)
    books.subscribe(2, 30)
    books.change(date(2025, 1, 1), -1)
    books.change(date(2025, 2, 15), -1, refundable=False)
    assert [amounts(one) for one in books.bill_due(date(2025, 3, 2))] == [["30.00"], ["30.00", "-15.00"], []]


def test_price_acts_from_the_next_cycle():
    books = Books(YEAR)
    books.subscribe(2, 30)
    books.change(date(2025, 1, 15), price=40)
    assert [amounts(one) for one in books.bill_due(date(2025, 2, 2))] == [["60.00"], ["80.00"]]


def test_late_price_is_billed_from_the_cycle_that_begins_after_it():
    books = Books(YEAR)
    books.subscribe(2, 30)
    books.bill_due(date(2025, 3, 2))
    books.change(date(2025, 2, 1), price=40)
    assert shown(books.bill(4)) == [(2, 40, "80.00"), (2, 10, "20.00"), (2, 10, "20.00")]


def test_late_price_cut_is_a_reduction_of_the_quantity_it_concerns():
    books = Books(YEAR)
    books.subscribe(2, 30)
    books.bill_due(date(2025, 3, 2))
    books.change(date(2025, 3, 1), price=25)
    assert shown(books.bill(4)) == [(2, 25, "50.00"), (-2, 5, "-10.00")]


def test_price_corrected_on_the_first_day_of_a_charge_that_starts_inside_the_cycle():
    books = Books(YEAR)
    books.subscribe(2, 30, date(2025, 1, 17))
    books.change(date(2025, 1, 17), price=62)
    assert amounts(books.bill(1)) == ["60.00"]


def test_a_quantity_without_a_price_leaves_a_price_entered_later_for_an_earlier_day():
    books = Books(YEAR)
    books.subscribe(1, 30)
    books.change(date(2025, 3, 1), 1)
    books.change(date(2025, 2, 1), price=40)
    assert [amounts(one) for one in books.bill_due(date(2025, 3, 2))] == [["30.00"], ["40.00"], ["80.00"]]


def test_postponed_price_cut_does_not_undo_a_later_price():
    books = Books(YEAR, refunds=False)
    books.subscribe(1, 30)
    books.bill_due(date(2025, 3, 2))
    books.change(date(2025, 3, 20), price=50)
    books.change(date(2025, 2, 1), price=20)  # not credited: counts from 1 April, after which 50.00 is in force
    assert amounts(books.bill(4)) == ["50.00"]


def test_a_price_of_zero_makes_a_line_and_no_quantity_makes_none():
    books = Books(YEAR)
    books.subscribe(3, 0)
    books.subscribe(0, 30)
    planned = books.bill(1)
    assert shown(planned) == [(3, 0, "0.00")]
    assert codes(planned) == [reasons.NO_QUANTITY]


def test_last_billed_day_of_a_charge():
    books = Books(YEAR)
    books.subscribe(1, 31, end=date(2025, 1, 10))
    january, february = books.bill_due(date(2025, 2, 2))
    assert amounts(january) == ["10.00"]
    assert january.lines[0].end == date(2025, 1, 10)
    assert codes(february) == [reasons.ENDED]


def test_reasons_of_what_is_not_billed():
    books = Books(YEAR)
    books.subscribe(1, 30, billable=False)
    books.subscribe(1, 30, date(2025, 2, 1))
    books.items = [
        Item(1, date(2025, 6, 1), Fraction(1), Fraction(5)),
        Item(2, date(2025, 1, 1), Fraction(1), Fraction(5), obstacle=reasons.NOT_BILLABLE)]
    assert codes(books.bill(1)) == [
        reasons.NOT_BILLABLE, reasons.STARTS_LATER, reasons.ITEM_LATER, reasons.NOT_BILLABLE]
    assert codes(books.bill_changes(date(2025, 1, 31)))[:2] == [reasons.NOT_BILLABLE, reasons.NOTHING_LEFT]


def test_what_was_not_billable_is_not_billed_later():
    books = Books(YEAR)
    books.subscribe(1, 10)
    books.subscribe(1, 30, billable=False)
    books.bill(1)
    books.charges[2] = replace(books.charges[2], billable=True)
    books.change(date(2025, 1, 1), -1, charge_id=2)
    assert amounts(books.bill(2)) == ["10.00"], "and a reduction of what was never billed credits nothing"


# --- refunds ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "refunds, refundable, credited", [(True, True, True), (True, False, False), (False, True, False)])
def test_late_reduction(billed_to_june, refunds, refundable, credited):
    books = billed_to_june
    books.refunds = refunds
    log = books.change(date(2025, 5, 16), -2, refundable=refundable)
    july = books.bill(4)
    assert log in july.used_logs
    if credited:
        assert shown(july) == [(3, 30, "90.00"), (-2, Fraction(3097, 200), "-30.97"), (-2, 30, "-60.00")]
        assert not july.postponed
    else:
        assert shown(july) == [(3, 30, "90.00")]
        assert july.postponed == ((log, date(2025, 7, 1)),)
        assert codes(july) == [reasons.REFUND_OFF]
    assert amounts(books.bill(5)) == ["90.00"]


@pytest.mark.parametrize("deltas, expected", [
    ((3, -3), ["150.00", "90.00", "-90.00"]),  # reverted: lines that cancel
    ((3, -1), ["210.00", "90.00", "-30.00"]),
    ((1, -3), ["90.00"]),  # the net of the day is a reduction: it counts from July
])
def test_without_refunds_the_net_of_a_day_decides(billed_to_june, deltas, expected):
    books = billed_to_june
    books.refunds = False
    for delta in deltas:
        books.change(date(2025, 6, 1), delta)
    assert amounts(books.bill(4)) == expected


def test_a_period_billed_ahead_is_not_credited_but_the_open_one_before_it_is_lower():
    """Refunds off concern only what is invoiced: May is billed ahead, April is not."""
    books = Books(YEAR, refunds=False)
    books.subscribe(5, 30)
    books.bill_due(date(2025, 3, 2))
    books.bill(5)
    log = books.change(date(2025, 3, 10), -1)
    april = books.bill(4)
    assert amounts(april) == ["120.00"]
    assert april.postponed == ((log, date(2025, 4, 1)),)
    assert amounts(books.bill(6)) == ["120.00"]


def test_a_credit_is_limited_to_what_is_billed():
    books = Books(YEAR)
    books.subscribe(1, 10)
    books.subscribe(5, 30)
    books.bill(1)
    january = books.made[0].plan
    books.made[0].plan = replace(january, lines=january.lines[:1])  # the other line was taken off the draft
    books.change(date(2025, 1, 1), -2, charge_id=2)
    assert amounts(books.bill(2)) == ["10.00", "90.00"]


def test_what_was_entered_before_a_change_is_billed_with_it():
    """May's new price lies after the change-log invoice, but its credit of the two units builds on that price."""
    books = Books(YEAR)
    books.subscribe(2, 30)
    books.bill_due(date(2025, 4, 2))
    books.bill(5)
    books.change(date(2025, 5, 1), price=40)
    books.change(date(2025, 4, 30), -2)
    assert amounts(books.bill_changes(date(2025, 4, 30))) == ["-2.00", "-60.00"]
    assert len(books.used_by) == 3
    assert books.billed()[1, date(2025, 5, 1)].amount == 0


# --- discounts, items, prices -----------------------------------------------------------------------------------------


def test_late_line_has_the_discount_of_its_cycle(billed_to_june):
    books = billed_to_june
    books.charges[1] = replace(books.charges[1], discount=Fraction(10))
    books.change(date(2025, 6, 16), 1)
    assert [(line.discount, str(line.amount)) for line in books.bill(4).lines] == [(10, "162.00"), (0, "15.00")]


def test_compound_discount_is_shown_with_two_digits_and_loses_nothing():
    books = Books(YEAR)
    books.subscribe(1, 100000, discount=compound_discount(10, "5.55"))  # 14.995 percent
    books.items = [Item(1, date(2025, 1, 1), Fraction(1), Fraction(100000), compound_discount(10, "5.555"))]
    planned = books.bill(1)
    assert [(line.discount, str(line.amount)) for line in planned.lines] == [(15, "85005.00"), (15, "85000.50")]


def test_items_are_billed_once_as_entered():
    books = Books(YEAR)
    books.subscribe(1, 30, date(2025, 12, 1))
    books.items = [
        Item(1, date(2025, 1, 2), Fraction(2), Fraction("12.5"), Fraction(10)),
        Item(2, date(2025, 2, 3), Fraction(1), Fraction(-5))]
    assert [amounts(one) for one in books.bill_at_once(date(2025, 3, 2))] == [["22.50"], [], ["-5.00"]]
    assert books.made[0].plan.lines[0].group == ITEM
    assert books.made[0].plan.lines[0].price_unit == Fraction("12.5")


@pytest.mark.parametrize("amount, gross, quantity, discount, expected", [
    ("304.00", 304, 10, 0, Fraction("30.4")),
    ("28.50", 30, 3, 5, Fraction(10)),
    ("9.49", Fraction("9.994"), 1, 5, Fraction("9.99")),
    ("3.37", Fraction("3.7454"), 1, 10, Fraction(337, 90)),
    ("0.00", Fraction("12.34"), 1, 100, Fraction("12.34")),
])
def test_settled_price(amount, gross, quantity, discount, expected):
    price = settle_price(Decimal(amount), Fraction(gross), Fraction(quantity), Fraction(discount), Decimal("0.01"))
    assert price == expected


def test_an_invoice_tells_which_changes_it_knows():
    books = Books(YEAR)
    books.subscribe(1, 30)
    books.change(date(2025, 12, 1), 1)
    assert books.bill(1).seen == 2
    books.change(date(2025, 1, 1), 1)
    assert books.bill_changes(date(2025, 1, 31)).seen == 3
    books.undo(books.made[0])
    assert books.bill(1).seen == 2, "the line of the third change stands on the change-log invoice"


# --- undo -------------------------------------------------------------------------------------------------------------


def test_undone_cycle_is_billed_again_and_a_later_one_is_not(billed_to_june):
    """The change that started the charge was used by April's invoice, but May and June hold it too."""
    books = billed_to_june
    april = books.made[0]
    books.undo(april)
    assert books.bill(1) == april.plan
    assert books.bill_changes(date(2025, 6, 30)).lines == ()


def test_freed_cycle_of_which_late_lines_stand_elsewhere(billed_to_june):
    """The stub of April and the full May on July's invoice stay: April and May bill the five units only."""
    books = billed_to_june
    books.change(date(2025, 4, 16), 1)
    july = books.bill(4)
    for made in books.made[:2]:
        books.undo(made)
    assert [shown(one) for one in books.bill_due(date(2025, 7, 2))] == [[(5, 30, "150.00")], [(5, 30, "150.00")]]
    assert books.bill_changes(date(2025, 6, 30)).lines == ()
    books.undo(books.made[3])
    assert books.bill(4).lines == july.lines, "what July's invoice had explained is late again"


def test_undo_of_the_invoice_that_postponed_a_reduction():
    books = Books(YEAR, refunds=False)
    books.subscribe(5, 30)
    books.bill_due(date(2025, 1, 2))
    log = books.change(date(2025, 1, 20), -1)
    february, march = books.bill(2), books.bill(3)
    books.undo(books.made[1])
    again = books.bill(2)
    assert again == february
    assert again.postponed == ((log, date(2025, 2, 1)),)
    assert amounts(again) == amounts(march) == ["120.00"]
    assert amounts(books.bill(4)) == ["120.00"]


def test_undo_of_credits_does_not_credit_later_cycles():
    books = Books(YEAR)
    books.subscribe(5, 30)
    books.bill_due(date(2025, 2, 2))
    books.change(date(2025, 1, 1), -1)
    march, april = books.bill(3), books.bill(4)
    assert (amounts(march), amounts(april)) == (["120.00", "-30.00", "-30.00"], ["120.00"])
    books.undo(books.made[2])
    assert books.bill(3) == march


def test_rows_are_billed_by_due_date():
    books = Books(YEAR)
    rows = list(books.rows.values())
    assert rows_sorted(rows[::-1]) == rows


@pytest.mark.parametrize("price_first", [True, False])
def test_a_price_of_the_day_of_a_reduction_that_is_not_credited_is_part_of_it(price_first):
    """What is changed on one day is one change: in either order it gives back more than it adds, so nothing acts."""
    books = Books(Terms(date(2026, 3, 1), MONTHLY, date(2026, 5, 31)), refunds=False)
    books.subscribe(6, 10)
    books.bill_due(date(2026, 3, 2))
    steps = [{"price": 15}, {"delta": -6}]
    for step in steps if price_first else reversed(steps):
        books.change(date(2026, 3, 1), **step)
    books.settle()
    assert sum(books.totals().values()) == 60
