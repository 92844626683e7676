"""What users may do to a change log: edit or withdraw it while it waits, leave it out of the bill, take it back."""

from odoo import fields, models
from odoo.exceptions import UserError
from odoo.tools import format_date, formatLang

from ..engine import history
from .log_edits import LogEdits


class BillingChangeLog(models.Model):
    _inherit = "billing.change.log"

    archive_reason = fields.Char(
        readonly=True, help="Why the change was left out of the bill by hand.")

    # ---- while it waits -------------------------------------------------------------------------------------------

    def withdraw(self):
        """Withdraw a change that has not taken effect and is on no invoice; a pause goes with its resume."""
        self.ensure_one()
        self.subscription_id.check_access("write")
        self.subscription_id._commit_edits([self._prepare_withdrawal()])

    def _prepare_withdrawal(self):
        """Return the edits that withdraw this change."""
        self._check_waiting()
        edits = self.subscription_id._prepare_edits(replaced=self._with_resume())
        edits.notes.append(self.env._("Withdrawn: %(change)s", change=self._describe()))
        return edits

    def _prepare_edit(self, day, quantity=None, price_unit=None, refund=False, policy=None, stop=None):
        """Return the edits that put another change in the place of this one, which waits.

        :param day: first day of the new state
        :param quantity: from that day, for a change of quantity or a new start
        :param price_unit: for a change of price
        :param refund: for an end: credit the days that are invoiced
        :param policy: of a pause
        :param stop: for a pause, the day of its resume
        """
        subscription = self.subscription_id
        prepare = {
            "deactivate": lambda: subscription._prepare_deactivation(day, refund, replaced=self),
            "pause": lambda: subscription._prepare_pause(day, stop, policy, replaced=self._with_resume()),
            "resume": lambda: subscription._prepare_resume(day, replaced=self),
            "activate": lambda: subscription._prepare_activation(day, quantity, replaced=self),
        }.get(self.event, lambda: subscription._prepare_update(day, quantity, price_unit, replaced=self))
        edits = prepare()
        new = " · ".join(self._describe_vals(vals) for vals in edits.created) or self.env._("no change is left")
        edits.notes.append(self.env._("Edited: %(old)s. Now: %(new)s", old=self._describe(), new=new))
        return edits

    def _with_resume(self):
        """Return this change, with the resume that waits when it is a pause."""
        if self.event != "pause":
            return self
        return self | self._get_resume()

    def _get_resume(self):
        """Return the resume of this pause, when it waits."""
        later = self.subscription_id.change_log_ids.sudo().filtered(  # who edits the one may edit the other
            lambda log: log.event == "resume" and log.state == "scheduled" and not log.applied
            and log.effective_date >= self.effective_date)
        return later.sorted("effective_date")[:1]

    def _check_waiting(self):
        """Refuse what is too late to edit or withdraw, with the way out."""
        for log in self:
            if log.applied:
                raise UserError(self.env._(
                    "%(change)s has taken effect and stays: enter another change.", change=log._describe()))
            if log.state == "archived":
                invoice = log.billing_move_id.sudo()  # named, whoever may read it
                raise UserError(self.env._(
                    "%(change)s is on %(invoice)s already: delete or cancel that draft, or credit it in full, and the "
                    "change waits again.", change=log._describe(),
                    invoice=invoice.display_name if invoice else self.env._("an invoice")))

    # ---- left out of the bill ---------------------------------------------------------------------------------------

    def exclude(self, reason):
        """Archive a change that waits to be billed: it is never billed, and counts from the next open cycle on.

        :param reason: why; kept on the log and told on the subscription
        """
        self.ensure_one()
        self.subscription_id.check_access("write")
        if not (reason or "").strip():
            raise UserError(self.env._("Say why the change is not to be billed."))
        edits = self._prepare_exclusion()
        edits.changed[self.sudo()]["archive_reason"] = reason.strip()
        edits.notes.append(self.env._(
            "Left out of the bill: %(change)s. Reason: %(reason)s", change=self._describe(), reason=reason.strip()))
        self.subscription_id._commit_edits([edits])

    def _prepare_exclusion(self):
        """Return the edits that leave this change out of the bill."""
        if self.state == "scheduled":
            raise UserError(self.env._("%(change)s still waits: withdraw it.", change=self._describe()))
        if self.state == "archived":
            raise UserError(self.env._("%(change)s is archived already.", change=self._describe()))
        day = self.subscription_id._get_next_cycle_start(self.effective_date)
        log = self.sudo()  # logs are written by the system only
        return LogEdits(self.subscription_id, log.browse(), changed={log: {"state": "archived", "counts_from": day}})

    def include(self):
        """Take back that the change was left out by hand: it waits to be billed again.

        :raises UserError: once an invoice was made without it, or a later change was billed
        """
        self.ensure_one()
        self.subscription_id.check_access("write")
        edits = self._prepare_inclusion()
        edits.notes.append(self.env._("No longer left out of the bill: %(change)s", change=self._describe()))
        self.subscription_id._commit_edits([edits])

    def _prepare_inclusion(self):
        """Return the edits that take back an exclusion."""
        if not self.archive_reason:
            raise UserError(self.env._("%(change)s was not archived by hand.", change=self._describe()))
        rows = self.subscription_id._get_rows(self.effective_date).filtered(
            lambda row: row.state == "invoiced" and row.last_log_id >= self.id and row.cycle_start < self.counts_from)
        later = self.subscription_id.change_log_ids.sudo().filtered(
            lambda log: log.id > self.id and log.billing_move_id)
        invoice = rows.resulting_invoice_id[:1] or later.billing_move_id[:1]
        if invoice:
            raise UserError(self.env._(
                "%(invoice)s was made without this change: delete or cancel it first, or enter the change again.",
                invoice=invoice.sudo().display_name))
        log = self.sudo()  # logs are written by the system only
        return LogEdits(self.subscription_id, log.browse(), changed={
            log: {"state": "active", "counts_from": False, "archive_reason": False}})

    # ---- windows --------------------------------------------------------------------------------------------------

    def action_edit(self):
        """Open the window in which a change that waits is edited."""
        return self._open_edit(self.env._("Edit Scheduled Change"))

    def action_withdraw(self):
        """Open the window in which a change that waits is withdrawn."""
        return self._open_edit(self.env._("Withdraw Scheduled Change"), is_withdrawal=True)

    def _open_edit(self, name, **vals):
        self.ensure_one()
        self.subscription_id.check_access("write")
        self._check_waiting()
        return self.env["billing.change.log.edit"].create({"log_id": self.id, **vals})._action_open(name)

    def action_exclude(self):
        """Open the window in which a change is left out of the bill."""
        self.ensure_one()
        self.subscription_id.check_access("write")
        self._prepare_exclusion()  # refuses what cannot be left out before anything is asked
        window = self.env["billing.change.log.archive"].create({"log_id": self.id})
        return window._action_open(self.env._("Archive Change Log"))

    def action_include(self):
        """Let a change that was left out by hand wait to be billed again."""
        self.include()

    def _get_new_quantity(self):
        """Return the quantity of the subscription from the day of this change on."""
        entries = self.subscription_id._get_entries()
        return float(history.quantity_on(entries, self.effective_date)) if self else 0.0

    # ---- in words -------------------------------------------------------------------------------------------------

    def _describe(self):
        """Return event, date and what changes, in the user's format."""
        self.ensure_one()
        return self._describe_vals({
            name: self[name] for name in ("event", "effective_date", "quantity", "sets_price", "price_unit")})

    def _describe_vals(self, vals):
        events = dict(self._fields["event"]._description_selection(self.env))
        parts = [events[vals["event"]], format_date(self.env, vals["effective_date"])]
        if vals["quantity"]:
            parts.append(f"{vals['quantity']:+g}")
        if vals["sets_price"]:
            parts.append(formatLang(self.env, vals["price_unit"], currency_obj=self.currency_id))
        return " ".join(parts)
