from odoo import api, fields, models
from odoo.fields import Domain

from .repeating_invoice_line import LOGGED

# Runs of a year, for the price of a month.
RUNS_PER_YEAR = {"weekly": 52, "monthly": 12, "annually": 1}


class BillingSubscription(models.Model):
    """What a line of a repeating invoice is to billing: its price is for one run, however long that is."""

    _inherit = "billing.subscription"

    repeating_invoice_id = fields.Many2one(
        "repeating.invoice", index="btree_not_null", readonly=True, copy=False, ondelete="cascade")
    repeating_line_ids = fields.One2many("repeating.invoice.line", "subscription_id")
    sales_unit = fields.Selection(selection_add=[("run", "Run")], ondelete={"run": "cascade"})

    @api.depends("price_unit", "sales_unit", "repeating_invoice_id.interval", "repeating_invoice_id.months")
    def _compute_monthly_price(self):
        runs = self.filtered(lambda subscription: subscription.sales_unit == "run")
        for subscription in runs:
            invoice = subscription.repeating_invoice_id
            count = RUNS_PER_YEAR.get(invoice.interval) or len(invoice._get_months())
            subscription.monthly_price = subscription.price_unit * count / 12
        return super(BillingSubscription, self - runs)._compute_monthly_price()

    def _get_cycle_owner(self):
        return self.repeating_invoice_id or super()._get_cycle_owner()

    @api.model
    def _get_left_domain(self, day):
        return super()._get_left_domain(day) & Domain("repeating_invoice_id", "=", False)

    def write(self, vals):
        result = super().write(vals)
        if set(LOGGED) & set(vals):
            self.repeating_line_ids._follow_subscription()
        return result
