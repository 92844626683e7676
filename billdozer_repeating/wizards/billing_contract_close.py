from odoo import api, fields, models


class BillingContractClose(models.TransientModel):
    """On a contract with repeating invoices the window is Billdozer's *Cancel*."""

    _inherit = "billing.contract.close"

    is_cancellation = fields.Boolean(compute="_compute_is_cancellation")

    @api.depends("contract_id")
    def _compute_is_cancellation(self):
        for window in self:
            window.is_cancellation = bool(window.contract_id.repeating_invoice_ids)
