"""Invariants on the database: what is entered twice, taken back, paused, undone or given back."""

from contextlib import closing
from datetime import date, timedelta

from hypothesis import given
from hypothesis import strategies as st

from odoo.tests import tagged

from .lives import LAST, Life, LivesCommon, examples, lives
from .oracle import MONTHS, Account, Worth, exact

some_days = st.integers(0, 60)


def without_changes(life, **terms):
    return Life({**life.terms, **terms}, life.subscriptions, [])


@tagged("post_install", "-at_install")
class TestChangeInvariants(LivesCommon):
    def begin_billed(self, life, until, name="Life"):
        """Return a contract without changes that the job has billed up to ``until``."""
        contract = self.begin(life, name)
        self.run_job(until)
        return contract

    def finish(self, contract):
        """Bill what follows and return the totals."""
        with self.many_runs() as run:
            for number in range(0, 90, 15):
                run(LAST + timedelta(days=number))
        self.check_invoices(contract)
        return self.totals(contract)

    # ---- I17, I18 -------------------------------------------------------------------------------------------------

    @examples(4)
    @given(life=lives(most=1), back=some_days, refunds=st.sampled_from(["yes", "no"]), price=st.booleans(),
           value=st.sampled_from([0.0, 2.0, 50.0]))
    def _check_revert(self, life, back, refunds, price, value):
        with closing(self.cr.savepoint()):
            contract = self.begin_billed(without_changes(life, refund_policy=refunds), LAST)
            sub = contract.subscription_ids
            if contract.state != "active":
                return
            with closing(self.cr.savepoint()):
                expected = self.finish(contract)
            day = max(LAST - timedelta(days=back), sub.date_start)
            with self.today(LAST):
                change, old = (sub.change_price, sub.price_unit) if price else (sub.change_quantity, sub.quantity)
                change(value, day)
                change(old, day)
            self.assertEqual(self.finish(contract), expected)

    def test_i17_changed_and_changed_back_on_one_day_is_no_change(self):
        self._check_revert()

    @examples(3)
    @given(life=lives(most=1), back=some_days, refunds=st.sampled_from(["yes", "no"]),
           deltas=st.lists(st.sampled_from([-2.0, -0.5, 1.0, 3.0]), min_size=2, max_size=3),
           order=st.randoms(use_true_random=False))
    def _check_order(self, life, back, refunds, deltas, order):
        found = []
        steps = [*deltas, "price"]
        for _turn in range(2):
            with closing(self.cr.savepoint()):
                own = without_changes(life, refund_policy=refunds, date_end=None)
                own = Life(own.terms, [{**own.subscriptions[0], "quantity": 6.0}], [])
                contract = self.begin_billed(own, LAST)
                sub = contract.subscription_ids
                with self.today(LAST):
                    day = max(LAST - timedelta(days=back), sub.date_start)
                    for step in steps:
                        if step == "price":
                            sub.change_price(17.5, day)
                        else:
                            sub.change_quantity(sub.quantity + step, day)
                found.append(self.finish(contract))
            order.shuffle(steps)
        self.assertEqual(*found)

    def test_i18_the_order_of_changes_of_one_day_does_not_matter(self):
        self._check_order()

    # ---- I21 ------------------------------------------------------------------------------------------------------

    @examples(3)
    @given(life=lives(most=1), first=st.integers(0, 80), length=st.integers(0, 50), billed=st.integers(0, 80),
           policy=st.sampled_from(["nothing", "credit"]), refunds=st.sampled_from(["yes", "no"]))
    def _check_pause(self, life, first, length, billed, policy, refunds):
        start = life.terms["date_start"]
        end = life.terms["date_end"] or start + timedelta(days=100)
        life = without_changes(life, refund_policy=refunds, date_end=end)
        [vals] = life.subscriptions
        with closing(self.cr.savepoint()):
            contract = self.begin_billed(life, start + timedelta(days=billed))
            day = max(start + timedelta(days=first), vals["date_start"])
            stop = day + timedelta(days=length)
            if contract.state != "active" or stop > end:
                return
            with self.today(max(start + timedelta(days=billed), vals["date_start"])):
                log = contract.subscription_ids.pause(day, stop, policy=policy)
            self.assertEqual(bool(log), bool(length))
            with self.many_runs() as run:
                for number in range(0, 220, 20):
                    run(start + timedelta(days=billed + number))
            cents = round(100 * self.totals(contract).get(0, 0.0))
        account = Account(vals["date_start"], MONTHS["monthly"])
        account.prices.append((vals["date_start"], 0, exact(vals["price_unit"])))
        account.change(vals["quantity"], vals["date_start"])
        worth = Worth(start, end, life.terms["frequency"], life.terms["alignment"], life.terms["proration_unit"])
        factor = 1 - exact(life.terms["discount"]) / 100
        full = sum(worth.totals(account, factor).values())
        account.pause(day, stop)
        least = sum(worth.totals(account, factor).values())
        self.assertTrue(least <= cents <= full, (least, cents, full))
        if policy == "credit" and refunds == "yes":
            self.assertEqual(cents, least)
        if not length:
            self.assertEqual(cents, full)

    def test_i21_a_pause_bills_no_paused_day_twice_and_a_pause_of_no_days_is_none(self):
        self._check_pause()

    # ---- I22 ------------------------------------------------------------------------------------------------------

    @examples(3)
    @given(life=lives(), cancel=st.booleans())
    def _check_again(self, life, cancel):
        found = []
        for undo in (False, True):
            with closing(self.cr.savepoint()):
                contract = self.begin(life)
                known = self.invoices(contract)
                for number in range(0, 130, 9):
                    day = date(2026, 1, 1) + timedelta(days=number)
                    with self.today(max(day, contract.date_start)):
                        for change in life.changes:
                            if change.entered <= day < change.entered + timedelta(days=9):
                                self.enter(contract, change)
                    self.run_job(day)
                    new = self.invoices(contract) - known
                    if undo and new:
                        (new.button_cancel if cancel else new.unlink)()
                        self.run_job(day, time="06:00:00")
                        self.assertEqual(len(self.live_invoices(contract) - known), len(new))
                    known |= self.live_invoices(contract)
                found.append(self.lines(contract, self.live_invoices(contract)))
        self.assertEqual(*found)

    def live_invoices(self, contract):
        return contract.with_context(active_test=False).schedule_ids.resulting_invoice_id

    def test_i22_undone_and_billed_again_gives_the_same_lines(self):
        self._check_again()

    # ---- I34 ------------------------------------------------------------------------------------------------------

    @examples(4)
    @given(life=lives(most=2, least=2), back=st.integers(0, 40), included=st.booleans(), whole=st.booleans())
    def _check_taxes(self, life, back, included, whole):
        start = life.terms["date_start"]
        terms = {"billing_policy": "advance", "billing_offset": 1, "date_end": None, "alignment": "anniversary"}
        life = Life({**life.terms, **terms}, [
            {**sub, "date_start": start, "tax_ids": self.taxes[included].ids, "quantity": 3.0}
            for sub in life.subscriptions], [])
        with closing(self.cr.savepoint()):
            contract = self.begin_billed(life, start + timedelta(days=2))
            [invoice] = self.invoices(contract)
            with self.today(start + timedelta(days=2)):
                for sub in contract.subscription_ids:
                    sub.deactivate(start if whole else start + timedelta(days=back), refund=True)
            self.finish(contract)
            notes = self.invoices(contract) - invoice
            self.assertEqual(set(notes.mapped("move_type")) - {"out_refund"}, set())
            for move in notes | invoice:
                self.assertAlmostEqual(sum(move.invoice_line_ids.mapped("price_total")), move.amount_total, 2)
                self.assertAlmostEqual(sum(move.invoice_line_ids.mapped("price_subtotal")), move.amount_untaxed, 2)
            credited = {name: round(sum(notes.mapped(name)), 2) for name in ("amount_untaxed", "amount_tax")}
            for name, amount in credited.items():
                self.assertLessEqual(amount, round(invoice[name], 2))
                if whole:
                    self.assertEqual(amount, round(invoice[name], 2))

    def test_i34_the_tax_of_credits_is_at_most_that_of_the_invoice_and_all_of_it_in_full(self):
        self.company.tax_calculation_rounding_method = "round_per_line"  # so that lines add up with their taxes
        self.taxes = {included: self.env["account.tax"].create({
            "name": f"Included: {included}", "amount": 15.0,
            "price_include_override": "tax_included" if included else "tax_excluded"}) for included in (False, True)}
        self._check_taxes()
