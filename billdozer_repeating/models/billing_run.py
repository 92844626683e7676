from odoo import fields, models


class BillingRun(models.Model):
    _inherit = "billing.run"

    origin = fields.Selection(selection_add=[("saved", "Saved Repeating Invoices")], ondelete={"saved": "set default"})
