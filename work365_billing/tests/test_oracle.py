"""Wild lives of contracts against a second opinion (``oracle``), to the cent, whatever was entered and undone."""

from collections import defaultdict
from contextlib import closing
from dataclasses import dataclass
from datetime import date, timedelta
from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st

from odoo import Command
from odoo.exceptions import UserError, ValidationError
from odoo.tests import tagged

from .common import BillingCommon
from .lives import examples
from .oracle import MONTHS, Account, Worth, cents, exact

KINDS = (
    "quantity", "quantity", "quantity", "price", "price", "deactivate", "reactivate", "pause", "resume", "suspend",
    "item", "change log", "future", "delete", "cancel", "credit", "correct", "replace")


@dataclass(frozen=True)
class Event:
    """Something that happens ``entered`` days after the start; ``boundary`` puts its date on the start of a cycle."""

    entered: int
    kind: str
    number: int
    value: float
    shift: int
    length: int
    boundary: bool


@dataclass(frozen=True)
class Wild:
    terms: dict
    subscriptions: tuple
    events: tuple


events = st.builds(
    Event, entered=st.integers(0, 150), kind=st.sampled_from(KINDS), number=st.integers(0, 5),
    value=st.sampled_from([0.0, 1.0, 2.0, 3.0, 7.5, 20.0, 33.33]), shift=st.integers(-60, 45),
    length=st.integers(0, 60), boundary=st.booleans())


@st.composite
def wild_lives(draw):
    start = draw(st.sampled_from([date(2026, 1, 1), date(2025, 12, 31), date(2026, 1, 15), date(2026, 1, 30)]))
    terms = {
        "date_start": start, "date_end": start + timedelta(days=draw(st.integers(75, 200))),
        "frequency": draw(st.sampled_from(["monthly", "monthly", "quarterly", "semi_annual", "annual"])),
        "alignment": draw(st.sampled_from(["anniversary", "calendar"])),
        "billing_policy": draw(st.sampled_from(["advance", "arrears"])),
        "billing_offset": draw(st.integers(-5, 5)), "proration_unit": draw(st.sampled_from(["days", "months"])),
        "discount": draw(st.sampled_from([0.0, 12.5, 33.33])), "refund_policy": "yes"}
    subscriptions = tuple(
        {"quantity": draw(st.sampled_from([0.0, 1.0, 4.0])), "price_unit": draw(st.sampled_from([0.07, 12.0, 33.333])),
         "sales_unit": draw(st.sampled_from(["monthly", "quarterly", "annual"])),
         "discount": draw(st.sampled_from([0.0, 5.0])),
         "date_start": start + timedelta(days=draw(st.sampled_from([0, 0, 9])))}
        for _number in range(draw(st.integers(1, 2))))
    found = draw(st.lists(events, min_size=3, max_size=12))
    return Wild(terms, subscriptions, tuple(sorted(found, key=lambda event: event.entered)))


