from dataclasses import replace

from odoo import fields, models


class BillingItem(models.Model):
    _inherit = "billing.item"

    repeating_invoice_id = fields.Many2one(
        "repeating.invoice", index="btree_not_null", readonly=True, copy=False, ondelete="cascade",
        help="It is an immediate line of this repeating invoice: invoiced on its day, not with a later run.")

    repeating_line_ids = fields.One2many("repeating.invoice.line", "item_id")

    def _prepare_billing_item(self, discount):
        return replace(super()._prepare_billing_item(discount), apart=bool(self.repeating_invoice_id))
