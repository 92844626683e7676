from odoo import api, fields, models
from odoo.exceptions import UserError, ValidationError
from odoo.tools import format_date

from ..engine.terms import projected_end
from .selections import COLLECT_ON, INTERVALS, MONTHS, STATES, WEEKDAYS


class RepeatingInvoice(models.Model):
    """An invoice that repeats itself: what is invoiced, how often, from when and for how long."""

    _name = "repeating.invoice"
    _description = "Repeating Invoice"
    _inherit = ["mail.thread", "mail.activity.mixin", "billing.cycle.owner"]
    _order = "run_date desc, id desc"
    _check_company_auto = True

    name = fields.Char(
        compute="_compute_name", store=True, readonly=False, precompute=True, required=True, tracking=True)
    partner_id = fields.Many2one(
        "res.partner", "Client", required=True, index=True, tracking=True, check_company=True, ondelete="restrict")
    contract_id = fields.Many2one(
        "billing.contract", "Assign to Contract", required=True, index=True, tracking=True, check_company=True,
        ondelete="restrict", copy=False,
        domain="[('partner_id', '=', partner_id), ('contract_type', '=', 'item_based'), ('state', '!=', 'closed')]",
        help="Empty: the client's contract is used, or one is made.")
    company_id = fields.Many2one(
        "res.company", compute="_compute_company_id", store=True, readonly=False, precompute=True, required=True,
        index=True)
    currency_id = fields.Many2one(
        "res.currency", compute="_compute_currency_id", store=True, readonly=False, precompute=True, required=True)
    user_id = fields.Many2one(
        "res.users", "Sales Consultant", compute="_compute_user_id", store=True, readonly=False, precompute=True,
        tracking=True)
    info = fields.Text("Invoice Info", help="Copied onto each invoice.")
    state = fields.Selection(
        STATES, "Status", default=lambda self: "awaiting" if self.env.company.billdozer_approve else "active",
        required=True, copy=False, index=True, readonly=True, tracking=True)

    interval = fields.Selection(INTERVALS, "Run Interval", default="monthly", required=True, tracking=True)
    weekday = fields.Selection(
        WEEKDAYS, compute="_compute_weekday", store=True, readonly=False, precompute=True, tracking=True,
        help="The first run is on the first such day on or after the run date.")
    months = fields.Char(
        tracking=True, help="Numbers of the months of the runs, with commas between them: 1,7 is January and July.")
    run_date = fields.Date(
        "Run On", required=True, tracking=True, default=lambda self: self.env.company._billing_today(),
        help="Date of the first invoice. Terms, escalation and, unless it was changed, the day of every run count "
             "from it.")
    anchor_date = fields.Date(
        "Runs Counted From", copy=False, readonly=True, tracking=True,
        help="The next run date that was set last: later runs are counted from it.")
    restart_date = fields.Date(
        "Re-Activated From", copy=False, readonly=True, tracking=True, help="No run before it is invoiced.")
    term = fields.Integer("Term (months)", tracking=True, help="How long it repeats. 0: until it is cancelled.")
    date_end = fields.Date(
        "End", compute="_compute_date_end", store=True, readonly=False, precompute=True, tracking=True, copy=False,
        help="Last day: a run up to it is invoiced whole.")
    billed_through = fields.Date(
        copy=False, tracking=True,
        help="Last day that was billed before it was entered here: no run up to it is invoiced.")
    collect_on = fields.Selection(
        COLLECT_ON, default="issued", required=True, tracking=True, help="Day of the month of the debit order.")
    escalation_percent = fields.Float("Escalation (%)", digits=(16, 4), tracking=True)

    line_ids = fields.One2many("repeating.invoice.line", "repeating_invoice_id", "Line Items", copy=True)
    schedule_ids = fields.One2many(
        "billing.schedule", "repeating_invoice_id", "Billing Schedules", context={"active_test": False}, readonly=True)
    invoice_ids = fields.One2many("account.move", "repeating_invoice_id", "Invoices", readonly=True)
    is_billed = fields.Boolean(
        compute="_compute_is_billed", help="A run is invoiced: what it is counted from is fixed.")

    _ended_idx = models.Index("(company_id, date_end) WHERE state = 'active' AND date_end IS NOT NULL")
    _end_after_start = models.Constraint(
        "CHECK (date_end IS NULL OR date_end >= run_date - 1)",
        "The repeating invoice ends before its run date: enter a later end, or leave it empty.")
    _term_positive = models.Constraint(
        "CHECK (term >= 0)", "A term is a number of months: enter 0 for an invoice without an end.")
    _escalation_range = models.Constraint(
        "CHECK (escalation_percent > -100 AND escalation_percent <= 1000)",
        "Enter an escalation between -100 and 1000 percent.")

    # ---- defaults that the user may change ------------------------------------------------------------------------

    @api.depends("partner_id", "interval")
    def _compute_name(self):
        intervals = dict(self._fields["interval"]._description_selection(self.env))
        for invoice in self:
            names = {code: f"{invoice.partner_id.name} – {label}" for code, label in intervals.items()}
            is_own = invoice.name and invoice.name not in names.values()
            invoice.name = invoice.name if is_own or not invoice.partner_id else names.get(invoice.interval)

    @api.depends("contract_id")
    def _compute_company_id(self):
        for invoice in self:
            invoice.company_id = invoice.contract_id.company_id or invoice.company_id or self.env.company

    @api.depends("contract_id", "company_id")
    def _compute_currency_id(self):
        for invoice in self:
            invoice.currency_id = (
                invoice.contract_id.currency_id or invoice.currency_id or invoice.company_id.currency_id)

    @api.depends("partner_id")
    def _compute_user_id(self):
        for invoice in self:
            invoice.user_id = invoice.user_id or invoice.partner_id.user_id or self.env.user

    @api.depends("run_date", "interval")
    def _compute_weekday(self):
        for invoice in self:
            if invoice.interval == "weekly" and not invoice.weekday and invoice.run_date:
                invoice.weekday = str(invoice.run_date.weekday())
            else:
                invoice.weekday = invoice.weekday

    @api.depends("run_date", "term")
    def _compute_date_end(self):
        for invoice in self:
            dated = invoice.run_date and invoice.term > 0
            invoice.date_end = dated and projected_end(invoice.run_date, invoice.term)

    @api.depends("schedule_ids.state", "schedule_ids.on_hold")
    def _compute_is_billed(self):
        for invoice in self:
            invoice.is_billed = any(row.state == "invoiced" or row.on_hold for row in invoice.schedule_ids)

    # ---- the months, as text and as ticks -------------------------------------------------------------------------

    month_01 = fields.Boolean(MONTHS[0], compute="_compute_month_ticks", inverse="_inverse_month_ticks")
    month_02 = fields.Boolean(MONTHS[1], compute="_compute_month_ticks", inverse="_inverse_month_ticks")
    month_03 = fields.Boolean(MONTHS[2], compute="_compute_month_ticks", inverse="_inverse_month_ticks")
    month_04 = fields.Boolean(MONTHS[3], compute="_compute_month_ticks", inverse="_inverse_month_ticks")
    month_05 = fields.Boolean(MONTHS[4], compute="_compute_month_ticks", inverse="_inverse_month_ticks")
    month_06 = fields.Boolean(MONTHS[5], compute="_compute_month_ticks", inverse="_inverse_month_ticks")
    month_07 = fields.Boolean(MONTHS[6], compute="_compute_month_ticks", inverse="_inverse_month_ticks")
    month_08 = fields.Boolean(MONTHS[7], compute="_compute_month_ticks", inverse="_inverse_month_ticks")
    month_09 = fields.Boolean(MONTHS[8], compute="_compute_month_ticks", inverse="_inverse_month_ticks")
    month_10 = fields.Boolean(MONTHS[9], compute="_compute_month_ticks", inverse="_inverse_month_ticks")
    month_11 = fields.Boolean(MONTHS[10], compute="_compute_month_ticks", inverse="_inverse_month_ticks")
    month_12 = fields.Boolean(MONTHS[11], compute="_compute_month_ticks", inverse="_inverse_month_ticks")

    @api.depends("months")
    def _compute_month_ticks(self):
        for invoice in self:
            chosen = invoice._get_months()
            for month in range(1, 13):
                invoice[f"month_{month:02}"] = month in chosen

    def _inverse_month_ticks(self):
        for invoice in self:
            invoice.months = ",".join(str(month) for month in range(1, 13) if invoice[f"month_{month:02}"])

    def _get_months(self):
        """Return the chosen months as a sorted tuple of numbers; what is no month is left out."""
        numbers = {part.strip() for part in (self.months or "").split(",")}
        return tuple(month for month in range(1, 13) if str(month) in numbers)

    # ---- integrity ------------------------------------------------------------------------------------------------

    @api.constrains("interval", "months", "weekday")
    def _check_interval(self):
        for invoice in self:
            if invoice.interval == "other" and not invoice._get_months():
                raise ValidationError(self.env._("%(name)s: choose at least one month.", name=invoice.name))
            parts = [part.strip() for part in (invoice.months or "").split(",") if part.strip()]
            if len(set(parts)) != len(invoice._get_months()):
                raise ValidationError(self.env._(
                    "%(name)s: enter the months as numbers from 1 to 12 with commas between them, as in 1,7.",
                    name=invoice.name))
            if invoice.interval == "weekly" and not invoice.weekday:
                raise ValidationError(self.env._("%(name)s: choose the weekday.", name=invoice.name))

    @api.constrains("term")
    def _check_line_terms(self):
        self.line_ids._check_term()

    @api.constrains("contract_id", "partner_id")
    def _check_contract(self):
        for invoice in self:
            contract = invoice.contract_id
            if contract.contract_type != "item_based":
                raise ValidationError(self.env._(
                    "%(contract)s has billing cycles of its own: choose a contract of the type Item Based, or leave it "
                    "empty.", contract=contract.display_name))
            if contract.partner_id != invoice.partner_id:
                raise ValidationError(self.env._(
                    "%(contract)s belongs to %(client)s: choose a contract of %(own)s.", contract=contract.display_name,
                    client=contract.partner_id.display_name, own=invoice.partner_id.display_name))

    def _check_fixed_once_billed(self, vals):
        """Refuse to change what the runs are counted from once one of them is invoiced."""
        fixed = [name for name in ("run_date", "interval", "weekday", "months", "contract_id", "partner_id")
                 if name in vals and "anchor_date" not in vals]
        for invoice in self.filtered("is_billed") if fixed else ():
            before = {name: invoice._fields[name].convert_to_write(invoice[name], invoice) for name in fixed}
            changed = [name for name in fixed if (vals[name] or False) != (
                fields.Date.to_string(before[name]) if isinstance(vals[name], str) and name == "run_date"
                else before[name] or False)]
            if changed:
                last = max(row.cycle_start for row in invoice.schedule_ids if row.state == "invoiced" or row.on_hold)
                raise UserError(self.env._(
                    "%(name)s is invoiced up to the run of %(date)s, so %(fields)s cannot change. Use Change Run Date "
                    "for later runs, or cancel it and enter a new one.", name=invoice.name,
                    date=format_date(self.env, last), fields=", ".join(
                        self._fields[name]._description_string(self.env) for name in changed)))

    @api.ondelete(at_uninstall=False)
    def _unlink_except_billed(self):
        billed = self.filtered("invoice_ids")
        if billed:
            raise UserError(self.env._(
                "%(name)s has invoices and stays as their proof: cancel it instead of deleting it.",
                name=billed[0].name))
