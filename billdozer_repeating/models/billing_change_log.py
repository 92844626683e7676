from odoo import fields, models


class BillingChangeLog(models.Model):
    _inherit = "billing.change.log"

    repeating_invoice_id = fields.Many2one(
        related="subscription_id.repeating_invoice_id", store=True, index="btree_not_null")
    escalation_percent = fields.Float(
        "Escalation (%)", digits=(16, 4), readonly=True, help="The yearly escalation that made this price.")
