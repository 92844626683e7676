from datetime import timedelta

from odoo import fields, models
from odoo.exceptions import UserError, ValidationError
from odoo.fields import Domain
from odoo.tools import format_date

from odoo.addons.work365_billing.engine import reasons

from ..engine.terms import projected_end


class RepeatingInvoice(models.Model):
    """What is done with a repeating invoice after it was saved: cancelled, moved, re-activated, calculated."""

    _inherit = "repeating.invoice"

    # ---- cancel ---------------------------------------------------------------------------------------------------

    def cancel(self, last_access, clawback=False, credit_moves=None):
        """Cancel the repeating invoice; its contract and client stay active, and what is open is still collected.

        :param last_access: date of last access to service: a run up to it is invoiced whole, none after
        :param clawback: take back the consultant's commission for the months that are not served
        :param credit_moves: unpaid invoices (records or ids) of it that are credited in the same step, dated today; a
            draft is cancelled. None of their runs is billed again.
        :return: the credit notes
        :raises UserError: when it is inactive already, or an invoice is not one of its unpaid ones
        """
        self.ensure_one()
        self.check_access("write")
        if self.state == "inactive":
            raise UserError(self.env._("%(name)s is inactive already.", name=self.name))
        last = fields.Date.to_date(last_access)
        if not last:
            raise ValidationError(self.env._("Enter the date of last access to service."))
        moves = self._get_moves_to_credit(credit_moves)
        if clawback:
            self._claw_back(last)
        self._enter_last_access(last)
        refunds = self._credit(moves)
        self._deactivate_ended()
        self.message_post(body=self.env._(
            "%(user)s cancelled it: the date of last access to service is %(date)s. Its contract and client stay "
            "active, and its existing invoices are still collected.", user=self.env.user.name,
            date=format_date(self.env, last)))
        return refunds

    def _get_unpaid_moves(self):
        """Return the invoices that a cancellation may credit, latest first: drafts, and what is posted and unpaid."""
        unpaid = Domain("state", "=", "posted") & Domain("payment_state", "in", ("not_paid", "partial"))
        own = Domain("repeating_invoice_id", "in", self.ids) & Domain("move_type", "=", "out_invoice")
        return self.env["account.move"].search(
            own & (Domain("state", "=", "draft") | unpaid), order="invoice_date desc, id desc")

    def _get_moves_to_credit(self, moves):
        wanted = self.env["account.move"].browse(getattr(moves, "ids", moves) or ())
        others = wanted - self._get_unpaid_moves()
        if others:
            raise UserError(self.env._(
                "%(invoice)s is no unpaid invoice of %(name)s: untick it.", invoice=others[0].display_name,
                name=self.name))
        return wanted

    def _credit(self, moves):
        """Credit the posted ones of ``moves``, cancel the drafts, and close their runs without an invoice."""
        today = self.company_id._billing_today()
        rows = moves.billing_row_ids
        drafts = moves.filtered(lambda move: move.state == "draft")
        drafts.button_cancel()
        posted = moves - drafts
        refunds = posted._reverse_moves(
            [{"date": today, "invoice_date": today, "ref": self.env._("Cancelled: %(name)s", name=self.name)}
             for _move in posted], cancel=True) if posted else posted
        refunds.sudo().write({  # what ties invoices to billing is written by the system only
            "repeating_invoice_id": self.id, "billing_contract_id": self.contract_id.id})
        open_rows = rows.exists().filtered(lambda row: row.state in ("pending", "error"))
        open_rows.sudo()._set_skipped(  # clerks move the ledger only by its own actions
            reasons.SKIPPED, self.env._("Credited by %(user)s with the cancellation.", user=self.env.user.name))
        open_rows.sudo()._withhold_items()
        return refunds

    def _deactivate_ended(self):
        """Make those inactive that have no run any more."""
        ended = self.filtered(lambda invoice: invoice.state != "inactive" and invoice.date_end and not any(
            row._is_open() for row in invoice.schedule_ids))
        waiting = self.filtered(lambda invoice: invoice.state == "awaiting" and invoice.date_end)
        done = ended.filtered(lambda invoice: not invoice._has_runs_to_come()) | waiting
        done.sudo().state = "inactive"  # the system ends what has ended

    def _has_runs_to_come(self):
        last = max(self.schedule_ids.mapped("cycle_end"), default=None)
        return next(self._get_cycles_after(last), None) is not None

    # ---- change run date ------------------------------------------------------------------------------------------

    def change_run_date(self, date, confirm=False):
        """Make ``date`` the next run, and count later runs from it. End, terms and escalation stay.

        :param date: after the last run that is invoiced, local to the company
        :param confirm: the tick *Confirm New Run Date*; without it nothing happens
        :raises UserError: without the tick, or when the date cannot be the next run
        """
        self.ensure_one()
        self.check_access("write")
        day = self._check_new_run_date(date)
        if not confirm:
            raise UserError(self.env._("Tick Confirm New Run Date to move the runs of %(name)s.", name=self.name))
        before = self.next_run_date
        last = self._get_last_run()
        if last and last.cycle_end >= day:
            last.sudo().cycle_end = day - timedelta(days=1)  # the ledger has no day twice
        weekday = {"weekday": str(day.weekday())} if self.interval == "weekly" else {}
        self.sudo().write({"anchor_date": day, **weekday})  # only here
        self.message_post(body=self.env._(
            "%(user)s moved the next run from %(before)s to %(date)s.", user=self.env.user.name,
            before=format_date(self.env, before) or self.env._("none"), date=format_date(self.env, day)))

    def _check_new_run_date(self, date):
        """Return ``date`` as a date.

        :raises UserError: when it cannot be the next run, with the way out
        """
        day, last = fields.Date.to_date(date), self._get_last_run()
        if not day:
            raise UserError(self.env._("Enter the new run date."))
        if self.state != "active":
            raise UserError(self.env._("%(name)s is not active: approve or re-activate it first.", name=self.name))
        if last and day <= last.cycle_start:
            raise UserError(self.env._(
                "The run of %(last)s is invoiced already: choose a later date.",
                last=format_date(self.env, last.cycle_start)))
        if not last and day < self.run_date:
            raise UserError(self.env._("Nothing is invoiced yet: to begin earlier, edit Run On."))
        if self.date_end and day > self.date_end:
            raise UserError(self.env._(
                "%(name)s ends on %(end)s: choose that day or an earlier one, or a longer term.", name=self.name,
                end=format_date(self.env, self.date_end)))
        if self.interval == "other" and day.month not in self._get_months():
            raise UserError(self.env._("%(date)s is in none of the chosen months.", date=format_date(self.env, day)))
        return day

    def _get_last_run(self):
        """Return the ledger row of the last run that is settled, or none."""
        settled = self.schedule_ids.filtered(lambda row: not row._is_open())
        return settled.sorted("cycle_start")[-1:]

    # ---- re-activate ----------------------------------------------------------------------------------------------

    def reactivate(self, date):
        """Invoice again: the first run is the first one on or after ``date``, and nothing before it is billed.

        Where repeating invoices are approved, it awaits approval again, unless the user may approve it.

        :param date: local to the company
        :raises UserError: when it is not inactive, its client or contract is, or its term is over by then
        """
        self.ensure_one()
        self.check_access("write")
        day = fields.Date.to_date(date)
        self._check_may_reactivate(day)
        end, state = self._get_projected_end(), self._get_state_once_reactivated()
        self.sudo()._reopen_runs(day)  # clerks move the ledger only by its own actions
        self.sudo().write({  # only here
            "state": state, "restart_date": day, "date_end": end, "refusal_reason": False, "last_access": False,
            "end_before": False})
        self.message_post(body=self.env._(
            "%(user)s re-activated it: it is invoiced again from %(date)s.", user=self.env.user.name,
            date=format_date(self.env, day)))

    def _check_may_reactivate(self, day):
        if not day:
            raise ValidationError(self.env._("Enter the re-activation date."))
        if self.state != "inactive":
            raise UserError(self.env._("%(name)s is not inactive.", name=self.name))
        if not self.partner_id.active:
            raise UserError(self.env._(
                "%(client)s is archived: unarchive the client first.", client=self.partner_id.name))
        if self.contract_id.state == "closed":
            raise UserError(self.env._(
                "%(contract)s is closed: duplicate the repeating invoice, so that it gets another contract.",
                contract=self.contract_id.display_name))
        end = self._get_projected_end()
        if end and end < day:
            raise UserError(self.env._(
                "The term of %(name)s ended on %(end)s: enter a longer term first.", name=self.name,
                end=format_date(self.env, end)))

    def _reopen_runs(self, day):
        """Let the runs from ``day`` on that the cancellation has closed be billed."""
        closed = self.schedule_ids.filtered(lambda row: row.state == "skipped" and row.cycle_start >= day)
        closed.write({"state": "pending", "active": True, "reason": False, "message": False, "run_date": False})

    def _get_projected_end(self):
        """Return the last day of the term, or False without one."""
        return projected_end(self.run_date, self.term) or False

    # ---- calculate ------------------------------------------------------------------------------------------------

    def calculate(self, date_from, date_to):
        """Return the invoices that will be made, as the hourly job will make them; nothing is written.

        :param date_from: first and
        :param date_to: last invoice date, both inclusive
        :return: one dict per invoice, by date: ``charge_date`` (the job makes it), ``date_issued``, ``partner_id``,
            ``collection_date``, ``total`` with tax, ``total_excl``, ``currency_id``, ``repeating_invoice_id`` and
            ``lines`` as in ``billing.contract.plan``
        :raises UserError: when the period ends before it begins
        """
        first, last = fields.Date.to_date(date_from), fields.Date.to_date(date_to)
        if not first or not last or last < first:
            raise UserError(self.env._("Enter a period whose last day is not before its first."))
        planned = self.env["billing.planner"]._plan_until(self.contract_id, last)
        own = [one for one in planned if one.lines and one.owner_vals.get("repeating_invoice_id") in self.ids
               and first <= one.invoice_date <= last]
        return [self._prepare_calculated(one) for one in sorted(
            own, key=lambda one: (one.invoice_date, one.contract_id, one.owner_vals["repeating_invoice_id"]))]

    def _prepare_calculated(self, planned):
        invoice = self.browse(planned.owner_vals["repeating_invoice_id"])
        today, planner = invoice.company_id._billing_today(), self.env["billing.planner"]
        return {
            "charge_date": max(planned.schedule_date, today),
            "date_issued": planned.invoice_date,
            "partner_id": invoice.partner_id.id,
            "collection_date": invoice.company_id._billdozer_collection(invoice.collect_on, planned.invoice_date).date,
            "repeating_invoice_id": invoice.id,
            "currency_id": invoice.currency_id.id,
            "total_excl": invoice.currency_id.round(planner._get_total_excl(planned)),
            "total": invoice.currency_id.round(sum(planner._get_totals(planned))),
            "lines": planned._as_dict()["lines"],
        }
