"""Suspending a contract from a day on, and resuming it on another: what becomes of the days between is chosen first.

The contract's subscriptions are paused and resumed with it, so the money follows from their change logs.
"""

from odoo import fields, models
from odoo.exceptions import UserError, ValidationError
from odoo.tools import format_date

from ..engine import history
from .selections import PAUSE_POLICIES


class BillingContract(models.Model):
    _inherit = "billing.contract"

    suspend_on = fields.Date(
        "Suspended From", copy=False, readonly=True, tracking=True,
        help="First suspended day. In the future: the contract is suspended on that day.")
    resume_on = fields.Date(
        copy=False, tracking=True,
        help="Day on which the hourly job activates the suspended contract again, before it bills.")
    suspend_policy = fields.Selection(
        PAUSE_POLICIES, "While Suspended", copy=False, readonly=True, tracking=True,
        help="What becomes of the suspended days. Empty: they are billed once the contract is active again.")
    suspend_reason = fields.Char("Reason of the Suspension", copy=False, readonly=True, tracking=True)
    suspend_message = fields.Char(compute="_compute_suspend_message")

    _suspend_on_idx = models.Index("(company_id, suspend_on) WHERE state = 'active' AND suspend_on IS NOT NULL")
    _resume_on_idx = models.Index("(company_id, resume_on) WHERE state = 'suspended' AND resume_on IS NOT NULL")

    def _compute_suspend_message(self):
        policies = dict(self._fields["suspend_policy"]._description_selection(self.env))
        for contract in self:
            contract.suspend_message = " · ".join(contract._get_suspend_parts(policies)) or False

    def _get_suspend_parts(self, policies):
        waits = self.state == "active" and self.suspend_on
        if self.state != "suspended" and not waits:
            return []
        day = self.suspend_on and format_date(self.env, self.suspend_on)
        first = self.env._("Suspended from %(date)s", date=day) if day else self.env._("Suspended")
        last = (
            self.env._("active again on %(date)s", date=format_date(self.env, self.resume_on)) if self.resume_on
            else self.env._("until somebody resumes it"))
        policy = policies.get(self.suspend_policy) or self.env._("what is not billed meanwhile is billed then")
        return [part for part in (first, last, policy, self.suspend_reason) if part]

    # ---- what others call -----------------------------------------------------------------------------------------

    def suspend(self, effective_date=None, resume_on=None, policy="nothing", reason=None):
        """Suspend the contract from ``effective_date`` on: nothing is generated until it is resumed.

        :param effective_date: first suspended day, local to the company (default today); in the future it waits
        :param resume_on: first day after it, on which the hourly job resumes the contract; None: somebody does
        :param policy: 'nothing' bills none of the suspended days that are not invoiced yet, 'credit' also gives back
            those that are, if the refund policy in force allows it, 'full' bills all of them once it is resumed
        :param reason: kept on the contract
        """
        self.ensure_one()
        self.check_access("write")
        today = self.company_id._billing_today()
        day, stop = fields.Date.to_date(effective_date) or today, fields.Date.to_date(resume_on) or None
        self.env["billing.subscription"]._commit_edits(self._prepare_suspension(day, stop, policy))
        vals = {"suspend_on": day, "resume_on": stop, "suspend_policy": policy, "suspend_reason": reason}
        self.write({**vals, "state": "suspended"} if day <= today else vals)

    def resume(self, effective_date=None):
        """Bill the suspended contract again from ``effective_date`` on (default today); in the future it waits."""
        self.ensure_one()
        self.check_access("write")
        today = self.company_id._billing_today()
        day = fields.Date.to_date(effective_date) or today
        self.env["billing.subscription"]._commit_edits(self._prepare_resumption(day))
        self.write({"state": "active"} if day <= today else {"resume_on": day})

    def withdraw_suspension(self):
        """Take back a suspension that has not begun."""
        self.ensure_one()
        self.check_access("write")
        if self.state != "active" or not self.suspend_on:
            raise UserError(self.env._(
                "%(contract)s has no suspension that waits.", contract=self.display_name))
        logs = self.change_log_ids.sudo().filtered(lambda log: log.by_contract and not log.applied)
        logs._check_waiting()
        self.env["billing.subscription"]._commit_edits([
            subscription._prepare_edits(replaced=own) for subscription, own in logs.grouped("subscription_id").items()])
        self._forget_suspension()

    def write(self, vals):
        """Whoever activates a suspended contract ends its suspension."""
        if vals.get("state") == "active":
            self.filtered(lambda contract: contract.state == "suspended")._end_suspension()
        return super().write(vals)

    def _end_suspension(self):
        """Resume what was paused with these contracts, on the day that was set or today, and forget about it."""
        edits = []
        for contract in self.filtered("suspend_policy"):
            today = contract.company_id._billing_today()
            day = contract.resume_on if contract.resume_on and contract.resume_on <= today else today
            edits += contract._prepare_resumption(day)
        self.env["billing.subscription"]._commit_edits(edits)
        self._forget_suspension()

    def _forget_suspension(self):
        self.write({"suspend_on": False, "resume_on": False, "suspend_policy": False, "suspend_reason": False})

    # ---- windows --------------------------------------------------------------------------------------------------

    def action_open_suspend(self):
        """Open the window *Suspend*."""
        return self._open_suspend(self.env._("Suspend %(contract)s", contract=self.name))

    def action_open_resume(self):
        """Open the window *Resume*."""
        return self._open_suspend(self.env._("Resume %(contract)s", contract=self.name), is_resume=True)

    def _open_suspend(self, name, **vals):
        self.ensure_one()
        self.check_access("write")
        return self.env["billing.contract.suspend"].create({"contract_id": self.id, **vals})._action_open(name)

    # ---- preparing ------------------------------------------------------------------------------------------------

    def _prepare_suspension(self, day, stop=None, policy="nothing"):
        """Return the ``LogEdits`` of a suspension from ``day`` to the day before ``stop``; nothing is written."""
        self._check_may_suspend(day, stop, policy)
        if policy == "full":
            return []  # all days are billed, late: the subscriptions stay as they are
        edits = [subscription._prepare_suspension(day, stop, policy) for subscription in self.subscription_ids]
        return [one for one in edits if one]

    def _prepare_resumption(self, day):
        """Return the ``LogEdits`` that resume on ``day`` what was paused with the contract."""
        if self.suspend_on and day < self.suspend_on:
            raise ValidationError(self.env._(
                "%(contract)s is suspended from %(date)s: choose that day or a later one.",
                contract=self.display_name, date=format_date(self.env, self.suspend_on)))
        edits = [subscription._prepare_resumption(day) for subscription in self.subscription_ids]
        return [one for one in edits if one]

    def _check_may_suspend(self, day, stop, policy):
        labels = dict(self._fields["state"]._description_selection(self.env))
        if self.state != "active":
            raise UserError(self.env._(
                "%(contract)s is %(state)s: only an active contract is suspended.", contract=self.display_name,
                state=labels[self.state]))
        if self.suspend_on:
            raise UserError(self.env._(
                "%(contract)s is suspended from %(date)s already: withdraw that first.", contract=self.display_name,
                date=format_date(self.env, self.suspend_on)))
        if policy not in dict(PAUSE_POLICIES):
            raise ValidationError(self.env._("Choose what becomes of the suspended days."))
        if day < self.date_start:
            raise ValidationError(self.env._(
                "%(contract)s starts on %(date)s: choose that day or a later one.", contract=self.display_name,
                date=format_date(self.env, self.date_start)))
        if stop and stop <= day:
            raise ValidationError(self.env._(
                "The contract is suspended from %(date)s: choose a later day to resume it.",
                date=format_date(self.env, day)))

    # ---- the job --------------------------------------------------------------------------------------------------

    def _apply_suspensions(self):
        """Suspend and resume these contracts, whose day has come."""
        for company, contracts in self.grouped("company_id").items():
            today = company._billing_today()
            contracts.filtered(
                lambda contract, today=today: contract.state == "active" and contract.suspend_on
                and contract.suspend_on <= today).write({"state": "suspended"})
            contracts.filtered(
                lambda contract, today=today: contract.state == "suspended" and contract.resume_on
                and contract.resume_on <= today).write({"state": "active"})

    def _search_suspensions(self, company):
        """Return the contracts of ``company`` that are to be suspended or resumed today."""
        today = company._billing_today()
        return self.search([
            ("company_id", "=", company.id),
            "|", "&", ("state", "=", "active"), ("suspend_on", "<=", today),
            "&", ("state", "=", "suspended"), ("resume_on", "<=", today)])


