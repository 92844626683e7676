from odoo import models


class AccountPartialReconcile(models.Model):
    _inherit = "account.partial.reconcile"

    def unlink(self):
        """An invoice whose credit note is taken off it, cancelled or deleted holds its billed period again."""
        credited = (self.debit_move_id | self.credit_move_id).move_id._billing_get_credited()
        result = super().unlink()
        credited._billing_reattach(self.env._("is no longer credited"))
        return result
