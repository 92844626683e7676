"""The jobs of a bulk operation: each bills exactly one row of the window."""

from datetime import timedelta

from odoo import api, fields, models
from odoo.fields import Domain
from odoo.tools import SQL

from ..engine import reasons
from . import billing_reason
from .selections import KINDS

LOCK_PAUSE = timedelta(seconds=5)  # before a job is tried again whose contract somebody else holds; doubles each time
LOCK_TRIES = 6


class BillingJob(models.Model):
    _inherit = "billing.job"

    kind = fields.Selection(KINDS, "Invoice Type", readonly=True)
    date_to = fields.Date(
        "Up to", readonly=True, help="Change log: changes that take effect up to this day are billed.")
    trigger_tasks = fields.Boolean("Trigger Post Invoicing Tasks", readonly=True)
    replace_existing = fields.Boolean("Replace existing invoice", readonly=True)
    replaced_id = fields.Many2one(
        "account.move", "Invoice to Replace", index="btree_not_null", ondelete="set null", readonly=True,
        help="The invoice of the cycle when the bulk operation was started: no other one is replaced.")

    ended_at = fields.Datetime(readonly=True, help="When the outcome of a bulk operation's job was known.")

    _bulk_idx = models.Index("(run_id, id) WHERE state = 'waiting' AND job_type = 'invoice'")

    @api.model
    def _prepare_bulk(self, run, row, schedule):
        """Return the values of the job of a bulk operation.

        :param row: see ``billing.run._start_bulk``
        :param schedule: the billing cycle, empty for a change-log invoice
        """
        replace = bool(row.get("replace_existing"))
        return {
            "run_id": run.id, "contract_id": row["contract_id"], "job_type": "invoice", "kind": row["kind"],
            "schedule_id": schedule.id, "date_to": row.get("date_to"),
            "trigger_tasks": bool(row.get("trigger_tasks")), "replace_existing": replace,
            "replaced_id": schedule.resulting_invoice_id.id if replace else False}

    # ---- which come next ------------------------------------------------------------------------------------------

    @api.model
    def _get_bulk_domain(self):
        """Return the domain of the jobs of bulk operations that can be done now."""
        return Domain([
            ("job_type", "=", "invoice"), ("state", "=", "waiting"),
            ("run_id.origin", "=", "bulk"), ("run_id.state", "=", "running"),
            "|", ("not_before", "=", False), ("not_before", "<=", fields.Datetime.now()),
        ])

    @api.model
    def _claim(self, run, limit):
        """Lock up to ``limit`` jobs of ``run`` that can be done now, together with their contracts.

        Nothing is saved as being in progress: the locks say it, and they go when the process dies.
        """
        query = self._search(self._get_bulk_domain() & Domain("run_id", "=", run.id), order="id", limit=limit)
        contract = query.join(self._table, "contract_id", "billing_contract", "id", "contract")
        return self._lock_found(query, self._table, contract)

    @api.model
    def _claim_held(self):
        """Lock the jobs that nobody does although they could be done: somebody else holds their contracts."""
        return self._lock_found(self._search(self._get_bulk_domain(), order="id"), self._table)

    def _lock_found(self, query, *aliases):
        tables = SQL(", ").join(map(SQL.identifier, aliases))
        self.env.cr.execute(SQL("%s FOR NO KEY UPDATE OF %s SKIP LOCKED", query.select(), tables), log_exceptions=False)
        return self.browse(id_ for [id_] in self.env.cr.fetchall())

    def _split_by_contract(self):
        """Yield the jobs in parts that hold each contract once, in the order of entry."""
        left = self
        while left:
            part = self.browse(jobs[0].id for jobs in left.grouped("contract_id").values())
            yield part
            left -= part

    # ---- what becomes of them -------------------------------------------------------------------------------------

    def _find_obstacle(self):
        """Return the code of what keeps the contract or the cycle from being billed at all, or None."""
        self.ensure_one()
        row = self.schedule_id
        if not self.company_id.active:
            return reasons.COMPANY_ARCHIVED
        if self.contract_id.state != "active":
            return reasons.NOT_ACTIVE
        if self.kind == "change_log":
            return None
        if not row:
            return reasons.CYCLE_GONE
        if row.state == "invoiced" and not (self.replace_existing and row.resulting_invoice_id == self.replaced_id):
            return reasons.ALREADY_INVOICED
        return reasons.SKIPPED if row.state == "skipped" else None

    def _set_skipped(self, code):
        """There is no invoice, for the reason ``code``."""
        self.write({
            "state": "nothing_to_bill", "outcome": "skipped", "reason": code, "not_before": False,
            "ended_at": fields.Datetime.now(), "message": billing_reason.explain(self.env, code)})

    def _postpone(self):
        """Try again after a pause that doubles; in the end say that somebody else holds the contract."""
        for job in self:
            if job.attempts + 1 >= LOCK_TRIES:
                job._set_skipped(reasons.LOCKED)
            else:
                job.write({
                    "attempts": job.attempts + 1, "not_before": fields.Datetime.now() + LOCK_PAUSE * 2 ** job.attempts})
        if times := self.filtered("not_before").mapped("not_before"):
            self.env["billing.run"]._trigger_bulk(min(times))

    def _set_waiting(self):
        """Let the jobs be tried again, as if they never had been."""
        self.write({
            "state": "waiting", "outcome": False, "reason": False, "message": False, "attempts": 0,
            "not_before": False, "ended_at": False})
