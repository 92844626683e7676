"""Bulk operations: which jobs come next, in which transactions, and how a chunk of them is billed."""

import logging
import time

from psycopg2.errors import LockNotAvailable
from psycopg2.extensions import TransactionRollbackError

from odoo import api, fields, models

from .billing_job_bulk import LOCK_PAUSE

_logger = logging.getLogger(__name__)

CHUNK = 50  # jobs that are done and committed together: after each chunk the bar moves and Stop takes effect


class BillingExecutor(models.AbstractModel):
    _inherit = "billing.executor"

    @api.model
    def _run_bulk(self, budget=float("inf")):
        """Do the waiting jobs of all bulk operations, together with whoever else does so; commit after every chunk.

        :param budget: seconds after which the rest is left to the next call, which then begins at once
        """
        Run = self.env["billing.run"]
        end = time.monotonic() + budget
        self._commit()
        self._transaction(Run._close_finished)
        try:
            while self._transaction(self._bill_next_jobs):
                self._transaction(Run._close_finished)
                if time.monotonic() > end:
                    self._transaction(Run._trigger_bulk)
                    return
        except TransactionRollbackError:
            _logger.info("Bulk operations: the next jobs are changed again and again by others")
            self._transaction(lambda: Run._trigger_bulk(fields.Datetime.now() + LOCK_PAUSE))
        self._transaction(Run._close_finished)

    def _bill_next_jobs(self):
        """Bill jobs of the run that has waited longest for its turn, and tell whether there were any.

        Jobs that are left over are those whose contracts somebody else holds.
        """
        for run in self.env["billing.run"]._get_open():
            executor = self._for_company(run.company_id)
            jobs = executor.env["billing.job"]._claim(run, CHUNK)
            if jobs:
                executor._bill_jobs(run.with_env(executor.env), jobs)
                run._notify()
                return True
        self.env["billing.job"]._claim_held()._postpone()
        return False

    # ---- a chunk --------------------------------------------------------------------------------------------------

    def _bill_jobs(self, run, jobs):
        """Bill ``jobs`` (locked by the caller, as their contracts) and keep the outcome on each.

        They are billed together; when anything of it is refused, in smaller parts, and what stands out alone.
        """
        day = run.company_id._billing_today()
        for part in jobs._split_by_contract():
            self._do_together(
                run, part, lambda some: self._bill_jobs_together(run, some, day),
                lambda job: self._bill_job_alone(run, job, day))

    def _bill_jobs_together(self, run, jobs, day):
        ready = self._leave_out_unfit(jobs)
        self._bill_planned(run, self._plan_jobs(ready, day), day)
        ready.contract_id._top_up_schedules()

    def _bill_job_alone(self, run, job, day):
        exc = self._attempt(lambda: self._bill_jobs_together(run, job, day))
        if isinstance(exc, LockNotAvailable):
            job._postpone()
        elif exc:
            self._refuse(run, job.contract_id, job.schedule_id, exc, job.id)

    def _leave_out_unfit(self, jobs):
        """Return the jobs that can be planned; the others get their reason."""
        for code, unfit in jobs.grouped(lambda job: job._find_obstacle()).items():
            if code:
                unfit._set_skipped(code)
        return jobs.filtered(lambda job: job.state == "waiting")

    def _plan_jobs(self, jobs, day):
        """Return what the planner says of each of ``jobs``, which are of a contract of their own each."""
        planner = self.env["billing.planner"]
        regular = jobs.filtered(lambda job: job.kind == "regular")
        again = regular.filtered(lambda job: job.schedule_id.state == "invoiced")
        planned = [
            *planner._plan_schedules((regular - again).schedule_id, day),
            *planner._plan_schedules(again.schedule_id, day, replace=True)]
        for up_to, own in (jobs - regular).grouped("date_to").items():
            planned += planner._plan_change_logs(own.contract_id, up_to, day)
        job_of = {job.contract_id.id: job.id for job in jobs}
        for one in planned:
            one.job_id = job_of[one.contract_id]
        return planned