@tagged("post_install", "-at_install")
class TestOracle(BillingCommon):
    def begin(self, life):
        self.life = life
        self.contract = self.make_contract(
            *[dict(sub) for sub in life.subscriptions], today=life.terms["date_start"], **life.terms)
        self.subs = self.contract.subscription_ids.sorted("id")
        self.worth = Worth(
            life.terms["date_start"], life.terms["date_end"], life.terms["frequency"], life.terms["alignment"],
            life.terms["proration_unit"])
        self.accounts = {}
        for sub, vals in zip(self.subs, life.subscriptions, strict=True):
            account = Account(vals["date_start"], MONTHS[vals["sales_unit"]])
            account.prices.append((vals["date_start"], 0, exact(vals["price_unit"])))
            account.change(vals["quantity"], vals["date_start"])
            self.accounts[sub] = account
        self.items = 0

    def live(self):
        start, end = self.life.terms["date_start"], self.life.terms["date_end"]
        with self.many_runs() as run:
            by_day = defaultdict(list)
            for event in self.life.events:
                by_day[start + timedelta(days=event.entered)].append(event)
            rest = [end + timedelta(days=days) for days in (1, 2, 9, 40)]
            last = max([*rest, *by_day])
            for day in sorted({*by_day, *rest, *(start + timedelta(days=25 * n) for n in range(12)), last}):
                if day > last:
                    break
                run(day)
                for event in by_day[day]:
                    run(day, job=False)
                    self.enter(event, day)
            for number in range(3):  # what was undone last
                run(last + timedelta(days=number + 1), job=False)
                self.settle_holds()
                run(last + timedelta(days=number + 1))

    def settle_holds(self):
        for row in self.contract.schedule_ids.filtered("on_hold"):
            if self.contract.state == "active":
                self.attempt(lambda row=row: self.env["billing.generate"].create(
                    {"schedule_id": row.id}).action_proceed(), lambda: None)

    def attempt(self, act, then):
        """Do ``act`` as on the screen: refused, it changes nothing; else ``then`` tells the oracle."""
        with closing(self.cr.savepoint()) as savepoint:
            try:
                act()
                self.env.flush_all()
                savepoint.close(rollback=False)
            except (UserError, ValidationError):
                self.env.invalidate_all(flush=False)
                return
        then()

    # ---- what happens ---------------------------------------------------------------------------------------------

    def enter(self, event, today):
        sub = self.subs[event.number % len(self.subs)]
        account = self.accounts[sub]
        day = today + timedelta(days=event.shift)
        if event.boundary and day >= self.worth.start:
            day = max(self.worth.natural(day)[0], self.worth.start)
        stop = day + timedelta(days=event.length)
        rows, messages = self.invoiced_rows(), self.contract.message_ids
        getattr(self, "do_" + event.kind.replace(" ", "_"))(event, sub, account, today, day, stop)
        told = "".join((self.contract.message_ids - messages).mapped("body"))
        freed = {name for row, name in rows.items() if row not in self.invoiced_rows()}
        self.assertFalse({name for name in freed if name not in told}, "I23: freed without a word")

    def invoiced_rows(self):
        """Return the names of the invoiced periods by their rows' ids."""
        rows = self.contract.with_context(active_test=False).schedule_ids
        return {row.id: row._get_period_name() for row in rows if row.state == "invoiced"}

    def do_quantity(self, event, sub, account, today, day, stop):
        self.attempt(lambda: sub.change_quantity(event.value, day), lambda: account.change(event.value, day))

    def do_price(self, event, sub, account, today, day, stop):
        self.attempt(lambda: sub.change_price(event.value, day), lambda: account.price(event.value, day))

    def do_deactivate(self, event, sub, account, today, day, stop):
        self.attempt(lambda: sub.deactivate(day, refund=True), lambda: account.deactivate(day, today))

    def do_reactivate(self, event, sub, account, today, day, stop):
        self.attempt(lambda: sub.reactivate(day, event.value or 2.0), lambda: account.change(event.value or 2.0, day))

    def do_pause(self, event, sub, account, today, day, stop):
        stop = stop if event.number % 2 else None
        self.attempt(lambda: sub.pause(day, stop, policy="credit"), lambda: account.pause(day, stop))

    def do_resume(self, event, sub, account, today, day, stop):
        self.attempt(lambda: sub.resume(day), lambda: account.resume(day, today))

    def do_suspend(self, event, sub, account, today, day, stop):
        stopped = [one for own, one in self.accounts.items() if one.on(max(day, one.start))[1] == "active"]
        if event.shift < 0 and len(stopped) == len(self.subs) and all(one.start <= day for one in stopped) and (
                stop <= today):
            def suspend():
                self.contract.suspend(day, policy="credit")
                self.contract.resume(stop)
            self.attempt(suspend, lambda: [one.pause(day, stop) for one in stopped])

    def do_item(self, event, sub, account, today, day, stop):
        quantity = event.value - 2
        vals = {"product_id": self.licence.id, "name": "Item", "quantity": quantity, "price_unit": 3.337,
                "discount": 10.0, "tax_ids": False, "invoice_on": day}
        factor = Fraction(9, 10) * (1 if quantity < 0 else 1 - exact(self.life.terms["discount"]) / 100)

        def add():
            self.items += cents(exact(quantity) * exact(3.337) * factor)
        self.attempt(lambda: self.contract.write({"item_ids": [Command.create(vals)]}), add)

    def do_change_log(self, event, sub, account, today, day, stop):
        self.attempt(lambda: self.env["billing.generate"].create(
            {"contract_id": self.contract.id, "date_to": day}).action_proceed(), lambda: None)

    def do_future(self, event, sub, account, today, day, stop):
        self.attempt(
            lambda: self.env["billing.generate"].create({"contract_id": self.contract.id}).action_proceed(),
            lambda: None)

    def live_move(self, event):
        moves = self.contract.with_context(active_test=False).schedule_ids.resulting_invoice_id.sorted("id")
        return moves[event.number % len(moves)] if moves else None

    def do_delete(self, event, sub, account, today, day, stop):
        move = self.live_move(event)
        if move:
            self.attempt(move.unlink, lambda: None)

    def do_cancel(self, event, sub, account, today, day, stop):
        move = self.live_move(event)
        if move:
            self.attempt(lambda: move.state == "draft" and move.button_cancel(), lambda: None)

    def reverse(self, move, today, modify):
        if move.state == "draft":
            move.action_post()
        wizard = self.env["account.move.reversal"].with_context(
            active_model="account.move", active_ids=move.ids).create(
                {"date": today, "journal_id": move.journal_id.id})
        (wizard.modify_moves if modify else wizard.refund_moves)()
        if not modify:
            wizard.new_move_ids.action_post()

    def do_credit(self, event, sub, account, today, day, stop):
        move = self.live_move(event)
        if move and move.move_type == "out_invoice" and move.amount_total and move.state in ("draft", "posted"):
            self.attempt(lambda: self.reverse(move, today, False), lambda: None)
            self.settle_holds()

    def do_correct(self, event, sub, account, today, day, stop):
        move = self.live_move(event)
        if move and move.move_type == "out_invoice" and move.amount_total and move.state in ("draft", "posted"):
            self.attempt(lambda: self.reverse(move, today, True), lambda: None)

    def do_replace(self, event, sub, account, today, day, stop):
        rows = self.contract.with_context(active_test=False).schedule_ids.filtered(
            lambda row: row.kind == "regular" and row.state == "invoiced").sorted("cycle_start")
        if rows:
            self.attempt(lambda: self.env["billing.generate"].create({
                "schedule_id": rows[event.number % len(rows)].id, "replace_existing": True}).action_proceed(),
                lambda: None)

    # ---- the comparison -------------------------------------------------------------------------------------------

    def found(self):
        """Return what live invoices hold, in cents: by subscription and natural cycle, and all items."""
        held, items = defaultdict(int), 0
        for move in self.contract.with_context(active_test=False).schedule_ids.resulting_invoice_id:
            sign = -1 if move.move_type == "out_refund" else 1
            for line in move.invoice_line_ids:
                amount = sign * round(line.price_subtotal * 100)
                if line.billing_subscription_id:
                    cycle = max(self.worth.natural(line.billing_cycle_start)[0], self.worth.start)
                    held[line.billing_subscription_id, cycle] += amount
                else:
                    items += amount
        return {key: amount for key, amount in held.items() if amount}, items

    def expected(self):
        held = {}
        for sub, vals in zip(self.subs, self.life.subscriptions, strict=True):
            factor = (1 - exact(vals["discount"]) / 100) * (1 - exact(self.life.terms["discount"]) / 100)
            for cycle, amount in self.worth.totals(self.accounts[sub], factor).items():
                held[sub, cycle] = amount
        return {key: amount for key, amount in held.items() if amount}, self.items

    def check(self, life):
        with closing(self.cr.savepoint()):
            self.begin(life)
            self.live()
            rows = self.contract.with_context(active_test=False).schedule_ids
            self.assertFalse(rows.filtered(lambda row: row.state == "error").mapped("message"))
            self.assertFalse(rows.filtered("on_hold"))
            self.assertEqual(self.found(), self.expected())

    @examples(4)
    @given(life=wild_lives())
    def _check_wild(self, life):
        self.check(life)

    def test_i23_i31_what_is_billed_is_what_the_served_days_are_worth(self):
        self._check_wild()
