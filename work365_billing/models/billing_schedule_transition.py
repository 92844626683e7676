from odoo import api, fields, models


class BillingSchedule(models.Model):
    """The period between two billing days is marked as such wherever it is shown."""

    _inherit = "billing.schedule"

    is_transition = fields.Boolean("Transition Period", compute="_compute_is_transition")
    period_note = fields.Char("Note", compute="_compute_is_transition")

    @api.depends(
        "kind", "cycle_start", "cycle_end", "subscription_id", "contract_id.day_change_ids.transition_start",
        "contract_id.day_change_ids.cycle_start")
    def _compute_is_transition(self):
        for row in self:
            is_own = row.kind == "regular" and not row.subscription_id
            row.is_transition = is_own and any(change._covers(row) for change in row.contract_id.day_change_ids)
            row.period_note = row.is_transition and self.env._("Transition")

    @api.depends("is_transition")
    def _compute_display_name(self):
        return super()._compute_display_name()

    def _get_period_name(self):
        name = super()._get_period_name()
        return self.env._("%(period)s (transition)", period=name) if self.is_transition else name
