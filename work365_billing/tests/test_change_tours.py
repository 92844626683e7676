from odoo.tests import tagged

from .test_tours import ToursCommon


@tagged("post_install", "-at_install")
class TestChangeTours(ToursCommon):
    """A billing clerk changes, deactivates, pauses and suspends in the browser."""

    def make_tour_contract(self, start, **vals):
        return self.make_contract(
            {"quantity": 10, "price_unit": 12.0}, name="Tour Contract", date_start=str(start), today=self.day, **vals)

    def test_deactivate_with_refund(self):
        contract = self.make_tour_contract(self.day, billing_offset=0, refund_policy="yes")
        self.run_job(self.day)
        invoice = contract.invoice_ids
        self.start("deactivate")
        self.assertRecordValues(contract.change_log_ids.sorted("id")[-1], [{
            "event": "deactivate", "quantity": -10.0, "refund": True, "effective_date": self.day, "state": "active",
            "create_uid": self.clerk.id}])
        self.assertRecordValues(contract.subscription_ids, [{"state": "inactive", "quantity": 0.0}])
        invoice.action_post()
        self.run_job(contract.schedule_ids.sorted("cycle_start")[1].schedule_date)
        credit = contract.invoice_ids - invoice
        self.assertRecordValues(credit, [{"move_type": "out_refund", "amount_total": 120.0}])

    def test_a_reduction_that_is_not_allowed_is_refused_before_it_is_confirmed(self):
        self.licence.billing_reduction = "not_allowed"
        contract = self.make_tour_contract(self.day)
        self.start("reduction_refused")
        self.assertEqual(contract.change_log_ids.mapped("event"), ["create"])

    def test_change_the_quantity_on_a_date_and_withdraw_it(self):
        contract = self.make_tour_contract(self.day)
        self.start("scheduled_change")
        self.assertEqual(contract.change_log_ids.mapped("event"), ["create"])
        self.assertIn("Withdrawn: Update", contract.subscription_ids.message_ids[0].body)
        self.assertEqual(contract.subscription_ids.quantity, 10)

    def test_suspend_with_a_date_and_resume_at_once(self):
        contract = self.make_tour_contract(self.day)
        self.start("suspend")
        self.assertRecordValues(contract, [{"state": "active", "suspend_on": False, "resume_on": False}])
        self.assertRecordValues(contract.subscription_ids, [{"state": "active", "quantity": 10.0}])
