from odoo import api, fields, models


class SaleOrderLine(models.Model):
    _inherit = "sale.order.line"

    billing_subscription_id = fields.Many2one(
        "billing.subscription", "Subscription", copy=False, readonly=True, index="btree_not_null", ondelete="set null")

    @api.depends("billing_subscription_id")
    def _compute_qty_to_invoice(self):
        """What a billing contract bills is not invoiced on the order."""
        billed = self.filtered("billing_subscription_id")
        billed.qty_to_invoice = 0
        return super(SaleOrderLine, self - billed)._compute_qty_to_invoice()

    @api.depends("billing_subscription_id")
    def _compute_untaxed_amount_to_invoice(self):
        billed = self.filtered("billing_subscription_id")
        billed.untaxed_amount_to_invoice = 0
        return super(SaleOrderLine, self - billed)._compute_untaxed_amount_to_invoice()

    @api.depends("billing_subscription_id")
    def _compute_amount_to_invoice(self):
        billed = self.filtered("billing_subscription_id")
        billed.amount_to_invoice = 0
        return super(SaleOrderLine, self - billed)._compute_amount_to_invoice()

    def _prepare_billing_subscription_vals(self, contract):
        """Return the values of the subscription that bills this line from today, or from the contract's later start."""
        self.ensure_one()
        today = self.company_id._billing_today()
        return {
            "contract_id": contract.id, "product_id": self.product_id.id, "name": self.name.split("\n")[0],
            "quantity": self.product_uom_qty, "price_unit": self.price_unit, "discount": self.discount,
            "sales_unit": self.product_id.billing_frequency, "tax_ids": self.tax_ids.ids,
            "date_start": max(contract.date_start, today), "analytic_distribution": self.analytic_distribution}
