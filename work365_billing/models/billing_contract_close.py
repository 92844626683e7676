"""Closing a contract as of a day: what is left is billed or credited, the subscriptions end, and nothing waits.

A closing is prepared, which writes nothing, and then done: what the window shows before is what happens.
"""

from dataclasses import dataclass, field
from datetime import date
from typing import Any

from odoo import fields, models
from odoo.exceptions import UserError, ValidationError
from odoo.tools import format_date

from ..engine import history, reasons
from ..engine.periods import ONE_DAY
from . import billing_reason


@dataclass
class Closing:
    """How a contract is closed: ``stop`` is the last day of service, ``today`` the local date of the company.

    ``leave`` tells that items of later days are not billed. ``edits`` end the subscriptions, ``withdrawn`` are the
    texts of the scheduled changes that go.
    """

    contract: Any
    stop: date
    today: date
    refund: bool = False
    leave: bool = False
    edits: list = field(default_factory=list)
    withdrawn: list = field(default_factory=list)

    @property
    def is_now(self):
        """Whether all is billed and the contract closed at once: its last day has come."""
        return self.stop <= self.today


class BillingContract(models.Model):
    _inherit = "billing.contract"

    closed_on = fields.Date(
        copy=False, readonly=True, tracking=True, help="Day on which somebody closed the contract: its end stays.")

    # ---- what others call -----------------------------------------------------------------------------------------

    def action_close(self):
        """Close the contracts as of today, or of their end if that has passed, with the refund policy in force.

        What is left of them is billed or credited first, as drafts. Those that were never billed and have not begun
        just close. Does nothing when closed.

        :raises UserError: when something of them cannot be billed, or must be decided on first
        """
        self.check_access("write")
        for contract in self.filtered(lambda contract: contract.state != "closed"):
            if contract._has_nothing_to_close():
                contract._discard()
            else:
                contract.close(refund=contract.refunds_active)

    def close(self, stop_date=None, refund=False, items="bill"):
        """Close the contract: bill, or credit, what is left of the days up to ``stop_date`` and of those after it.

        A day in the future leaves the contract active with that end: the hourly job bills what falls due until then and
        closes it. No automation runs.

        :param stop_date: last day of service, inclusive, local to the company; default today, within the term
        :param refund: credit the days after it that are already invoiced, if the refund policy in force allows it
        :param items: 'bill' the items of later days with the last invoice, or 'leave' them out
        :return: the draft invoices and credit notes that were made now
        :raises UserError: when it cannot be closed like that, with the way out
        """
        self.ensure_one()
        self.check_access("write")
        self.env["billing.executor"]._lock(self)
        stop = fields.Date.to_date(stop_date) or self._get_default_stop()
        closing = self._prepare_closing(stop, refund, items == "leave")
        notes = self._explain_closing(closing)
        self._enter_end(closing)
        moves = self.env["billing.executor"]._bill_closing(closing)
        if closing.is_now:
            self._finish_closing(closing)
        self._tell_closing(closing, notes, moves)
        return moves

    def action_open_close(self):
        """Open the window *Close Contract*."""
        self.ensure_one()
        self.check_access("write")
        self._check_may_close()
        window = self.env["billing.contract.close"].create({"contract_id": self.id})
        return window._action_open(self.env._("Close %(contract)s", contract=self.name))

    # ---- checks ---------------------------------------------------------------------------------------------------

    def _get_default_stop(self):
        today = self.company_id._billing_today()
        return max(self.date_start, min(filter(None, [today, self._get_fixed_end()])))

    def _get_fixed_end(self):
        """Return the last day after which the contract does not go on, or None."""
        return None if self.auto_renew else self.date_end or None

    def _has_nothing_to_close(self):
        """Tell whether no day was served, and none is billed."""
        return self.state == "draft" or (
            not self.is_billed and self._get_first_day() > self.company_id._billing_today())

    def _discard(self):
        """Close contracts of which nothing was ever to be billed."""
        self.env["billing.schedule"].sudo().search(  # users close contracts without the right to edit the ledger
            [("contract_id", "in", self.ids), ("state", "in", ("pending", "error"))]).unlink()
        self._close_alerts(self.env._("The contract is closed."))
        self._set_closed()

    def _check_may_close(self):
        if self.state == "closed":
            raise UserError(self.env._("%(contract)s is closed already.", contract=self.display_name))
        if self.state == "draft":
            raise UserError(self.env._(
                "%(contract)s is a draft, nothing of it is billed: delete it, or leave it.",
                contract=self.display_name))

    def _check_stop(self, stop):
        """Refuse a last day on which this contract cannot end."""
        values = {"contract": self.display_name, "start": self._format_day(self.date_start)}
        if stop < self.date_start:
            raise ValidationError(self.env._(
                "%(contract)s starts on %(start)s: choose that day or a later one. If it is not to begin at all, undo "
                "its invoices, if it has any, and delete it.", **values))
        if self.closed_on and stop != self.date_end:
            raise ValidationError(self.env._(
                "%(contract)s was closed as of %(end)s and is open only because an invoice was undone: keep that day.",
                end=self._format_day(self.date_end), **values))
        end = self._get_fixed_end()
        if end and stop > end:
            raise ValidationError(self.env._(
                "%(contract)s ends on %(end)s: choose that day or an earlier one.", end=self._format_day(end),
                **values))

    def _check_suspension(self, closing):
        """Refuse a last day to come at which the contract would be suspended: the job would not close it."""
        if closing.is_now:
            return
        waits = self.suspend_on and self.suspend_on <= closing.stop
        resumed = self.resume_on and self.resume_on <= closing.stop
        if (self.state == "suspended" or waits) and not resumed:
            raise UserError(self.env._(
                "%(contract)s will be suspended on %(stop)s: resume it first, or close it as of today or an earlier "
                "day.", contract=self.display_name, stop=self._format_day(closing.stop)))

    def _check_on_hold(self, closing):
        held = self.schedule_ids.filtered(lambda row: row.on_hold and row.cycle_start <= closing.stop)
        if held and closing.is_now:
            raise UserError(self.env._(
                "Period %(period)s is on hold because its invoice was credited in full: generate its invoice again or "
                "skip the period, then close the contract.", period=held[0]._get_period_name()))

    # ---- preparing ------------------------------------------------------------------------------------------------

    def _prepare_closing(self, stop, refund=False, leave=False):
        """Return the ``Closing`` as of ``stop``; nothing is written. See ``close``."""
        self._check_may_close()
        self._check_stop(stop)
        closing = Closing(self, stop, self.company_id._billing_today(), refund, leave)
        self._check_suspension(closing)
        self._check_on_hold(closing)
        for subscription in self.subscription_ids:
            edits = subscription._prepare_closing(stop, refund)
            if edits:
                closing.edits.append(edits)
                closing.withdrawn += [f"{subscription.name} · {log._describe()}" for log in edits.removed]
        return closing

    def _get_items_after(self, stop):
        """Return the items that are to be billed only after ``stop``."""
        return self.item_ids.filtered(
            lambda item: item.billable and not item.invoice_line_id and item.invoice_on > stop)

    def _get_billed_until(self):
        """Return the last day of the invoiced cycles, or None."""
        rows = self.schedule_ids.filtered(
            lambda row: row.state == "invoiced" and row.kind == "regular" and not row._is_for_items())
        return max(rows.mapped("cycle_end"), default=None)

    # ---- closing --------------------------------------------------------------------------------------------------

    def _enter_end(self, closing):
        """Let contract and subscriptions end as prepared: what lies after the last day goes."""
        if closing.is_now or (self.suspend_on and self.suspend_on > closing.stop):
            self._forget_suspension()  # before anything else: what it has paused stays paused
        self.env["billing.subscription"]._commit_edits(closing.edits)
        later = self._get_items_after(closing.stop)
        later.write({"billable": False} if closing.leave else {"invoice_on": closing.stop})
        self.write({
            "auto_renew": False, **({"date_end": closing.stop} if closing.stop != self.date_end else {}),
            **({"state": "active"} if self.state == "suspended" and closing.is_now else {})})
        rows = self.schedule_ids.sudo().filtered(  # clerks move the ledger only by its own actions
            lambda row: row.state in ("pending", "error") and row.cycle_start > closing.stop)
        rows.filtered("on_hold")._set_skipped(reasons.ENDED, billing_reason.explain(self.env, reasons.ENDED))
        rows.filtered(lambda row: row.state != "skipped")._remove()

    def _finish_closing(self, closing):
        """Everything is billed: nothing of the contract waits any more."""
        if self.catch_up_run_id:
            self._leave_approval()
        self.closed_on = closing.today
        self._discard()
        self.subscription_ids._apply_closing()

    # ---- in words -------------------------------------------------------------------------------------------------

    def _format_day(self, day):
        return format_date(self.env, day)

    def _explain_closing(self, closing):
        """Return in words what follows beside the invoices, as a list."""
        return [note for note in (
            self._explain_end(closing), self._explain_billed_ahead(closing), self._explain_drafts(closing),
            self._explain_bulk(closing), *self._explain_items(closing),
            *(self.env._("Withdrawn: %(change)s", change=text) for text in closing.withdrawn),
            self._explain_renewal(), self._explain_suspension(closing)) if note]

    def _explain_end(self, closing):
        if closing.is_now:
            return None
        return self.env._(
            "The contract stays active until %(stop)s. What is due today is billed now; the hourly job bills what "
            "falls due later and closes the contract.", stop=self._format_day(closing.stop))

    def _explain_billed_ahead(self, closing):
        until = self._get_billed_until()
        if not until or until <= closing.stop:
            return None
        values = {"start": self._format_day(closing.stop + ONE_DAY), "until": self._format_day(until)}
        if not closing.refund:
            return self.env._("%(start)s – %(until)s is invoiced already and is not credited.", **values)
        if not self.refunds_active:
            return self.env._(
                "%(start)s – %(until)s is invoiced already and is not credited, because refunds are off for this "
                "contract: set Process Refunds to Yes on the contract first.", **values)
        return self.env._("%(start)s – %(until)s is invoiced already and is credited.", **values)

    def _explain_drafts(self, closing):
        drafts = self.sudo().invoice_ids.filtered(lambda move: move.state == "draft")  # counted, whoever may read them
        if not drafts:
            return None
        total = self.currency_id.format(
            sum(-move.amount_total if move.move_type == "out_refund" else move.amount_total for move in drafts))
        if len(drafts) == 1:
            return self.env._(
                "A draft invoice of %(total)s stays as it is: post it, or delete it if it is wrong.", total=total)
        return self.env._(
            "%(count)s draft invoices of %(total)s in total stay as they are: post them, or delete them if they are "
            "wrong.", count=len(drafts), total=total)

    def _explain_bulk(self, closing):
        waiting = self.env["billing.job"].sudo().search([  # named, whoever may read it
            ("contract_id", "=", self.id), ("job_type", "=", "invoice"), ("state", "=", "waiting")], limit=1)
        return waiting and closing.is_now and self.env._(
            "The contract waits in %(run)s: it is left out there, because it is closed by then.",
            run=waiting.run_id.name)

    def _explain_items(self, closing):
        text = (self.env._("Not billed: %(item)s, to be invoiced on %(date)s") if closing.leave
                else self.env._("Billed with the last invoice: %(item)s, to be invoiced on %(date)s"))
        return [text % {"item": item.name, "date": self._format_day(item.invoice_on)}
                for item in self._get_items_after(closing.stop)]

    def _explain_renewal(self):
        return self.auto_renew and self.env._("Auto Renew is switched off.")

    def _explain_suspension(self, closing):
        if self.state == "suspended":
            return self.env._("The suspension ends with the contract; suspended days are billed as was chosen then.")
        if self.suspend_on and self.suspend_on > closing.stop:
            return self.env._(
                "The suspension from %(date)s is withdrawn.", date=self._format_day(self.suspend_on))
        return None

    def _tell_closing(self, closing, notes, moves):
        """Tell on the contract how it was closed, with links to what was made."""
        values = {"user": self.env.user.name, "stop": self._format_day(closing.stop)}
        title = (
            self.env._("%(user)s closed the contract: %(stop)s was its last day.", **values) if closing.is_now
            else self.env._("%(user)s ends the contract: %(stop)s is its last day.", **values))
        self.message_post(body=self.env["ir.qweb"]._render("work365_billing.billing_closing_message", {
            "title": title, "notes": notes, "moves": moves}))


