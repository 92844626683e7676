import logging
from collections import Counter, defaultdict
from contextlib import contextmanager

from odoo import api, fields, models
from odoo.tools import SQL, format_date

from .selections import KINDS, ORIGINS, RUN_TYPES

_logger = logging.getLogger(__name__)

LOCK_CLASS = 0x62696C6C  # of the advisory locks of runs


class BillingRun(models.Model):
    """One execution of the billing: who started it, what it looked at, and what became of each contract."""

    _name = "billing.run"
    _description = "Billing Run"
    _order = "id desc"

    name = fields.Char(compute="_compute_name", store=True)
    company_id = fields.Many2one("res.company", required=True, index=True, readonly=True)
    user_id = fields.Many2one("res.users", "Started by", default=lambda self: self.env.user, readonly=True)
    origin = fields.Selection(ORIGINS, required=True, default="hourly", readonly=True)
    run_type = fields.Selection(RUN_TYPES, "Mode", required=True, default="automatic", readonly=True)
    mode = fields.Selection(KINDS, "Invoice Type", required=True, default="regular", readonly=True)
    date = fields.Date("Billed up to", required=True, readonly=True)
    started_at = fields.Datetime(default=fields.Datetime.now, readonly=True)
    ended_at = fields.Datetime(readonly=True)
    state = fields.Selection(
        [
            ("approval", "Waiting for Approval"),
            ("running", "Running"),
            ("stopped", "Stopped"),
            ("done", "Done"),
            ("interrupted", "Interrupted"),
        ],
        default="running", required=True, readonly=True, index=True,
        help="Stopped: what waits goes on with Resume. "
             "Interrupted: its process died. What it had saved stays, the next run did the rest.")
    contract_count = fields.Integer("Eligible Contracts", readonly=True)
    left_count = fields.Integer(
        "Left to the Next Run", default=0, readonly=True,
        help="Eligible contracts whose turn had not come when the process died.")
    job_ids = fields.One2many("billing.job", "run_id", "Outcomes", readonly=True)
    invoice_ids = fields.One2many("account.move", "billing_run_id", "Invoices", readonly=True)
    invoiced_count = fields.Integer("Invoices Generated", compute="_compute_counts")
    failed_count = fields.Integer("Failed", compute="_compute_counts")
    nothing_count = fields.Integer("Nothing to Bill", compute="_compute_counts")
    skipped_count = fields.Integer("Skipped", compute="_compute_counts")
    job_count = fields.Integer("Jobs", compute="_compute_counts")
    done_count = fields.Integer("Done", compute="_compute_counts")
    waiting_count = fields.Integer("Waiting", compute="_compute_counts")
    progress = fields.Float("Progress (%)", compute="_compute_counts")
    time_left = fields.Char(compute="_compute_counts", help="Estimated from the speed so far.")

    @api.depends("date", "origin")
    def _compute_name(self):
        labels = dict(self._fields["origin"]._description_selection(self.env))
        for run in self:
            run.name = f"{labels.get(run.origin)} {format_date(self.env, run.date)} #{run.id or ''}"

    @api.depends("job_ids.outcome", "state")
    def _compute_counts(self):
        counts = defaultdict(Counter)
        for run, outcome, count in self.env["billing.job"]._read_group(
                [("run_id", "in", self.ids), ("job_type", "=", "invoice")], ["run_id", "outcome"], ["__count"]):
            counts[run.id][outcome or "waiting"] = count
        for run in self:
            count = counts[run.id]
            run.invoiced_count = count["invoiced"]
            run.failed_count = count["failed"]
            run.nothing_count = count["nothing_to_bill"]
            run.skipped_count = count["skipped"]
            run.job_count = count.total()
            run.waiting_count = count["waiting"]
            run.done_count = count.total() - count["waiting"]
            run.progress = run._get_progress()
            run.time_left = run._get_time_left()

    def _finish(self):
        """Close the run."""
        self.write({"state": "done", "ended_at": fields.Datetime.now()})

    def _log_counts(self):
        _logger.info(
            "Billing run %s: %s contracts, %s invoices, %s failed, %s without anything to bill", self.id,
            self.contract_count, self.invoiced_count, self.failed_count, self.nothing_count)

    # ---- a run and its process ------------------------------------------------------------------------------------

    @contextmanager
    def _working(self):
        """Save the run and hold it while it works, so that others can tell whether its process lives.

        The lock belongs to the database session: it outlasts commits and goes when the process dies.
        """
        self.ensure_one()
        cron = self.env["ir.cron"]
        self.env.execute_query(SQL("SELECT pg_advisory_lock(%s, %s)", LOCK_CLASS, self.id))
        try:
            cron._commit_progress(remaining=0)
            yield
        except BaseException:
            self.env.cr.rollback()
            self._interrupt()
            cron._commit_progress(remaining=0)
            raise
        finally:
            self.env.execute_query(SQL("SELECT pg_advisory_unlock(%s, %s)", LOCK_CLASS, self.id))

    @api.model
    def _close_interrupted(self):
        """Close the runs that were left running by a process that died; a bulk operation belongs to no process."""
        runs = self.search([("state", "=", "running"), ("origin", "!=", "bulk")])
        for run in runs.union(*(run for [run] in self.env["billing.lot"]._read_group([], ["run_id"]))):
            if run._is_left():
                run._interrupt()

    def _is_left(self):
        """Tell whether the process that works on the run is dead; if so, nobody else closes it in this transaction."""
        self.ensure_one()
        [[is_left]] = self.env.execute_query(SQL("SELECT pg_try_advisory_xact_lock(%s, %s)", LOCK_CLASS, self.id))
        return is_left

    def _interrupt(self):
        """Close the run as interrupted: what waits is left to the next run, what lanes have in work they finish."""
        waiting = self.env["billing.lot"]._claim([("run_id", "=", self.id)], limit=None)
        self.left_count += waiting._count_contracts()
        waiting.unlink()
        if self.state == "running":
            self.write({"state": "interrupted", "ended_at": fields.Datetime.now()})

    def action_view_invoices(self):
        """Open the invoices that the run made."""
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id("account.action_move_out_invoice_type")
        return {**action, "domain": [("billing_run_id", "=", self.id)],
                "context": {"create": False, "default_move_type": "out_invoice"}}

    @api.model
    def _cron_generate_invoices(self):
        """Hourly job: bill everything that is due; see ``billing.executor``."""
        self.env["billing.executor"]._run_automatic()
