"""Recurring revenue: what is worth how much a month, and what has moved it, worked out by hand."""

from odoo import Command, fields
from odoo.tests import new_test_user, tagged

from .common import BillingCommon

TODAY = "2026-07-15"


class RevenueCommon(BillingCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.viewer = cls.make_user("revenue_viewer", cls.company)
        cls.other_customer = cls.env["res.partner"].create({"name": "Contoso"})

    @classmethod
    def make_user(cls, login, companies, group="viewer"):
        return new_test_user(
            cls.env, login=login, groups=f"work365_billing.billing_group_{group}", company_id=companies[0].id,
            company_ids=[Command.set(companies.ids)], tz="UTC")

    def revenue(self, today=TODAY, user=None, companies=None):
        """Make the report on ``today`` and return its rows, oldest first."""
        user = user or self.viewer
        Revenue = self.env["billing.revenue"].with_user(user).with_context(
            allowed_company_ids=(companies or user.company_ids).ids)
        self.env.flush_all()
        with self.today(today):
            Revenue.make()
            return Revenue.search([], order="date, subscription_id, id")

    def told(self, today=TODAY, contract=None):
        """Return the movements as (subscription, day, movement, MRR)."""
        return [
            (row.subscription_id.name, fields.Date.to_string(row.date), row.kind, row.mrr)
            for row in self.revenue(today) if not contract or row.contract_id.id == contract.id]

    def cards(self, today=TODAY, user=None, companies=None):
        """Return the amounts of the cards MRR and ARR."""
        user = user or self.viewer
        self.env.flush_all()
        self.env.invalidate_all()
        with self.today(today):
            cards = self.env["billing.dashboard.card"].with_user(user).with_context(
                allowed_company_ids=(companies or user.company_ids).ids).search([("kind", "in", ("mrr", "arr"))])
            return {card.kind: card.amount for card in cards}


@tagged("post_install", "-at_install")
class TestRevenue(RevenueCommon):
    def test_a_month_of_every_sales_unit_with_both_discounts(self):
        """14.5 % off 120.00 + 100.00 + 30.00 + 50.00 + 10.00; an open credit of 3.00 is spared by the contract's."""
        self.make_contract(
            {"name": "Monthly", "quantity": 10, "price_unit": 12.0, "discount": 5.0},
            {"name": "Annual", "price_unit": 1200.0, "sales_unit": "annual", "discount": 5.0},
            {"name": "Quarterly", "price_unit": 90.0, "sales_unit": "quarterly", "discount": 5.0},
            {"name": "Half", "price_unit": 300.0, "sales_unit": "semi_annual", "discount": 5.0},
            {"name": "Triennial", "price_unit": 360.0, "sales_unit": "triennial", "discount": 5.0},
            {"name": "Credit", "price_unit": -3.0},
            {"name": "Left out", "price_unit": 7.0, "billable": False},
            {"name": "Usage", "pricing": "usage", "price_unit": 7.0},
            {"name": "Later", "price_unit": 7.0, "date_start": "2026-08-01"},
            date_start="2026-01-31", discount=10.0, frequency="annual")
        self.assertEqual(self.told(), [
            ("Monthly", "2026-01-31", "new", 102.6), ("Annual", "2026-01-31", "new", 85.5),
            ("Quarterly", "2026-01-31", "new", 25.65), ("Half", "2026-01-31", "new", 42.75),
            ("Triennial", "2026-01-31", "new", 8.55), ("Credit", "2026-01-31", "new", -3.0)])
        self.assertEqual(self.cards(), {"mrr": 262.05, "arr": 3144.6})
        self.assertEqual(self.revenue()[0].arr, 1231.2)

    def test_movements_by_month(self):
        """10 x 12.00 new, + 60.00, dearer by 22.50, - 40.50, all gone, back, and what was entered for later is not."""
        contract = self.make_contract({"quantity": 10, "price_unit": 12.0}, date_start="2026-01-10")
        sub = contract.subscription_ids
        for today, change, value, day in (
                ("2026-03-20", "change_quantity", 15, "2026-03-05"), ("2026-03-20", "change_price", 13.5, "2026-04-01"),
                ("2026-04-20", "change_quantity", 12, "2026-05-20"), ("2026-05-21", "deactivate", None, "2026-06-01"),
                ("2026-06-20", "reactivate", None, "2026-07-01"), ("2026-07-02", "change_quantity", 99, "2026-08-01")):
            self.run_job(today)
            with self.today(today):
                method = getattr(sub, change)
                method(day) if value is None else method(value, day)
        self.run_job("2026-07-02", "06:00:00")
        name = "Business Premium"
        self.assertEqual(self.told(), [
            (name, "2026-01-10", "new", 120.0), (name, "2026-03-05", "expansion", 60.0),
            (name, "2026-04-01", "expansion", 22.5), (name, "2026-05-20", "contraction", -40.5),
            (name, "2026-06-01", "churn", -162.0), (name, "2026-07-01", "reactivation", 162.0)])
        self.assertEqual(self.cards(), {"mrr": 162.0, "arr": 1944.0})

    def test_a_change_and_its_reverse_on_one_day_have_never_been(self):
        contract = self.make_contract({"quantity": 10, "price_unit": 12.0}, date_start="2026-01-10")
        with self.today("2026-02-20"):
            contract.subscription_ids.change_quantity(15, "2026-02-20")
            contract.subscription_ids.change_price(20.0, "2026-02-20")
            contract.subscription_ids.change_price(12.0, "2026-02-20")
            contract.subscription_ids.change_quantity(10, "2026-02-20")
        self.assertEqual(self.told(), [("Business Premium", "2026-01-10", "new", 120.0)])

    def test_a_second_contract_of_a_customer_is_no_new_customer(self):
        """An address of the customer is the same customer."""
        address = self.env["res.partner"].create({"name": "Branch", "parent_id": self.customer.id})
        first = self.make_contract({"name": "First", "price_unit": 10.0}, date_start="2026-01-10")
        self.make_contract({"name": "Second", "price_unit": 4.0}, date_start="2026-03-01", partner_id=address.id)
        self.make_contract(
            {"name": "Other", "price_unit": 7.0}, date_start="2026-03-01", partner_id=self.other_customer.id)
        self.run_job("2026-05-02")
        with self.today("2026-05-02"):
            first.action_close()
        self.assertEqual(self.told(), [
            ("First", "2026-01-10", "new", 10.0), ("Second", "2026-03-01", "expansion", 4.0),
            ("Other", "2026-03-01", "new", 7.0), ("First", "2026-05-03", "contraction", -10.0)])
        self.assertEqual(self.revenue().partner_id, (self.customer | self.other_customer).with_user(self.viewer))

    def test_ends(self):
        """An end is the last day; the end of a contract that renews itself is none, and a draft has never been."""
        price = {"price_unit": 10.0}
        ended = self.make_contract({"name": "Ended", **price}, date_start="2026-01-10", date_end="2026-06-30")
        self.make_contract(
            {"name": "Renews", **price}, date_start="2025-07-01", date_end="2026-06-30", auto_renew=True,
            partner_id=self.other_customer.id)
        self.make_contract({"name": "Draft", **price}, date_start="2026-01-10", activate=False)
        self.make_contract(
            {"name": "Never begun", **price}, date_start="2030-01-01", today="2026-07-14").action_close()
        expected = [
            ("Renews", "2025-07-01", "new", 10.0), ("Ended", "2026-01-10", "new", 10.0),
            ("Ended", "2026-07-01", "churn", -10.0)]
        self.assertEqual(self.told(), expected)
        self.run_job("2026-07-15")
        self.assertEqual(ended.state, "closed")
        self.assertEqual(self.told(), expected)
        self.assertEqual(self.cards(), {"mrr": 10.0, "arr": 120.0})

    def test_pauses_and_suspensions_follow_the_money(self):
        """What is not billed counts as lost and won back; what is billed in full stays."""
        paused = self.make_contract({"name": "Paused", "price_unit": 10.0}, date_start="2026-01-10")
        full = self.make_contract(
            {"name": "Full", "price_unit": 20.0}, date_start="2026-01-10", partner_id=self.other_customer.id)
        third = self.env["res.partner"].create({"name": "Third"})
        suspended = self.make_contract(
            {"name": "Suspended", "price_unit": 40.0}, date_start="2026-01-10", partner_id=third.id)
        with self.today("2026-03-01"):
            paused.subscription_ids.pause("2026-03-01", "2026-05-01")
            full.subscription_ids.pause("2026-03-01", policy="full")
            suspended.suspend("2026-03-05", policy="credit")
        self.run_job("2026-05-02")
        self.assertEqual(self.told(), [
            ("Paused", "2026-01-10", "new", 10.0), ("Full", "2026-01-10", "new", 20.0),
            ("Suspended", "2026-01-10", "new", 40.0), ("Paused", "2026-03-01", "churn", -10.0),
            ("Suspended", "2026-03-05", "churn", -40.0), ("Paused", "2026-05-01", "reactivation", 10.0)])
        self.assertEqual(self.cards(), {"mrr": 30.0, "arr": 360.0})
        with self.today("2026-07-10"):
            suspended.resume()
        self.assertEqual(self.told()[-1:], [("Suspended", "2026-07-10", "reactivation", 40.0)])

    def test_foreign_currency(self):
        """100.00 at 2 for one, ten per cent more at 2.5, all at 4 in the end: 27.50; what rates do is apart."""
        foreign = self.setup_other_currency("HRK", rates=[
            ("2026-01-01", 2.0), ("2026-02-10", 2.5), ("2026-06-20", 4.0)])
        contract = self.make_contract(
            {"quantity": 10, "price_unit": 10.0}, date_start="2026-01-10", currency_id=foreign.id)
        with self.today("2026-02-15"):
            contract.subscription_ids.change_quantity(11, "2026-02-15")
        name = "Business Premium"
        self.assertEqual(self.told(), [
            (name, "2026-01-10", "new", 50.0), (name, "2026-02-15", "expansion", 4.0),
            (name, "2026-02-28", "exchange", -10.0), (name, "2026-06-30", "exchange", -16.5)])
        self.assertEqual(self.cards(), {"mrr": 27.5, "arr": 330.0})
        self.assertEqual(sum(row.mrr for row in self.revenue("2026-02-20")), 44.0)

    def test_the_companies_chosen(self):
        other = self.setup_other_company(name="Company B")["company"]
        both = self.make_user("revenue_both", self.company | other)
        foreign = self.make_user("revenue_foreign", other, "admin")
        self.make_contract({"price_unit": 10.0}, date_start="2026-01-10")
        self.assertEqual(len(self.revenue()), 1)
        self.assertFalse(self.revenue(user=foreign))
        self.assertEqual(self.cards(user=foreign), {"mrr": 0.0, "arr": 0.0})
        self.assertFalse(self.revenue(user=both, companies=other))
        self.assertEqual(len(self.revenue(user=both)), 1)
        self.assertEqual(self.cards(user=both), {"mrr": 10.0, "arr": 120.0})
        self.assertEqual(len(self.env["billing.revenue"].with_user(self.viewer).search([])), 1)

    def test_the_number_of_queries_does_not_depend_on_the_number_of_contracts(self):
        def make():
            self.env.flush_all()
            self.env.invalidate_all()
            before = self.env.cr.sql_log_count
            self.revenue()
            return self.env.cr.sql_log_count - before

        def make_contracts(count):
            for number in range(count):
                self.make_contract({"price_unit": 1.0}, date_start="2026-01-10", name=str(number))
            make()  # fills the caches
            make()

        make_contracts(3)
        few = make()
        make_contracts(20)
        self.assertEqual(make(), few)

    def test_the_cards_open_the_report(self):
        cards = self.env["billing.dashboard.card"].with_user(self.viewer).search([("kind", "in", ("mrr", "arr"))])
        for card in cards:
            action = card.action_open()
            self.assertEqual((action["tag"], action["res_model"]), ("billing_snapshot", "billing.revenue"))
            self.assertTrue(self.env.ref(action["params"]["action"]))
