from odoo import api, fields, models
from odoo.exceptions import UserError

# What the subscription takes over from its order line: field of the subscription by field of the line.
FOLLOWED = {"product_uom_qty": "quantity", "price_unit": "price_unit", "discount": "discount"}


class SaleOrderLine(models.Model):
    _inherit = "sale.order.line"

    billing_subscription_id = fields.Many2one(
        "billing.subscription", "Subscription", copy=False, readonly=True, index="btree_not_null", ondelete="set null")

    # ---- what is changed on a confirmed order -----------------------------------------------------------------------

    @api.model_create_multi
    def create(self, vals_list):
        lines = super().create(vals_list)
        lines.filtered(lambda line: line.state == "sale").order_id._billing_subscribe()
        return lines

    def write(self, vals):
        billed = self.filtered(lambda line: line.billing_subscription_id and line.state == "sale")
        before = {line: line._get_billing_terms() for line in billed} if FOLLOWED.keys() & vals else {}
        result = super().write(vals)
        for line, terms in before.items():
            line._billing_follow(terms)
        return result

    def _get_billing_terms(self):
        return {theirs: self[ours] for ours, theirs in FOLLOWED.items()}

    def _billing_follow(self, before):
        """Change the subscription as the line was changed since ``before``: from today, or from its later start.

        :raises UserError: when the subscription cannot change now, with the way out
        """
        subscription = self.billing_subscription_id.sudo()  # sellers do not edit contracts
        changes = {
            name: value for name, value in self._get_billing_terms().items()
            if value != before[name] and value != subscription[name]}
        if not changes:
            return
        if subscription.contract_id.state == "closed":
            raise UserError(self.env._(
                "%(contract)s is closed: what is added to %(subscription)s needs a new order.",
                contract=subscription.contract_id.name, subscription=subscription.name))
        if subscription.state == "inactive":
            raise UserError(self.env._(
                "%(subscription)s is not billed any more: reactivate it on %(contract)s, or order it on a new line.",
                subscription=subscription.name, contract=subscription.contract_id.name))
        old = {name: subscription[name] for name in changes}
        subscription.write(changes)
        labels = subscription.fields_get(changes, ["string"])
        subscription.contract_id.message_post(body=self.env._(
            "%(subscription)s was changed on %(order)s: %(changes)s.",
            subscription=subscription.name, order=self.order_id._get_html_link(), changes=", ".join(
                f"{labels[name]['string']} {old[name]:g} → {value:g}" for name, value in changes.items())))

    @api.depends("billing_subscription_id")
    def _compute_product_updatable(self):
        billed = self.filtered("billing_subscription_id")
        billed.product_updatable = False
        return super(SaleOrderLine, self - billed)._compute_product_updatable()

    # ---- what is invoiced on the order ------------------------------------------------------------------------------

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
