import time
from datetime import timedelta

from psycopg2.errors import LockNotAvailable

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.fields import Domain

from ..engine import reasons
from . import billing_reason

TASKS = ("post", "charge", "send")  # what follows an invoice once it is saved, in this order
MAX_ATTEMPTS = 5
FIRST_PAUSE = timedelta(minutes=50)
TASKS_PER_LANE = 20  # that are enough for another lane


class BillingJob(models.Model):
    """One task of a run: the invoice of a contract, or what follows it once it is saved."""

    _name = "billing.job"
    _description = "Invoicing Job"
    _order = "id desc"

    run_id = fields.Many2one("billing.run", index="btree_not_null", ondelete="cascade", readonly=True)
    contract_id = fields.Many2one("billing.contract", required=True, index=True, ondelete="cascade", readonly=True)
    company_id = fields.Many2one(related="contract_id.company_id", store=True, index=True, precompute=True)
    partner_id = fields.Many2one(related="contract_id.partner_id")
    schedule_id = fields.Many2one("billing.schedule", "Billing Schedule", ondelete="set null", readonly=True)
    job_type = fields.Selection(
        [
            ("invoice", "Generate Invoice"),
            ("post", "Sync (Post) Invoice"),
            ("charge", "Charge Invoice"),
            ("send", "Send Invoice"),
        ],
        required=True, default="invoice", readonly=True)
    state = fields.Selection(
        [
            ("waiting", "Waiting"),
            ("in_progress", "In Progress"),
            ("succeeded", "Succeeded"),
            ("nothing_to_bill", "Nothing to Bill"),
            ("failed", "Failed"),
            ("cancelled", "Cancelled"),
        ],
        required=True, default="waiting", index=True, readonly=True)
    outcome = fields.Selection(
        [
            ("invoiced", "Invoiced"),
            ("nothing_to_bill", "Nothing to Bill"),
            ("skipped", "Skipped"),
            ("failed", "Failed"),
        ],
        index=True, readonly=True)
    reason = fields.Selection("_select_reasons", readonly=True)
    message = fields.Text(readonly=True)
    attempts = fields.Integer(readonly=True)
    not_before = fields.Datetime("Next Try", readonly=True, index="btree_not_null")
    invoice_id = fields.Many2one("account.move", index="btree_not_null", ondelete="set null", readonly=True)
    invoice_date = fields.Date(
        related="invoice_id.invoice_date", store=True, precompute=True,
        help="An invoice waits until its date before it is posted.")

    _waiting_idx = models.Index("(company_id, invoice_date, id) WHERE state = 'waiting'")
    _open_task_uniq = models.UniqueIndex(
        "(invoice_id, job_type) WHERE job_type != 'invoice' AND state IN ('waiting', 'in_progress')",
        "This is being done for the invoice already: look at its invoicing jobs.")

    @api.model
    def _select_reasons(self):
        return billing_reason.choices(self.env)

    @api.depends("contract_id", "job_type")
    def _compute_display_name(self):
        labels = dict(self._fields["job_type"]._description_selection(self.env))
        for job in self:
            job.display_name = f"{labels.get(job.job_type)} · {job.contract_id.name}"

    # ---- what follows an invoice ------------------------------------------------------------------------------------

    @api.model
    def _prepare_tasks(self, run, contract, row, move):
        """Return the values of the tasks that follow ``move``, in their order: those that ``contract`` has switched on.

        The caller decides whether the way in which the invoice was made lets automations run. A credit note is
        never charged.
        """
        wanted = {
            "post": contract.auto_sync,
            "charge": contract.auto_charge and move.move_type == "out_invoice",
            "send": contract.auto_send,
        }
        return [
            {"run_id": run.id, "contract_id": contract.id, "schedule_id": row.id, "job_type": job_type,
             "invoice_id": move.id}
            for job_type in TASKS if wanted[job_type]]

    @api.model
    def _keep(self, vals_list):
        """Keep outcomes and tasks: an outcome with an ``id`` on the job that has asked for it, all else as new jobs."""
        self.create([vals for vals in vals_list if "id" not in vals])
        for vals in vals_list:
            if "id" in vals:
                self.browse(vals["id"]).write({name: value for name, value in vals.items() if name != "id"})

    @api.model
    def _run_waiting(self):
        """Do what waits to be done after the invoices, company by company: post, charge, send.

        Commits after every batch of postings and mails and around every charge; what is refused harms no other.
        What the process has no time for is left to a call of its own, which begins at once.
        """
        executor = self.env["billing.executor"]
        for company in executor._transaction(self._search_companies):
            jobs = self.with_company(company).with_context(allowed_company_ids=company.ids)
            executor._transaction(jobs._close_settled)
            executor._transaction(jobs._fail_bounced)
            executor._transaction(jobs._start_lanes)
            jobs._do_due()
        if not executor._has_time():
            executor._transaction(self._trigger_tasks)

    def _do_due(self, end=float("inf")):
        """Do the tasks of the company that can be done now, together with whoever else does, until the time ``end``."""
        self._post_due(end)
        self._charge_due()
        self._send_due()

    def _start_lanes(self):
        """Let lanes begin where the company has many tasks that can be done now."""
        today = self.env.company._billing_today()
        due = Domain.OR(self._get_waiting_domain(self.env.company, job_type) for job_type in TASKS)
        self.env["billing.run"]._start_lanes(
            self.search_count(due & Domain("invoice_date", "<=", today)) // TASKS_PER_LANE + 1)

    @api.model
    def _help(self, end):
        """Do tasks of all companies until the time ``end``, and return whether something may be left."""
        for company in self.env["billing.executor"]._transaction(self._search_companies):
            self.with_company(company).with_context(allowed_company_ids=company.ids)._do_due(end)
        return time.monotonic() > end

    @api.model
    def _claim_tasks(self, domain, limit):
        """Lock up to ``limit`` tasks of ``domain`` that nobody holds, in the order of their invoices' dates."""
        return self._lock_found(self._search(domain, order="invoice_date, id", limit=limit), self._table)

    @api.model
    def _trigger_tasks(self):
        """Let the waiting tasks be done as soon as this is saved."""
        self.env.ref("work365_billing.ir_cron_run_tasks")._trigger()

    @api.model
    def _cron_run_tasks(self):
        """What follows the invoices of bulk operations, and what the hourly job had no time for."""
        self._run_waiting()

    def _search_companies(self):
        """Return the companies with tasks that wait, are watched, or may have been done by hand."""
        at_work = Domain("job_type", "in", TASKS) & Domain("state", "in", ("waiting", "in_progress", "failed"))
        domain = at_work | self._get_watched_domain()
        return self.env["res.company"]._search_all().filtered(
            lambda company: self.search_count(domain & Domain("company_id", "=", company.id), limit=1))

    @api.model
    def _get_waiting_domain(self, company, job_type):
        """Return the domain of the tasks of ``company`` that wait and need not wait for another try."""
        return (
            Domain("company_id", "=", company.id) & Domain("state", "=", "waiting") & Domain("job_type", "=", job_type)
            & (Domain("not_before", "=", False) | Domain("not_before", "<=", fields.Datetime.now())))

    def _close_settled(self):
        """Close the tasks, failed ones too, that somebody has done by hand or whose invoice is gone."""
        open_tasks = (
            Domain("company_id", "=", self.env.company.id) & Domain("job_type", "in", TASKS)
            & Domain("state", "in", ("waiting", "failed")))
        gone = Domain("invoice_id", "=", False) | Domain("invoice_id.state", "=", "cancel")
        posted = Domain("job_type", "=", "post") & Domain("invoice_id.state", "=", "posted")
        paid = (
            Domain("job_type", "=", "charge") & Domain("state", "=", "failed")
            & Domain("invoice_id.payment_state", "in", ("in_payment", "paid", "reversed")))
        self.search(open_tasks & (gone | posted | paid))._set_settled()

    def _set_settled(self):
        """What these tasks were for is done already, or there is nothing left to do."""
        posted = self.filtered(lambda job: job.job_type == "post" and job.invoice_id.state == "posted")
        posted.write({"state": "succeeded", "message": False, "not_before": False})
        charges = self.filtered(lambda job: job.job_type == "charge")
        charges.write({
            "state": "cancelled", "not_before": False,
            "message": self.env._("Nothing is left to charge on this invoice.")})
        (self - posted - charges).write({"state": "cancelled", "not_before": False})
        self.contract_id._close_alerts(self.env._("It was done by hand, or there is nothing left to do."))

    # ---- faults -----------------------------------------------------------------------------------------------------

    def _set_failed(self, exc):
        """Keep the reason and try again after a pause that doubles, five times in all; a lock is no attempt."""
        self.ensure_one()
        if isinstance(exc, LockNotAvailable):
            self._set_refused(billing_reason.explain(self.env, reasons.LOCKED), self.attempts)
        else:
            self._set_refused(self.env["billing.executor"]._get_words(exc), self.attempts + 1)

    def _set_refused(self, message, attempts, final=False):
        """Keep the reason, tell the salesperson, and plan the next try.

        :param attempts: how many there have been, this one included
        :param final: whether another try could do harm; a task that somebody has begun by hand is his to repeat
        """
        given_up = final or attempts >= MAX_ATTEMPTS or not self.run_id
        self.write({
            "attempts": attempts, "message": message, "state": "failed" if given_up else "waiting",
            "not_before": not given_up and fields.Datetime.now() + FIRST_PAUSE * 2 ** max(attempts - 1, 0)})
        if attempts > 0:
            self.contract_id._alert(self._get_failure_title(), message)

    def _get_failure_title(self):
        invoice = self.invoice_id.display_name
        if self.job_type == "post":
            return self.env._("%(invoice)s could not be posted", invoice=invoice)
        if self.job_type == "charge":
            return self.env._("%(invoice)s could not be charged", invoice=invoice)
        return self.env._("%(invoice)s could not be sent", invoice=invoice)

    # ---- by hand ----------------------------------------------------------------------------------------------------

    def action_run_now(self):
        """Try the tasks again at once, whatever became of them before; their invoices' date must have come.

        :raises UserError: when one of them may not run now, saying what to do first
        """
        self.contract_id.check_access("write")
        tasks = self.filtered(lambda job: job.job_type in TASKS and job.state in ("waiting", "failed"))
        tasks = tasks.sudo().sorted(lambda job: (job.invoice_date, job.id))  # clerks may retry, not edit
        if not tasks:
            raise UserError(self.env._("Only a waiting or failed task can be run now."))
        by_type = tasks.grouped("job_type")
        for job_type in filter(by_type.get, TASKS):
            by_type[job_type]._run_now()

    def _run_now(self):
        """Run these tasks of one kind."""
        for job in self:
            getattr(job, f"_check_{job.job_type}")()
        if self.try_lock_for_update(allow_referencing=True) != self:
            raise UserError(billing_reason.explain(self.env, reasons.LOCKED))
        self.write({"state": "waiting", "not_before": False, "attempts": 0})
        getattr(self, f"_{self[0].job_type}_batch")()

    def _check_date(self, day, words):
        if day > self.company_id._billing_today():
            raise UserError(words)
