from dateutil.relativedelta import relativedelta

from odoo.tests import tagged

from .test_tours import ToursCommon


@tagged("post_install", "-at_install")
class TestOversightTours(ToursCommon):
    """A clerk opens the forecast and the recurring revenue, with something in them and without."""

    def make_tour_contract(self):
        start = self.day.replace(day=1)
        return self.make_contract(
            {"quantity": 10, "price_unit": 12.0}, name="Tour Contract", date_start=str(start), today=self.day,
            billed_through=str(self.day + relativedelta(day=31)), billing_offset=0)

    def test_the_forecast(self):
        self.make_tour_contract()
        self.start("forecast")
        rows = self.env["billing.forecast"].with_user(self.clerk).search([])
        self.assertEqual(len(rows.grouped(lambda row: str(row.date)[:7])), len(rows))

    def test_the_empty_forecast(self):
        self.start("forecast_empty")

    def test_recurring_revenue_and_its_movements(self):
        self.make_tour_contract()
        self.start("revenue")
        self.assertRecordValues(self.env["billing.revenue"].with_user(self.clerk).search([]), [{
            "kind": "new", "mrr": 120.0, "arr": 1440.0, "date": self.day.replace(day=1)}])

    def test_no_recurring_revenue(self):
        self.start("revenue_empty")
