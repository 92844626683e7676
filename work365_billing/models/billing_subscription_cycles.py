from contextlib import contextmanager
from datetime import date, timedelta

from odoo import api, fields, models
from odoo.exceptions import ValidationError
from odoo.fields import Domain
from odoo.tools import SQL, format_date

from ..engine import history
from ..engine.cycles import due_cycles

# What the cycles of a subscription are computed from.
CYCLE_FIELDS = ("date_start", "date_end", "sales_unit", "billed_through")


class BillingSubscription(models.Model):
    """A subscription of an item-based contract has cycles of its own: from its start, as long as its sales unit."""

    _name = "billing.subscription"
    _inherit = ["billing.subscription", "billing.cycle.owner"]

    contract_type = fields.Selection(related="contract_id.contract_type", string="Contract Type")
    schedule_ids = fields.One2many(
        "billing.schedule", "subscription_id", "Billing Schedules", context={"active_test": False})
    billed_through = fields.Date(
        copy=False, tracking=True,
        help="Last day of this subscription that was billed before it was entered here: nothing up to it is billed "
             "again.")
    deactivated_on = fields.Date(
        "Deactivate On", compute="_compute_deactivated_on", store=True,
        help="First day that is not billed any more, also while the change is only scheduled.")

    @api.depends("change_log_ids.event", "change_log_ids.effective_date", "change_log_ids.completes_id")
    def _compute_deactivated_on(self):
        for subscription in self:
            subscription.deactivated_on = self._get_deactivation(subscription._get_entries())

    @api.model
    def _get_deactivation(self, entries):
        """Return the first day that is not billed any more by the engine's ``entries``, or None."""
        state, last = history.last_state(entries, date.max)
        return last.day if state == history.INACTIVE else None

    def _is_stopped_after(self, day):
        """Tell whether the subscription has ended by ``day``, its last one at the latest."""
        after = day + timedelta(days=1)
        deactivated = self.deactivated_on and self.deactivated_on <= max(after, self.date_start)
        return bool(deactivated or (self.date_end and self.date_end < after))

    _billed_through_after_start = models.Constraint(
        "CHECK (billed_through IS NULL OR billed_through >= date_start)",
        "The subscription is billed through a day before it starts: correct one of the two dates, or leave Billed "
        "Through empty if nothing was billed elsewhere.")
    _billed_through_before_end = models.Constraint(
        "CHECK (billed_through IS NULL OR date_end IS NULL OR billed_through <= date_end)",
        "The subscription is billed through a day after its end: correct one of the two dates.")

    past_message = fields.Char(
        compute="_compute_past_message", help="How many invoices follow at once because the start lies in the past.")

    @api.depends("contract_id", "date_start", "date_end", "sales_unit", "billed_through", "schedule_ids.state")
    def _compute_past_message(self):
        for subscription in self:
            due = subscription._get_due_cycles()
            subscription.past_message = self.env._(
                "The start is in the past: %(count)s billing cycles since %(date)s are due, and the next run makes an "
                "invoice for each.", count=len(due), date=format_date(self.env, due[0].start)) if due else False

    def _get_due_cycles(self):
        """Return the cycles of its own that are due today and not settled, oldest first."""
        contract = self.contract_id
        if not self._has_own_cycles() or contract.state != "active" or not self.date_start:
            return []
        terms = self._billing_terms()
        due = due_cycles(
            terms, contract.billing_policy, contract.billing_offset, contract.company_id._billing_today(),
        ) if terms else []
        settled = {row.cycle_start for row in self.schedule_ids if row.kind == "regular" and not row._is_open()}
        return [cycle for cycle in due if cycle.start not in settled]

    @api.constrains("contract_id")
    def _check_has_cycles(self):
        for subscription in self:
            if subscription.contract_id.contract_type == "non_recurring":
                raise ValidationError(self.env._(
                    "%(contract)s is non-recurring: it has no billing cycles, and %(subscription)s would never be "
                    "billed. Enter a non-recurring item, or a contract of the type Recurring or Item Based.",
                    contract=subscription.contract_id.display_name, subscription=subscription.name))

    # ---- the subscription as the owner of cycles ------------------------------------------------------------------

    def _get_cycle_contract(self):
        return self.contract_id

    def _prepare_owner_vals(self):
        return {"contract_id": self.contract_id.id, "subscription_id": self.id}

    def _get_cycle_frequency(self):
        return self.sales_unit

    def _get_own_last_day(self, entries=None):
        """Return the last day that may be billed, whatever the end of the contract, or None.

        :param entries: the engine's entries of the changes; default those that are written
        """
        deactivated = self.deactivated_on if entries is None else self._get_deactivation(entries)
        days = [self.date_end, deactivated and deactivated - timedelta(days=1)]
        return min(filter(None, days), default=None)

    def _get_billed_elsewhere(self):
        contract = self.contract_id
        days = [self.billed_through, contract.billed_through, contract.date_start - timedelta(days=1)]
        return max(filter(None, days))

    @api.model
    def _get_left_domain(self, day):
        """Return the domain of what had cycles of its own, ended before ``day`` and may have something left to bill."""
        ended = Domain("date_end", "<", day) | Domain("deactivated_on", "<=", day)
        usage = self.env["billing.usage"]._search([("state", "=", "confirmed")])
        minimum = self._search(Domain("minimum_commitment", ">", 0) & Domain(
            "schedule_ids", "not any", [("kind", "=", "change_log")]))
        changes = self.env["billing.change.log"]._search([("state", "=", "active")])
        # One list of the few that wait: of three conditions each, PostgreSQL would look at every subscription.
        waiting = SQL(
            "(%s UNION %s UNION %s)", changes.subselect("subscription_id"), usage.subselect("subscription_id"),
            minimum.subselect())
        return Domain("contract_id.contract_type", "=", "item_based") & ended & Domain("id", "in", waiting)

    def _get_cycle_owner(self):
        """Return the record in whose cycles this subscription is billed."""
        return self if self.contract_type == "item_based" else self.contract_id

    def _has_own_cycles(self):
        """Tell whether the subscription is billed in cycles that belong to it alone."""
        return self._get_cycle_owner() == self

    def _get_schedules(self):
        """Return the ledger rows of the cycles in which this subscription is billed."""
        return self.contract_id.schedule_ids.filtered(lambda row: row._get_cycle_owner() == self._get_cycle_owner())

    # ---- schedules ------------------------------------------------------------------------------------------------

    @api.model_create_multi
    def create(self, vals_list):
        """A subscription that is added to an active item-based contract gets its schedules at once."""
        subscriptions = super().create(vals_list)
        subscriptions.filtered(lambda subscription: subscription._has_own_cycles()).contract_id._top_up_schedules()
        return subscriptions

    def write(self, vals):
        names = [name for name in CYCLE_FIELDS if name in vals]
        before = {subscription: [subscription[name] for name in names] for subscription in self}
        result = super().write(vals)
        changed = self.filtered(
            lambda subscription: subscription._has_own_cycles()
            and [subscription[name] for name in names] != before[subscription])
        changed.contract_id._rebuild_schedules(changed)
        return result

    @contextmanager
    def _following_deactivation(self):
        """Let the schedules follow when a change of these subscriptions moves the day on which one is deactivated."""
        own = self.filtered(lambda subscription: subscription._has_own_cycles())
        before = {subscription: subscription.deactivated_on for subscription in own}
        yield
        changed = own.exists().filtered(lambda subscription: subscription.deactivated_on != before[subscription])
        changed.contract_id._rebuild_schedules(changed)

    def unlink(self):
        contracts = self.contract_id
        result = super().unlink()
        contracts._sync_item_schedules()
        return result
