"""Changes of quantity and price, and the end of a subscription.

A change is prepared, which writes nothing, and then committed: what a window shows before it is confirmed is what is
done then.
"""

from dataclasses import replace

from odoo import api, fields, models
from odoo.exceptions import UserError, ValidationError
from odoo.tools import float_is_zero, format_date

from ..engine import history
from ..engine.money import exact
from ..engine.periods import ONE_DAY
from .log_edits import LogEdits


class BillingSubscription(models.Model):
    _inherit = "billing.subscription"

    # ---- what others call -----------------------------------------------------------------------------------------

    def change_quantity(self, new_quantity, effective_date=None):
        """Change the quantity from ``effective_date`` on.

        :param new_quantity: the quantity from that day, not a difference
        :param effective_date: first day of the new quantity, local to the company (default today). In the past it is
            billed or credited for the periods since; in the future it waits and applies by itself.
        :return: the ``billing.change.log``
        :raises UserError: when the product does not allow a reduction on that day
        """
        return self._enter(lambda day: self._prepare_update(day, quantity=new_quantity), effective_date)

    def change_price(self, new_price, effective_date=None):
        """Change the unit price from the first cycle that begins on or after ``effective_date``.

        :param new_price: per sales unit, in the contract's currency
        :param effective_date: local to the company, default today
        :return: the ``billing.change.log``
        """
        return self._enter(lambda day: self._prepare_update(day, price_unit=new_price), effective_date)

    def deactivate(self, effective_date=None, refund=False):
        """Stop the subscription: ``effective_date`` is the first day that is not billed.

        :param refund: credit the days that are already invoiced, if the refund policy in force allows it. Without it
            (the default) the periods that are invoiced stay as they are.
        :return: the ``billing.change.log``
        :raises UserError: when the product does not allow a reduction on that day
        """
        return self._enter(lambda day: self._prepare_deactivation(day, refund), effective_date)

    def reactivate(self, effective_date=None, quantity=None):
        """Bill an inactive subscription again from ``effective_date`` on.

        :param effective_date: first billed day, local to the company, default today
        :param quantity: by default the one that it had before it was deactivated
        :return: the ``billing.change.log``
        """
        return self._enter(lambda day: self._prepare_activation(day, quantity), effective_date)

    def _enter(self, prepare, effective_date):
        """Commit what ``prepare(day)`` returns and return its first log, or none."""
        self.ensure_one()
        self.check_access("write")
        return self._commit_edits([prepare(self._get_day(effective_date))])[:1]

    def _get_day(self, effective_date):
        return fields.Date.to_date(effective_date) or self.company_id._billing_today()

    def _withdraw(self):
        """Take back subscriptions whose order was cancelled: what is not billed goes, the rest is deactivated today."""
        contracts = self.contract_id
        for subscription in self.filtered(lambda subscription: subscription.state != "inactive"):
            if subscription._get_billed_through():
                day = max(subscription.company_id._billing_today(), subscription.date_start)
                subscription._enter(
                    lambda day, sub=subscription: sub._prepare_deactivation(day, refund=True, by_user=False), day)
            else:
                subscription.unlink()
        for contract in contracts:
            if not (contract.subscription_ids or contract.item_ids or contract.invoice_ids):
                contract._discard()

    # ---- preparing ------------------------------------------------------------------------------------------------

    def _prepare_update(self, day, quantity=None, price_unit=None, replaced=None):
        """Return the edits of a new quantity or price from ``day`` on.

        :param replaced: a log that has not taken effect, in whose place the change comes
        :return: the ``LogEdits``; nothing is written
        """
        self._check_day(day, replaced)
        entries = self._get_entries(replaced)
        if quantity is not None and quantity < 0:
            raise ValidationError(self.env._("The quantity of a subscription cannot be negative."))
        delta = exact(0) if quantity is None else exact(quantity) - history.quantity_on(entries, day)
        if price_unit is not None and price_unit == self._get_price_on(day, replaced):
            price_unit = None
        if not delta and price_unit is None:
            return self._prepare_edits(replaced=replaced)
        state = history.state_on(entries, day)
        if delta:
            self._check_not_paused(state)
        if delta < 0:
            self._check_reduction(day)
        event = "activate" if delta > 0 and state == history.INACTIVE else "update"
        return self._prepare_edits([self._prepare_log(event, day, float(delta), price_unit)], replaced)

    def _prepare_deactivation(self, day, refund=False, by_user=True, replaced=None, withdrawn=None):
        """Return the edits of an end: ``day`` is the first day that is not billed. See ``deactivate``.

        :param withdrawn: logs that go with it, beside those that are scheduled for that day or later
        """
        logs = self.change_log_ids.sudo()  # who may not read logs may still stop a subscription
        waiting = logs.filtered(lambda log: log.state == "scheduled" and not log.applied)
        removed = (replaced or logs).sudo() & logs if replaced else logs.browse()
        removed |= waiting.filtered(lambda log: log.effective_date >= day) | (withdrawn or logs.browse())
        self._check_day(day, replaced)
        entries = self._get_entries(removed)
        self._check_may_end(day, entries)
        quantity = history.quantity_on(entries, day)
        if by_user and quantity:
            self._check_reduction(day)
        vals = self._prepare_log("deactivate", day, float(-quantity), refund=refund)
        return self._prepare_edits([vals if refund else self._exclude(vals)], removed)

    def _prepare_activation(self, day, quantity=None, replaced=None):
        """Return the edits of a new start of an inactive subscription. See ``reactivate``."""
        self._check_day(day, replaced)
        entries = self._get_entries(replaced)
        state, last = history.last_state(entries, day)
        if state != history.INACTIVE:
            raise UserError(self.env._(
                "%(subscription)s is not inactive on %(date)s: change its quantity instead.",
                subscription=self.name, date=self._format(day)))
        if quantity is None:
            quantity = -sum(entry.delta for entry in entries if entry.head == last.head)
        if quantity <= 0:
            raise ValidationError(self.env._("Enter the quantity with which it is billed again."))
        return self._prepare_edits([self._prepare_log("activate", day, float(exact(quantity)))], replaced)

    def _exclude(self, vals):
        """Return the values of a log that leaves the periods that are already invoiced as they are."""
        day = self._get_first_open_day(vals["effective_date"])
        return {**vals, "state": "archived", "counts_from": day} if day > vals["effective_date"] else vals

    def _prepare_edits(self, created=(), replaced=None):
        """Return the edits that enter ``created`` in the place of ``replaced``, and what other logs need for it.

        A pause or an end after the new change takes that much more or less, and its resume gives it back.
        """
        removed = (replaced or self.env["billing.change.log"]).sudo()
        edits = LogEdits(self, removed, created=[dict(vals) for vals in created])
        entries = self._get_entries(edits.removed)
        newest = max(self.change_log_ids.sudo().ids, default=0)
        entries += [self._entry(newest + number, vals) for number, vals in enumerate(edits.created, start=1)]
        days = [entry.day for entry in entries if entry.id > newest] + edits.removed.mapped("effective_date")
        fixes = list(history.unbalanced(entries))
        self._check_not_negative(
            [*entries, *(replace(entry, delta=difference) for entry, difference in fixes)], min(days, default=None))
        logs = {log.id: log for log in self.change_log_ids.sudo()}
        for entry, difference in fixes:
            if entry.id > newest:
                vals = edits.created[entry.id - newest - 1]
                vals["quantity"] = float(exact(vals["quantity"]) + difference)
            elif (log := logs[entry.id]).state == "scheduled" and not log.applied:
                edits.changed[log] = {"quantity": float(exact(log.quantity) + difference)}
            else:
                edits.completing.append(self._prepare_completion(log, float(difference)))
        return edits

    def _prepare_completion(self, log, quantity):
        vals = self._prepare_log(log.event, log.effective_date, quantity, refund=log.refund)
        return {**vals, "completes_id": log.id, "pause_policy": log.pause_policy, "by_contract": log.by_contract}

    def _get_first_open_day(self, day):
        """Return the first day, from ``day`` on, that is not invoiced."""
        rows = self._get_rows(day)
        invoiced = rows.filtered(lambda row: row.state == "invoiced")
        if not invoiced:
            return day
        after = max(invoiced.mapped("cycle_end")) + ONE_DAY
        return max(day, min([*(rows - invoiced).mapped("cycle_start"), after]))

    def _get_next_cycle_start(self, day):
        """Return the first day after ``day`` with which a cycle begins that is not invoiced."""
        rows = self._get_rows(day)
        starts = [row.cycle_start for row in rows if row.state != "invoiced" and row.cycle_start > day]
        return min(starts, default=max(rows.mapped("cycle_end"), default=day) + ONE_DAY)

    def _get_rows(self, day):
        """Return the regular ledger rows that end on or after ``day`` and were not skipped."""
        return self.env["billing.schedule"].sudo().with_context(active_test=False).search([
            ("source_key", "=", self._get_cycle_owner()._get_source_key()), ("kind", "=", "regular"),
            ("cycle_end", ">=", day), ("state", "!=", "skipped")])

    # ---- the logs as the engine sees them -------------------------------------------------------------------------

    def _get_entries(self, without=None):
        """Return the engine's entries of the logs, applied or not, that are not in ``without``."""
        logs = self.change_log_ids.sudo()  # logs are the subscription's own history
        return [self._entry(log.id, log) for log in (logs - without.sudo() if without else logs)]

    @staticmethod
    def _entry(number, values):
        """Return the entry of a log or of the values of one."""
        known = values if isinstance(values, dict) else {
            name: values[name] for name in ("event", "effective_date", "quantity", "pause_policy", "completes_id")}
        completes = known.get("completes_id")
        return history.Entry(
            number, known["effective_date"], known["event"], exact(known["quantity"]),
            known.get("pause_policy") == "full", (getattr(completes, "id", completes)) or None)

    def _get_price_on(self, day, without=None):
        logs = self.change_log_ids.sudo() - (without or self.env["billing.change.log"]).sudo()
        last = logs.filtered(lambda log: log.sets_price and log.effective_date <= day).sorted(
            lambda log: (log.effective_date, log.id))[-1:]
        return last.price_unit if last else self.price_unit

    # ---- checks ---------------------------------------------------------------------------------------------------

    def _format(self, day):
        return format_date(self.env, day)

    def _check_day(self, day, replaced=None):
        """Refuse a change of a closed contract, and one before the start of the subscription."""
        if self.contract_id.state == "closed":
            raise UserError(self.env._("%(contract)s is closed.", contract=self.contract_id.display_name))
        if day < self.date_start:
            raise ValidationError(self.env._(
                "%(subscription)s starts on %(date)s: choose that day or a later one.",
                subscription=self.name, date=self._format(self.date_start)))
        if replaced:
            replaced._check_waiting()

    def _check_not_paused(self, state):
        if history.PAUSED in (state, self.state):
            raise UserError(self.env._(
                "%(subscription)s is paused: resume it first, then change its quantity.", subscription=self.name))

    def _check_may_end(self, day, entries):
        if self.state == "inactive" or history.state_on(entries, day) == history.INACTIVE:
            raise UserError(self.env._("%(subscription)s is inactive already.", subscription=self.name))
        self._check_unchanged_after(day)

    def _check_unchanged_after(self, day):
        """Refuse an end on ``day`` before a change that has taken effect."""
        later = self.change_log_ids.sudo().filtered(lambda log: log.applied and log.effective_date > day)
        if later:
            raise ValidationError(self.env._(
                "%(subscription)s was changed on %(date)s: choose that day or a later one.",
                subscription=self.name, date=self._format(max(later.mapped("effective_date")))))

    def _check_not_negative(self, entries, day):
        """Refuse a change on ``day`` that leaves less than nothing to one of a later day."""
        negative = day and history.first_negative(entries, day)
        if negative:
            raise ValidationError(self.env._(
                "%(subscription)s changes again on %(date)s, and its quantity would be negative from then on: "
                "choose that day or a later one.", subscription=self.name, date=self._format(negative)))

    def _check_deltas(self):
        """Make sure that the quantity is the sum of the changes that have taken effect.

        :raises ValidationError: otherwise; nothing may ever be billed that the change logs do not explain
        """
        for subscription in self:
            subscription._check_explained(subscription.quantity)

    def _check_explained(self, quantity):
        """Refuse a ``quantity`` that is not the sum of the change logs."""
        difference = quantity - self._get_applied()["quantity"]
        if not float_is_zero(difference, precision_digits=6):
            raise ValidationError(self.env._(
                "The change logs of %(subscription)s do not add up to its quantity: a difference of "
                "%(difference)s is missing. Repair it under Subscriptions, Change Log Mismatch.",
                subscription=self.name, difference=f"{difference:g}"))

    # ---- committing -----------------------------------------------------------------------------------------------

    @api.model
    def _commit_edits(self, edits_list):
        """Write what was prepared, let what is due take effect, and return the new logs in the order of entry."""
        Log = self.env["billing.change.log"].sudo()  # logs are written by the system only
        for edits in edits_list:
            edits.removed.unlink()
            for log, vals in edits.changed.items():
                log.write(vals)
        entered = Log.create([vals for edits in edits_list for vals in edits.created])
        causes, completing = iter(entered), []
        for edits in edits_list:
            own = [next(causes) for _vals in edits.created]
            completing += [{**vals, "cause_id": own[0].id if own else False} for vals in edits.completing]
        created = entered | Log.create(completing)
        self._apply_logs(created)
        created.subscription_id._check_deltas()
        created._tell_excluded()
        for edits in edits_list:
            for note in edits.notes:
                edits.subscription.message_post(body=note)
        return created

    def _apply_logs(self, logs):
        """Let ``logs``, whose date has come, take effect on the quantity, price and state of their subscriptions."""
        today = {company: company._billing_today() for company in logs.company_id}
        due = logs.filtered(lambda log: log.effective_date <= today[log.company_id])
        for state, own in due.filtered(lambda log: not log.applied).grouped("state").items():
            own.write({"applied": True, "state": "active" if state == "scheduled" else state})
        for subscription, own in due.grouped("subscription_id").items():
            subscription._check_explained(
                float(exact(subscription.quantity) + sum(exact(log.quantity) for log in own)))
            applied = subscription.change_log_ids.sudo().filtered("applied")
            state = history.state_on([self._entry(log.id, log) for log in applied], today[subscription.company_id])
            subscription.write({**subscription._get_applied(), "state": state})
