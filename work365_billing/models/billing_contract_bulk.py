from odoo import api, models
from odoo.exceptions import UserError


class BillingContract(models.Model):
    _inherit = "billing.contract"

    @api.ondelete(at_uninstall=False)
    def _unlink_except_waiting(self):
        """A contract that waits in a bulk operation stays: every row of an operation ends with an outcome."""
        waiting = self.env["billing.job"].sudo().search(
            [("contract_id", "in", self.ids), ("job_type", "=", "invoice"), ("state", "=", "waiting")], limit=1)
        if waiting:
            raise UserError(self.env._(
                "%(contract)s waits in %(run)s: let that finish first, or close the contract instead of deleting it.",
                contract=waiting.contract_id.display_name, run=waiting.run_id.name))
