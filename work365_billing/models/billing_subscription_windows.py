"""The windows in which a subscription is changed."""

from odoo import fields, models

from ..engine import history


class BillingSubscription(models.Model):
    _inherit = "billing.subscription"

    contract_state = fields.Selection(related="contract_id.state", string="Contract Status")

    def action_change(self):
        """Open the window with what is likeliest in the state of the subscription."""
        usual = "pause" if self.pricing == "usage" else "quantity"
        return self._open_change({"paused": "resume", "inactive": "activate"}.get(self.state, usual))

    def action_change_quantity(self):
        """Open the window *Change Quantity*."""
        return self._open_change("quantity")

    def action_change_price(self):
        """Open the window *Change Price*."""
        return self._open_change("price")

    def action_pause(self):
        """Open the window *Pause*."""
        return self._open_change("pause")

    def action_resume(self):
        """Open the window *Resume*."""
        return self._open_change("resume")

    def action_deactivate(self):
        """Open the window *Deactivate*."""
        return self._open_change("deactivate")

    def action_reactivate(self):
        """Open the window *Reactivate*."""
        return self._open_change("activate")

    def _open_change(self, action):
        self.ensure_one()
        self.check_access("write")
        window = self.env["billing.subscription.change"].create({"subscription_id": self.id, "action": action})
        return window._action_open(self.env._("Change %(subscription)s", subscription=self.name))

    # ---- what the windows propose -----------------------------------------------------------------------------------

    def _get_renewal_day(self):
        """Return the first day of the next cycle that is not invoiced, today or later; None after the last cycle."""
        today = max(self.company_id._billing_today(), self.date_start)
        rows = self._get_rows(today)
        starts = [row.cycle_start for row in rows if row.state != "invoiced" and row.cycle_start >= today]
        if starts:
            return min(starts)
        last = max(rows.mapped("cycle_end"), default=None)
        coming = self._get_cycle_owner()._get_cycles_after(last)
        return next((cycle.start for cycle in coming if cycle.start >= today), None)

    def _get_quantity_before_end(self):
        """Return the quantity that the subscription had before it became inactive."""
        entries = self._get_entries()
        _state, last = history.last_state(entries, self.company_id._billing_today())
        return float(-sum(entry.delta for entry in entries if last and entry.head == last.head))
