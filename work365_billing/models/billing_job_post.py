import logging

from psycopg2.errors import LockNotAvailable

from odoo import models
from odoo.fields import Domain

from .billing_lot import SMALLEST

_logger = logging.getLogger(__name__)

POST_BATCH = 200
NUMBERS_TIMEOUT = 30_000  # milliseconds to wait for the next number while another process posts in the same journal


class BillingJob(models.Model):
    """Posting: the invoices of one date before those of the next, by as many processes as there are lanes."""

    _inherit = "billing.job"

    def _post_due(self, end=float("inf")):
        """Post what is due of the company together with whoever else does so, until the time ``end``.

        While invoices of the company are being made, that is left to whoever makes them.
        """
        executor = self.env["billing.executor"]
        try:
            executor._share(self._post_unless_billing, self._count_to_post, end)
        except LockNotAvailable:
            self.env.cr.rollback()
            _logger.info("Posting of company %s: somebody holds the numbers, the next job goes on", self.env.company.id)

    def _post_unless_billing(self):
        """Post the next batch, and tell whether there was one."""
        executor, company = self.env["billing.executor"], self.env.company
        # In a transaction of its own: the next one sees all that was made by whoever is found to have ended.
        is_billing = executor._transaction(lambda: executor._is_billing(company))
        return not is_billing and executor._transaction(self._post_next)

    def _count_to_post(self):
        billing = self.env["billing.executor"]._is_billing(self.env.company)
        return 0 if billing else self.search_count(self._get_post_domain())

    def _get_post_domain(self):
        company = self.env.company
        return self._get_waiting_domain(company, "post") & Domain("invoice_date", "<=", company._billing_today())

    def _post_next(self):
        """Post the next batch of the company and return how many tasks that were.

        Only of the earliest date: what another process is posting still counts as waiting, so that nobody goes on
        to the next date before all of it is saved.
        """
        due = self._get_post_domain()
        for day, count in self._read_group(due, ["invoice_date:day"], ["__count"], order="invoice_date:day", limit=1):
            share = max(-(-count // self.env["billing.run"]._get_lanes()), SMALLEST)
            jobs = self._claim_tasks(due & Domain("invoice_date", "=", day), min(POST_BATCH, share))
            jobs._post_batch()
            return len(jobs)
        return 0

    def _post_batch(self):
        """Post the invoices of these tasks (locked by the caller), date by date; when Odoo refuses one, one by one."""
        executor = self.env["billing.executor"]
        for jobs in self.grouped("invoice_date").values():
            gone = jobs.filtered(lambda job: job.invoice_id.state != "draft")
            gone._set_settled()
            free = (jobs - gone).invoice_id.try_lock_for_update(allow_referencing=True)
            ready = (jobs - gone).filtered(lambda job, free=free: job.invoice_id in free)
            if ready:
                ready._post_together()
            if held := jobs - gone - ready:
                executor._limit_waiting()
                held._post_alone()

    def _post_together(self):
        """Post the invoices of these tasks, which the caller holds: all that is to wait for is the next number.

        :raises LockNotAvailable: somebody holds the numbers for too long
        """
        executor = self.env["billing.executor"]
        executor._limit_waiting(NUMBERS_TIMEOUT)
        exc = executor._attempt(self._post_invoices)
        if isinstance(exc, LockNotAvailable):
            raise exc
        if exc:
            _logger.info("%s refused %s invoices: each is now posted alone", type(exc).__name__, len(self))
            self._post_alone()

    def _post_alone(self):
        for job in self:
            exc = self.env["billing.executor"]._attempt(job._post_invoices)
            if exc:
                job._set_failed(exc)

    def _post_invoices(self):
        mended = self.filtered("message").contract_id
        self.invoice_id._billing_post()
        for attempts, jobs in self.grouped("attempts").items():
            jobs.write({"state": "succeeded", "message": False, "not_before": False, "attempts": attempts + 1})
        mended._close_alerts(self.env._("The invoice was posted."))

    def _check_post(self):
        self._check_date(self.invoice_date, self.env._(
            "%(invoice)s is dated %(date)s: it is posted on that day. Change its date to post it sooner.",
            invoice=self.invoice_id.display_name, date=self.invoice_date))