class BillingSubscription(models.Model):
    _inherit = "billing.subscription"

    def _prepare_suspension(self, day, stop, policy):
        """Return the edits that pause this subscription with its contract, or None when it is not concerned."""
        day = max(day, self.date_start)
        if (stop and stop <= day) or (self.date_end and self.date_end < day):
            return None
        state = history.state_on(self._get_entries(), day)
        if state == history.PAUSED:
            # Already paused: what resumes it meanwhile must not bill before the contract is resumed.
            day = min(self.change_log_ids.sudo().filtered(
                lambda log: log.event == "resume" and not log.completes_id and log.effective_date > day
            ).mapped("effective_date"), default=None)
        if state == history.INACTIVE or not day or (stop and stop <= day):
            return None
        return self._prepare_pause(day, stop, policy, by_contract=True)

    def _prepare_resumption(self, day):
        """Return the edits that resume this subscription when its contract is, or None when it is not concerned."""
        logs = self.change_log_ids.sudo()  # who may not read logs may still resume a contract
        ahead = logs.filtered(lambda log: log.by_contract and not log.applied)
        in_the_way = ahead.filtered(lambda log: (log.effective_date < day) == (log.event == "resume"))
        in_the_way._check_waiting()
        waiting = in_the_way | ahead.filtered(lambda log: log.event == "resume" and log.state == "scheduled")
        state, pause = history.last_state(self._get_entries(waiting), day)
        if state != history.PAUSED or not logs.browse(pause.head).by_contract:
            return self._prepare_edits(replaced=waiting) if waiting else None
        return None if waiting.mapped("effective_date") == [day] else self._prepare_resume(day, replaced=waiting)

    def _join_suspension(self):
        """Pause new subscriptions of contracts that are suspended and of which no suspended day is billed.

        None of their days was invoiced: there is nothing to keep, whatever the policy.
        """
        edits = []
        for subscription in self:
            contract = subscription.contract_id
            if contract.suspend_on and contract.suspend_policy in ("nothing", "credit"):
                one = subscription._prepare_suspension(contract.suspend_on, contract.resume_on or None, "credit")
                for vals in one.created if one else ():
                    vals["cause_id"] = subscription.change_log_ids.sudo().ids[0]
                edits += [one] if one else []
        self._commit_edits(edits)
