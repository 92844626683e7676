from odoo import api, fields, models
from odoo.fields import Domain
from odoo.tools import SQL


class BillingJob(models.Model):
    """Which failures still wait for somebody: each try leaves a job, and most of them are settled since."""

    _inherit = "billing.job"

    unsolved = fields.Boolean(
        "Unsolved Failure", compute="_compute_unsolved", search="_search_unsolved",
        help="Failed, and nothing that came later has done it.")

    @api.depends("state", "schedule_id.state", "contract_id.state")
    def _compute_unsolved(self):
        failed = self.search(Domain("id", "in", self.ids) & Domain("unsolved", "=", True))
        for job in self:
            job.unsolved = job in failed

    @api.model
    def _search_unsolved(self, operator, value):
        if operator != "in":
            return NotImplemented
        self.env["billing.schedule"].flush_model(["state"])
        self.env["billing.contract"].flush_model(["state"])
        self.flush_model(["state", "job_type", "contract_id", "schedule_id", "invoice_id"])
        unsolved = SQL(
            """
           (SELECT job.id
              FROM billing_job job
              JOIN billing_contract contract ON contract.id = job.contract_id AND contract.state != 'closed'
         LEFT JOIN billing_schedule schedule ON schedule.id = job.schedule_id
             WHERE job.state = 'failed'
               AND (job.job_type != 'invoice' OR COALESCE(schedule.state, 'error') IN ('pending', 'error'))
               AND NOT EXISTS (
                   SELECT FROM billing_job later
                    WHERE later.contract_id = job.contract_id AND later.job_type = job.job_type AND later.id > job.id
                      AND CASE WHEN job.job_type != 'invoice' THEN later.invoice_id = job.invoice_id
                               WHEN job.schedule_id IS NULL THEN TRUE
                               ELSE later.schedule_id = job.schedule_id END))
            """)
        return Domain("id", "in" if True in value else "not in", unsolved)
