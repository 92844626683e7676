from contextlib import contextmanager

from odoo import api, fields, models
from odoo.tools import SQL, format_date

from .selections import KINDS, RUN_TYPES

LOCK_CLASS = 0x62696C6C  # of the advisory locks of runs


class BillingRun(models.Model):
    """One execution of the billing: who started it, what it looked at, and what became of each contract."""

    _name = "billing.run"
    _description = "Billing Run"
    _order = "id desc"

    name = fields.Char(compute="_compute_name", store=True)
    company_id = fields.Many2one("res.company", required=True, index=True, readonly=True)
    user_id = fields.Many2one("res.users", "Started by", default=lambda self: self.env.user, readonly=True)
    run_type = fields.Selection(RUN_TYPES, "Mode", required=True, default="automatic", readonly=True)
    mode = fields.Selection(KINDS, "Invoice Type", required=True, default="regular", readonly=True)
    date = fields.Date("Billed up to", required=True, readonly=True)
    started_at = fields.Datetime(default=fields.Datetime.now, readonly=True)
    ended_at = fields.Datetime(readonly=True)
    state = fields.Selection(
        [("running", "Running"), ("done", "Done"), ("interrupted", "Interrupted")],
        default="running", required=True, readonly=True, index=True,
        help="Interrupted: its process died. What it had saved stays, the next run did the rest.")
    contract_count = fields.Integer("Eligible Contracts", readonly=True)
    job_ids = fields.One2many("billing.job", "run_id", "Outcomes", readonly=True)
    invoice_ids = fields.One2many("account.move", "billing_run_id", "Invoices", readonly=True)
    invoiced_count = fields.Integer("Invoices Generated", compute="_compute_counts")
    failed_count = fields.Integer("Failed", compute="_compute_counts")
    nothing_count = fields.Integer("Nothing to Bill", compute="_compute_counts")
    skipped_count = fields.Integer("Skipped", compute="_compute_counts")

    @api.depends("date", "run_type")
    def _compute_name(self):
        labels = dict(self._fields["run_type"]._description_selection(self.env))
        for run in self:
            run.name = f"{labels.get(run.run_type)} {format_date(self.env, run.date)} #{run.id or ''}"

    @api.depends("job_ids.outcome")
    def _compute_counts(self):
        counts = {}
        for run, outcome, count in self.env["billing.job"]._read_group(
                [("run_id", "in", self.ids), ("job_type", "=", "invoice")], ["run_id", "outcome"], ["__count"]):
            counts[run.id, outcome] = count
        for run in self:
            run.invoiced_count = counts.get((run.id, "invoiced"), 0)
            run.failed_count = counts.get((run.id, "failed"), 0)
            run.nothing_count = counts.get((run.id, "nothing_to_bill"), 0)
            run.skipped_count = counts.get((run.id, "skipped"), 0)

    def _finish(self):
        """Close the run."""
        self.write({"state": "done", "ended_at": fields.Datetime.now()})

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
        """Close the runs that were left running by a process that died."""
        for run in self.search([("state", "=", "running")]):
            [[is_dead]] = self.env.execute_query(SQL("SELECT pg_try_advisory_xact_lock(%s, %s)", LOCK_CLASS, run.id))
            if is_dead:
                run._interrupt()

    def _interrupt(self):
        """Close the run as interrupted."""
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
