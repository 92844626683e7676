"""Moving the billing day of a contract: later cycles start on another day, after one transition period.

Nothing that is billed changes: the move holds from a cycle on that is not, and its open schedules are made anew.
"""

from dataclasses import replace
from datetime import date, timedelta

from odoo import api, fields, models
from odoo.exceptions import UserError, ValidationError
from odoo.tools import format_date, format_list

from ..engine.billing_day import NoSuchDay, is_same, leg_from, move_day
from ..engine.steps import FREQUENCIES

LAST_DAY = "last"
# With another start or rhythm, the cycles are counted from the start again.
RHYTHM_FIELDS = ("date_start", "frequency", "alignment", "last_day_anchor")


class BillingContract(models.Model):
    _inherit = "billing.contract"

    day_change_ids = fields.One2many(
        "billing.day.change", "contract_id", "Changes of the Billing Day", readonly=True)
    billing_day = fields.Char(compute="_compute_billing_day", help="Day on which the billing cycles start.")

    @api.depends(*RHYTHM_FIELDS, "day_change_ids.anchor", "day_change_ids.last_day")
    def _compute_billing_day(self):
        for contract in self:
            contract.billing_day = contract.date_start and contract._describe_rhythm(contract._billing_series())

    def _describe_rhythm(self, series):
        """Return in words on which day the cycles of the engine's terms start in the end."""
        recurrence = series.recurrence_at(date.max)
        return self._describe_billing_day(recurrence.anchor, recurrence.last_day)

    def _describe_billing_day(self, anchor, last_day):
        """Return in words on which day the cycles start that are counted from ``anchor``."""
        day = self.env._("Last day") if last_day else self.env._("Day %(day)s", day=anchor.day)
        count = FREQUENCIES[self.frequency].count
        if count == 1:
            return day
        months = sorted({(anchor.month - 1 + number * count) % 12 + 1 for number in range(12)})
        names = [format_date(self.env, date(2000, month, 1), date_format="MMM") for month in months]
        return self.env._("%(day)s of %(months)s", day=day, months=format_list(self.env, names))

    # ---- the rhythm -----------------------------------------------------------------------------------------------

    def _billing_series(self):
        series = super()._billing_series()
        legs = tuple(change._get_leg() for change in self.day_change_ids.sorted("transition_start"))
        return replace(series, legs=legs) if legs else series

    def write(self, vals):
        """Other cycles from the start on leave nothing of moves of the billing day."""
        names = [name for name in RHYTHM_FIELDS if name in vals]
        if names:
            self.filtered(
                lambda contract: contract.day_change_ids and contract._changes(vals, names))._forget_day_changes()
        return super().write(vals)

    def _forget_day_changes(self):
        for contract in self:
            contract.day_change_ids.sudo().unlink()  # users write the rhythm only by the contract's own actions
            contract._message_log(body=self.env._("The billing day is counted from the start again."))

    # ---- moving ---------------------------------------------------------------------------------------------------

    def move_billing_day(self, day, month=None, effective_date=None):
        """Let the billing cycles start on another day, after one transition period up to the first such day.

        :param day: day of the month, 1 to 31 (a number or its text), or 'last'; a shorter month clamps it
        :param month: where cycles are longer than a month, the number of one in which they are to start; default that
            in which the first moved cycle starts
        :param effective_date: local date, a ``date`` or an ISO string: cycles that start before it stay. Default: all
            that are not invoiced, skipped or on hold move. Moves that hold from later on are taken back
        :raises UserError: when the day cannot be moved, or is the same
        """
        self.ensure_one()
        self.check_access("write")
        since = self._get_day_move_start(fields.Date.to_date(effective_date))
        series = self._prepare_day_move(day, month, since)
        before = self.billing_day
        self._set_legs(series.legs)
        self._rebuild_schedules()
        self._tell_day_move(series, since, before)

    def _prepare_day_move(self, day, month, since):
        """Return the engine's terms without an end when the billing day is moved from ``since`` on.

        Nothing is written.
        """
        series = self._billing_series()
        number, month = self._read_day(day, month)
        try:
            moved = move_day(series, since, number, month)
        except NoSuchDay as error:
            raise ValidationError(self.env._(
                "No month in which cycles start has a day %(day)s: choose an earlier day, or the last day of the "
                "month.", day=day)) from error
        if is_same(series, moved, since):
            raise UserError(self.env._(
                "The billing cycles from %(date)s on start on this day already: choose another one.",
                date=format_date(self.env, since)))
        self._check_ends_after(leg_from(moved, since))
        return moved

    def _check_ends_after(self, leg):
        """Refuse a move whose first full cycle never comes."""
        if leg and self.date_end and leg.first > self.date_end and not self.auto_renew:
            raise UserError(self.env._(
                "%(contract)s ends on %(end)s, before the first cycle on the new day (%(first)s): there is nothing to "
                "move. Give it a later end first.", contract=self.display_name,
                end=format_date(self.env, self.date_end), first=format_date(self.env, leg.first)))

    def _read_day(self, day, month):
        """Return day, None for the last one, and month as numbers."""
        try:
            number, month = None if day == LAST_DAY else int(day), int(month) if month else None
        except (TypeError, ValueError):
            number = month = 0
        if not (number is None or 1 <= number <= 31) or not (month is None or 1 <= month <= 12):
            raise ValidationError(self.env._(
                "Choose a day from 1 to 31 or the last day of the month, and a month from 1 to 12."))
        return number, month

    def _get_day_move_start(self, effective_date=None):
        """Return the first day of the first cycle that moves: see ``move_billing_day``."""
        self._check_may_move_day()
        last = self._get_last_settled_day()
        if effective_date and last and effective_date <= last:
            raise UserError(self.env._(
                "%(contract)s is settled up to %(last)s: the billing day moves from a later cycle on. To bill these "
                "days anew, delete or credit their invoices first.", contract=self.display_name,
                last=format_date(self.env, last)))
        for cycle in self._get_cycles_after(last):
            if not effective_date or cycle.start >= effective_date:
                return cycle.start
        raise UserError(self.env._(
            "%(contract)s ends on %(end)s: no later billing cycle is left to move.", contract=self.display_name,
            end=format_date(self.env, self.date_end)))

    def _get_last_settled_day(self):
        """Return the last day of the cycles that are invoiced, skipped or on hold, or None."""
        rows = self.schedule_ids.filtered(lambda row: row.kind == "regular" and not row._is_open())
        return max(rows.mapped("cycle_end"), default=None)

    def _check_may_move_day(self):
        if self.state == "draft":
            raise UserError(self.env._(
                "%(contract)s is a draft: change its start date instead.", contract=self.display_name))
        if self.state == "closed":
            self._refuse_closed()
        if self.contract_type == "item_based":
            raise UserError(self.env._(
                "%(contract)s is item based: each subscription has billing cycles of its own, counted from its start "
                "date. End the subscription on its last billed day and add it again with the new start.",
                contract=self.display_name))
        if self.contract_type == "non_recurring":
            raise UserError(self.env._(
                "%(contract)s is non-recurring: it has no billing cycles. Its items are billed on their Invoice On "
                "date.", contract=self.display_name))
        if self.alignment == "calendar":
            raise UserError(self.env._(
                "%(contract)s bills calendar periods, which always start on the first of a month. To bill on another "
                "day, end it on the last billed day and make a new contract, aligned with the anniversary of its "
                "start, that starts the day after; Duplicate copies its subscriptions.", contract=self.display_name))

    def _set_legs(self, legs):
        """Let the stored moves be the engine's ``legs``."""
        changes = self.day_change_ids.sudo()  # users write the rhythm only by the contract's own actions
        kept = changes.filtered(lambda change: change._get_leg() in legs)
        held = [change._get_leg() for change in kept]
        (changes - kept).unlink()
        changes.create([changes._prepare_vals(self, leg) for leg in legs if leg not in held])

    def _tell_day_move(self, series, since, before):
        """Log who moved the billing day, from what to what, and the transition period."""
        tracked = self.fields_get(["billing_day"], attributes=("string", "type"))
        _names, values = self._mail_track(tracked, {"billing_day": before})
        self._message_log(body=self._describe_day_move(series, since), tracking_value_ids=values)

    def _describe_day_move(self, series, since):
        """Return in one sentence what the engine's ``series``, moved from ``since`` on, makes of the cycles."""
        leg = leg_from(series, since)
        if not leg:
            return self.env._(
                "Billing cycles from %(date)s on start on the day before the move again, without a transition period.",
                date=format_date(self.env, since))
        first = format_date(self.env, leg.first)
        if leg.since == leg.first:
            return self.env._("Full cycles start on %(first)s, no transition period is needed.", first=first)
        return self.env._(
            "Transition period %(start)s – %(end)s (%(days)s days), full cycles from %(first)s.",
            start=format_date(self.env, leg.since), end=format_date(self.env, leg.first - timedelta(days=1)),
            days=(leg.first - leg.since).days, first=first)

    # ---- window ---------------------------------------------------------------------------------------------------

    def action_open_day_move(self):
        """Open the window *Change Billing Day*."""
        self.ensure_one()
        self.check_access("write")
        window = self.env["billing.contract.day"].create({"contract_id": self.id})
        return window._action_open(self.env._("Change Billing Day of %(contract)s", contract=self.name))
