from odoo import api, fields, models
from odoo.tools import format_date


class BillingSchedule(models.Model):
    """A run of a repeating invoice is a row of the ledger like every other period."""

    _inherit = "billing.schedule"

    repeating_invoice_id = fields.Many2one(
        "repeating.invoice", index="btree_not_null", readonly=True, ondelete="restrict")

    @api.depends("repeating_invoice_id")
    def _compute_source_key(self):
        return super()._compute_source_key()

    @api.depends("company_id.billdozer_days_in_advance", "repeating_invoice_id")
    def _compute_schedule_date(self):
        return super()._compute_schedule_date()

    def _get_cycle_owner(self):
        return self.repeating_invoice_id or super()._get_cycle_owner()

    def _get_log_domain(self):
        if self.repeating_invoice_id:
            return [("subscription_id.repeating_invoice_id", "=", self.repeating_invoice_id.id)]
        return super()._get_log_domain()

    @api.depends("repeating_invoice_id.name")
    def _compute_display_name(self):
        return super()._compute_display_name()

    def _get_period_name(self):
        if self.repeating_invoice_id:
            return f"{self.repeating_invoice_id.name} · {format_date(self.env, self.cycle_start)}"
        return super()._get_period_name()
