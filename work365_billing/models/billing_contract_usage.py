from odoo import api, models


class BillingContract(models.Model):
    _inherit = "billing.contract"

    @api.constrains("currency_id")
    def _check_usage_currency(self):
        """Rate cards and entered costs are in the currency of the contract."""
        self.subscription_ids._check_rate_card_currency()
        self.subscription_ids.usage_ids._check_subscription()
