import logging
from datetime import timedelta

from psycopg2.errors import LockNotAvailable

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import SQL

from ..engine import reasons
from . import billing_reason

_logger = logging.getLogger(__name__)

POST_BATCH = 50
MAX_ATTEMPTS = 5
FIRST_PAUSE = timedelta(minutes=50)
LOCK_CLASS = 0x706F7374  # of the advisory locks of posting


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
        [("invoice", "Generate Invoice"), ("post", "Sync (Post) Invoice")],
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
        help="A task waits until the date of its invoice.")

    _waiting_idx = models.Index("(company_id, invoice_date, id) WHERE state = 'waiting'")

    @api.model
    def _select_reasons(self):
        return billing_reason.choices(self.env)

    @api.depends("contract_id", "job_type")
    def _compute_display_name(self):
        labels = dict(self._fields["job_type"]._description_selection(self.env))
        for job in self:
            job.display_name = f"{labels.get(job.job_type)} · {job.contract_id.name}"

    @api.model
    def _prepare_tasks(self, run, contract, row, move):
        """Return the values of the tasks that follow ``move``, in their order: those that ``contract`` has switched on.

        The caller decides whether the way in which the invoice was made lets automations run.
        """
        wanted = {"post": contract.auto_sync}
        return [
            {"run_id": run.id, "contract_id": contract.id, "schedule_id": row.id, "job_type": job_type,
             "invoice_id": move.id}
            for job_type, is_wanted in wanted.items() if is_wanted]

    @api.model
    def _keep(self, vals_list):
        """Keep outcomes and tasks: an outcome with an ``id`` on the job that has asked for it, all else as new jobs."""
        self.create([vals for vals in vals_list if "id" not in vals])
        for vals in vals_list:
            if "id" in vals:
                self.browse(vals["id"]).write({name: value for name, value in vals.items() if name != "id"})

    # ---- what follows an invoice: posting ---------------------------------------------------------------------------

    @api.model
    def _get_waiting_domain(self, company):
        """Return the domain of the tasks of ``company`` whose date has come."""
        return [
            ("company_id", "=", company.id),
            ("state", "=", "waiting"),
            ("job_type", "=", "post"),
            ("invoice_date", "<=", company._billing_today()),
            "|", ("not_before", "=", False), ("not_before", "<=", fields.Datetime.now()),
        ]

    @api.model
    def _run_waiting(self):
        """Post the invoices that wait for it, those of one date before those of the next; commits after each batch."""
        for [company] in self._read_group([("state", "=", "waiting"), ("job_type", "!=", "invoice")], ["company_id"]):
            jobs = self.with_company(company).with_context(allowed_company_ids=company.ids)
            while jobs.env["billing.executor"]._transaction(jobs._post_next):
                pass

    def _post_next(self):
        """Post the next batch of the company and return how many tasks that were; none while another process posts."""
        company = self.env.company
        [[is_mine]] = self.env.execute_query(SQL("SELECT pg_try_advisory_xact_lock(%s, %s)", LOCK_CLASS, company.id))
        if not is_mine:
            return 0
        jobs = self.search(self._get_waiting_domain(company), order="invoice_date, id", limit=POST_BATCH)
        jobs = jobs.try_lock_for_update(allow_referencing=True)
        jobs._post_batch()
        return len(jobs)

    def _post_batch(self):
        """Post the invoices of these tasks (locked by the caller), date by date; when Odoo refuses one, one by one."""
        executor = self.env["billing.executor"]
        for jobs in self.grouped("invoice_date").values():
            gone = jobs.filtered(lambda job: job.invoice_id.state != "draft")
            gone._set_settled()
            waiting = jobs - gone
            exc = executor._attempt(waiting._post_invoices)
            if not exc:
                continue
            _logger.info("%s refused %s invoices: each is now posted alone", type(exc).__name__, len(waiting))
            executor._limit_waiting()
            for job in waiting:
                exc = executor._attempt(job._post_invoices)
                if exc:
                    job._set_failed(exc)

    def _post_invoices(self):
        mended = self.filtered("message").contract_id
        # As the button does: a mandatory analytic plan holds for the job as well.
        self.invoice_id.with_context(validate_analytic=True)._post(soft=False)
        for attempts, jobs in self.grouped("attempts").items():
            jobs.write({"state": "succeeded", "message": False, "not_before": False, "attempts": attempts + 1})
        mended._close_alerts(self.env._("The invoice was posted."))

    def _set_settled(self):
        """The invoice is posted already, or gone: there is nothing left to do."""
        for job in self:
            job.state = "succeeded" if job.invoice_id.state == "posted" else "cancelled"

    def _set_failed(self, exc):
        """Keep the reason and tell the salesperson; try again after a pause that doubles, five times in all."""
        self.ensure_one()
        if isinstance(exc, LockNotAvailable):
            message, attempts = billing_reason.explain(self.env, reasons.LOCKED), self.attempts
        else:
            message, attempts = self.env["billing.executor"]._get_words(exc), self.attempts + 1
        given_up = attempts >= MAX_ATTEMPTS
        self.write({
            "attempts": attempts, "message": message, "state": "failed" if given_up else "waiting",
            "not_before": not given_up and fields.Datetime.now() + FIRST_PAUSE * 2 ** max(attempts - 1, 0)})
        if attempts > 0:
            self.contract_id._alert(
                self.env._("%(invoice)s could not be posted", invoice=self.invoice_id.display_name), message)

    def action_run_now(self):
        """Try the tasks again at once, whatever became of them before; their invoices' date must have come."""
        self.contract_id.check_access("write")
        tasks = self.filtered(lambda job: job.job_type == "post" and job.state in ("waiting", "failed"))
        tasks = tasks.sudo().sorted(lambda job: (job.invoice_date, job.id))  # clerks may retry, not edit
        if not tasks:
            raise UserError(self.env._("Only a waiting or failed task can be run now."))
        ahead = tasks.filtered(lambda job: job.invoice_date > job.company_id._billing_today())
        if ahead:
            raise UserError(self.env._(
                "%(invoice)s is dated %(date)s: it is posted on that day. Change its date to post it sooner.",
                invoice=ahead[0].invoice_id.display_name, date=ahead[0].invoice_date))
        if tasks.try_lock_for_update(allow_referencing=True) != tasks:
            raise UserError(billing_reason.explain(self.env, reasons.LOCKED))
        tasks.write({"state": "waiting", "not_before": False, "attempts": 0})
        tasks._post_batch()
