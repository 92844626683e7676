from odoo import fields, models

from .selections import FREQUENCIES


class ProductTemplate(models.Model):
    _inherit = "product.template"

    billing_recurring = fields.Boolean(
        "Billed on a Contract",
        help="Confirming a sales order with this product makes a billing contract, or extends the customer's.",
    )
    billing_frequency = fields.Selection(
        FREQUENCIES,
        string="Sales Unit",
        default="monthly",
        help="The period that the sales price is for, and the frequency of the contract that an order makes.",
    )
