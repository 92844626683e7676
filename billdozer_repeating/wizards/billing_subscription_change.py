from odoo import models


class BillingSubscriptionChange(models.TransientModel):
    _inherit = "billing.subscription.change"

    def _prepare(self):
        """A line of a repeating invoice ends there, not here."""
        if self.action == "deactivate":
            self.subscription_id._check_not_repeating()
        return super()._prepare()
