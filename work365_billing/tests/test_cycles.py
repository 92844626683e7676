from odoo.tests import tagged

from .common import BillingCommon


@tagged("post_install", "-at_install")
class TestCycles(BillingCommon):
    """Every row of DESIGN's table of expected cases, through the hourly job."""

    def test_quarterly_in_advance_is_invoiced_the_day_after_each_start(self):
        contract = self.make_contract(
            {"quantity": 10, "price_unit": 12.0}, date_start="2018-01-01", date_end="2018-12-31", frequency="quarterly")
        self.run_daily("2018-01-01", "2018-01-03")
        for day in ("2018-04-01", "2018-04-02", "2018-07-01", "2018-07-02", "2018-10-01", "2018-10-02", "2019-01-02"):
            self.run_job(day)
        self.assertInvoices(contract, [
            ("out_invoice", "2018-01-02", "2018-01-02", [(10, 36.0, 360.0, "2018-01-01", "2018-03-31")]),
            ("out_invoice", "2018-04-02", "2018-04-02", [(10, 36.0, 360.0, "2018-04-01", "2018-06-30")]),
            ("out_invoice", "2018-07-02", "2018-07-02", [(10, 36.0, 360.0, "2018-07-01", "2018-09-30")]),
            ("out_invoice", "2018-10-02", "2018-10-02", [(10, 36.0, 360.0, "2018-10-01", "2018-12-31")]),
        ])
        self.assertEqual(contract.state, "closed")

    def test_subscription_from_the_middle_of_the_first_quarter(self):
        for unit, first, price in (("days", 304.0, 30.4), ("months", 305.81, 30.581)):
            contract = self.make_contract(
                {"quantity": 10, "price_unit": 12.0, "date_start": "2018-01-15"},
                date_start="2018-01-01", frequency="quarterly", proration_unit=unit)
            self.run_job("2018-01-02")
            self.run_job("2018-04-02")
            self.assertInvoices(contract, [
                ("out_invoice", "2018-01-02", "2018-01-02", [(10, price, first, "2018-01-15", "2018-03-31")]),
                ("out_invoice", "2018-04-02", "2018-04-02", [(10, 36.0, 360.0, "2018-04-01", "2018-06-30")]),
            ])

    def test_last_year_is_cut_at_the_end(self):
        for unit, last, price in (("days", 714.08, 71.408), ("months", 720.0, 72.0)):
            contract = self.make_contract(
                {"quantity": 10, "price_unit": 12.0}, date_start="2020-01-01", date_end="2021-06-30",
                frequency="annual", proration_unit=unit)
            self.run_job("2020-01-02")
            self.run_job("2021-01-02")
            self.assertInvoices(contract, [
                ("out_invoice", "2020-01-02", "2020-01-02", [(10, 144.0, 1440.0, "2020-01-01", "2020-12-31")]),
                ("out_invoice", "2021-01-02", "2021-01-02", [(10, price, last, "2021-01-01", "2021-06-30")]),
            ])

    def test_late_addition_is_billed_for_its_stub_and_every_cycle_since(self):
        contract = self.make_contract({"quantity": 5, "price_unit": 30.0}, date_start="2026-04-01")
        for day in ("2026-04-02", "2026-05-02", "2026-06-02"):
            self.run_job(day)
        with self.today("2026-06-10"):
            contract.subscription_ids.change_quantity(6, "2026-04-16")
            plan = contract.plan("2026-07-02")
        self.run_job("2026-07-02")
        july = self.invoices(contract)[3:]
        self.assertPlanIsRun(plan, july)
        self.assertEqual(
            [(line.quantity, line.price_subtotal, str(line.billing_period_start), str(line.billing_period_end))
             for line in july.invoice_line_ids.sorted("sequence")],
            [(6, 180.0, "2026-07-01", "2026-07-31"), (1, 15.0, "2026-04-16", "2026-04-30"),
             (1, 30.0, "2026-05-01", "2026-05-31"), (1, 30.0, "2026-06-01", "2026-06-30")])
        self.assertEqual(contract.change_log_ids.mapped("state"), ["archived", "archived"])

    def test_deactivation_with_refund_is_credited_the_day_after_the_end(self):
        contract = self.make_contract(
            {"quantity": 1, "price_unit": 1200.0, "sales_unit": "annual"}, date_start="2025-01-01",
            date_end="2025-12-31", frequency="annual", refund_policy="yes")
        self.run_job("2025-01-02")
        with self.today("2025-12-01"):
            contract.subscription_ids.deactivate("2025-12-01", refund=True)
        self.run_job("2025-12-31")
        self.run_job("2026-01-01")
        self.assertInvoices(contract, [
            ("out_invoice", "2025-01-02", "2025-01-02", [(1, 1200.0, 1200.0, "2025-01-01", "2025-12-31")]),
            ("out_refund", "2026-01-01", "2026-01-01", [(1, 101.92, 101.92, "2025-12-01", "2025-12-31")]),
        ])
        self.assertEqual(contract.state, "closed")
