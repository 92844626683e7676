from odoo import fields, models


class RepeatingInvoiceWindow(models.AbstractModel):
    """What the windows of a repeating invoice share: each says what will happen before it happens."""

    _name = "repeating.invoice.window"
    _description = "Window of a Repeating Invoice"

    repeating_invoice_id = fields.Many2one("repeating.invoice", required=True, ondelete="cascade", readonly=True)
    partner_id = fields.Many2one(related="repeating_invoice_id.partner_id")
    company_id = fields.Many2one(related="repeating_invoice_id.company_id")
    currency_id = fields.Many2one(related="repeating_invoice_id.currency_id")
    next_run_date = fields.Date(related="repeating_invoice_id.next_run_date")

    def _action_open(self, name):
        """Return the action that shows this window."""
        self.ensure_one()
        return {
            "type": "ir.actions.act_window", "res_model": self._name, "res_id": self.id, "view_mode": "form",
            "target": "new", "name": name}

    def _action_close(self):
        return {"type": "ir.actions.act_window_close"}
