from odoo import models


class BillingExecutor(models.AbstractModel):
    _inherit = "billing.executor"

    def _prepare_move_vals(self, one, run):
        vals = super()._prepare_move_vals(one, run)
        invoice = self._get_repeating_invoice(one)
        if not invoice:
            return vals
        narration = {"narration": invoice.info} if invoice.info else {}
        return {**vals, **narration, "repeating_invoice_id": invoice.id, "invoice_user_id": invoice.user_id.id}

    def _get_repeating_invoice(self, one):
        """Return the repeating invoice that the planned invoice ``one`` belongs to, or none."""
        Invoice = self.env["repeating.invoice"]
        if one.owner_vals.get("repeating_invoice_id"):
            return Invoice.browse(one.owner_vals["repeating_invoice_id"])
        items = self.env["billing.item"].browse(
            record for line in one.lines if line.group == self.env["billing.item"]._billing_group
            for record in line.records)
        invoices = items.repeating_invoice_id
        return invoices if len(invoices) == 1 else Invoice
