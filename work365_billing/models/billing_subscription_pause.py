"""Pause and resume of a subscription: what a pause does to money is chosen when it is entered."""

from odoo import api, fields, models
from odoo.exceptions import UserError, ValidationError

from ..engine import history
from .selections import PAUSE_POLICIES


class BillingSubscription(models.Model):
    _inherit = "billing.subscription"

    pause_message = fields.Char(
        compute="_compute_pause_message", help="Since when the subscription is paused, how, and until when.")

    def pause(self, effective_date=None, resume_on=None, policy="nothing"):
        """Pause the subscription: ``effective_date`` is the first paused day, ``resume_on`` the first day after it.

        :param effective_date: local to the company, default today
        :param resume_on: None leaves it paused until somebody resumes it; the day of the pause makes no pause at all
        :param policy: 'nothing' bills none of the paused days that are not invoiced yet, 'credit' also gives back those
            that are, if the refund policy in force allows it, 'full' bills all days: the subscription is only marked
        :return: the ``billing.change.log`` of the pause
        :raises UserError: when another change waits within the pause, or the product does not allow a reduction
        """
        stop = fields.Date.to_date(resume_on) or None
        return self._enter(lambda day: self._prepare_pause(day, stop, policy), effective_date)

    def resume(self, effective_date=None):
        """Bill the paused subscription again from ``effective_date`` (default today), with the quantity of before.

        A resume that waits for a later day is withdrawn.

        :return: the ``billing.change.log``
        """
        return self._enter(self._prepare_resume, effective_date)

    # ---- preparing ------------------------------------------------------------------------------------------------

    def _prepare_pause(self, day, stop=None, policy="nothing", replaced=None, by_contract=False):
        """Return the edits of a pause from ``day`` to the day before ``stop``. See ``pause``."""
        self._check_day(day, replaced)
        if policy not in dict(PAUSE_POLICIES):
            raise ValidationError(self.env._("Choose what the pause does to the bill."))
        if stop and stop < day:
            raise ValidationError(self.env._(
                "The pause starts on %(start)s: choose that day or a later one for the resume.",
                start=self._format(day)))
        if stop == day:
            return self._prepare_edits(replaced=replaced)
        entries = self._get_entries(replaced)
        self._check_may_pause(day, stop, entries)
        quantity = history.quantity_on(entries, day)
        if policy != "full" and quantity and not by_contract:
            self._check_reduction(day)
        units = 0.0 if policy == "full" else float(quantity)
        kind = {"pause_policy": policy, "by_contract": by_contract, "refund": policy == "credit"}
        pause = self._prepare_log("pause", day, -units, **kind)
        created = [self._exclude(pause) if policy == "nothing" else pause]
        if stop:
            created.append(self._prepare_log("resume", stop, units, **kind))
        return self._prepare_edits(created, replaced)

    def _prepare_resume(self, day, replaced=None):
        """Return the edits of the end of a pause. See ``resume``."""
        self._check_day(day, replaced)
        logs = self.change_log_ids.sudo()  # who may not read logs may still resume a subscription
        waiting = logs.filtered(
            lambda log: log.event == "resume" and log.state == "scheduled" and not log.applied
            and log.effective_date >= day)
        removed = waiting | replaced.sudo() if replaced else waiting
        entries = self._get_entries(removed)
        state, pause = history.last_state(entries, day)
        if state != history.PAUSED:
            raise UserError(self.env._(
                "%(subscription)s is not paused on %(date)s.", subscription=self.name, date=self._format(day)))
        units = -sum(entry.delta for entry in entries if entry.head == pause.head)
        log = logs.browse(pause.head)
        return self._prepare_edits([self._prepare_log(
            "resume", day, float(units), pause_policy=log.pause_policy, by_contract=log.by_contract,
            refund=log.refund)], removed)

    # ---- checks ---------------------------------------------------------------------------------------------------

    def _check_may_pause(self, day, stop, entries):
        """Refuse a pause of what is not active, and one over another change: which would count is not clear."""
        state = history.state_on(entries, day)
        if state == history.PAUSED:
            raise UserError(self.env._("%(subscription)s is paused already.", subscription=self.name))
        if state == history.INACTIVE:
            raise UserError(self.env._("%(subscription)s is inactive: there is nothing to pause.",
                                       subscription=self.name))
        within = [entry for entry in entries if entry.day > day and not (stop and entry.day >= stop)]
        found = [entry.day for entry in within if entry.event != "deactivate" and (
            entry.delta or entry.event in ("pause", "resume"))]
        found += [entry.day for entry in within if entry.event == "deactivate" and stop]
        if found:
            raise UserError(self.env._(
                "%(subscription)s changes on %(date)s, within the pause: withdraw that change, or choose other days.",
                subscription=self.name, date=self._format(min(found))))

    # ---- on screen ------------------------------------------------------------------------------------------------

    @api.depends("state", "change_log_ids.applied")
    def _compute_pause_message(self):
        policies = dict(self.env["billing.change.log"]._fields["pause_policy"]._description_selection(self.env))
        for subscription in self:
            logs = subscription.change_log_ids.sorted(lambda log: (log.effective_date, log.id))
            pause = logs.filtered(lambda log: log.event == "pause" and log.applied and not log.completes_id)[-1:]
            if subscription.state != "paused" or not pause:
                subscription.pause_message = False
                continue
            resume = logs.filtered(lambda log, pause=pause: log.event == "resume" and log.id > pause.id
                                   and not log.completes_id and not log.applied)[-1:]
            parts = [
                self.env._("Paused since %(date)s", date=self._format(pause.effective_date)),
                policies.get(pause.pause_policy),
                self.env._("resumes on %(date)s", date=self._format(resume.effective_date)) if resume
                else self.env._("until it is resumed")]
            subscription.pause_message = " · ".join(filter(None, parts))
