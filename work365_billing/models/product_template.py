from odoo import api, fields, models
from odoo.exceptions import ValidationError

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
    billing_reduction = fields.Selection(
        [("allowed", "Allowed"), ("not_allowed", "Not Allowed"), ("window", "Allowed within a Window")],
        "Quantity Reduction",
        default="allowed",
        required=True,
        help="Whether users may reduce, pause or deactivate subscriptions of this product. Increases always may.",
    )
    billing_reduction_days = fields.Integer(
        "Reduction Window",
        default=7,
        help="Days after the activation of the subscription, or after the renewal of its contract, up to which it may "
             "be reduced.",
    )

    @api.constrains("billing_reduction_days")
    def _check_billing_reduction_days(self):
        if any(template.billing_reduction_days < 0 for template in self):
            raise ValidationError(self.env._("The reduction window is a number of days, 0 or more."))
