from odoo import api, fields, models
from odoo.exceptions import ValidationError

from .selections import INTERVALS


class ProductTemplate(models.Model):
    """What a product proposes on the lines of repeating invoices: Billdozer's item code."""

    _inherit = "product.template"

    repeating_escalate = fields.Boolean("Escalate", help="The price takes part in the yearly escalation.")
    repeating_immediate = fields.Boolean(
        "Immediate", help="With a term of 1: invoiced on the day on which the line is saved, as a set-up fee is.")
    repeating_term = fields.Integer("Default Term (months)", help="1 is a one-off fee. 0: no term of its own.")
    repeating_interval = fields.Selection(
        INTERVALS, "Default Run Interval", help="Choosing the product on the first line proposes this interval.")
    repeating_contract_value = fields.Boolean(
        "Counts in Contract Value", default=True, help="Lines with a term count in the value of the contract.")

    @api.constrains("repeating_term", "repeating_immediate")
    def _check_repeating_term(self):
        for template in self:
            if template.repeating_term < 0:
                raise ValidationError(self.env._("A term is a number of months: enter 0 for none."))
            if template.repeating_immediate and template.repeating_term != 1:
                raise ValidationError(self.env._(
                    "%(product)s is immediate, so it is charged once: enter a default term of 1.",
                    product=template.display_name))
