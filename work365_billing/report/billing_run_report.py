from odoo import fields, models
from odoo.tools import SQL

from ..models.selections import KINDS, ORIGINS, RUN_TYPES

# The rate of several runs is that of all their invoices: an average would count a run of one like one of 300.
RATE = "success_rate:avg"


class BillingRunReport(models.Model):
    """What every run has generated and what not: one row per run, counted from its outcomes."""

    _name = "billing.run.report"
    _description = "Invoicing Run Report"
    _auto = False
    _order = "started_at desc, id desc"
    _rec_name = "run_id"
    _depends = {
        "billing.run": [
            "company_id", "user_id", "origin", "run_type", "mode", "date", "started_at", "ended_at", "state",
            "contract_count"],
        "billing.job": ["run_id", "job_type", "outcome"],
    }

    run_id = fields.Many2one("billing.run", "Run", readonly=True)
    company_id = fields.Many2one("res.company", readonly=True)
    user_id = fields.Many2one("res.users", "Started by", readonly=True)
    origin = fields.Selection(ORIGINS, readonly=True)
    run_type = fields.Selection(RUN_TYPES, "Run Mode", readonly=True)
    mode = fields.Selection(KINDS, "Invoice Type", readonly=True)
    date = fields.Date("Billed up to", readonly=True)
    started_at = fields.Datetime("Run Date", readonly=True)
    state = fields.Selection(
        selection=lambda self: self.env["billing.run"]._fields["state"]._description_selection(self.env),
        string="Status", readonly=True)
    minutes = fields.Float("Duration (min)", readonly=True, aggregator="avg")
    eligible_count = fields.Integer("Eligible Billing Contracts", readonly=True)
    invoiced_count = fields.Integer("Invoices Generated", readonly=True)
    not_generated_count = fields.Integer(
        "Invoices Not Generated", readonly=True, help="Nothing to bill, skipped or failed.")
    nothing_count = fields.Integer("Nothing to Bill", readonly=True)
    skipped_count = fields.Integer("Skipped", readonly=True)
    failed_count = fields.Integer("Failed", readonly=True)
    success_rate = fields.Float(
        readonly=True, aggregator="avg", help="Invoices generated, of those that were to be made: generated or failed.")

    @property
    def _table_query(self):
        return SQL(
            """
            SELECT run.id, run.id AS run_id, run.company_id, run.user_id, run.origin, run.run_type, run.mode, run.date,
                   run.started_at, run.state, EXTRACT(EPOCH FROM run.ended_at - run.started_at) / 60 AS minutes,
                   run.contract_count AS eligible_count,
                   count.invoiced AS invoiced_count,
                   count.nothing + count.skipped + count.failed AS not_generated_count,
                   count.nothing AS nothing_count, count.skipped AS skipped_count, count.failed AS failed_count,
                   count.invoiced::float / NULLIF(count.invoiced + count.failed, 0) AS success_rate
              FROM billing_run run
              JOIN LATERAL (
                   SELECT COUNT(*) FILTER (WHERE outcome = 'invoiced')::int AS invoiced,
                          COUNT(*) FILTER (WHERE outcome = 'nothing_to_bill')::int AS nothing,
                          COUNT(*) FILTER (WHERE outcome = 'skipped')::int AS skipped,
                          COUNT(*) FILTER (WHERE outcome = 'failed')::int AS failed
                     FROM billing_job job
                    WHERE job.run_id = run.id AND job.job_type = 'invoice') count ON TRUE
            """)

    def _read_group_select(self, aggregate_spec, query):
        if aggregate_spec != RATE:
            return super()._read_group_select(aggregate_spec, query)
        generated, failed = (
            self._field_to_sql(self._table, name, query) for name in ("invoiced_count", "failed_count"))
        return SQL("SUM(%s)::float / NULLIF(SUM(%s) + SUM(%s), 0)", generated, generated, failed)

    def action_open_run(self):
        """Open the run with its outcomes."""
        self.ensure_one()
        return {
            "type": "ir.actions.act_window", "res_model": "billing.run", "res_id": self.run_id.id,
            "views": [(False, "form")]}
