from fractions import Fraction

from odoo import api, fields, models
from odoo.exceptions import UserError, ValidationError
from odoo.fields import Domain

from .repeating_invoice_line import LOGGED, SHARED

# Runs of a year, for the price of a month.
RUNS_PER_YEAR = {"weekly": 52, "monthly": 12, "annually": 1}


class BillingSubscription(models.Model):
    """What a line of a repeating invoice is to billing: its price is for one run, however long that is."""

    _inherit = "billing.subscription"

    repeating_invoice_id = fields.Many2one(
        "repeating.invoice", index="btree_not_null", readonly=True, copy=False, ondelete="cascade")
    repeating_line_ids = fields.One2many("repeating.invoice.line", "subscription_id")
    sales_unit = fields.Selection(selection_add=[("run", "Run")], ondelete={"run": "cascade"})

    @api.depends("repeating_invoice_id.interval", "repeating_invoice_id.months")
    def _compute_monthly_price(self):
        return super()._compute_monthly_price()

    def _get_unit_months(self):
        return None if self.sales_unit == "run" else super()._get_unit_months()

    def _get_price_months(self):
        if self.sales_unit != "run":
            return super()._get_price_months()
        invoice = self.repeating_invoice_id
        return Fraction(12, RUNS_PER_YEAR.get(invoice.interval) or len(invoice._get_months()) or 1)

    def _get_cycle_owner(self):
        return self.repeating_invoice_id or super()._get_cycle_owner()

    @api.model
    def _get_left_domain(self, day):
        return super()._get_left_domain(day) & Domain("repeating_invoice_id", "=", False)

    def _prepare_closing(self, stop, refund):
        """The run that the last day of the contract lies in is invoiced whole."""
        if self.repeating_invoice_id:
            stop = self.repeating_invoice_id._get_run_end(stop)
        return super()._prepare_closing(stop, refund)

    def _is_stopped_after(self, day):
        invoice = self.repeating_invoice_id
        return super()._is_stopped_after(invoice._get_run_end(day) if invoice else day)

    def _follow_start(self, old):
        """Those of repeating invoices start with their line, whenever the contract starts."""
        own = self.filtered(lambda subscription: not subscription.repeating_invoice_id)
        return super(BillingSubscription, own)._follow_start(old)

    # ---- tied to its line -------------------------------------------------------------------------------------------

    def deactivate(self, effective_date=None, refund=False):
        self._check_not_repeating()
        return super().deactivate(effective_date, refund)

    @api.ondelete(at_uninstall=False)
    def _unlink_except_repeating(self):
        self._check_not_repeating()

    def _check_not_repeating(self):
        """Refuse to end subscriptions here that are lines of repeating invoices."""
        for line in self.repeating_line_ids:
            raise UserError(self.env._(
                "%(line)s is a line of the repeating invoice %(name)s: enter an end date on the line there, or use "
                "Cancel Repeating Invoice.", line=line.name, name=line.repeating_invoice_id.name))

    @api.constrains(*(name for name in SHARED if name not in LOGGED))
    def _check_like_line(self):
        for line in self.repeating_line_ids:
            for name in set(SHARED) - set(LOGGED):
                if line[name] != line.subscription_id[name]:
                    raise ValidationError(self.env._(
                        "%(line)s is a line of the repeating invoice %(name)s: change it there.", line=line.name,
                        name=line.repeating_invoice_id.name))
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
