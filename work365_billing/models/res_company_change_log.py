"""When the hourly job makes change-log invoices by itself: a rhythm for each group of billing frequencies."""

from datetime import timedelta

from odoo import api, fields, models

from ..engine.occasions import last_occasion
from .selections import CHANGE_LOG_RHYTHMS, WEEKDAYS

# Monthly contracts are left out: their changes come with the next cycle.
GROUPS = {"quarterly": ("quarterly",), "longer": ("semi_annual", "annual", "triennial")}


class ResCompany(models.Model):
    _inherit = "res.company"

    billing_change_log_quarterly = fields.Selection(
        CHANGE_LOG_RHYTHMS, "Change-Log Invoices of Quarterly Contracts", default="off", required=True)
    billing_change_log_quarterly_weekday = fields.Selection(WEEKDAYS, default="0", required=True)
    billing_change_log_quarterly_day = fields.Integer(default=1)
    billing_change_log_quarterly_done = fields.Date(
        compute="_compute_change_log_quarterly_done", store=True, readonly=False,
        help="The last day of the rhythm that the job has begun, or the day before the rhythm was set.")
    billing_change_log_longer = fields.Selection(
        CHANGE_LOG_RHYTHMS, "Change-Log Invoices of Longer Contracts", default="off", required=True)
    billing_change_log_longer_weekday = fields.Selection(WEEKDAYS, default="0", required=True)
    billing_change_log_longer_day = fields.Integer(default=1)
    billing_change_log_longer_done = fields.Date(
        compute="_compute_change_log_longer_done", store=True, readonly=False)

    _billing_change_log_days = models.Constraint(
        "CHECK (billing_change_log_quarterly_day BETWEEN 1 AND 31 AND billing_change_log_longer_day BETWEEN 1 AND 31)",
        "Enter a day of the month between 1 and 31: shorter months use their last day.")

    @api.depends(
        "billing_change_log_quarterly", "billing_change_log_quarterly_weekday", "billing_change_log_quarterly_day")
    def _compute_change_log_quarterly_done(self):
        self._forget_change_log_occasions("quarterly")

    @api.depends("billing_change_log_longer", "billing_change_log_longer_weekday", "billing_change_log_longer_day")
    def _compute_change_log_longer_done(self):
        self._forget_change_log_occasions("longer")

    def _forget_change_log_occasions(self, group):
        """A new rhythm begins today: what would have been before is not made up for."""
        for company in self:
            company[f"billing_change_log_{group}_done"] = company._billing_today() - timedelta(days=1)

    def _get_change_log_occasions(self, day):
        """Return the last day up to ``day`` on which change-log invoices are due, per group that has a rhythm."""
        self.ensure_one()
        rhythms = {group: self._get_change_log_rhythm(group) for group in GROUPS}
        return {group: last_occasion(*rhythm, day) for group, rhythm in rhythms.items() if rhythm}

    def _get_change_log_rhythm(self, group):
        """Return the rhythm of ``group`` as the engine wants it, (rhythm, number of the day), or None if off."""
        field = f"billing_change_log_{group}"
        rhythm = self[field]
        if rhythm == "off":
            return None
        return rhythm, int(self[f"{field}_weekday"]) if rhythm == "weekly" else self[f"{field}_day"]
