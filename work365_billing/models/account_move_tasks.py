from odoo import api, fields, models
from odoo.exceptions import UserError

from ..engine import reasons
from . import billing_reason


class AccountMove(models.Model):
    """What is done with an invoice of a contract after it is made: posting, charging and sending, and how it went."""

    _inherit = "account.move"

    billing_job_ids = fields.One2many("billing.job", "invoice_id", "Invoicing Jobs", readonly=True)
    billing_token_id = fields.Many2one(
        related="billing_contract_id.payment_token_id", string="Contract's Payment Method")
    billing_can_charge = fields.Boolean(compute="_compute_billing_can_charge", compute_sudo=True)
    billing_task_message = fields.Char(
        compute="_compute_billing_task_message", compute_sudo=True,
        help="Why a task of this invoice has failed or waits for another try.")

    @api.depends("state", "amount_residual", "billing_replaced_by_id", "billing_contract_id.payment_token_id")
    def _compute_billing_can_charge(self):
        for move in self:
            move.billing_can_charge = bool(
                move.billing_contract_id.payment_token_id and move.state == "posted" and move._get_amount_to_charge())

    @api.depends("billing_job_ids.state", "billing_job_ids.message")
    def _compute_billing_task_message(self):
        for move in self:
            tasks = move.billing_job_ids.filtered(
                lambda job: job.job_type != "invoice" and job.state in ("waiting", "in_progress", "failed"))
            told = tasks.filtered("message")[:1]
            move.billing_task_message = f"{told._get_failure_title()}: {told.message}" if told else False

    def _get_collection_date(self):
        """Return the day on which the invoice is charged."""
        self.ensure_one()
        return self.invoice_date

    # ---- what may be charged ----------------------------------------------------------------------------------------

    def _get_amount_to_charge(self):
        """Return what is open and not yet on its way, in the invoice's currency; nothing where none may be charged."""
        self.ensure_one()
        if self.move_type != "out_invoice" or self.state == "cancel" or self.billing_replaced_by_id:
            return 0.0
        # Payments on accounts without outstanding entries are not taken off the balance until the bank confirms them.
        on_its_way = self.matched_payment_ids.filtered(
            lambda payment: not payment.move_id and payment.state in ("in_process", "paid"))
        amount = self.amount_residual - sum(
            payment.currency_id._convert(payment.amount, self.currency_id, self.company_id, payment.date)
            for payment in on_its_way)
        return self.currency_id.round(amount) if self.currency_id.compare_amounts(amount, 0) > 0 else 0.0

    def _get_charge_problem(self):
        """Return why this invoice cannot be charged now and what to do, or None."""
        self.ensure_one()
        if self.state != "posted":
            return self.env._("Only a posted invoice is charged.")
        if self.payment_state == "blocked":
            return self.env._("The payment of this invoice is blocked: unblock it first.")
        contract = self.billing_contract_id
        if self.commercial_partner_id != contract.commercial_partner_id:
            return self.env._(
                "The invoice is made out to %(partner)s, the payment method belongs to the customer of the contract.",
                partner=self.commercial_partner_id.display_name)
        return self._get_unsettled_problem() or contract._get_charge_problem()

    def _get_unsettled_transactions(self):
        return self.transaction_ids.filtered(lambda transaction: transaction._is_unsettled())

    def _get_unsettled_problem(self):
        """Return which payment has to be settled before the invoice may be charged, or None."""
        self.ensure_one()
        transaction = self._get_unsettled_transactions()[:1]
        if not transaction:
            return None
        if transaction.state in ("draft", "error"):
            return self.env._(
                "It is not known whether the payment %(transaction)s was made: look it up at the payment provider, "
                "then confirm or cancel the payment on its invoicing job.", transaction=transaction.reference)
        return self.env._(
            "The payment %(transaction)s of this invoice is on its way: wait for its answer, or cancel it first.",
            transaction=transaction.reference)

    # ---- by hand ----------------------------------------------------------------------------------------------------

    def action_billing_charge(self):
        """Charge the balance with the contract's payment method now, and tell the answer.

        Runs the task of the invoice that waits or has failed, or one of its own, with all its precautions.
        """
        self.ensure_one()
        self.billing_contract_id.check_access("write")
        move = self.sudo()  # clerks charge without the right to edit jobs and transactions
        problem = move._get_charge_problem()
        if problem:
            raise UserError(problem)
        if not move._get_amount_to_charge():
            raise UserError(self.env._("Nothing is left to charge on this invoice."))
        job = move._get_charge_task()
        job.write({"state": "waiting", "not_before": False, "attempts": 0})
        job._charge()
        if job.state == "waiting" and not job.message:
            raise UserError(billing_reason.explain(self.env, reasons.LOCKED))
        return move._get_answer(job)

    def _get_charge_task(self):
        tasks = self.billing_job_ids.filtered(
            lambda job: job.job_type == "charge" and job.state in ("waiting", "failed"))
        return tasks.sorted(lambda job: (job.state == "waiting", job.id))[-1:] or self.env["billing.job"].create({
            "contract_id": self.billing_contract_id.id, "schedule_id": self.billing_schedule_id.id,
            "job_type": "charge", "invoice_id": self.id})

    def _get_answer(self, job):
        """Return the notification that tells what has become of ``job`` and shows the invoice anew."""
        kind, title = {
            "succeeded": ("success", self.env._("%(invoice)s is charged", invoice=self.name)),
            "in_progress": ("info", self.env._("%(invoice)s is being charged", invoice=self.name)),
            "cancelled": ("info", self.env._("%(invoice)s was not charged", invoice=self.name)),
        }.get(job.state, ("danger", job._get_failure_title()))
        return {
            "type": "ir.actions.client", "tag": "display_notification",
            "params": {
                "type": kind, "title": title, "message": job.message, "sticky": kind == "danger",
                "next": {"type": "ir.actions.client", "tag": "soft_reload"}}}

    def action_view_billing_jobs(self):
        """Open the invoicing jobs of the invoice."""
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id("work365_billing.billing_job_action")
        return {**action, "domain": [("invoice_id", "=", self.id)], "context": {"create": False}}
