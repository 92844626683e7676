"""What the list shows of money is stored, to be sorted by, and stays what the planner and the invoices say."""

from odoo import Command
from odoo.tests import tagged

from .repeating_common import RepeatingCommon

COLUMNS = (
    "account_number", "partner_id", "interval", "run_date", "collect_on", "term", "date_end",
    "amount_outstanding_excl", "repeating_amount_excl", "escalation_percent", "activate_on", "billdozer_id")


@tagged("post_install", "-at_install")
class TestRepeatingFigures(RepeatingCommon):

    def assertFigures(self, repeating, outstanding, repeated):
        """Compare the amounts in the database, and those that are computed from nothing."""
        self.env.flush_all()
        for _attempt in range(2):
            self.env.invalidate_all()
            self.assertRecordValues(repeating, [
                {"amount_outstanding_excl": outstanding, "repeating_amount_excl": repeated}])
            for field in ("amount_outstanding_excl", "repeating_amount_excl"):
                self.env.add_to_compute(repeating._fields[field], repeating)
            self.env.flush_all()

    def test_every_column_is_sorted_and_searched_by(self):
        fields = self.env["repeating.invoice"].fields_get(COLUMNS, ["sortable", "searchable"])
        self.assertEqual({(one["sortable"], one["searchable"]) for one in fields.values()}, {(True, True)}, fields)
        self.assertEqual(len(fields), len(COLUMNS))
        small, large, middle = (
            self.make_repeating({"price_unit": price}, run_date="2026-01-01", name=str(price))
            for price in (30.0, 500.0, 80.0))
        self.invoices_of(large).action_post()
        many = small | large | middle
        Invoice, own = self.env["repeating.invoice"], [("id", "in", many.ids)]
        self.assertEqual(Invoice.search(own, order="repeating_amount_excl").mapped("name"), ["30.0", "80.0", "500.0"])
        self.assertEqual(Invoice.search([*own, ("repeating_amount_excl", ">", 60)]), large | middle)
        self.assertEqual(Invoice.search([*own, ("amount_outstanding_excl", ">", 0)]), large)
        for column in COLUMNS:
            self.assertEqual(len(Invoice.search(own, order=f"{column} desc")), 3)

    def test_a_change_counts_from_its_run_on(self):
        repeating = self.make_repeating(
            {"price_unit": 100.0}, {"price_unit": 5.0, "name": "Mail", "quantity": 4}, run_date="2026-01-01")
        self.assertFigures(repeating, 0.0, 120.0)
        hosting, mail = repeating.line_ids
        with self.today("2026-01-10"):
            hosting.price_unit = 110.0
        self.assertFigures(repeating, 0.0, 130.0)
        with self.today("2026-01-10"):
            mail.subscription_id.change_quantity(10, "2026-03-01")  # not on the run of February
        self.assertFigures(repeating, 0.0, 130.0)
        self.run_job("2026-02-01")
        self.assertFigures(repeating, 0.0, 160.0)
        repeating.contract_id.discount = 10.0
        self.assertFigures(repeating, 0.0, 144.0)
        mail.discount = 50.0
        self.assertFigures(repeating, 0.0, 121.5)
        mail.billable = False
        self.assertFigures(repeating, 0.0, 99.0)

    def test_prices_that_include_their_tax(self):
        """15 % in the price: 115.00 is 100.00 before tax, on the line, in the list, calculated and invoiced."""
        tax = self.tax_sale_a.copy({
            "name": "In the price", "amount": 15.0, "price_include_override": "tax_included"})
        repeating = self.make_repeating(
            {"price_unit": 115.0, "tax_ids": [Command.set(tax.ids)]},
            {"price_unit": 50.0, "quantity": 2, "discount": 10.0, "name": "Router"},
            {"price_unit": 10.0, "name": "Mail", "tax_ids": [Command.set(self.tax_sale_a.ids)]}, run_date="2026-01-01")
        self.assertRecordValues(repeating.line_ids, [
            {"amount_excl": 100.0, "amount_tax": 15.0, "amount_incl": 115.0},
            {"amount_excl": 90.0, "amount_tax": 0.0, "amount_incl": 90.0},
            {"amount_excl": 10.0, "amount_tax": 1.5, "amount_incl": 11.5}])
        self.assertFigures(repeating, 0.0, 200.0)
        with self.today("2026-01-02"):
            [planned] = repeating.calculate("2026-02-01", "2026-02-28")
        self.assertEqual((planned["total_excl"], planned["total"]), (200.0, 216.5))
        self.run_job("2026-01-20")
        january, february = self.invoices_of(repeating)
        self.assertRecordValues(february, [{"amount_untaxed": 200.0, "amount_total": 216.5}])
        january.action_post()
        self.assertFigures(repeating, 200.0, 200.0)
        repeating.line_ids[0].tax_ids = False
        self.assertFigures(repeating, 200.0, 215.0)

    def test_an_escalation_counts_from_its_anniversary_on(self):
        repeating = self.make_repeating(
            {"price_unit": 100.0, "escalate": True}, {"price_unit": 50.0, "name": "Router"},
            run_date="2026-01-15", escalation_percent=10.0)
        self.run_job("2026-12-14")
        self.assertEqual(self.run_dates(repeating)[-1], "2026-12-15")
        self.assertFigures(repeating, 0.0, 160.0)  # of 15 January 2027
        repeating.reverse_escalation("2027-01-15")
        self.assertFigures(repeating, 0.0, 150.0)
        self.run_job("2028-01-20")
        self.assertFigures(repeating, 0.0, 160.0)
        self.assertEqual(str(repeating.next_run_date), "2028-02-15")
        with self.today("2028-01-20"):
            repeating.escalation_percent = 20.0
        self.run_job("2029-01-10")
        self.assertFigures(repeating, 0.0, 182.0)

    def test_the_end_of_a_term_and_of_it_all(self):
        repeating = self.make_repeating(
            {"price_unit": 100.0}, {"price_unit": 30.0, "name": "Router", "term": 3}, run_date="2026-01-01", term=5)
        for day, repeated in (
                ("2026-01-31", 130.0), ("2026-02-14", 100.0), ("2026-02-15", 100.0), ("2026-03-17", 100.0),
                ("2026-04-16", 0.0), ("2026-07-01", 0.0)):
            self.run_job(day)
            self.assertFigures(repeating, 0.0, repeated)
        self.assertEqual(repeating.state, "inactive")
        self.assertEqual(len(self.run_dates(repeating)), 5)

    def test_days_pass(self):
        """Whatever day it is, the amount of the next run stays until that run is made."""
        repeating = self.make_repeating({"price_unit": 100.0}, run_date="2026-01-01")
        with self.today("2026-01-01"):
            repeating.line_ids.subscription_id.change_price(150.0, "2026-02-01")
        for day in ("2026-01-01", "2026-01-20", "2026-02-01", "2026-02-20", "2030-01-01"):
            with self.today(day):
                self.assertFigures(repeating, 0.0, 150.0)

    def test_the_actions(self):
        repeating = self.make_repeating({"price_unit": 100.0}, run_date="2026-01-01")
        first = self.invoices_of(repeating)
        with self.today("2026-01-02"):
            first.unlink()
            self.assertFigures(repeating, 0.0, 100.0)
            repeating.cancel("2026-01-02")
            self.assertFigures(repeating, 0.0, 100.0)  # its last run is open
        self.run_job("2026-01-03")
        self.assertFigures(repeating, 0.0, 0.0)
        with self.today("2026-01-10"):
            repeating.reactivate("2026-03-01")
            self.assertFigures(repeating, 0.0, 100.0)
            repeating.contract_id.action_suspend()
            self.assertFigures(repeating, 0.0, 100.0)
            repeating.contract_id.action_activate()
            repeating.line_ids.date_end = "2026-02-28"
            self.assertFigures(repeating, 0.0, 0.0)

    def test_what_is_paid_and_credited(self):
        tax = Command.set(self.tax_sale_a.ids)
        repeating = self.make_repeating({"price_unit": 200.0, "tax_ids": [tax]}, run_date="2026-01-01")
        move = self.invoices_of(repeating)
        self.assertFigures(repeating, 0.0, 200.0)
        with self.today("2026-01-05"):
            move.action_post()
            self.assertFigures(repeating, 200.0, 200.0)
            self.assertEqual(move.amount_total, 230.0)
            self.env["account.payment.register"].with_context(
                active_model="account.move", active_ids=move.ids).create({"amount": 57.5})._create_payments()
            self.assertFigures(repeating, 150.0, 200.0)
            move.line_ids.remove_move_reconcile()
            self.assertFigures(repeating, 200.0, 200.0)
            move._reverse_moves(cancel=True)
            self.assertFigures(repeating, 0.0, 200.0)
