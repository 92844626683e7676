import logging
from datetime import timedelta

from odoo import api, fields, models
from odoo.exceptions import UserError

from ..engine.reasons import ALL_CODES
from . import billing_reason

_logger = logging.getLogger(__name__)

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
