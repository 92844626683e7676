from odoo import fields, models


class BillingRateCardTier(models.Model):
    """A range of quantities of a rate card. It begins where the tier before ends, so there are no gaps."""

    _name = "billing.rate.card.tier"
    _description = "Rate Card Tier"
    _order = "rate_card_id, up_to, id"

    rate_card_id = fields.Many2one("billing.rate.card", required=True, index=True, ondelete="cascade")
    company_id = fields.Many2one(related="rate_card_id.company_id", store=True, index=True, precompute=True)
    currency_id = fields.Many2one(related="rate_card_id.currency_id")
    name = fields.Char()
    up_to = fields.Float("Up to", digits="Product Unit", required=True, help="Last quantity of the tier, inclusive.")
    price = fields.Float(
        "Sales Price", min_display_digits="Product Price",
        help="Of one unit for a Block Unit Rate, of the whole range for a Block Rate.")

    _up_to_positive = models.Constraint(
        "CHECK (up_to > 0)", "A tier ends with a quantity above zero: enter the last quantity that it prices.")
    _price_positive = models.Constraint("CHECK (price >= 0)", "The price of a tier cannot be negative.")
    _up_to_uniq = models.UniqueIndex(
        "(rate_card_id, up_to)",
        "Two tiers of a rate card end with the same quantity: they overlap. Give each another upper limit.")
