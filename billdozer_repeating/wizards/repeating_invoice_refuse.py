from odoo import fields, models


class RepeatingInvoiceRefuse(models.TransientModel):
    """The window in which a repeating invoice that awaits approval is refused, with the reason."""

    _name = "repeating.invoice.refuse"
    _description = "Refuse Repeating Invoice"
    _inherit = ["repeating.invoice.window"]

    reason = fields.Char()

    def action_confirm(self):
        """Refuse with the reason."""
        self.ensure_one()
        self.repeating_invoice_id._refuse(self.reason)
        return self._action_close()
