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

    @api.model
    def _commit_edits(self, edits_list):
        """A price that somebody enters, for today or a later day, is what escalation compounds from."""
        withdrawn = self.browse([
            edits.subscription.id for edits in edits_list
            if not edits.created and edits.removed._get_agreed_prices()])
        created = super()._commit_edits(edits_list)
        for log in created._get_agreed_prices():
            log.subscription_id.repeating_line_ids._rebase_escalation(log.price_unit, log.effective_date)
        withdrawn.repeating_line_ids._restart_escalation()
        withdrawn.repeating_invoice_id._enter_escalations()
        return created

    def write(self, vals):
        result = super().write(vals)
        if set(LOGGED) & set(vals):
            self.repeating_line_ids._follow_subscription()
        return result
