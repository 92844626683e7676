from odoo import models


class PaymentToken(models.Model):
    _inherit = "payment.token"

    def _handle_archiving(self):
        """Tell the salesperson whose contracts can no longer be charged by themselves."""
        result = super()._handle_archiving()
        contracts = self.env["billing.contract"].search([
            ("payment_token_id", "in", self.ids), ("auto_charge", "=", True), ("state", "!=", "closed")])
        for contract in contracts:
            contract._alert(
                self.env._("The payment method was archived"),
                self.env._("Auto Charge of this contract cannot work until another payment method is chosen."))
        return result
