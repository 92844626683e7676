import pytz

from odoo import api, fields, models
from odoo.fields import Domain

from odoo.addons.base.models.res_partner import _tz_get


class ResCompany(models.Model):
    _inherit = "res.company"

    billing_tz = fields.Selection(
        _tz_get,
        string="Billing Time Zone",
        help="The local date of this time zone decides what is due. Empty: the company address's, else UTC.",
    )
    billing_refund = fields.Boolean(
        "Generate Refund Invoices",
        help="Credit reductions of periods that are already invoiced, where a contract uses the global setting.",
    )
    billing_range_monthly = fields.Integer("Monthly Cycles Ahead", default=12)
    billing_range_quarterly = fields.Integer("Quarterly Cycles Ahead", default=4)
    billing_range_longer = fields.Integer("Longer Cycles Ahead", default=2)

    billing_catch_up_periods = fields.Integer(
        "Missed Periods without Approval",
        help="When one run would bill more missed periods than this, they wait for an approval. 0: no limit.")
    billing_catch_up_amount = fields.Monetary(
        "Missed Amount without Approval",
        help="When the missed periods of one run come to more than this before tax, they wait for an approval. "
             "0: no limit.")

    billing_notice_days = fields.Integer(
        "Notice of the End of a Term (days)", default=30,
        help="The salesperson gets an activity so many days before a contract ends or renews. 0: none.")

    billing_anomaly_percent = fields.Float(
        "Check Amounts From (%)", default=25.0, digits=(5, 2),
        help="Bulk generation asks to check an invoice that differs from the last one by more than this.")

    _billing_anomaly_positive = models.Constraint(
        "CHECK (billing_anomaly_percent >= 0)",
        "Enter a percentage of zero or more, from which an amount is to be checked.",
    )
    _billing_range_positive = models.Constraint(
        "CHECK (billing_range_monthly > 0 AND billing_range_quarterly > 0 AND billing_range_longer > 0)",
        "At least one billing schedule must exist ahead: enter a number above zero.",
    )

    _billing_catch_up_positive = models.Constraint(
        "CHECK (billing_catch_up_periods >= 0 AND billing_catch_up_amount >= 0)",
        "A limit for missed periods cannot be negative: enter 0 for no limit.",
    )

    _billing_notice_positive = models.Constraint(
        "CHECK (billing_notice_days >= 0)", "A notice comes before the end: enter a number of days, or 0 for none.")

    @api.model
    def _search_all(self):
        """Return all companies, archived ones too: to find those with contracts, contracts would have to be read."""
        return self.with_context(active_test=False).search(Domain.TRUE)

    def _billing_today(self):
        """Return the local date of the company: the "today" of everything that is billed."""
        return self._billing_date(fields.Datetime.now())

    def _billing_date(self, moment):
        """Return the local date of the company at ``moment`` (UTC)."""
        self.ensure_one()
        zone = pytz.timezone(self.billing_tz or self.partner_id.sudo().tz or "UTC")
        return pytz.utc.localize(moment).astimezone(zone).date()

    def _billing_cycle_range(self, frequency):
        """Return how many schedules ahead exist for contracts of ``frequency``."""
        self.ensure_one()
        ranges = {"monthly": self.billing_range_monthly, "quarterly": self.billing_range_quarterly}
        return ranges.get(frequency, self.billing_range_longer)
