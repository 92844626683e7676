"""Charging: at most once per invoice, even if the process dies between the provider's answer and our commit."""

import logging
from contextlib import contextmanager

import psycopg2
from psycopg2.errors import LockNotAvailable

from odoo import Command, api, fields, models
from odoo.exceptions import UserError
from odoo.fields import Domain
from odoo.tools import SQL

from ..engine import reasons
from . import billing_reason

_logger = logging.getLogger(__name__)

LOCK_CLASS = 0x63686172  # of the advisory locks of charges


class BillingJob(models.Model):
    _inherit = "billing.job"

    transaction_id = fields.Many2one(
        "payment.transaction", "Payment Transaction", index="btree_not_null", ondelete="restrict", readonly=True,
        help="The last attempt to charge the invoice.")
    collection_date = fields.Date(
        compute="_compute_collection_date", store=True, precompute=True, help="The invoice is charged on this day.")
    unsettled_transaction_id = fields.Many2one(
        "payment.transaction", compute="_compute_unsettled_transaction_id",
        help="Nobody knows whether this payment was made: the invoice is not charged until somebody says so.")

    @api.depends("invoice_id.invoice_date")
    def _compute_collection_date(self):
        for job in self:
            job.collection_date = job.invoice_id._get_collection_date() if job.invoice_id else False

    @api.depends("state", "transaction_id.state", "invoice_id.transaction_ids.state")
    def _compute_unsettled_transaction_id(self):
        for job in self:
            stuck = job.state in ("waiting", "failed") and job.job_type == "charge"
            unsettled = job.sudo().invoice_id._get_unsettled_transactions() if stuck else job.transaction_id.browse()
            job.unsettled_transaction_id = unsettled.filtered(lambda tx: tx.state in ("draft", "pending", "error"))[:1]

    # ---- which ------------------------------------------------------------------------------------------------------

    def _charge_due(self):
        """Charge the posted invoices of the company whose collection date has come, one by one, each saved alone."""
        executor = self.env["billing.executor"]
        for id_ in executor._transaction(lambda: self.search(self._get_unfinished_domain(), order="id").ids):
            self.browse(id_)._finish_left()
        due = executor._transaction(lambda: self.search(self._get_charge_domain(), order="collection_date, id").ids)
        for id_ in due:
            if not executor._has_time():
                return
            self.browse(id_)._charge()

    def _get_charge_domain(self):
        company = self.env.company
        return (
            self._get_waiting_domain(company, "charge") & Domain("invoice_id.state", "=", "posted")
            & Domain("collection_date", "<=", company._billing_today()))

    def _get_unfinished_domain(self):
        """Return the domain of the charges in progress of which there is more to do than to wait for the provider."""
        waits_for_provider = Domain("state", "in", ("pending", "authorized")) & Domain("is_post_processed", "=", True)
        return (
            Domain("company_id", "=", self.env.company.id) & Domain("job_type", "=", "charge")
            & Domain("state", "=", "in_progress") & Domain("transaction_id", "any", ~waits_for_provider))

    def _get_unanswered_domain(self):
        """Return the domain of the charges of which the answer is not known yet."""
        lost = Domain("state", "=", "error") & Domain("billing_unanswered", "=", True)
        begun = Domain("transaction_id", "any", Domain("state", "=", "draft") | lost)
        return Domain("job_type", "=", "charge") & (
            (Domain("state", "=", "waiting") & Domain("attempts", "=", 0))
            | (Domain("state", "in", ("in_progress", "failed")) & begun))

    # ---- one charge -------------------------------------------------------------------------------------------------

    def _charge(self):
        """Charge the invoice of this task, in transactions of its own; the caller's is committed first.

        Why it is never charged twice: nobody else works on the invoice meanwhile, the attempt is on record before
        the provider is asked, an attempt on record is never made again, and what asks is never begun anew.
        """
        self.ensure_one()
        executor = self.env["billing.executor"]
        with self._working_alone() as is_alone:
            if not is_alone:
                return
            executor._commit()  # a new transaction sees all that the last holder of the lock has saved
            if executor._transaction(self._begin_charge):
                self._ask_provider()
                executor._transaction(self._finish_charge)

    @contextmanager
    def _working_alone(self):
        """Hold the invoice for charging, or yield False while another process does.

        The lock belongs to the database session: it outlasts commits and goes when the process dies.
        """
        key = LOCK_CLASS, self.invoice_id.id
        [[is_alone]] = self.env.execute_query(SQL("SELECT pg_try_advisory_lock(%s, %s)", *key))
        try:
            yield is_alone
        except BaseException:
            self.env.cr.rollback()
            raise
        finally:
            if is_alone:
                self.env.execute_query(SQL("SELECT pg_advisory_unlock(%s, %s)", *key))

    def _begin_charge(self):
        """Put the attempt on record and return whether the provider is to be asked. Commits nothing."""
        move = self.invoice_id
        if not self.try_lock_for_update(allow_referencing=True) or self.state != "waiting":
            return False
        if not move.try_lock_for_update(allow_referencing=True):
            self._set_failed(LockNotAvailable())
        elif not move._get_amount_to_charge():
            self._set_settled()
        else:
            exc = self.env["billing.executor"]._attempt(self._record_attempt)
            if exc:
                self._set_failed(exc)
        return self.state == "in_progress"

    def _record_attempt(self):
        problem = self.invoice_id._get_charge_problem()
        if problem:
            raise UserError(problem)
        transaction = self.env["payment.transaction"].create(self._prepare_transaction_vals())
        self.write({
            "state": "in_progress", "transaction_id": transaction.id, "message": False, "not_before": False})

    def _prepare_transaction_vals(self):
        move, token = self.invoice_id, self.contract_id.payment_token_id
        reference = self.env["payment.transaction"]._compute_reference(token.provider_code, prefix=move.name)
        return {
            "provider_id": token.provider_id.id, "payment_method_id": token.payment_method_id.id,
            "token_id": token.id, "operation": "offline", "reference": reference,
            "amount": move._get_amount_to_charge(), "currency_id": move.currency_id.id,
            "partner_id": move.partner_id.id, "invoice_ids": [Command.set(move.ids)]}

    def _ask_provider(self):
        """Let the provider charge and save the answer. Never repeated: it may have charged whatever happens here."""
        executor = self.env["billing.executor"]
        try:
            executor._limit_waiting()
            self._hold_unchanged()
        except (UserError, psycopg2.Error):
            self.env.cr.rollback()
            executor._transaction(self._withdraw)
            return
        try:
            self.transaction_id.with_context(payment_backend_action=True)._charge_with_token()
            executor._commit()
        except Exception:  # the attempt stays on record, without an answer
            self.env.cr.rollback()
            _logger.exception("Charging %s: the answer of the provider is not known", self.transaction_id.reference)

    def _hold_unchanged(self):
        """Hold all that the answer will change, so that it can be saved, and the invoice with its balance."""
        move, transaction = self.invoice_id, self.transaction_id
        for record in (self, transaction, move):
            if not record.try_lock_for_update(allow_referencing=True):
                raise UserError(billing_reason.explain(self.env, reasons.LOCKED))
        if move.currency_id.compare_amounts(move._get_amount_to_charge(), transaction.amount):
            raise UserError(self.env._("The balance has changed."))

    def _withdraw(self):
        """The provider was not asked: cancel the attempt and try again later."""
        self.transaction_id._set_canceled(state_message=billing_reason.explain(self.env, reasons.LOCKED))
        self._set_failed(LockNotAvailable())

    # ---- the answer -------------------------------------------------------------------------------------------------

    def _finish_left(self):
        """Finish a charge that another process has left in the middle, or whose answer came later."""
        self.ensure_one()
        with self._working_alone() as is_alone:
            if is_alone:
                self.env["billing.executor"]._transaction(self._finish_charge)

    def _finish_charge(self):
        """Book the payment and take over the answer; without an answer, nobody but the user can go on."""
        transaction = self.transaction_id
        if self.state != "in_progress":
            return
        if transaction.state == "draft":
            self._set_unknown()
            return
        exc = self.env["billing.executor"]._attempt(transaction._post_process)  # see payment.transaction: we follow
        if exc:
            self.message = self.env._(
                "The provider has charged, but the payment could not be booked: %(reason)s It is tried again every "
                "hour.", reason=self.env["billing.executor"]._get_words(exc))
            self.contract_id._alert(self.env._(
                "The payment of %(invoice)s could not be booked", invoice=self.invoice_id.display_name), self.message)

    def _follow(self):
        """Take over what has become of the transactions of these tasks, whenever and by whomever."""
        for job in self.filtered(lambda job: job.state not in ("succeeded", "cancelled")):
            transaction = job.transaction_id
            if transaction.state == "done":
                job._set_charged()
            elif transaction.state in ("pending", "authorized") and job.state != "waiting":
                job._set_pending()
            elif transaction._is_unanswered():
                job._set_unknown()
            elif transaction.state in ("cancel", "error") and job.state == "in_progress":
                reason = transaction.state_message or self.env._("no reason given")
                job._set_refused(self.env._(
                    "The payment provider refused to charge %(token)s: %(reason)s The invoice stays open.",
                    token=transaction.token_id.display_name, reason=f"{reason.rstrip('.')}."), job.attempts + 1)
            elif transaction.state == "cancel" and job.state == "failed":
                job.message = self.env._(
                    "The payment %(transaction)s was cancelled: nothing was charged.",
                    transaction=transaction.reference)

    def _set_charged(self):
        transaction = self.transaction_id
        self.write({
            "state": "succeeded", "not_before": False, "attempts": self.attempts + 1,
            "message": self.env._(
                "%(amount)s charged to %(token)s.", token=transaction.token_id.display_name,
                amount=transaction.currency_id.format(transaction.amount))})
        self.contract_id._close_alerts(self.env._("The invoice was charged."))

    def _set_pending(self):
        transaction = self.transaction_id
        if transaction.state == "authorized":
            message = self.env._(
                "The payment %(transaction)s is authorized: capture it to collect the amount.",
                transaction=transaction.reference)
        else:
            message = self.env._(
                "The payment %(transaction)s is pending at the provider. The job follows its answer.",
                transaction=transaction.reference)
        self.write({"state": "in_progress", "not_before": False, "message": message})

    def _set_unknown(self):
        """Nobody knows whether the customer was charged: the system never charges this invoice again by itself."""
        if self.state == "failed":
            return
        self._set_refused(self.env._(
            "The provider's answer to %(transaction)s is unknown: the customer may have been charged. Look it up at "
            "the payment provider, then confirm or cancel the payment here.",
            transaction=self.transaction_id.reference), self.attempts + 1, final=True)

    # ---- by hand ----------------------------------------------------------------------------------------------------

    def _charge_batch(self):
        for job in self:
            job._charge()

    def _check_charge(self):
        """Refuse to run this task now when it cannot, with the way out."""
        problem = self.invoice_id._get_unsettled_problem()
        if problem:
            raise UserError(problem)
        if self.invoice_id.state != "posted":
            raise UserError(self.env._(
                "%(invoice)s must be posted before it is charged.", invoice=self.invoice_id.display_name))
        self._check_date(self.collection_date, self.env._(
            "%(invoice)s is collected on %(date)s: use Charge on the invoice to charge it sooner.",
            invoice=self.invoice_id.display_name, date=self.collection_date))

    def action_confirm_transaction(self):
        """The user has looked it up: the provider did charge. The payment is booked."""
        transaction = self._take_unsettled()
        transaction._set_done()
        transaction._post_process()

    def action_cancel_transaction(self):
        """The user has looked it up: the provider did not charge. The invoice may be charged again."""
        transaction = self._take_unsettled()
        transaction._set_canceled(extra_allowed_states=("error",))
        transaction._post_process()

    def _take_unsettled(self):
        self.ensure_one()
        self.contract_id.check_access("write")
        transaction = self.sudo().unsettled_transaction_id  # clerks settle payments without editing them
        if not transaction or not transaction.try_lock_for_update(allow_referencing=True):
            raise UserError(self.env._("This payment is settled already, or is being settled right now."))
        return transaction.with_context(payment_backend_action=True)
