from datetime import timedelta

from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError
from odoo.fields import Domain

from odoo.addons.work365_billing.engine import facts, plan, reasons
from odoo.addons.work365_billing.engine.money import exact

APPROVERS = "hr_timesheet.group_hr_timesheet_approver,work365_billing.billing_group_user"
MEASURED = {"unit_amount", "product_uom_id", "date", "project_id", "task_id", "employee_id"}


class AccountAnalyticLine(models.Model):
    """Time of a project that a service bills: once it is approved, on the next invoice after its day."""

    _name = "account.analytic.line"
    _inherit = ["account.analytic.line", "billing.source.mixin"]

    _billing_group = plan.SERVICE
    _billing_line_field = "billing_time_ids"
    _billing_contract_field = "billing_contract_id"
    _billing_fields = (
        "billing_service_id", "billing_approved", "date", "unit_amount", "product_uom_id", "employee_id")

    billing_service_id = fields.Many2one(
        "billing.service", "Service", compute="_compute_billing_service_id", store=True, index="btree_not_null",
        ondelete="set null")
    billing_contract_id = fields.Many2one(
        related="billing_service_id.contract_id", store=True, index="btree_not_null", string="Billing Contract")
    invoice_id = fields.Many2one(string="Billed on")
    billing_approved = fields.Boolean(
        "Approved for Billing", copy=False, help="Only approved time is billed to the customer.")

    @api.depends("project_id.billing_service_ids.task_id", "task_id.billing_service_ids")
    def _compute_billing_service_id(self):
        for time in self:
            if not time.invoice_line_id:
                of_project = time.project_id.billing_service_ids.filtered(lambda service: not service.task_id)
                time.billing_service_id = time.task_id.billing_service_ids[:1] or of_project[:1]

    # ---- approval ---------------------------------------------------------------------------------------------------

    @api.model_create_multi
    def create(self, vals_list):
        if any(vals.get("billing_approved") for vals in vals_list):
            self._check_approver()
        times = super().create(vals_list)
        times.filtered("billing_approved")._follow_contract()
        return times

    def write(self, vals):
        if MEASURED & set(vals):
            self._check_not_settled()
        if "billing_approved" in vals:
            self.check_access("write")
            self._check_approver()
            self._check_not_settled()
        # Odoo lets nobody but approvers of timesheets write time of others: a tick of a billing user was checked above.
        ticked = self.sudo() if set(vals) == {"billing_approved"} else self
        result = super(AccountAnalyticLine, ticked).write(vals)
        if vals.get("billing_approved"):
            self._follow_contract()
        return result

    def _check_approver(self):
        if not self.env.su and not self.env.user.has_groups(APPROVERS):
            raise AccessError(self.env._("Only an approver of timesheets or a billing user approves time for billing."))

    def _check_not_settled(self):
        """Refuse to change time that is billed, and for all but approvers, time that is approved."""
        billed = self.sudo().filtered("invoice_line_id")  # who may edit time need not see invoices
        if billed:
            raise UserError(self.env._(
                "Time of %(date)s is billed by %(invoice)s: delete or credit that invoice, or enter other time.",
                date=billed[0].date, invoice=billed[0].invoice_id._get_billing_name()))
        if not self.env.su and any(self.mapped("billing_approved")):
            self._check_approver()

    def action_approve_for_billing(self):
        """Let the time be billed; does nothing to what is approved or belongs to no service."""
        self.filtered(lambda time: time.billing_service_id and not time.billing_approved).billing_approved = True

    # ---- billing: see billing.source.mixin --------------------------------------------------------------------------

    @api.model
    def _get_billing_domain(self):
        # Time on a sales order is billed there, by Odoo's own addon.
        return Domain("so_line", "=", False) if "so_line" in self._fields else Domain.TRUE

    @api.model
    def _get_waiting_domain(self, day):
        return self._get_billing_domain() & Domain(
            [("billing_approved", "=", True), ("billing_service_id.billable", "=", True)])

    def _prepare_billing_item(self, discount):
        service = self.billing_service_id
        hour = self.env.ref("uom.product_uom_hour")
        hours = self.product_uom_id._compute_quantity(self.unit_amount, hour, round=False) if (
            self.product_uom_id) else self.unit_amount
        rollups = {"none": None, "employee": (service.id, self.employee_id.id), "service": (service.id,)}
        obstacle = None if self.billing_approved else reasons.UNAPPROVED
        return facts.Item(
            id=self.id, invoice_on=self.date + timedelta(days=1), quantity=exact(hours),
            price=exact(service.price_unit), discount=discount(service.discount, 0.0), source=plan.SERVICE,
            obstacle=obstacle if service.billable else reasons.NOT_BILLABLE, rollup=rollups[service.rollup],
            start=self.date, end=self.date)

    def _get_billing_owner(self):
        return self[0].billing_service_id  # of one record, so that it is read together with all others

    def _get_billing_name(self):
        service, first = self._get_billing_owner(), self[0]
        detail = {"none": first.name, "employee": first.employee_id.name, "service": ""}[service.rollup]
        return f"{service.name}: {detail}" if detail and detail != "/" else service.name
