"""Whether a product may be reduced, and until when."""

from datetime import timedelta

from odoo import models
from odoo.exceptions import UserError


class BillingSubscription(models.Model):
    _inherit = "billing.subscription"

    def _check_reduction(self, day):
        """Refuse a reduction that takes effect on ``day`` when the product does not allow it then.

        For what users enter, by window, code or RPC. An ended contract and an undone invoice do not ask.
        """
        template = self.product_id.product_tmpl_id
        if template.billing_reduction == "not_allowed":
            raise UserError(self.env._(
                "%(product)s may not be reduced: its quantity can only grow. The rule stands on the product.",
                product=template.display_name))
        if template.billing_reduction == "window":
            last = self._get_last_reduction_day(day, template.billing_reduction_days)
            if day > last:
                raise UserError(self.env._(
                    "%(product)s may be reduced within %(days)s days of its activation or of a renewal only: the last "
                    "day was %(date)s. The rule stands on the product.",
                    product=template.display_name, days=template.billing_reduction_days, date=self._format(last)))

    def _get_last_reduction_day(self, day, days):
        """Return the last day on which a reduction was allowed, as seen from ``day``."""
        logs = self.change_log_ids.sudo().filtered(
            lambda log: log.event in ("create", "activate") and log.effective_date <= day)
        starts = [*logs.mapped("effective_date"), self.contract_id._get_term_start(day)]
        return max(start for start in starts if start <= day) + timedelta(days=days)
