from datetime import date, timedelta
from itertools import zip_longest

from odoo import api, fields, models
from odoo.tools import format_date

from ..models.billing_contract_day import LAST_DAY

# How many coming periods are shown of each rhythm.
SHOWN = 4


class BillingContractDay(models.TransientModel):
    """The window *Change Billing Day*: both rhythms side by side, with their amounts, before one becomes the other."""

    _name = "billing.contract.day"
    _description = "Change Billing Day"
    _inherit = ["billing.change.window"]

    contract_id = fields.Many2one("billing.contract", required=True, ondelete="cascade")
    frequency = fields.Selection(related="contract_id.frequency")
    rhythm = fields.Char(compute="_compute_rhythm", help="The billing day in force and what is settled.")
    day = fields.Selection("_select_days", "New Billing Day", help="Day of the month on which billing cycles start.")
    month = fields.Selection(
        "_select_months", compute="_compute_month", store=True, readonly=False, compute_sudo=False,
        help="One of the months in which billing cycles start; the others follow from the frequency.")
    schedule_id = fields.Many2one(
        "billing.schedule", "From Billing Cycle", compute="_compute_schedule_id", store=True, readonly=False,
        compute_sudo=False, context={"billing_short_name": True},
        domain="[('contract_id', '=', contract_id), ('kind', '=', 'regular'), ('subscription_id', '=', False),"
               " ('state', 'in', ('pending', 'error')), ('on_hold', '=', False)]",
        help="Cycles before it stay. The days from its start up to the new billing day are the transition period.")

    @api.model
    def _select_days(self):
        days = [(str(number), self.env._("Day %(day)s", day=number)) for number in range(1, 32)]
        return [*days, (LAST_DAY, self.env._("Last day of the month"))]

    @api.model
    def _select_months(self):
        return [(str(month), format_date(self.env, date(2000, month, 1), date_format="MMMM")) for month in range(1, 13)]

    @api.depends("contract_id")
    def _compute_schedule_id(self):
        for window in self:
            last = window.contract_id._origin._get_last_settled_day()
            window.schedule_id = window.contract_id._origin.schedule_ids.filtered(
                lambda row, last=last: row.kind == "regular" and not row.subscription_id and row._is_open()
                and (not last or row.cycle_start > last)).sorted("cycle_start")[:1]

    @api.depends("schedule_id")
    def _compute_month(self):
        for window in self:
            start = window.schedule_id.cycle_start
            window.month = window.month or (str(start.month) if start else False)

    @api.depends("contract_id")
    def _compute_rhythm(self):
        labels = dict(self.env["billing.contract"]._fields["frequency"]._description_selection(self.env))
        for window in self:
            contract = window.contract_id._origin
            last = contract._get_last_settled_day()
            settled = (
                self.env._("settled up to %(date)s", date=format_date(self.env, last)) if last
                else self.env._("nothing is invoiced yet"))
            window.rhythm = " · ".join([
                contract.name or "", labels.get(contract.frequency, ""), contract.billing_day or "", settled])

    # ---- preview ----------------------------------------------------------------------------------------------------

    def _get_preview_fields(self):
        return ["contract_id", "day", "month", "schedule_id"]

    def _is_complete(self):
        return bool(self.contract_id)

    def _get_since(self):
        """Return the first day of the first cycle that moves."""
        return self.contract_id._origin._get_day_move_start(self.schedule_id.cycle_start or None)

    def _fill_preview(self):
        contract, since = self.contract_id._origin, self._get_since()
        if not self.day:
            return
        series = contract._prepare_day_move(self.day, self.month, since)
        planner = self.env["billing.planner"]
        now = planner._plan_cycles(contract, since, SHOWN)
        then = planner._plan_cycles(contract, since, SHOWN, series)
        self.summary = contract._describe_day_move(series, since)
        sides = (contract._billing_series().legs, series.legs)
        self.preview = self.env["ir.qweb"]._render("work365_billing.billing_contract_day_preview", {
            "titles": [contract.billing_day, contract._describe_rhythm(series)],
            "rows": [[self._prepare_period(one, legs) for one, legs in zip(pair, sides, strict=True)]
                     for pair in zip_longest(now, then)]})

    def _prepare_period(self, planned, legs):
        """Return the texts of one coming invoice, None without one; ``legs`` are the moves that hold."""
        if not planned:
            return None
        return {
            "period": self._get_period_text(planned),
            "date": format_date(self.env, planned.schedule_date),
            "days": (planned.cycle_end - planned.cycle_start + timedelta(days=1)).days,
            "amount": self._prepare_side(planned, ())["amount"],
            "is_transition": any(leg.since <= planned.cycle_start and planned.cycle_end < leg.first for leg in legs)}

    def action_confirm(self):
        """Move the billing day as the preview shows."""
        self.ensure_one()
        self.contract_id.check_access("write")
        self.env["billing.executor"]._lock(self.contract_id)
        self.contract_id.move_billing_day(self.day, self.month, self._get_since())
        return {"type": "ir.actions.act_window_close"}
