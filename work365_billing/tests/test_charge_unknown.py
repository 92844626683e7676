"""A charge whose answer is not known: never made again by itself, and settled by somebody or by the provider."""


from requests.exceptions import ConnectionError as NoConnection
from requests.exceptions import ConnectTimeout, HTTPError, ReadTimeout
from requests.models import Response
from urllib3.exceptions import MaxRetryError, NewConnectionError, ProtocolError

from odoo.exceptions import UserError
from odoo.tests import tagged

from ..models.payment_transaction import _may_have_arrived
from .charge_common import ALL_DONE, ChargeCommon


@tagged("post_install", "-at_install")
class TestChargeUnknown(ChargeCommon):
    def make_unknown(self):
        """Return a contract whose charge was begun by a process that died."""
        contract = self.make_automatic("error")
        self.run_job("2026-01-02")
        charge = self.tasks(contract, "charge").sudo()
        self.tasks(contract, "send").sudo().write({"state": "waiting", "attempts": 0, "mail_message_id": False})
        self.swap(contract, "done")
        charge.write({"state": "waiting", "attempts": 0, "not_before": False, "message": False})
        charge._record_attempt()
        return contract, charge

    def test_a_charge_without_an_answer_is_never_made_again_by_itself(self):
        contract, charge = self.make_unknown()
        for day in ("2026-01-02", "2026-01-03", "2026-01-10"):
            self.run_job(day, "09:00:00")
            self.assertRecordValues(charge, [{"state": "failed", "attempts": 1, "not_before": False}])
        self.assertIn("answer to INV/2026/00001-1 is unknown", charge.message)
        self.assertEqual(self.transactions(contract).mapped("state"), ["error", "draft"])
        self.assertEqual(len(contract.activity_ids), 1)
        self.assertEqual(self.tasks(contract, "send").state, "waiting")  # it goes after the answer
        for attempt in (lambda: self.run_now(charge), lambda: self.charge(contract.invoice_ids)):
            with self.assertRaisesRegex(UserError, "look it up at the payment provider"):
                attempt()
        with self.assertRaisesRegex(UserError, "run the charge first"):
            self.run_now(self.tasks(contract, "send"))

    def test_the_user_confirms_what_the_provider_did(self):
        contract, charge = self.make_unknown()
        self.run_job("2026-01-02", "06:00:00")
        with self.today("2026-01-02"):
            charge.action_confirm_transaction()
        self.assertRecordValues(contract.invoice_ids, [{"payment_state": "paid"}])
        self.assertRecordValues(charge, [{"state": "succeeded"}])
        self.assertFalse(contract.activity_ids)
        self.run_job("2026-01-02", "07:00:00")
        self.assertTasks(contract, ALL_DONE)
        with self.assertRaisesRegex(UserError, "settled already"):
            charge.action_confirm_transaction()

    def test_the_user_cancels_what_the_provider_did_not_do(self):
        contract, charge = self.make_unknown()
        self.run_job("2026-01-02", "06:00:00")
        with self.today("2026-01-02"):
            charge.action_cancel_transaction()
        self.assertRecordValues(charge, [{"state": "failed"}])
        self.assertIn("was cancelled: nothing was charged", charge.message)
        self.run_now(charge)
        self.assertEqual(self.transactions(contract).mapped("state"), ["error", "cancel", "done"])
        self.assertEqual(contract.invoice_ids.payment_state, "paid")

    def test_the_provider_tells_it_later(self):
        contract, charge = self.make_unknown()
        self.run_job("2026-01-02", "06:00:00")
        transaction = charge.transaction_id
        transaction._process("demo", {"reference": transaction.reference, "simulated_state": "done"})
        with self.today("2026-01-02"):
            transaction._post_process()
        self.assertRecordValues(charge, [{"state": "succeeded"}])
        self.assertEqual(contract.invoice_ids.payment_state, "paid")

    def test_an_error_after_which_the_customer_may_be_charged_is_not_repeated(self):
        contract, charge = self.make_unknown()
        charge.transaction_id.write({"state": "error", "state_message": "Lost", "billing_unanswered": True})
        self.run_job("2026-01-02", "06:00:00")
        self.assertRecordValues(charge, [{"state": "failed", "attempts": 1}])
        self.assertIn("is unknown", charge.message)
        with self.assertRaisesRegex(UserError, "look it up"):
            self.run_now(charge)
        with self.today("2026-01-02"):
            charge.action_cancel_transaction()
        self.run_now(charge)
        self.assertEqual(self.transactions(contract).mapped("state"), ["error", "cancel", "done"])

    def test_an_answer_that_does_not_fit_the_request_is_an_unknown_one(self):
        transaction = self.make_unknown()[1].transaction_id
        self.patch(
            self.env.registry["payment.transaction"], "_extract_amount_data",
            lambda self, data: {"amount": data["amount"], "currency_code": "USD"})
        transaction._process("demo", {
            "reference": transaction.reference, "simulated_state": "done", "amount": 99.0})
        self.assertRecordValues(transaction, [{"state": "error", "billing_unanswered": True}])

    def test_which_faults_of_the_connection_leave_the_answer_open(self):
        def http(status):
            response = Response()
            response.status_code = status
            return HTTPError(response=response)

        refused = NoConnection(MaxRetryError(None, "/", NewConnectionError(None, "refused")))
        broken = NoConnection(ProtocolError("Connection aborted"))
        for cause, expected in (
            (ReadTimeout(), True), (broken, True), (NoConnection(), True), (http(502), True), (http(504), True),
            (ConnectTimeout(), False), (refused, False), (http(402), False), (None, False), (KeyError("x"), False),
        ):
            self.assertIs(_may_have_arrived(cause), expected, repr(cause))
