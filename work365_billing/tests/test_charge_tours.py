from odoo.tests import tagged

from .charge_common import ChargeCommon
from .test_tours import ToursCommon


@tagged("post_install", "-at_install")
class TestChargeTours(ToursCommon, ChargeCommon):
    """A billing clerk posts an invoice and charges it by hand."""

    def make_draft(self, answer):
        """Return a contract with a draft over 120.00 and a payment method that answers with ``answer``."""
        contract = self.make_contract(
            {"quantity": 10, "price_unit": 12.0}, name="Tour Contract", date_start=str(self.day), today=self.day,
            billing_offset=0, payment_token_id=self.make_token(answer).id)
        self.run_job(self.day)
        self.assertRecordValues(contract.invoice_ids, [{"state": "draft", "amount_total": 120.0}])
        return contract

    def test_post_and_charge(self):
        contract = self.make_draft("done")
        self.start("charge")
        self.assertRecordValues(contract.invoice_ids, [{
            "state": "posted", "payment_state": "paid", "amount_residual": 0.0}])
        self.assertRecordValues(self.transactions(contract), [{"state": "done", "amount": 120.0}])
        self.assertTasks(contract, [("charge", "succeeded")])

    def test_a_refusal_leaves_the_invoice_posted_and_open(self):
        contract = self.make_draft("error")
        self.start("charge_refused")
        self.assertRecordValues(contract.invoice_ids, [{
            "state": "posted", "payment_state": "not_paid", "amount_residual": 120.0}])
        self.assertRecordValues(self.transactions(contract), [{"state": "error", "amount": 120.0}])
        self.assertRecordValues(self.tasks(contract), [{"job_type": "charge", "state": "failed", "attempts": 1}])
