"""PEERS I31 and I33: what a closed contract was billed is the value of the days served, and nothing revives it."""

from contextlib import closing
from dataclasses import replace
from datetime import date, timedelta
from fractions import Fraction

from dateutil.relativedelta import relativedelta
from hypothesis import given
from hypothesis import strategies as st

from odoo.exceptions import UserError, ValidationError
from odoo.tests import tagged
from odoo.tools import float_round

from .lives import FIRST, ONE_DAY, LivesCommon, examples, lives

MONTHS = {"monthly": 1, "quarterly": 3}


def served(contract, sub, stop):
    """Return the value of the days of ``sub`` up to ``stop``, counted day by day, a natural cycle rounded at a time."""
    months, total, number = MONTHS[contract.frequency], 0.0, 0
    while (start := contract.date_start + relativedelta(months=number * months)) <= stop:
        number += 1
        end = contract.date_start + relativedelta(months=number * months)
        days = [start + timedelta(days=count) for count in range((end - start).days)]
        units = sum(quantity_on(sub, day) for day in days if day <= stop)
        amount = units * Fraction(str(sub.price_unit)) * months / len(days)
        total += float_round(float(amount), precision_digits=2)
    return float_round(total, precision_digits=2)


def quantity_on(sub, day):
    logs = sub.change_log_ids.filtered(lambda log: log.effective_date <= day)
    return max(sum(Fraction(str(log.quantity)) for log in logs), 0)


@st.composite
def closed_lives(draw):
    """Return a life without price changes, the day on which it is closed, and how far from it the last day is."""
    life = draw(lives())
    terms = {**life.terms, "date_end": None, "alignment": "anniversary", "proration_unit": "days", "discount": 0.0}
    changes = [change for change in life.changes if change.kind != "price"]
    return (replace(life, terms=terms, changes=changes), FIRST + timedelta(days=draw(st.integers(62, 105))),
            draw(st.integers(-40, 25)))


@tagged("post_install", "-at_install")
class TestCloseInvariants(LivesCommon):
    def close(self, contract, day, stop):
        """Close ``contract`` on ``day`` as of ``stop``, or as of ``day`` where that is refused; return the last day."""
        with self.today(day), closing(self.cr.savepoint()) as savepoint:
            try:
                contract.close(max(stop, contract.date_start), refund=True)
                savepoint.close(rollback=False)
            except (UserError, ValidationError):
                self.env.invalidate_all(flush=False)
            else:
                return max(stop, contract.date_start)
        with self.today(day):
            contract.close(day, refund=True)
        return day

    @examples(8)
    @given(drawn=closed_lives())
    def _check_closed(self, drawn):
        life, day, shift = drawn
        with closing(self.cr.savepoint()):
            contract = self.begin(life)
            self.live({contract: life}, every=7, last=day)
            stop = self.close(contract, day, day + timedelta(days=shift))
            if stop > day:
                with self.many_runs() as run:
                    for number in range((stop - day).days + 1):
                        run(day + timedelta(days=number + 1))
            self.assertRecordValues(contract, [{"state": "closed", "date_end": stop}])
            self.check_invoices(contract)
            self.assertEqual(
                {number: amount for number, amount in self.totals(contract).items() if amount},
                {number: amount for number, sub in enumerate(contract.subscription_ids.sorted("id"))
                 if (amount := served(contract, sub, stop))})
            before = self.lines(contract)
            self.run_job(stop + 40 * ONE_DAY)
            self.assertEqual((contract.state, self.lines(contract)), ("closed", before))

    def test_i31_what_is_billed_is_the_value_of_the_days_served(self):
        self._check_closed()

    @examples(3)
    @given(drawn=closed_lives())
    def _check_preview(self, drawn):
        life, day, _shift = drawn
        with closing(self.cr.savepoint()):
            contract = self.begin(life)
            self.live({contract: life}, every=10, last=day)
            with self.today(day):
                window = self.env["billing.contract.close"].create({"contract_id": contract.id, "refund": "yes"})
                shown = [(row.planned.invoice_date, float(row.difference)) for row in window._get_rows()[0]]
                window.action_confirm()
            self.assertEqual(sorted(shown), sorted(
                (move.invoice_date, move.amount_untaxed_in_currency_signed) for move in window.invoice_ids))

    def test_what_is_shown_is_what_is_made(self):
        self._check_preview()

    @examples(6)
    @given(actions=st.lists(st.sampled_from(
        ["action_activate", "action_suspend", "action_close", "close", "action_renew", "resume", "job", "active", "end",
         "undo"]), max_size=8))
    def _check_nothing_revives(self, actions):
        with closing(self.cr.savepoint()):
            contract = self.make_contract({"price_unit": 30.0, "quantity": 1}, date_start=date(2026, 1, 1),
                                          refund_policy="yes")
            self.run_job("2026-01-02")
            with self.today("2026-01-10"):
                contract.close(refund=True)
            for number, action in enumerate(actions):
                day = date(2026, 1, 11) + timedelta(days=number)
                if action == "job":
                    self.run_job(day)
                    continue
                with self.today(day), closing(self.cr.savepoint()) as savepoint:
                    try:
                        self.act(contract, action)
                        self.env.flush_all()
                        savepoint.close(rollback=False)
                    except (UserError, ValidationError):
                        self.env.invalidate_all(flush=False)
            self.run_job("2026-03-05")
            self.assertRecordValues(contract, [{"state": "closed", "date_end": date(2026, 1, 10)}])
            self.assertEqual(sum(self.invoices(contract).mapped("amount_untaxed_in_currency_signed")), 9.68)

    def act(self, contract, action):
        if action == "active":
            contract.state = "active"
        elif action == "end":
            contract.date_end = "2026-12-31"
        elif action == "undo":
            self.invoices(contract)[-1:].unlink()
        else:
            getattr(contract, action)()

    def test_i33_nothing_revives_what_was_closed_by_hand(self):
        self._check_nothing_revives()
