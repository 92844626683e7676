"""Saving a repeating invoice, and the runs that the hourly job makes of it (DESIGN section 5)."""

from odoo import Command
from odoo.exceptions import UserError, ValidationError
from odoo.tests import tagged

from .repeating_common import RepeatingCommon


@tagged("post_install", "-at_install")
class TestRepeatingInvoice(RepeatingCommon):

    # ---- saving -----------------------------------------------------------------------------------------------------

    def test_saving_makes_the_contract_and_the_first_invoice(self):
        repeating = self.make_repeating({"quantity": 2, "price_unit": 100.0}, run_date="2026-01-10", today="2026-01-01")
        self.assertRecordValues(repeating.contract_id, [{
            "partner_id": self.customer.id, "contract_type": "item_based", "state": "active",
            "company_id": self.company.id, "currency_id": self.company.currency_id.id}])
        self.assertRuns(repeating, [("2026-01-10", [("Hosting", 2.0, 100.0, 200.0)])])
        move = self.invoices_of(repeating)
        self.assertRecordValues(move, [{
            "billing_contract_id": repeating.contract_id.id, "billing_kind": "regular", "state": "draft",
            "move_type": "out_invoice", "partner_id": self.customer.id}])
        self.assertRecordValues(move.billing_schedule_id, [{
            "repeating_invoice_id": repeating.id, "state": "invoiced", "run_type": "automatic"}])
        self.assertEqual(str(repeating.next_run_date), "2026-02-10")

    def test_one_contract_per_client(self):
        first, second = (self.make_repeating({"price_unit": 1}, run_date="2026-03-01") for _number in range(2))
        self.assertEqual(first.contract_id, second.contract_id)
        self.company.billdozer_contracts_per_client = "multiple"
        third = self.make_repeating({"price_unit": 1}, run_date="2026-03-01")
        self.assertNotEqual(third.contract_id, first.contract_id)

    def test_days_in_advance(self):
        repeating = self.make_repeating({"price_unit": 100.0}, run_date="2026-07-01", today="2026-06-01")
        self.run_job("2026-06-15")
        self.assertFalse(self.invoices_of(repeating))
        self.run_job("2026-06-16")
        self.assertRuns(repeating, [("2026-07-01", [("Hosting", 1.0, 100.0, 100.0)])])

    def test_saving_many_is_one_run(self):
        partners = self.env["res.partner"].create([{"name": f"Client {number}"} for number in range(30)])
        before = self.env["billing.run"].search([])
        with self.today("2026-01-01"):
            many = self.env["repeating.invoice"].create([
                self.repeating_vals({"price_unit": 10.0}, run_date="2026-01-05", partner_id=partner.id)
                for partner in partners])
        run = self.env["billing.run"].search([]) - before
        self.assertRecordValues(run, [{
            "origin": "saved", "run_type": "automatic", "state": "done", "contract_count": 30, "invoiced_count": 30}])
        self.assertEqual(many.invoice_ids.mapped("amount_untaxed"), [10.0] * 30)

    def test_lines_may_come_later(self):
        repeating = self.make_repeating(run_date="2026-01-05", today="2026-01-01")
        self.assertEqual((repeating.contract_id.state, self.run_dates(repeating)), ("draft", []))
        with self.today("2026-01-02"):
            repeating.line_ids = [Command.create({
                "product_id": self.licence.id, "name": "Hosting", "tax_ids": False, "price_unit": 10.0})]
        self.assertEqual((repeating.contract_id.state, self.run_dates(repeating)), ("active", ["2026-01-05"]))

    # ---- runs -------------------------------------------------------------------------------------------------------

    def test_term_12_makes_12_invoices_and_a_line_of_3_is_on_3(self):
        repeating = self.make_repeating(
            {"price_unit": 100.0}, {"price_unit": 30.0, "name": "Training", "term": 3}, run_date="2026-01-01", term=12)
        self.assertEqual(str(repeating.date_end), "2026-12-31")
        self.run_daily("2026-01-01", "2026-01-20")
        self.run_job("2028-01-01")
        both = [("Hosting", 1.0, 100.0, 100.0), ("Training", 1.0, 30.0, 30.0)]
        self.assertRuns(repeating, [
            (f"2026-{month:02}-01", both if month <= 3 else both[:1]) for month in range(1, 13)])

    def test_other_months(self):
        repeating = self.make_repeating(
            {"price_unit": 600.0}, run_date="2026-01-31", interval="other", months="1,7")
        self.run_job("2027-07-31")
        self.assertEqual(self.run_dates(repeating), ["2026-01-31", "2026-07-31", "2027-01-31", "2027-07-31"])

    def test_weekly(self):
        repeating = self.make_repeating(
            {"price_unit": 10.0}, run_date="2026-01-01", interval="weekly", weekday="0")
        self.run_job("2026-01-06")
        self.assertEqual(self.run_dates(repeating), ["2026-01-05", "2026-01-12", "2026-01-19"])

    def test_annually_and_month_ends(self):
        yearly = self.make_repeating({"price_unit": 1.0}, run_date="2024-02-29", interval="annually")
        monthly = self.make_repeating({"price_unit": 1.0}, run_date="2026-01-31")
        self.run_job("2026-04-20")
        self.assertEqual(self.run_dates(yearly), ["2024-02-29", "2025-02-28", "2026-02-28"])
        self.assertEqual(self.run_dates(monthly), ["2026-01-31", "2026-02-28", "2026-03-31", "2026-04-30"])

    def test_running_again_makes_nothing(self):
        repeating = self.make_repeating({"price_unit": 1.0}, run_date="2026-01-01")
        for _time in range(2):
            self.run_job("2026-03-31")
        self.assertEqual(self.run_dates(repeating), ["2026-01-01", "2026-02-01", "2026-03-01", "2026-04-01"])

    def test_nothing_up_to_billed_through(self):
        repeating = self.make_repeating(
            {"price_unit": 1.0}, run_date="2026-01-15", billed_through="2026-02-15", today="2026-03-20")
        self.assertEqual(self.run_dates(repeating), ["2026-03-15"])

    def test_no_empty_invoice_when_all_lines_have_ended(self):
        repeating = self.make_repeating({"price_unit": 1.0, "term": 2}, run_date="2026-01-01")
        self.run_job("2026-06-30")
        self.assertEqual(self.run_dates(repeating), ["2026-01-01", "2026-02-01"])

    def test_an_immediate_line_is_invoiced_on_the_day_it_is_saved(self):
        repeating = self.make_repeating(
            {"price_unit": 100.0}, {"price_unit": 50.0, "name": "Set-up", "term": 1, "immediate": True},
            {"price_unit": 20.0, "name": "Cable", "term": 1, "immediate": True},
            run_date="2026-03-01", today="2026-01-10")
        fees = [("Set-up", 1.0, 50.0, 50.0), ("Cable", 1.0, 20.0, 20.0)]
        self.assertRuns(repeating, [("2026-01-10", fees)])
        self.run_job("2026-02-20")
        self.assertRuns(repeating, [("2026-01-10", fees), ("2026-03-01", [("Hosting", 1.0, 100.0, 100.0)])])

    def test_the_plan_is_the_run(self):
        repeating = self.make_repeating({"price_unit": 100.0}, run_date="2026-03-01", today="2026-01-01")
        self.bill(repeating.contract_id, "2026-02-20", "2026-05-01")
        self.assertEqual(self.run_dates(repeating), ["2026-03-01", "2026-04-01", "2026-05-01"])

    # ---- changes ----------------------------------------------------------------------------------------------------

    def test_a_change_acts_on_the_next_run(self):
        repeating = self.make_repeating({"quantity": 1, "price_unit": 100.0}, run_date="2026-01-01")
        with self.today("2026-01-10"):
            repeating.line_ids.quantity = 3
            repeating.line_ids.price_unit = 110.0
        self.run_job("2026-02-01")
        self.assertRuns(repeating, [
            ("2026-01-01", [("Hosting", 1.0, 100.0, 100.0)]), ("2026-02-01", [("Hosting", 3.0, 110.0, 330.0)])])

    def test_figures(self):
        repeating = self.make_repeating(
            {"price_unit": 100.0, "tax_ids": [Command.set(self.tax_sale_a.ids)]}, run_date="2026-01-01")
        self.assertEqual(repeating.repeating_amount_excl, 100.0)
        self.assertEqual(repeating.amount_outstanding_excl, 0.0)
        self.invoices_of(repeating).action_post()
        self.assertEqual(repeating.amount_outstanding_excl, 100.0)
        self.assertEqual(repeating.line_ids.subscription_id.monthly_price, 100.0)

    def test_undo_frees_the_run(self):
        repeating = self.make_repeating({"price_unit": 100.0}, run_date="2026-01-01")
        self.invoices_of(repeating).unlink()
        self.assertEqual(str(repeating.next_run_date), "2026-01-01")
        self.run_job("2026-01-02")
        self.assertEqual(self.run_dates(repeating), ["2026-01-01"])

    # ---- approval ---------------------------------------------------------------------------------------------------

    def test_nothing_is_billed_before_approval(self):
        self.company.billdozer_approve = True
        repeating = self.make_repeating({"price_unit": 100.0}, run_date="2026-01-01")
        self.run_job("2026-02-01")
        self.assertEqual((repeating.state, self.run_dates(repeating)), ("awaiting", []))
        with self.assertRaisesRegex(UserError, "Only users with the right"):
            repeating.action_approve()
        self.env.user.group_ids += self.env.ref("billdozer_repeating.billdozer_group_approver")
        with self.today("2026-02-01"):
            repeating.action_approve()
        self.assertEqual((repeating.state, self.run_dates(repeating)), ("active", ["2026-01-01", "2026-02-01"]))

    # ---- refusals ---------------------------------------------------------------------------------------------------

    def test_what_is_refused(self):
        cases = [
            ("12 months", {"term": 6}, {"term": 12}),
            ("at least one month", {"interval": "other"}, {}),
            ("numbers from 1 to 12", {"interval": "other", "months": "1,13"}, {}),
        ]
        for message, vals, line in cases:
            with self.subTest(message), self.assertRaisesRegex(ValidationError, message):
                self.make_repeating({"price_unit": 1.0, **line}, run_date="2026-01-01", **vals)

    def test_the_runs_are_fixed_once_one_is_invoiced(self):
        repeating = self.make_repeating({"price_unit": 100.0}, run_date="2026-01-01")
        with self.assertRaisesRegex(UserError, "Run On cannot change. Use Change Run Date"):
            repeating.run_date = "2026-01-15"
        repeating.write({"run_date": "2026-01-01", "interval": "monthly"})  # what a form sends unchanged
        with self.assertRaisesRegex(UserError, "invoiced and stays as its proof"):
            repeating.line_ids.unlink()
        with self.assertRaisesRegex(UserError, "cancel it instead of deleting"):
            repeating.unlink()

    # ---- collection -------------------------------------------------------------------------------------------------

    def test_collection_date(self):
        self.company.country_id = self.env.ref("base.za")
        last = self.make_repeating({"price_unit": 1.0}, run_date="2026-05-01", collect_on="last", today="2026-04-01")
        tenth = self.make_repeating({"price_unit": 1.0}, run_date="2026-08-01", collect_on="10", today="2026-04-01")
        with self.today("2026-04-01"):
            self.assertEqual(str(last.calculate("2026-05-01", "2026-05-01")[0]["collection_date"]), "2026-06-01")
        self.run_job("2026-07-20")
        move = self.invoices_of(last)[0]
        self.assertEqual((str(move.collection_date), str(move.collection_date_unmoved)), ("2026-06-01", "2026-05-31"))
        self.assertEqual(str(self.invoices_of(tenth).collection_date), "2026-08-11")  # the 10th is a holiday
        self.assertEqual(str(self.invoices_of(tenth).invoice_date_due), "2026-08-01")  # not collected by us

    def test_recurring_revenue_is_per_month(self):
        runs = {"weekly": {"weekday": "0"}, "monthly": {}, "annually": {}, "other": {"months": "1,7"}}
        made = [
            self.make_repeating({"price_unit": 120.0}, run_date="2026-01-05", interval=interval, **vals)
            for interval, vals in runs.items()]
        subscriptions = self.env["repeating.invoice"].union(*made).line_ids.subscription_id
        self.assertEqual(subscriptions.mapped("monthly_price"), [520.0, 120.0, 10.0, 20.0])
        self.env.flush_all()
        with self.today("2026-02-01"):
            Revenue = self.env["billing.revenue"]
            Revenue.make()
            self.assertEqual(
                {row.subscription_id: row.mrr for row in Revenue.search([])},
                dict(zip(subscriptions, [520.0, 120.0, 10.0, 20.0], strict=True)))
