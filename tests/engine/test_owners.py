"""Charges with cycles of their own: in one contract they are billed as if each series were a contract of its own."""

from dataclasses import replace
from datetime import date
from fractions import Fraction

from billing_engine.biller import plan, rows_sorted
from billing_engine.cycles import Cycle, Terms
from billing_engine.facts import Charge, Contract, Item, Log, Row
from billing_engine.ledger import CHANGE_LOG, REGULAR
from billing_engine.periods import ONE_DAY, Period
from books import ANNUAL, MONTHLY, Books
from hypothesis import given, settings
from test_biller_invariants import day_numbers, enter_all, entries, few, offices, on

FAR = 1000  # ids of the second series


def moved(contract, owner, by):
    """Return ``contract`` with its rows and charges under ``owner`` and all ids of changes and charges ``by`` up."""
    rows = tuple(
        replace(row, owner=owner, key=row.key + by, seen=row.seen and row.seen + by) for row in contract.rows)
    charges = tuple(
        replace(charge, id=charge.id + by, owner=owner,
                logs=tuple(replace(log, id=log.id + by) for log in charge.logs)) for charge in contract.charges)
    billed = {
        (charge + by, start): replace(held, logs=frozenset(log + by for log in held.logs))
        for (charge, start), held in contract.billed.items()}
    return replace(
        contract, terms=None, terms_by_owner={owner: contract.terms}, rows=rows, charges=charges, billed=billed)


def together(first, second):
    return replace(
        first, terms_by_owner={**first.terms_by_owner, **second.terms_by_owner}, rows=first.rows + second.rows,
        charges=first.charges + second.charges, billed={**first.billed, **second.billed})


def essence(line):
    return (line.quantity, line.price_unit, line.amount, line.start, line.end, line.cycle_start)


@settings(few, deadline=None)
@given(offices(), offices(), entries(4), entries(4), day_numbers.map(on))
def test_i30_series_are_independent(one, other, history, other_history, day):
    for books, entered in ((one, history), (other, other_history)):
        books.unit, books.refunds = "days", True
        books.bill_due(day)
        enter_all(books, entered)
    alone = {}
    for books, by in ((one, 0), (other, FAR)):
        rows = books.open_rows()
        alone.update({row.key + by: made for row, made in zip(rows, books.plan(rows), strict=True)})
    both = together(moved(one.facts(), "one", 0), moved(other.facts(), "other", FAR))
    rows = rows_sorted([row for row in both.rows if row.state == "pending"])
    for row, invoice in zip(rows, plan(both, rows), strict=True):
        assert list(map(essence, invoice.lines)) == list(map(essence, alone[row.key].lines))
        assert [reason.code for reason in invoice.reasons] == [reason.code for reason in alone[row.key].reasons]
        assert invoice.seen == alone[row.key].seen + (FAR if row.owner == "other" else 0)


def series(key, terms, owner, count=1):
    books = Books(terms)
    return [replace(books.rows[number], key=key + number, owner=owner) for number in range(1, count + 1)]


YEAR = Terms(date(2025, 1, 1), ANNUAL, date(2026, 12, 31))
MONTHS = Terms(date(2025, 1, 10), MONTHLY, date(2025, 12, 31))


def make(*rows, items=(), logs=()):
    first, second = (
        Log(1, YEAR.start, Fraction(1), Fraction(1200)), Log(2, MONTHS.start, Fraction(2), Fraction(30)))
    return Contract(
        id=1, terms=None, terms_by_owner={"year": YEAR, "months": MONTHS}, rows=rows, items=tuple(items), refunds=True,
        charges=(
            Charge(1, (first, *logs), YEAR.start, unit_months=12, owner="year"),
            Charge(2, (second,), MONTHS.start, owner="months")))


def amounts(invoice):
    return [str(line.amount) for line in invoice.lines]


def test_each_row_bills_its_own_charges_and_the_first_one_the_items():
    items = [Item(1, date(2025, 1, 5), Fraction(1), Fraction(7)), Item(2, date(2025, 2, 1), Fraction(1), Fraction(8))]
    rows = rows_sorted([*series(0, YEAR, "year"), *series(10, MONTHS, "months", 2)])
    assert [amounts(invoice) for invoice in plan(make(*rows, items=items), rows)] == [
        ["1200.00"], ["60.00", "7.00"], ["60.00", "8.00"]]


def test_a_day_of_items_bills_no_charge_and_only_items_up_to_that_day():
    day = date(2025, 1, 5)
    row = Row(1, REGULAR, Cycle(0, day, day, Period(day, day + ONE_DAY)), date(2025, 1, 9), items_until=day)
    items = [Item(number, date(2025, 1, 3 + number), Fraction(1), Fraction(number)) for number in (1, 2, 3)]
    [invoice] = plan(make(items=items), [row])
    assert amounts(invoice) == ["1.00", "2.00"]
    assert [(reason.code, reason.item) for reason in invoice.reasons] == [("item_later", 3)]


def test_a_change_log_row_of_the_contract_settles_every_series():
    logs = [Log(3, date(2025, 7, 1), Fraction(1), None)]
    rows = [*series(0, YEAR, "year"), *series(10, MONTHS, "months", 3)]
    contract = make(*rows, logs=logs)
    billed_rows = [replace(row, state="invoiced", seen=2) for row in rows]
    contract = replace(contract, rows=tuple(billed_rows), charges=tuple(
        replace(charge, logs=tuple(replace(log, pending=log.id == 3) for log in charge.logs))
        for charge in contract.charges))
    day = date(2025, 7, 2)
    whole = Row(0, CHANGE_LOG, Cycle(0, day, day, Period(day, day + ONE_DAY)), day)
    [invoice] = plan(contract, [whole])
    assert amounts(invoice) == ["604.93"]
    assert {reason.charge for reason in invoice.reasons} == {2}
    [of_other] = plan(contract, [replace(whole, owner="months")])
    assert not of_other.lines


def test_what_belongs_to_a_charge_is_billed_on_its_own_rows():
    items = [Item(1, date(2025, 1, 1), Fraction(1), Fraction(9), charge=2)]
    rows = rows_sorted([*series(0, YEAR, "year"), *series(10, MONTHS, "months")])
    assert [amounts(invoice) for invoice in plan(make(*rows, items=items), rows)] == [["1200.00"], ["60.00", "9.00"]]


def test_what_is_left_of_an_ended_charge_is_billed_without_the_items_of_the_contract():
    day = date(2025, 7, 2)
    items = [Item(1, day, Fraction(1), Fraction(7)), Item(2, day, Fraction(1), Fraction(9), charge=2)]
    row = Row(0, CHANGE_LOG, Cycle(0, day, day, Period(day, day + ONE_DAY)), day, owner="months")
    [invoice] = plan(make(items=items), [row])
    assert amounts(invoice) == ["9.00"]


def test_one_negative_item_stays_as_entered():
    day = date(2025, 1, 5)
    row = Row(1, REGULAR, Cycle(0, day, day, Period(day, day + ONE_DAY)), day)
    [invoice] = plan(make(items=[Item(1, day, Fraction(1), Fraction(-50))]), [row])
    [line] = invoice.lines
    assert (line.quantity, line.price_unit, str(line.amount)) == (1, -50, "-50.00")
