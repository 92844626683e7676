"""Usage-based subscriptions: nothing is billed in advance, the usage of each cycle afterwards."""

from odoo import api, fields, models
from odoo.exceptions import UserError, ValidationError

from ..engine.entered import usage_cycle
from ..engine.money import exact


class BillingSubscription(models.Model):
    _inherit = "billing.subscription"
    _rec_names_search = ["name", "reference"]

    pricing = fields.Selection(
        [("licence", "License-based"), ("usage", "Usage-based")], "Type", required=True, default="licence",
        tracking=True,
        help="License-based: quantity × price in every cycle. Usage-based: what was used, on the invoice after it.")
    reference = fields.Char(
        copy=False,
        help="Number of the subscription at the provider, by which usage files name it. Unique per company.")
    markup = fields.Float(
        "Markup (%)", tracking=True,
        help="Added to the cost of usage. Each usage record keeps the markup that was in force when it was entered.")
    minimum_commitment = fields.Monetary(
        tracking=True,
        help="What every billing cycle costs at least, before tax and after discounts; a cycle is never prorated. "
             "0: the actual usage.")
    rate_card_id = fields.Many2one(
        "billing.rate.card", check_company=True, ondelete="restrict", tracking=True,
        domain="[('currency_id', '=', currency_id)]",
        help="Prices the total quantity of a billing cycle by tiers. Empty: the cost and the markup do.")
    usage_rollup = fields.Selection(
        [("subscription", "By subscription"), ("none", "No grouping")], required=True, default="subscription",
        help="By subscription: one invoice line per billing cycle. No grouping: one per usage record. "
             "Usage priced by a rate card always has one line.")
    usage_ids = fields.One2many("billing.usage", "subscription_id", "Usage")
    usage_count = fields.Integer(compute="_compute_usage_count")
    usage_quantity = fields.Float(
        "Current Cycle Consumption", digits="Product Unit", compute="_compute_current_usage",
        help="Quantity of the usage in today's billing cycle that is not archived.")
    usage_amount = fields.Monetary(
        "Current Cycle Revenue", compute="_compute_current_usage", help="The same as an amount, before discounts.")
    last_usage_revenue = fields.Monetary(
        "Last Known Revenue", compute="_compute_last_usage_revenue", help="Usage on the last invoice, before tax.")

    _minimum_idx = models.Index("(id) WHERE minimum_commitment > 0")
    _reference_uniq = models.UniqueIndex(
        "(company_id, reference) WHERE reference IS NOT NULL",
        "Another subscription of the company has this reference: usage files could not tell them apart.")
    _minimum_positive = models.Constraint(
        "CHECK (minimum_commitment >= 0)", "The minimum commitment cannot be negative: leave it 0 for none.")
    _markup_positive = models.Constraint(
        "CHECK (markup >= 0)", "The markup cannot be negative: enter a discount instead.")

    @api.constrains("rate_card_id", "contract_id")
    def _check_rate_card_currency(self):
        for subscription in self:
            card = subscription.rate_card_id
            if card and card.currency_id != subscription.currency_id:
                raise ValidationError(self.env._(
                    "%(card)s is in %(currency)s and the contract in %(other)s: choose a rate card in that currency.",
                    card=card.name, currency=card.currency_id.name, other=subscription.currency_id.name))

    # ---- quantity and price mean nothing ----------------------------------------------------------------------------

    @api.depends("pricing")
    def _compute_price_unit(self):
        usage = self.filtered(lambda subscription: subscription.pricing == "usage")
        usage.price_unit = 0.0
        return super(BillingSubscription, self - usage)._compute_price_unit()

    @api.model_create_multi
    def create(self, vals_list):
        return super().create([self._complete_pricing(vals) for vals in vals_list])

    def write(self, vals):
        if "pricing" in vals:
            self._check_without_usage(vals["pricing"])
        return super().write(self._complete_pricing(vals))

    @api.model
    def _complete_pricing(self, vals):
        return {**vals, "quantity": 1.0, "price_unit": 0.0} if vals.get("pricing") == "usage" else vals

    def _check_without_usage(self, pricing):
        metered = self.filtered(lambda subscription: subscription.pricing != pricing and subscription.usage_ids)
        if metered:
            raise UserError(self.env._(
                "%(subscription)s has usage, so its type stays: add a new subscription.",
                subscription=metered[0].name))

    def _prepare_update(self, day, quantity=None, price_unit=None, replaced=None):
        if self.pricing == "usage" and (price_unit or quantity not in (None, 0.0, 1.0)):
            raise UserError(self.env._(
                "%(subscription)s is usage-based: its quantity is always 1 and it has no price. Enter its usage.",
                subscription=self.name))
        return super()._prepare_update(day, quantity, price_unit, replaced)

    # ---- figures ----------------------------------------------------------------------------------------------------

    def _compute_usage_count(self):
        counts = dict(self.env["billing.usage"]._read_group(
            [("subscription_id", "in", self.ids)], ["subscription_id"], ["__count"]))
        for subscription in self:
            subscription.usage_count = counts.get(subscription._origin, 0)

    @api.depends("usage_ids.quantity", "usage_ids.amount", "usage_ids.state")
    def _compute_current_usage(self):
        self.usage_quantity = self.usage_amount = 0.0
        metered = self.filtered(lambda subscription: subscription.pricing == "usage" and subscription._origin)
        cycles = {
            sub: usage_cycle(owner._billing_terms() or owner._billing_series(), sub.company_id._billing_today())
            for sub, owner in ((sub, sub._get_cycle_owner()) for sub in metered)}
        usages = self.env["billing.usage"]._read_group(
            [("subscription_id", "in", metered.ids), ("state", "!=", "archived"),
             ("period_end", ">=", min((cycle.start for cycle in cycles.values()), default=fields.Date.today()))],
            ["subscription_id", "period_end:day", "is_tiered"], ["quantity:sum", "amount:sum"])
        for subscription, cycle in cycles.items():
            own = [
                (is_tiered, exact(quantity), amount) for owner, day, is_tiered, quantity, amount in usages
                if owner == subscription._origin and cycle.start <= day <= cycle.end]
            tiered = sum(quantity for is_tiered, quantity, _amount in own if is_tiered)
            by_card = subscription.rate_card_id._get_billing_card().amount(tiered) if tiered else 0
            subscription.usage_quantity = float(sum(quantity for _is_tiered, quantity, _amount in own))
            subscription.usage_amount = float(by_card) + sum(amount for _is_tiered, _quantity, amount in own)

    def _compute_last_usage_revenue(self):
        lines = self.env["account.move.line"]._read_group(
            [("billing_subscription_id", "in", self.filtered(lambda sub: sub.pricing == "usage").ids),
             ("move_id.billing_row_ids", "!=", False)],
            ["billing_subscription_id", "move_id"], ["billing_amount:sum"])
        last = {}
        for subscription, move, amount in lines:
            key = (move.invoice_date, move.id, amount)
            last[subscription] = max(key, last.get(subscription, key))
        for subscription in self:
            subscription.last_usage_revenue = last[subscription._origin][2] if subscription._origin in last else 0.0

    # ---- actions ----------------------------------------------------------------------------------------------------

    def action_reprice_usage(self):
        """Give the usage that is not invoiced the markup of its subscription as it is now."""
        self.usage_ids.filtered(lambda usage: usage.state != "invoiced").action_reprice()

    def action_view_usage(self):
        """Open the usage of the subscription."""
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id("work365_billing.billing_usage_action")
        return {**action, "domain": [("subscription_id", "=", self.id)],
                "context": {"default_subscription_id": self.id}}
