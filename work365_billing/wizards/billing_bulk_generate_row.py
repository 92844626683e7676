from odoo import api, fields, models

from ..models import billing_reason
from ..models.anomaly import unusual_percent

# As the user: who opens the window sees no more than elsewhere.
PLANNED = {"store": True, "compute_sudo": False}


class BillingBulkGenerateRow(models.TransientModel):
    """One contract of the window *Generate Invoice* for many: what the planner says of the chosen cycle."""

    _name = "billing.bulk.generate.row"
    _description = "Contract to Bill"
    _order = "id"
    _rec_name = "contract_id"
    _transient_max_hours = 24.0

    bulk_id = fields.Many2one("billing.bulk.generate", required=True, index=True, ondelete="cascade")
    contract_id = fields.Many2one(
        "billing.contract", "Billing Contract Name", required=True, index=True, ondelete="cascade")
    company_id = fields.Many2one(related="contract_id.company_id", store=True, related_sudo=False)
    partner_id = fields.Many2one(related="contract_id.partner_id", store=True, related_sudo=False)
    currency_id = fields.Many2one(related="contract_id.currency_id", store=True, related_sudo=False)
    schedule_id = fields.Many2one(
        "billing.schedule", "Billing Cycle", compute="_compute_schedule_id", readonly=False, index="btree_not_null",
        context={"active_test": False, "billing_short_name": True},
        domain="[('contract_id', '=', contract_id), ('kind', '=', 'regular')]", **PLANNED)
    trigger_tasks = fields.Boolean(
        "Trigger Post Invoicing Tasks", help="Let the automations run that are enabled on the contract.")
    replace_existing = fields.Boolean(
        "Replace existing invoice?", help="Bill an invoiced cycle again: the old invoice stays, marked as replaced.")
    job_id = fields.Many2one("billing.job", "Invoicing Job", index="btree_not_null", readonly=True)

    status = fields.Selection(
        [
            ("planning", "Calculating"),
            ("bill", "To Be Billed"),
            ("future", "Future"),
            ("invoiced", "Already Invoiced"),
            ("nothing", "Bills Nothing"),
            ("blocked", "Blocked"),
        ],
        compute="_compute_plan", **PLANNED)
    is_invoiced = fields.Boolean(compute="_compute_plan", **PLANNED)
    is_future = fields.Boolean(compute="_compute_plan", **PLANNED)
    amount = fields.Monetary(
        compute="_compute_plan", help="What the planner puts on the invoice, before tax.", **PLANNED)
    reason = fields.Selection("_select_reasons", "Why", compute="_compute_plan", **PLANNED)
    message = fields.Char("Reason", compute="_compute_plan", **PLANNED)
    will_bill = fields.Boolean(compute="_compute_will_bill", **PLANNED)
    last_invoice_id = fields.Many2one(
        "account.move", "Compared with", index="btree_not_null", compute="_compute_last_invoice", **PLANNED)
    last_amount = fields.Monetary("Last Invoice", compute="_compute_last_invoice", help="Before tax.", **PLANNED)
    anomaly = fields.Char(
        "Check", compute="_compute_anomaly", help="What is unusual about the amount or the contract.", **PLANNED)

    @api.model
    def _select_reasons(self):
        return billing_reason.choices(self.env)

    @api.constrains("contract_id", "schedule_id")
    def _check_readable(self):
        """Whoever may not see a contract may not have it planned either, whoever computes the plan in the end."""
        rows = self.sudo(False)  # the ORM checks with the rights of the system
        rows.contract_id.check_access("read")
        rows.schedule_id.check_access("read")

    @api.depends("contract_id")
    def _compute_schedule_id(self):
        """The next uninvoiced cycle is chosen, unless another one of the same contract was."""
        following = self.env["billing.schedule"]._find_next_uninvoiced(self.contract_id._origin)
        for row in self:
            if row.schedule_id.contract_id != row.contract_id:
                row.schedule_id = following.get(row.contract_id._origin.id)

    @api.depends("status", "bulk_id.include_future")
    def _compute_will_bill(self):
        for row in self:
            row.will_bill = row.status == "bill" or (row.status == "future" and row.bulk_id.include_future)

    # ---- the last invoice -----------------------------------------------------------------------------------------

    @api.depends("contract_id", "schedule_id", "bulk_id.mode")
    def _compute_last_invoice(self):
        """The invoice of the chosen cycle, which would be replaced, else that of the last cycle that has one."""
        Schedule = self.env["billing.schedule"]
        for mode, rows in self.grouped(lambda row: row.bulk_id.mode).items():
            last = Schedule._find_last_invoiced(rows.contract_id._origin, mode)
            for row in rows:
                chosen = row.schedule_id._origin if mode == "regular" else Schedule
                invoice = (chosen.resulting_invoice_id
                           or last.get(row.contract_id._origin.id, Schedule).resulting_invoice_id)
                row.last_invoice_id = invoice
                row.last_amount = invoice.amount_untaxed_in_currency_signed

    @api.depends("status", "amount", "last_amount", "last_invoice_id", "bulk_id.anomaly_percent", "bulk_id.mode")
    def _compute_anomaly(self):
        for row in self:
            bills = row.status in ("bill", "future")
            found = [row._find_unusual_amount(), row._find_missing_payment_method()] if bills else []
            row.anomaly = "; ".join(filter(None, found)) or False

    def _find_unusual_amount(self):
        """Return what is unusual about the amount, or None; change logs differ by nature."""
        if self.currency_id.is_zero(self.amount):
            return self.env._("Zero amount")
        if self.bulk_id.mode != "regular" or not self.last_invoice_id:
            return None
        if self.currency_id.is_zero(self.last_amount):
            return self.env._("The last invoice was zero")
        percent = unusual_percent(self.amount, self.last_amount, self.bulk_id.anomaly_percent)
        return percent and self.env._("%(percent)s %% against the last invoice", percent=f"{percent:+.1f}")

    def _find_missing_payment_method(self):
        problem = self.contract_id._get_charge_problem() if self.contract_id.auto_charge else None
        return problem and self.env._("Auto Charge cannot work. %(problem)s", problem=problem)

    # ---- actions --------------------------------------------------------------------------------------------------

    def _prepare_start(self):
        """Return what ``billing.run._start_bulk`` needs of this row."""
        self.ensure_one()
        bulk = self.bulk_id
        return {
            "contract_id": self.contract_id.id,
            "schedule_id": bulk.mode == "regular" and self.schedule_id.id,
            "kind": bulk.mode,
            "date_to": bulk.date_to,
            "trigger_tasks": self.trigger_tasks,
            "replace_existing": self.replace_existing,
        }

    def action_open_contract(self):
        """Open the contract."""
        self.ensure_one()
        return {
            "type": "ir.actions.act_window", "res_model": "billing.contract", "res_id": self.contract_id.id,
            "view_mode": "form", "target": "current"}
