from requests.exceptions import ConnectionError as NoConnection
from requests.exceptions import ConnectTimeout, HTTPError, Timeout
from urllib3.exceptions import NewConnectionError

from odoo import fields, models
from odoo.exceptions import ValidationError


class PaymentTransaction(models.Model):
    """The invoicing jobs follow their transactions; an error after which nobody knows what happened is marked."""

    _inherit = "payment.transaction"

    billing_job_ids = fields.One2many("billing.job", "transaction_id", "Invoicing Jobs", readonly=True)
    billing_unanswered = fields.Boolean(
        "Answer Unknown", readonly=True, copy=False,
        help="The connection broke after the request, or the answer did not fit it: the customer may have been "
             "charged although the transaction is in error.")

    def _is_unanswered(self):
        """Tell whether the customer may have been charged although the transaction is in error."""
        return self.state == "error" and self.billing_unanswered

    def _is_unsettled(self):
        """Tell whether this transaction may still take, or has taken, money that is not booked."""
        return (
            self.state in ("draft", "pending", "authorized") or self._is_unanswered()
            or (self.state == "done" and not self.is_post_processed))

    def _send_api_request(self, method, endpoint, **kwargs):
        try:
            return super()._send_api_request(method, endpoint, **kwargs)
        except ValidationError as error:
            if method != "GET" and _may_have_arrived(error.__context__):
                self.billing_unanswered = True
            raise

    def _validate_amount(self, payment_data):
        before = self.state
        result = super()._validate_amount(payment_data)
        if self.state == "error" != before:
            self.billing_unanswered = True
        return result

    def _post_process(self):
        result = super()._post_process()
        self.sudo().billing_job_ids._follow()  # whoever settles a payment, its task is settled with it
        return result


def _may_have_arrived(cause):
    """Tell whether a request that ended with ``cause`` may have reached the provider all the same."""
    if isinstance(cause, HTTPError):
        return cause.response.status_code >= 500
    if isinstance(cause, ConnectTimeout):
        return False
    if isinstance(cause, NoConnection):
        reason = getattr(cause.args[0], "reason", None) if cause.args else None
        return not isinstance(reason, NewConnectionError)
    return isinstance(cause, Timeout)
