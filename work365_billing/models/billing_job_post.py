import logging

from odoo import models
from odoo.fields import Domain
from odoo.tools import SQL

_logger = logging.getLogger(__name__)

POST_BATCH = 50
LOCK_CLASS = 0x706F7374  # of the advisory locks of posting


class BillingJob(models.Model):
    """Posting: the invoices of one date before those of the next."""

    _inherit = "billing.job"

    def _post_next(self):
        """Post the next batch of the company and return how many tasks that were; none while another process posts."""
        company = self.env.company
        [[is_mine]] = self.env.execute_query(SQL("SELECT pg_try_advisory_xact_lock(%s, %s)", LOCK_CLASS, company.id))
        if not is_mine:
            return 0
        due = self._get_waiting_domain(company, "post") & Domain("invoice_date", "<=", company._billing_today())
        jobs = self.search(due, order="invoice_date, id", limit=POST_BATCH)
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

    def _check_post(self):
        self._check_date(self.invoice_date, self.env._(
            "%(invoice)s is dated %(date)s: it is posted on that day. Change its date to post it sooner.",
            invoice=self.invoice_id.display_name, date=self.invoice_date))
