from datetime import timedelta

from odoo import api, fields, models

from ..engine.cycles import Leg


class BillingDayChange(models.Model):
    """A move of the billing day of a contract that holds: from a day on, its cycles are counted from another anchor.

    Only ``billing.contract.move_billing_day`` makes them, and takes them back while the transition is not billed.
    """

    _name = "billing.day.change"
    _description = "Change of the Billing Day"
    _order = "contract_id, transition_start, id"
    _rec_name = "cycle_start"

    contract_id = fields.Many2one(
        "billing.contract", "Billing Contract", required=True, index=True, ondelete="cascade", readonly=True)
    company_id = fields.Many2one(related="contract_id.company_id", store=True, index=True, precompute=True)
    transition_start = fields.Date(
        "Transition From", required=True, readonly=True,
        help="First day of the transition period. The same as the first full cycle: none was needed.")
    transition_end = fields.Date("Transition To", compute="_compute_transition_end")
    cycle_start = fields.Date(
        "First Full Cycle", required=True, readonly=True, help="First day of the first cycle on the new billing day.")
    anchor = fields.Date(
        required=True, readonly=True, help="Start from which all later ones are counted: it has the billing day.")
    last_day = fields.Boolean(
        "Last Day of the Month", readonly=True, help="Every cycle starts on the last day of its month.")
    billing_day = fields.Char(compute="_compute_billing_day")

    _start_uniq = models.UniqueIndex(
        "(contract_id, transition_start)", "Another billing day holds from this day on: choose a later one.")
    _cycle_after_transition = models.Constraint(
        "CHECK (cycle_start >= transition_start)",
        "The first full cycle is before the transition period: choose a later day.")

    @api.depends("transition_start", "cycle_start")
    def _compute_transition_end(self):
        for change in self:
            has_transition = change.transition_start < change.cycle_start
            change.transition_end = has_transition and change.cycle_start - timedelta(days=1)

    @api.depends("anchor", "last_day", "contract_id.frequency")
    def _compute_billing_day(self):
        for change in self:
            change.billing_day = change.contract_id._describe_billing_day(change.anchor, change.last_day)

    def _get_leg(self):
        """Return the engine's form."""
        self.ensure_one()
        return Leg(self.transition_start, self.cycle_start, self.anchor, self.last_day)

    @api.model
    def _prepare_vals(self, contract, leg):
        """Return the values of the record that stands for the engine's ``leg``."""
        return {
            "contract_id": contract.id, "transition_start": leg.since, "cycle_start": leg.first, "anchor": leg.anchor,
            "last_day": leg.last_day}

    def _covers(self, row):
        """Tell whether ``row``, of the cycles of the contract, is the transition period or a part of it."""
        return self.transition_start <= row.cycle_start and row.cycle_end < self.cycle_start
