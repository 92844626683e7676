from odoo import fields, models
from odoo.exceptions import UserError

from ..engine import tiers
from ..engine.money import exact


class BillingRateCard(models.Model):
    """Prices by quantity: the total usage of a subscription in a billing cycle decides the tier."""

    _name = "billing.rate.card"
    _description = "Rate Card"
    _order = "name, id"

    name = fields.Char(required=True)
    active = fields.Boolean(default=True)
    company_id = fields.Many2one("res.company", required=True, index=True, default=lambda self: self.env.company)
    currency_id = fields.Many2one(
        "res.currency", required=True, default=lambda self: self.env.company.currency_id,
        help="Only subscriptions of contracts in this currency can use the card.")
    rate_type = fields.Selection(
        [(tiers.BLOCK_UNIT, "Block Unit Rate"), (tiers.BLOCK, "Block Rate")], "Type", required=True,
        default=tiers.BLOCK_UNIT,
        help="Block Unit Rate: every unit costs the price of the tier in which the total quantity falls. "
             "Block Rate: the tier in which the total quantity falls has one price for all of it.")
    default_rate = fields.Float(
        min_display_digits="Product Price", help="Used when the total quantity is above the last tier.")
    tier_ids = fields.One2many("billing.rate.card.tier", "rate_card_id", "Tiers", copy=True)
    subscription_ids = fields.One2many("billing.subscription", "rate_card_id", "Subscriptions")

    _default_rate_positive = models.Constraint("CHECK (default_rate >= 0)", "The default rate cannot be negative.")

    def write(self, vals):
        if "currency_id" in vals or "company_id" in vals:
            self._check_unused()
        return super().write(vals)

    def _check_unused(self):
        used = self.filtered("subscription_ids")
        if used:
            raise UserError(self.env._(
                "%(card)s is used by subscriptions, so its company and currency stay: make a new rate card.",
                card=used[0].name))

    def _get_billing_card(self):
        """Return this card as the engine's ``tiers.RateCard``."""
        self.ensure_one()
        return tiers.RateCard(
            kind=self.rate_type, default=exact(self.default_rate), tiers=tuple(
                tiers.Tier(exact(tier.up_to), exact(tier.price)) for tier in self.tier_ids.sorted("up_to")))
