"""A cancellation whose date has not come can be withdrawn: what it has ended goes on as before."""

from datetime import timedelta

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import format_date


class RepeatingInvoice(models.Model):
    _inherit = "repeating.invoice"

    last_access = fields.Date(
        "Last Access to Service", copy=False, readonly=True, tracking=True,
        help="The last day of the service, entered when it or its contract was cancelled.")
    end_before = fields.Date(copy=False, readonly=True, help="The end that it had before it was cancelled.")
    withdrawal_message = fields.Char(
        compute="_compute_withdrawal_message", help="What follows when the cancellation is withdrawn.")

    def _enter_last_access(self, day):
        """Let them end on ``day``, the last one of the service; the end before that is kept."""
        for invoice in self:
            before = invoice.end_before if invoice._is_cancellation_to_come() else invoice.date_end
            invoice.sudo().write({  # only here
                "last_access": day, "end_before": before, "date_end": max(day, invoice.run_date - timedelta(days=1))})

    def _is_cancellation_to_come(self):
        """Tell whether it was cancelled as of today or a later day, and its end was not moved since."""
        last = self.last_access
        return bool(last) and last >= self.company_id._billing_today() and self.date_end == max(
            last, self.run_date - timedelta(days=1))

    def _is_cancelled_with_contract(self):
        return self.contract_id._is_cancellation_to_come() and self.contract_id.last_access <= self.last_access

    @api.depends("last_access", "end_before", "date_end", "state", "contract_id.state", "contract_id.last_access")
    def _compute_withdrawal_message(self):
        for invoice in self:
            shown = invoice._is_cancellation_to_come() and not invoice._is_cancelled_with_contract() and (
                invoice.contract_id.state != "closed")
            invoice.withdrawal_message = invoice._describe_withdrawal() if shown else False

    def _describe_withdrawal(self):
        values = {
            "date": format_date(self.env, self.last_access),
            "end": format_date(self.env, self.end_before) if self.end_before else ""}
        if self.end_before:
            return self.env._(
                "It is cancelled: the last access to the service is on %(date)s. Withdraw that, and it is invoiced "
                "until %(end)s again. What was credited of runs up to that day stays credited; an open clawback is "
                "waived.", **values)
        return self.env._(
            "It is cancelled: the last access to the service is on %(date)s. Withdraw that, and it is invoiced without "
            "an end again. What was credited of runs up to that day stays credited; an open clawback is waived.",
            **values)

    def withdraw_cancellation(self):
        """Withdraw a cancellation whose date has not passed: it goes on as before.

        Runs after that date whose drafts were cancelled with it are invoiced again; what was credited of a run up to
        it stays credited. An open clawback is waived. Where repeating invoices are approved, one that was inactive
        already awaits approval again, unless the user may approve it.

        :raises UserError: when it was not cancelled, the date has passed, or it was cancelled with its contract
        """
        self.ensure_one()
        self.check_access("write")
        self.env["billing.executor"]._lock(self.contract_id)
        self._check_may_withdraw()
        self._withdraw()

    def _check_may_withdraw(self):
        if not self._is_cancellation_to_come():
            raise UserError(self.env._(
                "%(name)s has no cancellation whose date is still to come. Use Re-Activate Repeating Invoice if it is "
                "inactive.", name=self.name))
        if self.contract_id.state == "closed" or self._is_cancelled_with_contract():
            raise UserError(self.env._(
                "%(name)s ends with its contract %(contract)s: withdraw the cancellation there.", name=self.name,
                contract=self.contract_id.display_name))

    def _withdraw(self):
        day, end = self.last_access, self.end_before
        state = self._get_state_once_reactivated() if self.state == "inactive" else self.state
        clawbacks = self.clawback_ids.sudo().filtered(  # clerks enter clawbacks only by cancelling
            lambda clawback: clawback.state == "open" and clawback.date == day)
        clawbacks._move_on("waived")
        self.sudo()._reopen_runs(day + timedelta(days=1))  # clerks move the ledger only by its own actions
        self.sudo().write({"last_access": False, "end_before": False, "date_end": end, "state": state})  # only here
        self._enter_escalations()
        self.message_post(body=self.env._(
            "%(user)s withdrew the cancellation as of %(date)s.", user=self.env.user.name,
            date=format_date(self.env, day)))


class BillingContract(models.Model):
    _inherit = "billing.contract"

    last_access = fields.Date(
        "Last Access to Service", copy=False, readonly=True,
        help="The last day of the service, entered when the contract was cancelled as of a day to come.")
    end_before = fields.Date(copy=False, readonly=True, help="The end that it had before it was cancelled.")
    withdrawal_message = fields.Char(
        compute="_compute_withdrawal_message", help="What follows when the cancellation is withdrawn.")

    def _enter_end(self, closing):
        before = self.end_before if self._is_cancellation_to_come() else self.date_end
        result = super()._enter_end(closing)
        if self.repeating_invoice_ids and not closing.is_now:
            self.write({"last_access": closing.stop, "end_before": before})
        return result

    def _is_cancellation_to_come(self):
        """Tell whether it was cancelled as of today or a later day, and its end was not moved since."""
        return bool(self.last_access) and self.state in ("active", "suspended") and (
            self.date_end == self.last_access >= self.company_id._billing_today())

    @api.depends("last_access", "end_before", "date_end", "state")
    def _compute_withdrawal_message(self):
        for contract in self:
            if not contract._is_cancellation_to_come():
                contract.withdrawal_message = False
                continue
            contract.withdrawal_message = self.env._(
                "The contract is cancelled: the last access to the service is on %(date)s. Withdraw that, and "
                "%(names)s and the lines of the contract go on as before. Changes of later days, which were withdrawn "
                "with the cancellation, must be entered again.", date=format_date(self.env, contract.last_access),
                names=", ".join(contract._get_cancelled_invoices().mapped("name")) or self.env._("it"))

    def _get_cancelled_invoices(self):
        """Return the repeating invoices that the cancellation to come ends."""
        return self.repeating_invoice_ids.filtered(
            lambda invoice: invoice.last_access == self.last_access and invoice._is_cancellation_to_come())

    def withdraw_cancellation(self):
        """Withdraw a cancellation whose date has not passed: contract, lines and repeating invoices go on as before.

        The follow-up to switch the service off is closed.

        :raises UserError: when none is to come, or the end of a line is on an invoice already
        """
        self.ensure_one()
        self.check_access("write")
        self.env["billing.executor"]._lock(self)
        if not self._is_cancellation_to_come():
            raise UserError(self.env._(
                "%(contract)s has no cancellation whose date is still to come.", contract=self.display_name))
        day, invoices = self.last_access, self._get_cancelled_invoices()
        ends = self.subscription_ids.change_log_ids.sudo().filtered(  # who may not read logs may withdraw the end
            lambda log: log.event == "deactivate" and not log.applied and log.effective_date > day)
        self.env["billing.subscription"]._commit_edits([log._prepare_withdrawal() for log in ends])
        self.write({"date_end": self.end_before, "last_access": False, "end_before": False})
        for invoice in invoices:
            invoice.line_ids._restart_escalation()
            invoice._withdraw()
        self.message_post(body=self.env._(
            "%(user)s withdrew the cancellation as of %(date)s.", user=self.env.user.name,
            date=format_date(self.env, day)))
