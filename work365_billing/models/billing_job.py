import logging
from datetime import timedelta

from psycopg2.extensions import TransactionRollbackError

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import split_every

from ..engine.reasons import ALL_CODES
from . import billing_reason

_logger = logging.getLogger(__name__)

POST_BATCH = 50
MAX_ATTEMPTS = 5
FIRST_PAUSE = timedelta(minutes=50)


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
        [("invoice", "Generate Invoice"), ("post", "Sync (Post) Invoice")], required=True, default="invoice", readonly=True)
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
    invoice_date = fields.Date(readonly=True, help="A task waits until the date of its invoice.")

    _waiting_idx = models.Index("(company_id, invoice_date, id) WHERE state = 'waiting'")

    @api.model
    def _select_reasons(self):
        return [(code, str(billing_reason.REASONS[code][0])) for code in ALL_CODES]

    @api.depends("contract_id", "job_type")
    def _compute_display_name(self):
        labels = dict(self._fields["job_type"]._description_selection(self.env))
        for job in self:
            job.display_name = f"{labels.get(job.job_type)} · {job.contract_id.name}"

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
        for [company] in self._read_group([("state", "=", "waiting")], ["company_id"]):
            jobs = self.with_company(company).with_context(allowed_company_ids=company.ids).search(
                self._get_waiting_domain(company), order="invoice_date, id")
            for batch in split_every(POST_BATCH, jobs.ids):
                self._post_batch(jobs.browse(batch))
                self.env["ir.cron"]._commit_progress(len(batch), remaining=0)

    def _post_batch(self, jobs):
        """Post a batch; when Odoo refuses it, invoice by invoice."""
        jobs = jobs.try_lock_for_update().filtered(lambda job: job.state == "waiting")
        for _date, own in jobs.grouped("invoice_date").items():
            gone = own.filtered(lambda job: job.invoice_id.state != "draft")
            gone._set_settled()
            own -= gone
            try:
                with self.env.cr.savepoint():
                    own._post_invoices()
            except TransactionRollbackError:
                raise
            except Exception as exc:  # noqa: BLE001 - one invoice must not stop the others
                _logger.info("%s invoices were not posted together (%s): each is now posted alone", len(own), exc)
                own._post_one_by_one()

    def _post_invoices(self):
        self.invoice_id._post(soft=False)
        self.write({"state": "succeeded", "message": False, "attempts": self[:1].attempts + 1})
        self.env.flush_all()

    def _post_one_by_one(self):
        for job in self:
            try:
                with self.env.cr.savepoint():
                    job._post_invoices()
            except TransactionRollbackError:
                raise
            except Exception as exc:  # noqa: BLE001 - kept on the job, tried again
                job._set_failed(str(exc.args[0]) if exc.args else type(exc).__name__)

    def _set_settled(self):
        """The invoice is posted already, or gone: there is nothing left to do."""
        for job in self:
            job.state = "succeeded" if job.invoice_id.state == "posted" else "cancelled"

    def _set_failed(self, message):
        """Keep the reason; try again after a pause that doubles, five times in all."""
        self.ensure_one()
        attempts = self.attempts + 1
        self.write({
            "attempts": attempts, "message": message,
            "state": "failed" if attempts >= MAX_ATTEMPTS else "waiting",
            "not_before": fields.Datetime.now() + FIRST_PAUSE * 2 ** (attempts - 1)})

    def action_run_now(self):
        """Try the tasks again at once."""
        tasks = self.filtered(lambda job: job.job_type == "post" and job.state in ("waiting", "failed"))
        if not tasks:
            raise UserError(self.env._("Only a waiting or failed task can be run now."))
        tasks.sudo().write({"state": "waiting", "not_before": False})  # clerks may retry, not edit
        self._post_batch(tasks.sudo())
