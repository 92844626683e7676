from odoo import api, models
from odoo.exceptions import UserError


class BillingContract(models.Model):
    """What the type of a contract decides: to whom its cycles belong, and that it stays."""

    _inherit = "billing.contract"

    def write(self, vals):
        if "contract_type" in vals:
            self._check_type_may_change(vals["contract_type"])
        return super().write(vals)

    def _check_type_may_change(self, contract_type):
        fixed = self.filtered(lambda contract: contract.contract_type != contract_type and (
            contract.state != "draft" or contract.is_billed))
        if fixed:
            raise UserError(self.env._(
                "%(contract)s was activated, so its type can no longer change: close it and make a new contract of "
                "the other type. Duplicate copies its subscriptions.", contract=fixed[0].display_name))

    @api.constrains("contract_type", "subscription_ids")
    def _check_has_cycles(self):
        self.subscription_ids._check_has_cycles()
