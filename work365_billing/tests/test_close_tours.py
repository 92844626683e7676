from datetime import timedelta

from odoo.tests import tagged

from .test_tours import ToursCommon


@tagged("post_install", "-at_install")
class TestCloseTours(ToursCommon):
    """A billing clerk closes a contract in the browser."""

    def setUp(self):
        super().setUp()
        self.contract = self.make_contract(
            {"quantity": 10, "price_unit": 12.0}, name="Tour Contract", date_start=str(self.day), today=self.day,
            billing_offset=0, refund_policy="yes")
        self.run_job(self.day)

    def test_close_with_a_credit_and_follow_the_link(self):
        self.start("close")
        days = (self.contract.invoice_ids[-1].invoice_line_ids.billing_period_end - self.day).days + 1
        credit = self.contract.invoice_ids.filtered(lambda move: move.move_type == "out_refund")
        self.assertRecordValues(credit, [{
            "amount_untaxed": round(120.0 * (days - 1) / days, 2), "state": "draft", "create_uid": self.clerk.id}])
        self.assertRecordValues(self.contract, [{"state": "closed", "date_end": self.day, "closed_on": self.day}])
        self.assertRecordValues(self.contract.subscription_ids, [{"state": "inactive", "quantity": 0.0}])

    def test_what_cannot_be_done_is_refused_before_it_is_confirmed(self):
        self.licence.billing_reduction = "not_allowed"
        self.start("close_refused")
        self.assertRecordValues(self.contract, [{"state": "active", "date_end": False}])
        self.assertEqual(self.contract.change_log_ids.mapped("event"), ["create"])

    def test_close_on_a_day_to_come(self):
        self.start("close_later")
        self.assertRecordValues(self.contract, [{"state": "active", "date_end": self.day + timedelta(days=60)}])
        self.assertEqual(max(self.contract.schedule_ids.mapped("cycle_end")), self.contract.date_end)