class BillingSubscription(models.Model):
    _inherit = "billing.subscription"

    def _prepare_closing(self, stop, refund):
        """Return the edits that end this subscription when its contract ends on ``stop``, or None: it has ended.

        Changes of later days that wait are withdrawn.
        """
        day = max(stop + ONE_DAY, self.date_start)
        logs = self.change_log_ids.sudo()  # who may not read logs may still close a contract
        if self.deactivated_on == day and self.state == "inactive":
            return None  # the contract was closed before, as of this day
        waiting = logs.filtered(  # ends without a refund are archived from the first, but on no invoice either
            lambda log: not log.applied and not log.billing_move_id and log.effective_date >= day)
        self._check_unchanged_after(day)
        ended = self.date_end and self.date_end < day
        if ended or history.state_on(self._get_entries(waiting), day) == history.INACTIVE:
            return self._prepare_edits(replaced=waiting) if waiting else None
        edits = self._prepare_deactivation(day, refund, by_user=refund, withdrawn=waiting)
        for vals in edits.completing:
            vals["refund"] = refund  # what comes after the end goes with it, and is given back if that is
        if not refund and any(vals["quantity"] > 0 for vals in edits.completing):
            logs.browse([vals["completes_id"] for vals in edits.completing])._check_waiting()
        return edits

    def _apply_closing(self):
        """Let the ends of subscriptions whose contract is closed take effect: nothing comes after them."""
        waiting = self.change_log_ids.sudo().filtered(lambda log: not log.applied)  # logs are the system's
        waiting.applied = True
        for subscription in waiting.subscription_id:
            subscription.write({**subscription._get_applied(), "state": history.INACTIVE})
