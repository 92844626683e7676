from odoo import Command, api, fields, models
from odoo.exceptions import UserError
from odoo.tools import format_date

from ..engine import reasons
from ..models import billing_reason
from ..models.selections import KINDS

# As the user: who opens the window sees no more than elsewhere.
PREVIEW = {"compute": "_compute_preview", "store": True, "compute_sudo": False}


class BillingGenerate(models.TransientModel):
    """The window *Generate Invoice* for one contract: shows what the planner says, then makes exactly that."""

    _name = "billing.generate"
    _description = "Generate Invoice"

    contract_id = fields.Many2one(
        "billing.contract", "Billing Contract", domain=[("state", "=", "active")])
    company_id = fields.Many2one(related="contract_id.company_id")
    currency_id = fields.Many2one(related="contract_id.currency_id")
    kind = fields.Selection(KINDS, default="regular", required=True)
    schedule_id = fields.Many2one(
        "billing.schedule", "Billing Cycle", compute="_compute_schedule_id", store=True, readonly=False,
        compute_sudo=False,
        context={"active_test": False, "billing_short_name": True},
        domain="[('contract_id', '=', contract_id), ('kind', '=', 'regular')]")
    date_to = fields.Date(
        "Up to", compute="_compute_date_to", store=True, readonly=False, compute_sudo=False,
        help="Changes that take effect up to this day are billed.")
    preview = fields.Boolean(default=True)
    replace_existing = fields.Boolean("Replace existing invoice")

    info = fields.Char(compute="_compute_info")
    is_invoiced = fields.Boolean(compute="_compute_messages")
    is_future = fields.Boolean(compute="_compute_messages")
    invoiced_message = fields.Char(compute="_compute_messages")
    future_message = fields.Char(compute="_compute_messages")
    blocked_message = fields.Text(**PREVIEW)
    blocking_schedule_id = fields.Many2one("billing.schedule", **PREVIEW)
    line_ids = fields.One2many("billing.generate.line", "wizard_id", **PREVIEW)
    preview_line_ids = fields.One2many("billing.generate.line", compute="_compute_parts", string="Eligible Items")
    ineligible_line_ids = fields.One2many("billing.generate.line", compute="_compute_parts", string="Not Billed")
    amount_total = fields.Monetary("Total before Tax", **PREVIEW)
    invoice_date = fields.Date(**PREVIEW)
    note = fields.Char(**PREVIEW)
    invoice_id = fields.Many2one("account.move", "Invoice", readonly=True)

    # ---- what is chosen -------------------------------------------------------------------------------------------

    @api.depends("contract_id")
    def _compute_schedule_id(self):
        """The next uninvoiced cycle is chosen, unless another one of the same contract was."""
        following = self.env["billing.schedule"]._find_next_uninvoiced(self.contract_id._origin)
        for wizard in self:
            if wizard.schedule_id.contract_id != wizard.contract_id:
                wizard.schedule_id = following.get(wizard.contract_id._origin.id)

    @api.depends("contract_id", "kind")
    def _compute_date_to(self):
        for wizard in self:
            if wizard.kind == "change_log" and wizard.contract_id and not wizard.date_to:
                wizard.date_to = wizard.company_id._billing_today()
            else:
                wizard.date_to = wizard.date_to

    @api.model_create_multi
    def create(self, vals_list):
        """A cycle brings its contract; a date without a cycle asks for a change-log invoice."""
        for vals in vals_list:
            if vals.get("schedule_id"):
                vals["contract_id"] = self.env["billing.schedule"].browse(vals["schedule_id"]).contract_id.id
            if vals.get("date_to") and not vals.get("schedule_id"):
                vals.setdefault("kind", "change_log")
        return super().create(vals_list)

    @api.depends("contract_id")
    def _compute_info(self):
        for wizard in self:
            contract = wizard.contract_id
            policy = self.env._("Yes") if contract.refunds_active else self.env._("No")
            origin = self.env._(" (global setting)") if contract.refund_policy == "global" else ""
            wizard.info = self.env._(
                "%(contract)s · %(customer)s · Process Refunds: %(policy)s%(origin)s", contract=contract.name,
                customer=contract.partner_id.display_name, policy=policy, origin=origin) if contract else False

    @api.depends("schedule_id", "kind")
    def _compute_messages(self):
        for wizard in self:
            row = wizard.schedule_id if wizard.kind == "regular" else self.env["billing.schedule"]
            today = wizard.company_id._billing_today() if wizard.contract_id else None
            wizard.is_invoiced = row.state == "invoiced"
            wizard.is_future = bool(row and row.state != "invoiced" and row.cycle_start > today)
            wizard.invoiced_message = self.env._(
                "This billing cycle is already invoiced by %(invoice)s. To bill it again, tick Replace existing "
                "invoice: the old invoice stays, marked as replaced, for you to delete or credit.",
                invoice=row.resulting_invoice_id.display_name) if wizard.is_invoiced else False
            wizard.future_message = self.env._(
                "This billing cycle starts on %(date)s, in the future. You may proceed: the invoice belongs to that "
                "cycle, and no second one is made when it comes.",
                date=format_date(self.env, row.cycle_start)) if wizard.is_future else False

    # ---- preview --------------------------------------------------------------------------------------------------

    @api.depends("contract_id", "schedule_id", "kind", "date_to", "replace_existing")
    def _compute_preview(self):
        for wizard in self:
            planned = wizard._plan() if not wizard.invoice_id else None
            wizard.blocking_schedule_id = planned.blocking_id if planned else False
            wizard.blocked_message = wizard._get_blocked_message(planned)
            wizard.amount_total = float(planned.amount) if planned else 0.0
            wizard.invoice_date = planned.invoice_date if planned and planned.lines else False
            wizard.note = planned.note if planned else False
            vals_list = self.env["billing.generate.line"]._prepare_lines(planned) if planned else []
            wizard.line_ids = [Command.clear(), *(Command.create(vals) for vals in vals_list)]

    def _get_blocked_message(self, planned):
        """Return why there is no invoice; what the list of what is not billed says is not said twice."""
        if not planned or not planned.code:
            return False
        is_listed = planned.code in (reasons.NOTHING_TO_BILL, reasons.NOTHING_LEFT)
        return billing_reason.explain(self.env, planned.code) if is_listed else planned.message

    @api.depends("line_ids")
    def _compute_parts(self):
        for wizard in self:
            wizard.preview_line_ids = wizard.line_ids.filtered("eligible")
            wizard.ineligible_line_ids = wizard.line_ids - wizard.preview_line_ids

    def _plan(self):
        """Return what the planner says of the choice, or None when the choice is not complete."""
        contract, row = self.contract_id._origin, self.schedule_id._origin
        if not contract or contract.state != "active":
            return None
        today = contract.company_id._billing_today()
        planner = self.env["billing.planner"]
        if self.kind == "change_log":
            return planner._plan_change_log(contract, self.date_to or today, today)
        if not row:
            return None
        return planner._plan_schedule(row, today, replace=row.state == "invoiced")

    # ---- actions --------------------------------------------------------------------------------------------------

    def _action_open(self):
        """Return the action that shows this window."""
        self.ensure_one()
        return {
            "type": "ir.actions.act_window", "res_model": self._name, "res_id": self.id, "view_mode": "form",
            "target": "new", "name": self.env._("Generate Invoice")}

    def action_proceed(self):
        """Make the invoice that the preview shows. No automation runs; the window stays and links to the invoice."""
        self.ensure_one()
        contract = self.contract_id
        if not contract:
            raise UserError(self.env._("Choose a billing contract."))
        if contract.state != "active":
            raise UserError(billing_reason.explain(self.env, reasons.NOT_ACTIVE))
        executor = self.env["billing.executor"]
        executor._lock(contract)
        if self.kind == "regular" and self.schedule_id.contract_id != contract:
            raise UserError(billing_reason.explain(self.env, reasons.NO_CYCLE))
        if self.kind == "regular" and self.schedule_id.state == "invoiced" and not self.replace_existing:
            raise UserError(billing_reason.explain(self.env, reasons.ALREADY_INVOICED))
        self.invoice_id = executor._generate(self._plan())
        return self._action_open()

    def action_view_invoice(self):
        self.ensure_one()
        return {
            "type": "ir.actions.act_window", "res_model": "account.move", "res_id": self.invoice_id.id,
            "view_mode": "form", "target": "current"}
