from datetime import timedelta
from fractions import Fraction

from odoo.tests import tagged

from .test_tours import ToursCommon


@tagged("post_install", "-at_install")
class TestChangeLogTours(ToursCommon):
    """A billing clerk bills the changes of a quarter before the next one begins."""

    def make_quarterly(self, start):
        return self.make_contract(
            {"quantity": 10, "price_unit": 12.0}, name="Tour Contract", date_start=str(start), today=start,
            frequency="quarterly", billing_offset=0)

    def test_bill_the_changes_up_to_a_date(self):
        start, later = self.day - timedelta(days=1), self.day + timedelta(days=10)
        contract = self.make_quarterly(start)
        self.run_job(start)
        invoice = contract.invoice_ids
        with self.today(self.day):
            contract.subscription_ids.change_quantity(12, start)
            contract.subscription_ids.change_quantity(15, later)
        self.start("change_log")
        row = contract.schedule_ids.filtered("active").sorted("cycle_start")[0]
        end = row.cycle_start - timedelta(days=1)
        share = Fraction((end - later).days + 1, (end - start).days + 1)
        self.assertRecordValues(contract.invoice_ids - invoice, [{
            "state": "draft", "billing_kind": "change_log", "invoice_date": later}])
        self.assertEqual(
            [(line.quantity, line.price_subtotal, line.billing_period_start, line.billing_period_end)
             for line in (contract.invoice_ids - invoice).invoice_line_ids.sorted("sequence")],
            [(2, 72.0, start, end), (3, round(float(108 * share), 2), later, end)])
        self.assertRecordValues(contract.change_log_ids.sorted("id"), [
            {"quantity": 10.0, "state": "archived"}, {"quantity": 2.0, "state": "archived"},
            {"quantity": 3.0, "state": "archived"}])

    def test_an_earlier_open_schedule_blocks_and_is_linked(self):
        contract = self.make_quarterly(self.day - timedelta(days=1))
        with self.today(self.day):
            contract.subscription_ids.change_quantity(12, self.day)
        self.start("change_log_blocked")
        self.assertFalse(contract.invoice_ids)
