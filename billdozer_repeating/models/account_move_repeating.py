from odoo import fields, models


class AccountMove(models.Model):
    _inherit = "account.move"

    repeating_invoice_id = fields.Many2one(
        "repeating.invoice", index="btree_not_null", copy=False, readonly=True, ondelete="restrict",
        check_company=True)

    def _get_billing_links(self):
        return {**super()._get_billing_links(), "repeating_invoice_id": self.repeating_invoice_id.id}

    def _is_guarded(self, field, operation):
        is_link = operation == "write" and field.name == "repeating_invoice_id" and not self.env.su
        return is_link or super()._is_guarded(field, operation)
