from odoo import fields, models

# What ties an invoice to its repeating invoice: written by the system only.
LINKS = ("repeating_invoice_id", "repeating_outdated")


class AccountMove(models.Model):
    _inherit = "account.move"

    repeating_invoice_id = fields.Many2one(
        "repeating.invoice", index="btree_not_null", copy=False, readonly=True, ondelete="restrict",
        check_company=True)
    repeating_outdated = fields.Boolean(
        copy=False, readonly=True, help="It was made ahead, before the last change of its repeating invoice.")

    def _get_billing_links(self):
        return {**super()._get_billing_links(), "repeating_invoice_id": self.repeating_invoice_id.id}

    def _is_guarded(self, field, operation):
        is_link = operation == "write" and field.name in LINKS and not self.env.su
        return is_link or super()._is_guarded(field, operation)
