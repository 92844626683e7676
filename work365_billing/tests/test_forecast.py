"""The forecast is what the hourly job makes of the next 12 months, invoice by invoice, to the cent."""

from collections import defaultdict
from datetime import timedelta

from odoo import Command, fields
from odoo.tests import new_test_user, tagged

from .common import BillingCommon
from .test_planner import WRITING, StatementsMixin

TODAY = "2026-03-10"


class ForecastCommon(StatementsMixin, BillingCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.viewer = new_test_user(
            cls.env, login="forecast_viewer", groups="work365_billing.billing_group_viewer",
            company_id=cls.company.id, company_ids=[Command.set(cls.company.ids)], tz="UTC")

    def forecast(self, user=None, today=TODAY):
        """Make the forecast on ``today`` and return its rows."""
        user = user or self.viewer
        Forecast = self.env["billing.forecast"].with_user(user).with_context(
            allowed_company_ids=user.company_ids.ids)
        self.env.flush_all()
        with self.today(today):
            Forecast.make()
            return Forecast.search([])

    def told(self, rows):
        """Return what is forecast as (invoice date, amount, first day, last day), by date."""
        day = fields.Date.to_string
        return [(day(row.date), row.amount, day(row.period_start), day(row.period_end)) for row in rows]


@tagged("post_install", "-at_install")
class TestForecast(ForecastCommon):
    def test_the_rest_of_this_month_and_the_twelve_after_it(self):
        """A quarter of 3 x 100.00 from 1 April, 10 % off, in arrears; a day is 270.00 / 92 from July to September."""
        contract = self.make_contract(
            {"price_unit": 100.0, "date_end": "2026-08-31"}, date_start="2026-04-01", today=TODAY, discount=10.0,
            frequency="quarterly", billing_policy="arrears")
        yearly = self.make_contract(
            {"price_unit": 1200.0, "sales_unit": "annual"}, date_start="2026-03-15", today=TODAY, frequency="annual",
            name="Yearly", auto_renew=True, date_end="2027-03-14")
        rows = self.forecast()
        self.assertEqual(self.told(rows.filtered(lambda row: row.contract_id.id == contract.id)), [
            ("2026-07-01", 270.0, "2026-04-01", "2026-06-30"),
            ("2026-10-01", 181.96, "2026-07-01", "2026-09-30")])  # 270 x 62/92
        self.assertEqual(self.told(rows.filtered(lambda row: row.contract_id.id == yearly.id)), [
            ("2026-03-16", 1200.0, "2026-03-15", "2027-03-14"), ("2027-03-16", 1200.0, "2027-03-15", "2028-03-14")])
        self.assertRecordValues(rows[:1], [{
            "partner_id": self.customer.id, "company_id": self.company.id, "kind": "regular", "frequency": "annual",
            "currency_id": self.company.currency_id.id, "amount_currency": 1200.0, "subscription_id": False,
            "user_id": yearly.user_id.id}])

    def test_schedules_that_do_not_exist_yet_are_forecast_too(self):
        self.company.billing_range_monthly = 1
        contract = self.make_contract({"price_unit": 12.0}, date_start="2026-03-31", today=TODAY)
        self.assertEqual(len(contract.schedule_ids), 1)
        rows = self.forecast()
        self.assertEqual(rows.mapped(lambda row: fields.Date.to_string(row.period_start)), [
            "2026-03-31", "2026-04-30", "2026-05-31", "2026-06-30", "2026-07-31", "2026-08-31", "2026-09-30",
            "2026-10-31", "2026-11-30", "2026-12-31", "2027-01-31", "2027-02-28"])
        self.assertEqual(sum(rows.mapped("amount")), 144.0)
        self.assertEqual(len(contract.schedule_ids), 1)

    def test_what_is_overdue_keeps_its_date(self):
        self.make_contract({"price_unit": 12.0}, date_start="2026-02-01", date_end="2026-03-31")
        self.assertEqual(self.told(self.forecast()), [
            ("2026-02-02", 12.0, "2026-02-01", "2026-02-28"), ("2026-03-02", 12.0, "2026-03-01", "2026-03-31")])

    def test_drafts_closed_contracts_and_open_suspensions_bill_nothing(self):
        self.make_contract({"price_unit": 12.0}, date_start="2026-04-01", activate=False)
        self.make_contract({"price_unit": 12.0}, date_start="2026-04-01", today=TODAY).action_close()
        with self.today(TODAY):
            self.make_contract({"price_unit": 12.0}, date_start="2026-03-01").suspend("2026-03-05")
        self.assertFalse(self.forecast())
        self.assertFalse(self.env["billing.forecast"].with_user(self.viewer).get_made_at())

    def test_a_new_forecast_takes_the_place_of_the_old_one(self):
        contract = self.make_contract({"price_unit": 12.0}, date_start="2026-04-01", today=TODAY)
        before = self.forecast()
        self.assertEqual(sum(before.mapped("amount")), 12 * 12.0)
        with self.today(TODAY):
            contract.subscription_ids.change_price(13.0, "2026-05-01")
        self.assertEqual(sum(self.forecast().mapped("amount")), 12.0 + 11 * 13.0)
        self.assertFalse(before.exists())
        self.assertTrue(self.env["billing.forecast"].with_user(self.viewer).get_made_at())

    def test_each_user_sees_his_own_and_nothing_of_another_company(self):
        other = self.setup_other_company(name="Company B")["company"]
        both = new_test_user(
            self.env, login="forecast_both", groups="work365_billing.billing_group_viewer", company_id=other.id,
            company_ids=[Command.set((other | self.company).ids)], tz="UTC")
        foreign = new_test_user(
            self.env, login="forecast_b", groups="work365_billing.billing_group_admin", company_id=other.id,
            company_ids=[Command.set(other.ids)], tz="UTC")
        self.make_contract({"price_unit": 12.0}, date_start="2026-04-01", today=TODAY)
        own = self.forecast()
        self.assertEqual(len(own), 12)
        self.assertFalse(self.forecast(foreign))
        self.assertEqual(len(self.forecast(both)), 12)
        Forecast = self.env["billing.forecast"].with_user(both)
        self.assertFalse(Forecast.search([("id", "in", own.ids)]))
        self.assertEqual(len(Forecast.with_context(allowed_company_ids=[other.id, self.company.id]).search([])), 12)
        self.assertFalse(Forecast.with_context(allowed_company_ids=other.ids).search([]))
        self.assertEqual(len(self.env["billing.forecast"].with_user(self.viewer).search([])), 12)

    def test_parts_add_up_and_are_not_counted_twice(self):
        """A part of contracts that the user may not see, or that are closed meanwhile, adds nothing."""
        other = self.setup_other_company(name="Company B")["company"]
        foreign = new_test_user(
            self.env, login="forecast_b", groups="work365_billing.billing_group_admin", company_id=other.id,
            company_ids=[Command.set(other.ids)], tz="UTC")
        contracts = self.env["billing.contract"]
        for name in "ABC":
            contracts |= self.make_contract({"price_unit": 12.0}, date_start="2026-04-01", today=TODAY, name=name)
        Forecast = self.env["billing.forecast"].with_user(self.viewer)
        with self.today(TODAY):
            self.assertEqual(Forecast.begin(), contracts.ids)
            Forecast.add(contracts[:2].ids)
            Forecast.add(contracts[1:].ids)
            self.assertEqual(len(Forecast.search([])), 36)
            contracts[2].action_close()
            Forecast.add(contracts.ids)
            self.assertEqual(len(Forecast.search([])), 24)
            self.env["billing.forecast"].with_user(foreign).add(contracts.ids)
            self.assertFalse(self.env["billing.forecast"].sudo().search([("create_uid", "=", foreign.id)]))

    def test_the_dashboard_shows_what_the_viewer_has_worked_out_last(self):
        """12 invoices of 12.00; each user sees his own, in the currency of his company."""
        self.make_contract({"price_unit": 12.0}, date_start="2026-04-01", today=TODAY)
        card = self.env.ref("work365_billing.billing_dashboard_card_forecast").with_user(self.viewer)
        self.assertRecordValues(card, [{"count": 0, "amount": 0.0, "is_figure": True}])
        self.forecast()
        card.invalidate_recordset()
        self.assertRecordValues(card, [{"amount": 144.0, "currency_id": self.company.currency_id.id}])
        self.assertEqual(card.with_user(self.env.user).amount, 0.0)
        self.assertEqual(card.action_open()["res_model"], "billing.forecast")

    def test_a_row_opens_its_contract(self):
        contract = self.make_contract({"price_unit": 12.0}, date_start="2026-04-01", today=TODAY)
        opened = self.forecast()[0].action_open_contract()
        self.assertEqual((opened["res_model"], opened["res_id"]), ("billing.contract", contract.id))

    def test_planning_writes_nothing(self):
        contracts = self.make_contract({"price_unit": 12.0}, date_start="2026-03-01", discount=5.0)
        contracts |= self.make_contract(
            {"price_unit": 12.0}, {"price_unit": 3.0}, date_start="2026-03-01", contract_type="item_based",
            name="Items", date_end="2026-10-31", auto_renew=True, renewal_months=6)
        self.env.flush_all()
        with self.today(TODAY), self.statements() as found:
            planned = self.env["billing.planner"]._plan_forecast(contracts, fields.Date.to_date("2027-03-31"))
            self.env.flush_all()
        self.assertEqual(len(planned), 13 + 2 * 13)
        self.assertEqual([statement for statement in found if WRITING.search(statement)], [])

    def test_the_number_of_queries_does_not_depend_on_the_number_of_contracts(self):
        contracts = self.env["billing.contract"]
        for number in range(30):
            contracts |= self.make_contract(
                {"price_unit": 12.0}, {"price_unit": 3.0, "quantity": 2}, date_start="2026-03-01", name=str(number),
                partner_id=self.env["res.partner"].create({"name": f"Customer {number}"}).id)

        def plan(chosen):
            self.env.flush_all()
            self.env.invalidate_all()
            with self.today(TODAY), self.statements() as found:
                planned = self.env["billing.planner"]._plan_forecast(chosen, fields.Date.to_date("2027-03-31"))
            self.assertEqual(len(planned), 13 * len(chosen))
            return found

        plan(contracts[:1])
        few, many = plan(contracts[:5]), plan(contracts)
        self.assertEqual(len(few), len(many), "\n".join(statement[:200] for statement in many))


@tagged("post_install", "-at_install")
class TestForecastIsBilled(ForecastCommon):
    """Every kind of contract is forecast once, then the hourly job runs on every day of the time."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.dollar = cls.setup_other_currency("HRK", rates=[("2026-01-01", 2.0), ("2026-09-15", 3.0)])
        tax = cls.company_data["default_tax_sale"]
        cls.in_price = tax.copy({"name": "In the price", "amount": 21.0, "price_include_override": "tax_included"})
        cls.company.write({
            "billing_change_log_quarterly": "monthly", "billing_change_log_quarterly_day": 20,
            "billing_change_log_longer": "weekly"})

    def make(self, name, *subscriptions, **vals):
        vals = {"date_start": "2026-01-31", "today": "2026-01-31", **vals}
        return self.make_contract(*subscriptions, name=name, **vals)

    def item(self, price, day):
        return Command.create({
            "product_id": self.licence.id, "name": "Item", "price_unit": price, "invoice_on": day, "tax_ids": False})

    def make_before(self):
        """Make the contracts that are billed in part when the forecast is made."""
        price = {"quantity": 10, "price_unit": 12.34}
        self.make("31st", price, {"price_unit": 99.99, "sales_unit": "quarterly", "date_start": "2026-02-20"})
        self.make("Changed", price, refund_policy="yes")
        self.make("No refunds", price, refund_policy="no")
        self.make("Late change", price, refund_policy="yes")
        self.make("Ends", price, date_end="2026-07-14", item_ids=[
            self.item(50.0, "2026-05-05"), self.item(60.0, "2026-07-31"), self.item(70.0, "2026-09-09")])
        self.make("Arrears", price, frequency="quarterly", billing_policy="arrears", date_end="2026-12-15")
        self.make("Renews", price, frequency="annual", date_end="2027-01-30", auto_renew=True)
        self.make("Renews monthly", price, date_end="2026-03-30", auto_renew=True, renewal_months=1,
                  billing_policy="arrears")
        self.make("Foreign", price, currency_id=self.dollar.id, discount=10.0)
        self.make("Foreign credit", price, currency_id=self.dollar.id, frequency="annual", auto_sync=True,
                  refund_policy="yes")
        self.make("Tax in the price", {**price, "tax_ids": [Command.set(self.in_price.ids)]})
        self.make("Item based", price, {"price_unit": 500.0, "sales_unit": "annual", "date_start": "2026-02-11"},
                  {"price_unit": 7.0, "date_end": "2026-08-08"}, contract_type="item_based", refund_policy="yes")
        self.make("Items only", contract_type="non_recurring", item_ids=[
            self.item(11.0, "2026-03-20"), self.item(12.0, "2026-08-01")])
        self.make("Annual change", price, frequency="annual", refund_policy="yes")
        self.make("Quarterly change", price, frequency="quarterly")
        self.make("Half-yearly", price, frequency="semi_annual", invoice_date_policy="run", billing_offset=-10)
        self.make("Cycle start", price, alignment="calendar", invoice_date_policy="cycle_start")
        self.make("Suspended", price, refund_policy="yes")
        self.make("Suspended, all billed", price)
        self.make("Will be suspended", price, refund_policy="yes")
        self.make("Current only", price, catch_up="current")
        self.make("Usage", {"pricing": "usage", "minimum_commitment": 20.0}, date_end="2026-10-10")

    def change(self):
        """Enter what is known on the day of the forecast."""
        subscription = {
            contract.name: contract.subscription_ids[:1] for contract in self.env["billing.contract"].search([])}
        subscription["Changed"].change_quantity(15, "2026-04-15")
        subscription["Changed"].change_price(13.5, "2026-06-10")
        subscription["Changed"].change_quantity(4, "2026-08-20")
        subscription["No refunds"].change_quantity(4, "2026-08-20")
        subscription["Late change"].change_quantity(12, "2026-02-10")
        subscription["Foreign"].change_quantity(11, "2026-10-10")
        subscription["Foreign credit"].deactivate("2026-06-01", refund=True)
        subscription["Item based"].deactivate("2026-07-15", refund=True)
        subscription["Annual change"].change_quantity(12, "2026-05-05")
        subscription["Annual change"].change_quantity(9, "2026-09-09")
        subscription["Quarterly change"].change_quantity(12, "2026-05-05")
        subscription["Suspended"].contract_id.suspend("2026-03-05", "2026-06-10", "credit")
        subscription["Suspended, all billed"].contract_id.suspend(None, "2026-06-10", "full")
        subscription["Will be suspended"].contract_id.suspend("2026-05-15", "2026-07-20", "credit")
        subscription["Current only"].contract_id.suspend("2026-04-15", "2026-07-20", "full")
        usage = self.env["billing.usage"].create([
            {"subscription_id": subscription["Usage"].id, "name": f"Usage {month}", "cost": cost,
             "period_start": f"2026-0{month}-01", "period_end": f"2026-0{month}-28"}
            for month, cost in ((3, 30.0), (5, 5.0))])
        usage.action_confirm()

    def test_every_invoice_of_the_year_to_the_cent(self):
        self.make_before()
        with self.many_runs() as run:
            for day in ("2026-02-01", "2026-02-12", "2026-03-01", "2026-03-02", "2026-03-09"):
                run(day)
        with self.today(TODAY):
            self.change()
            known = self.env["account.move"].search([("billing_contract_id", "!=", False)])
        expected = defaultdict(list)
        for row in self.forecast():
            expected[row.contract_id.name].append((row.date, row.kind, row.amount_currency, row.amount))
        day, until = fields.Date.to_date(TODAY), fields.Date.to_date("2027-03-31")
        with self.many_runs() as run:
            while day <= until:
                run(day)
                day += timedelta(days=1)
        found = defaultdict(list)
        for move in self.env["account.move"].search([("billing_contract_id", "!=", False)]) - known:
            found[move.billing_contract_id.name].append((
                move.invoice_date, move.billing_kind, move.amount_untaxed_in_currency_signed,
                move.amount_untaxed_signed))
        self.maxDiff = None
        self.assertEqual(
            {name: sorted(invoices) for name, invoices in expected.items()},
            {name: sorted(invoices) for name, invoices in found.items()})
        self.assertEqual(len(found), 22)
