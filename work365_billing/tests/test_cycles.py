from odoo.tests import tagged

from .common import BillingCommon


@tagged("post_install", "-at_install")
class TestCycles(BillingCommon):
    """Every row of DESIGN's table of expected cases, through the hourly job."""

    def test_quarterly_in_advance_is_invoiced_the_day_after_each_start(self):
        contract = self.make_contract(
            {"quantity": 10, "price_unit": 12.0}, date_start="2018-01-01", date_end="2018-12-31", frequency="quarterly")
        self.bill(
            contract, "2018-01-01", "2018-01-02", "2018-01-03", "2018-04-01", "2018-04-02", "2018-07-01", "2018-07-02",
            "2018-10-01", "2018-10-02", "2019-01-02")
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
            self.bill(contract, "2018-01-02", "2018-04-02")
            self.assertInvoices(contract, [
                ("out_invoice", "2018-01-02", "2018-01-02", [(10, price, first, "2018-01-15", "2018-03-31")]),
                ("out_invoice", "2018-04-02", "2018-04-02", [(10, 36.0, 360.0, "2018-04-01", "2018-06-30")]),
            ])

    def test_last_year_is_cut_at_the_end(self):
        for unit, last, price in (("days", 714.08, 71.408), ("months", 720.0, 72.0)):
            contract = self.make_contract(
                {"quantity": 10, "price_unit": 12.0}, date_start="2020-01-01", date_end="2021-06-30",
                frequency="annual", proration_unit=unit)
            self.bill(contract, "2020-01-02", "2021-01-02")
            self.assertInvoices(contract, [
                ("out_invoice", "2020-01-02", "2020-01-02", [(10, 144.0, 1440.0, "2020-01-01", "2020-12-31")]),
                ("out_invoice", "2021-01-02", "2021-01-02", [(10, price, last, "2021-01-01", "2021-06-30")]),
            ])

    def test_late_addition_is_billed_for_its_stub_and_every_cycle_since(self):
        contract = self.make_contract({"quantity": 5, "price_unit": 30.0}, date_start="2026-04-01")
        self.bill(contract, "2026-04-02", "2026-05-02", "2026-06-02")
        with self.today("2026-06-10"):
            contract.subscription_ids.change_quantity(6, "2026-04-16")
        self.bill(contract, "2026-07-02")
        july = self.invoices(contract)[3:]
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
        self.bill(contract, "2025-01-02")
        with self.today("2025-12-01"):
            contract.subscription_ids.deactivate("2025-12-01", refund=True)
        self.bill(contract, "2025-12-31", "2026-01-01")
        self.assertInvoices(contract, [
            ("out_invoice", "2025-01-02", "2025-01-02", [(1, 1200.0, 1200.0, "2025-01-01", "2025-12-31")]),
            ("out_refund", "2026-01-01", "2026-01-01", [(1, 101.92, 101.92, "2025-12-01", "2025-12-31")]),
        ])
        self.assertEqual(contract.state, "closed")

    def test_monthly_in_arrears(self):
        contract = self.make_contract(
            {"quantity": 1, "price_unit": 30.0}, date_start="2026-01-01", date_end="2026-03-31",
            billing_policy="arrears")
        self.bill(contract, "2026-01-02", "2026-01-31", "2026-02-01", "2026-03-01", "2026-04-01", "2026-05-01")
        self.assertInvoices(contract, [
            ("out_invoice", "2026-02-01", "2026-02-01", [(1, 30.0, 30.0, "2026-01-01", "2026-01-31")]),
            ("out_invoice", "2026-03-01", "2026-03-01", [(1, 30.0, 30.0, "2026-02-01", "2026-02-28")]),
            ("out_invoice", "2026-04-01", "2026-04-01", [(1, 30.0, 30.0, "2026-03-01", "2026-03-31")]),
        ])
        self.assertEqual(contract.state, "closed")

    def test_negative_offset_invoices_before_the_cycle(self):
        contract = self.make_contract(
            {"quantity": 1, "price_unit": 30.0}, date_start="2025-04-01", billing_offset=-3, today="2025-03-01")
        self.bill(contract, "2025-03-29", "2025-04-27", "2025-04-28")
        self.assertInvoices(contract, [
            ("out_invoice", "2025-03-29", "2025-03-29", [(1, 30.0, 30.0, "2025-04-01", "2025-04-30")]),
            ("out_invoice", "2025-04-28", "2025-04-28", [(1, 30.0, 30.0, "2025-05-01", "2025-05-31")]),
        ])

    def test_short_months_clamp_and_recover(self):
        contract = self.make_contract({"quantity": 1, "price_unit": 30.0}, date_start="2025-01-31")
        self.bill(contract, "2025-02-01", "2025-03-01", "2025-04-01")
        self.assertInvoices(contract, [
            ("out_invoice", "2025-02-01", "2025-02-01", [(1, 30.0, 30.0, "2025-01-31", "2025-02-27")]),
            ("out_invoice", "2025-03-01", "2025-03-01", [(1, 30.0, 30.0, "2025-02-28", "2025-03-30")]),
            ("out_invoice", "2025-04-01", "2025-04-01", [(1, 30.0, 30.0, "2025-03-31", "2025-04-29")]),
        ])

    def test_the_28th_stays_and_the_last_day_is_a_choice(self):
        plain = self.make_contract({"price_unit": 30.0}, date_start="2025-02-28")
        last = self.make_contract({"price_unit": 30.0}, date_start="2025-02-28", last_day_anchor=True)
        starts = [
            [str(row.cycle_start) for row in contract.schedule_ids.sorted("cycle_start")[:3]]
            for contract in plain | last]
        self.assertEqual(
            starts, [["2025-02-28", "2025-03-28", "2025-04-28"], ["2025-02-28", "2025-03-31", "2025-04-30"]])

    def test_calendar_alignment_makes_a_prorated_first_part(self):
        contract = self.make_contract(
            {"quantity": 1, "price_unit": 200.0}, date_start="2026-04-16", alignment="calendar")
        self.bill(contract, "2026-04-17", "2026-05-02")
        self.assertInvoices(contract, [
            ("out_invoice", "2026-04-17", "2026-04-17", [(1, 100.0, 100.0, "2026-04-16", "2026-04-30")]),
            ("out_invoice", "2026-05-02", "2026-05-02", [(1, 200.0, 200.0, "2026-05-01", "2026-05-31")]),
        ])

    def test_long_frequencies(self):
        for frequency, end, amount in (("semi_annual", "2026-06-30", 60.0), ("triennial", "2028-12-31", 360.0)):
            contract = self.make_contract(
                {"quantity": 1, "price_unit": 10.0}, date_start="2026-01-01", frequency=frequency)
            self.bill(contract, "2026-01-02")
            self.assertInvoices(contract, [
                ("out_invoice", "2026-01-02", "2026-01-02", [(1, amount, amount, "2026-01-01", end)])])

    def test_missed_periods_are_caught_up_each_with_its_own_dates(self):
        contract = self.make_contract({"quantity": 1, "price_unit": 30.0}, date_start="2026-01-01")
        self.bill(contract, "2026-03-15")
        self.assertInvoices(contract, [
            ("out_invoice", "2026-01-02", "2026-01-02", [(1, 30.0, 30.0, "2026-01-01", "2026-01-31")]),
            ("out_invoice", "2026-02-02", "2026-02-02", [(1, 30.0, 30.0, "2026-02-01", "2026-02-28")]),
            ("out_invoice", "2026-03-02", "2026-03-02", [(1, 30.0, 30.0, "2026-03-01", "2026-03-31")]),
        ])

    def test_nothing_up_to_billed_through(self):
        contract = self.make_contract(
            {"quantity": 1, "price_unit": 30.0}, date_start="2026-01-01", billed_through="2026-02-14",
            today="2026-02-20")
        self.bill(contract, "2026-03-02")
        self.assertInvoices(contract, [
            ("out_invoice", "2026-02-16", "2026-02-16", [(1, 15.0, 15.0, "2026-02-15", "2026-02-28")]),
            ("out_invoice", "2026-03-02", "2026-03-02", [(1, 30.0, 30.0, "2026-03-01", "2026-03-31")]),
        ])

    def test_an_ended_contract_is_billed_and_then_closed(self):
        contract = self.make_contract(
            {"quantity": 1, "price_unit": 30.0}, date_start="2025-01-01", date_end="2025-02-28", today="2026-01-10")
        self.bill(contract, "2026-01-10")
        self.assertEqual(self.invoices(contract).mapped("amount_total"), [30.0, 30.0])
        self.assertEqual(contract.state, "closed")

    def test_subscription_is_billed_to_its_own_last_day(self):
        contract = self.make_contract(
            {"quantity": 2, "price_unit": 30.0, "date_end": "2026-04-15"}, {"quantity": 1, "price_unit": 10.0},
            date_start="2026-04-01")
        self.bill(contract, "2026-04-02", "2026-05-02")
        self.assertInvoices(contract, [
            ("out_invoice", "2026-04-02", "2026-04-02",
             [(2, 15.0, 30.0, "2026-04-01", "2026-04-15"), (1, 10.0, 10.0, "2026-04-01", "2026-04-30")]),
            ("out_invoice", "2026-05-02", "2026-05-02", [(1, 10.0, 10.0, "2026-05-01", "2026-05-31")]),
        ])

    def test_invoice_date_policies(self):
        expected = {"schedule": "2026-04-02", "cycle_start": "2026-04-01", "run": "2026-04-20"}
        for policy, day in expected.items():
            contract = self.make_contract({"price_unit": 30.0}, date_start="2026-04-01", invoice_date_policy=policy)
            self.bill(contract, "2026-04-20")
            self.assertInvoices(contract, [("out_invoice", day, day, [(1, 30.0, 30.0, "2026-04-01", "2026-04-30")])])

    def test_due_date_comes_from_the_payment_term(self):
        term = self.env.ref("account.account_payment_term_30days")
        contract = self.make_contract({"price_unit": 30.0}, date_start="2026-04-01", payment_term_id=term.id)
        self.bill(contract, "2026-04-02")
        self.assertInvoices(
            contract, [("out_invoice", "2026-04-02", "2026-05-02", [(1, 30.0, 30.0, "2026-04-01", "2026-04-30")])])

    def test_one_call_bills_everything_however_late_it_is(self):
        contract = self.make_contract({"price_unit": 30.0}, date_start="2024-01-01")
        self.bill(contract, "2026-11-02")
        months = [f"{year}-{month:02}-02" for year in (2024, 2025, 2026) for month in range(1, 13)][:35]
        self.assertEqual([str(move.invoice_date) for move in self.invoices(contract)], months)
        ahead = contract.schedule_ids.filtered(lambda row: row.state == "pending")
        self.assertEqual(len(ahead), 12)
