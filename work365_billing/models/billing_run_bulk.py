"""Bulk operations: runs with one job per row of the window, done in the background."""

from collections import defaultdict
from datetime import timedelta

from babel.dates import format_timedelta

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.fields import Domain
from odoo.tools import format_datetime
from odoo.tools.misc import babel_locale_parse, get_lang

from ..engine import reasons
from . import billing_reason

BUDGET = 15  # seconds that one call of the scheduler works: the next one begins at once
CHUNK = 50  # jobs that are enough for another lane


class BillingRun(models.Model):
    _inherit = "billing.run"

    message = fields.Text(readonly=True, help="Who has stopped or resumed it, and when, or what went wrong.")
    working_since = fields.Datetime(default=fields.Datetime.now, readonly=True)
    done_before = fields.Integer(readonly=True, help="Jobs that were done when it was started or resumed.")

    def _get_progress(self):
        """Return how much is done, from 0 to 100."""
        if self.state == "done":
            return 100.0
        total = self.job_count if self.origin == "bulk" else self.contract_count
        return 100.0 * min(self.done_count, total) / total if total else 0.0

    def _get_time_left(self):
        """Return in words how long the rest takes at the speed since the start; nothing when there is no telling."""
        done = self.done_count - self.done_before
        waiting = self.job_count - self.done_count
        if self.state != "running" or done <= 0 or not waiting:
            return False
        each = (fields.Datetime.now() - self.working_since) / done
        return format_timedelta(
            max(each * waiting, timedelta(seconds=1)), locale=babel_locale_parse(get_lang(self.env).code))

    # ---- start ----------------------------------------------------------------------------------------------------

    @api.model
    def _start_bulk(self, rows):
        """Begin a bulk operation per company and kind of invoice; it starts as soon as the transaction is saved.

        :param rows: dicts with ``contract_id``, ``kind``, ``schedule_id`` (regular), ``date_to`` (change log: up to,
            inclusive), ``trigger_tasks`` and ``replace_existing``
        :return: the jobs, in the order of ``rows``
        :raises UserError: when a row cannot be billed whatever happens until its turn comes
        """
        contracts = self.env["billing.contract"].browse([row["contract_id"] for row in rows])
        cycles = self.env["billing.schedule"].browse({row["schedule_id"] for row in rows if row.get("schedule_id")})
        self._check_complete(rows, contracts, cycles)
        schedules = [cycles.browse(row.get("schedule_id") or ()).with_prefetch(cycles.ids) for row in rows]
        self._check_rows(rows, contracts, schedules)
        keys = [(contract.company_id, row["kind"]) for contract, row in zip(contracts, rows, strict=True)]
        run_of = self._create_bulk(contracts, keys)
        Job = self.env["billing.job"]
        jobs = Job.sudo().create([  # clerks make jobs only here
            Job._prepare_bulk(run_of[key], row, schedule)
            for key, row, schedule in zip(keys, rows, schedules, strict=True)])
        self._trigger_bulk()
        self._start_lanes(len(jobs) // CHUNK + 1)
        return jobs.with_env(self.env)

    def _create_bulk(self, contracts, keys):
        """Return the runs by (company, kind of invoice)."""
        ids_of = defaultdict(set)
        for contract, key in zip(contracts, keys, strict=True):
            ids_of[key].add(contract.id)
        runs = self.sudo().create([{  # clerks start runs only by generating
            "company_id": company.id, "user_id": self.env.uid, "origin": "bulk", "run_type": "automatic", "mode": kind,
            "date": company._billing_today(), "contract_count": len(ids),
        } for (company, kind), ids in ids_of.items()])
        return dict(zip(ids_of, runs, strict=True))

    def _check_complete(self, rows, contracts, cycles):
        if not rows:
            raise UserError(self.env._("There is nothing to generate: choose at least one billing contract."))
        if len(contracts.exists()) < len(contracts) or len(cycles.exists()) < len(cycles):
            raise UserError(self.env._(
                "A contract or billing cycle was deleted meanwhile: close this window and open it again."))
        contracts.check_access("write")
        if not all(contracts.company_id.sudo().mapped("active")):
            raise UserError(billing_reason.explain(self.env, reasons.COMPANY_ARCHIVED))

    def _check_rows(self, rows, contracts, schedules):
        for row, contract, schedule in zip(rows, contracts, schedules, strict=True):
            if row["kind"] == "regular" and schedule.contract_id != contract:
                raise UserError(self.env._(
                    "%(contract)s: choose the billing cycle to invoice.", contract=contract.display_name))
            if row["kind"] == "change_log" and not row.get("date_to"):
                raise UserError(self.env._(
                    "%(contract)s: enter the day up to which changes are invoiced.", contract=contract.display_name))

    @api.model
    def _trigger_bulk(self, at=None):
        """Let the background job begin, at once or at ``at`` (UTC)."""
        self.env.ref("work365_billing.ir_cron_run_bulk")._trigger(at)

    @api.model
    def _cron_run_bulk(self):
        """Bulk operations: do waiting jobs for a while; see ``billing.executor``."""
        self.env["billing.executor"]._run_bulk(BUDGET)

    # ---- while it runs --------------------------------------------------------------------------------------------

    @api.model
    def _get_open(self):
        """Return the bulk operations with a job that can be done now; the one that has waited longest comes first."""
        Job = self.env["billing.job"]
        runs = self.union(*(run for [run] in Job._read_group(Job._get_bulk_domain(), ["run_id"])))
        if len(runs) < 2:
            return runs
        served = dict(Job._read_group([("run_id", "in", runs.ids)], ["run_id"], ["ended_at:max"]))
        return runs.sorted(lambda run: (served[run] or run.started_at, run.id))

    @api.model
    def _close_finished(self):
        """Close the bulk operations of which no job waits: whoever has saved the last one finds it so."""
        runs = self.search([
            ("origin", "=", "bulk"), ("state", "=", "running"),
            ("job_ids", "not any", [("job_type", "=", "invoice"), ("state", "in", ("waiting", "in_progress"))])])
        for run in runs.try_lock_for_update(allow_referencing=True):
            run._finish()
            run._notify()
            run._log_counts()
            self.env["billing.job"]._trigger_tasks()

    def _notify(self):
        """Tell the browsers, once this is saved, that the run has got on."""
        viewers = self.env.ref("work365_billing.billing_group_viewer")
        for run in self:
            viewers._bus_send("billing.run/progress", {"id": run.id})

    # ---- stop, resume, retry --------------------------------------------------------------------------------------

    def action_stop(self):
        """Let no further job begin; those of the chunk in work are still done."""
        for run in self._check_bulk(("running",), self.env._("Only a running bulk operation can be stopped.")):
            run.state = "stopped"
            run._tell(self.env._("Stopped by %(user)s", user=self.env.user.name))

    def action_resume(self):
        """Go on with the waiting jobs."""
        for run in self._check_bulk(("stopped",), self.env._("Only a stopped bulk operation can be resumed.")):
            run._go_on(self.env._("Resumed by %(user)s", user=self.env.user.name))

    def action_retry_failed(self):
        """Let the failed jobs, and those whose contract was locked, be tried again."""
        refusal = self.env._("The bulk operation is stopped: resume it before you retry what has failed.")
        for run in self._check_bulk(("running", "done"), refusal):
            failed = run.job_ids.filtered_domain(
                Domain("job_type", "=", "invoice")
                & (Domain("outcome", "=", "failed") | Domain("reason", "=", reasons.LOCKED)))
            if not failed:
                raise UserError(self.env._("Nothing of %(run)s has failed.", run=run.name))
            failed._set_waiting()
            run._go_on(self.env._(
                "%(count)s jobs tried again by %(user)s", count=len(failed), user=self.env.user.name))

    def _check_bulk(self, states, refusal):
        """Return the runs with the rights of the system, after checking those of the user.

        :raises UserError: ``refusal`` when one of them is in another state
        """
        self.check_access("read")
        self.env["billing.contract"].check_access("write")
        for run in self:
            if run.origin != "bulk":
                raise UserError(self.env._("%(run)s is no bulk operation.", run=run.name))
            if run.state not in states:
                raise UserError(refusal)
        return self.sudo()  # clerks steer runs only by these actions

    def _go_on(self, text):
        self.write({
            "state": "running", "ended_at": False, "working_since": fields.Datetime.now(),
            "done_before": self.done_count})
        self._tell(text)
        self._trigger_bulk()
        self._start_lanes(self.waiting_count // CHUNK + 1)

    def _tell(self, text):
        """Keep who has done what."""
        line = f"{text} · {format_datetime(self.env, fields.Datetime.now())}"
        self.message = f"{self.message}\n{line}" if self.message else line
        self._notify()
