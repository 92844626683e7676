from datetime import timedelta

from odoo import Command
from odoo.tests import tagged
from odoo.tools import mute_logger

from .test_tours import ToursCommon
from .usage_common import UsageCommon


@tagged("post_install", "-at_install")
class TestUsageTours(ToursCommon, UsageCommon):
    """A billing clerk enters what was used and bills it."""

    def setUp(self):
        super().setUp()
        self.first = self.day - timedelta(days=40)
        usage = {"product_id": self.azure.id, "name": "Azure", "pricing": "usage", "quantity": 1, "markup": 10}
        self.contract = self.make_contract(
            {"quantity": 10, "price_unit": 12.0}, name="Tour Contract", date_start=str(self.first), billing_offset=0)
        with self.today(self.first):
            self.contract.subscription_ids = [Command.create(self._subscription_vals(usage))]
        self.run_job(self.first)

    def usage(self):
        return self.env["billing.usage"].search([("contract_id", "=", self.contract.id)])

    def test_enter_usage_and_bill_it(self):
        first = self.contract.invoice_ids
        self.start("usage")
        invoice = self.contract.invoice_ids - first
        row = invoice.billing_schedule_id
        lines = invoice.invoice_line_ids.sorted("sequence")
        self.assertRecordValues(lines, [
            {"quantity": 10.0, "price_subtotal": 120.0, "billing_period_start": row.cycle_start,
             "billing_period_end": row.cycle_end},
            {"quantity": 1.0, "price_subtotal": 55.0, "billing_period_start": self.first,
             "billing_period_end": row.cycle_start - timedelta(days=1)}])
        self.assertRecordValues(self.usage(), [{
            "quantity": 300.0, "cost": 50.0, "markup": 10.0, "amount": 55.0, "state": "invoiced",
            "invoice_line_id": lines[1].id, "create_uid": self.clerk.id}])

    def test_a_period_that_ends_before_it_starts_is_refused(self):
        with mute_logger("odoo.sql_db"):
            self.start("usage_refused")
        self.assertFalse(self.usage())
