from odoo import api, fields, models
from odoo.exceptions import UserError, ValidationError

from .selections import CONTRACT_TYPES, FREQUENCIES, REFUND_POLICIES

# What a cycle is computed from: fixed once a cycle is billed.
CYCLE_FIELDS = ("date_start", "frequency", "alignment", "last_day_anchor", "billing_policy", "proration_unit")
# The states that may follow each state.
NEXT_STATES = {
    "draft": ("active", "closed"), "active": ("suspended", "closed"), "suspended": ("active", "closed"), "closed": ()}


class BillingContract(models.Model):
    """The terms on which a customer is billed: nothing is invoiced that does not stand on a contract."""

    _name = "billing.contract"
    _description = "Billing Contract"
    _inherit = ["billing.tracking.mixin", "mail.activity.mixin"]
    _order = "name, id"
    _check_company_auto = True

    name = fields.Char(
        compute="_compute_name", store=True, readonly=False, precompute=True, required=True, tracking=True)
    partner_id = fields.Many2one(
        "res.partner", "Customer", required=True, index=True, tracking=True, check_company=True, ondelete="restrict")
    company_id = fields.Many2one("res.company", required=True, index=True, default=lambda self: self.env.company)
    currency_id = fields.Many2one(
        "res.currency", compute="_compute_currency_id", store=True, readonly=False, precompute=True, required=True)
    user_id = fields.Many2one(
        "res.users", "Salesperson", compute="_compute_user_id", store=True, readonly=False, precompute=True,
        tracking=True, help="Responsible for the contract: gets the activity when an invoice cannot be made.")
    payment_term_id = fields.Many2one(
        "account.payment.term", "Payment Terms", compute="_compute_payment_term_id", store=True, readonly=False,
        precompute=True, check_company=True, tracking=True)
    journal_id = fields.Many2one(
        "account.journal", "Sales Journal", check_company=True, domain=[("type", "=", "sale")],
        help="Empty: the first sales journal of the company.")
    contract_type = fields.Selection(
        CONTRACT_TYPES, "Type", default="recurring", required=True, tracking=True,
        help="Recurring: all subscriptions follow the cycles of the contract. Item Based: each subscription has "
             "cycles of its own, from its start date, as long as its sales unit. Non-Recurring: there are no cycles; "
             "items are billed the day after they are entered. The type is fixed once the contract is active.")
    state = fields.Selection(
        [("draft", "Draft"), ("active", "Active"), ("suspended", "Suspended"), ("closed", "Closed")],
        default="draft", required=True, copy=False, tracking=True, index=True)

    date_start = fields.Date(
        "Start Date", required=True, tracking=True, default=lambda self: self.env.company._billing_today(),
        help="First day of the first cycle. Every cycle is counted from it.")
    date_end = fields.Date("End Date", tracking=True, help="Last billed day. Empty: until the contract is closed.")
    frequency = fields.Selection(
        FREQUENCIES, "Billing Frequency", default="monthly", required=True, tracking=True)
    alignment = fields.Selection(
        [("anniversary", "Anniversary of the start"), ("calendar", "Calendar periods")],
        default="anniversary", required=True, tracking=True,
        help="Calendar: a first part-cycle, prorated, leads up to the first of the next calendar period.")
    last_day_anchor = fields.Boolean(
        "Last Day of the Month", tracking=True,
        help="Every cycle starts on the last day of its month, whatever its number.")
    billing_policy = fields.Selection(
        [("advance", "Advance"), ("arrears", "Arrears")], default="advance", required=True, tracking=True)
    billing_offset = fields.Integer(
        "Billing Offset (days)", default=1, tracking=True,
        help="Days from the start (advance) or the end (arrears) of the cycle to the day on which it is invoiced. "
             "Negative: before. The billed period and the amounts never depend on it.")
    proration_unit = fields.Selection(
        [("days", "Days"), ("months", "Months")], default="days", required=True, tracking=True)
    refund_policy = fields.Selection(
        REFUND_POLICIES, "Process Refunds", default="global", required=True, tracking=True,
        help="Whether a reduction of a period that is already invoiced is credited.")
    refunds_active = fields.Boolean("Refunds in Force", compute="_compute_refunds_active")
    invoice_date_policy = fields.Selection(
        [("schedule", "Schedule date"), ("cycle_start", "Start of the cycle"), ("run", "Day of the run")],
        "Invoice Date", default="schedule", required=True, tracking=True)
    discount = fields.Float(
        "Discount (%)", digits="Discount", tracking=True,
        help="Taken off every line, on top of the line's own discount. Negative items are spared.")
    payment_token_id = fields.Many2one(
        "payment.token", "Payment Method", check_company=True, copy=False, tracking=True,
        domain="[('partner_id', 'child_of', commercial_partner_id)]")
    commercial_partner_id = fields.Many2one(related="partner_id.commercial_partner_id")
    billed_through = fields.Date(
        "Billed Through", copy=False, tracking=True,
        help="Last day that was billed before this contract was entered here: nothing up to it is billed again.")

    subscription_ids = fields.One2many("billing.subscription", "contract_id", "Subscriptions", copy=True)
    item_ids = fields.One2many("billing.item", "contract_id", "Non-Recurring Items")
    change_log_ids = fields.One2many("billing.change.log", "contract_id", "Change Logs")
    schedule_ids = fields.One2many(
        "billing.schedule", "contract_id", "Billing Schedules", context={"active_test": False})
    invoice_ids = fields.One2many("account.move", "billing_contract_id", "Invoices", readonly=True)
    next_invoice_date = fields.Date(
        compute="_compute_next_invoice_date", store=True, index=True, tracking=True,
        help="Schedule date of the oldest cycle that is not invoiced.")
    next_invoice_amount = fields.Monetary(
        compute="_compute_next_invoice_amount", help="What the planner will put on the next invoice, before tax.")
    past_message = fields.Char(
        compute="_compute_past_message", help="How many invoices follow at once because the start lies in the past.")
    schedule_error = fields.Boolean("In Error", compute="_compute_schedule_error", search="_search_schedule_error")
    is_billed = fields.Boolean(
        compute="_compute_is_billed", help="A period is invoiced: what the cycles are computed from is fixed.")
    invoice_count = fields.Integer(compute="_compute_counts")
    schedule_count = fields.Integer(compute="_compute_counts")
    change_log_count = fields.Integer(compute="_compute_counts")

    _ended_idx = models.Index("(company_id, date_end) WHERE state = 'active' AND date_end IS NOT NULL")
    _end_after_start = models.Constraint(
        "CHECK (date_end IS NULL OR date_end >= date_start)",
        "The end date is before the start date: enter a later end, or leave it empty.",
    )
    _discount_range = models.Constraint(
        "CHECK (discount >= 0 AND discount <= 100)", "Enter a discount between 0 and 100 percent.")

    # ---- defaults that the user may change ------------------------------------------------------------------------

    @api.depends("partner_id", "frequency", "contract_type")
    def _compute_name(self):
        labels = {
            name: dict(self._fields[name]._description_selection(self.env)) for name in ("frequency", "contract_type")}
        for contract in self:
            if not contract.name and contract.partner_id:
                name = "frequency" if contract.contract_type == "recurring" else "contract_type"
                contract.name = f"{contract.partner_id.name} – {labels[name].get(contract[name], '')}"
            else:
                contract.name = contract.name

    @api.depends("company_id")
    def _compute_currency_id(self):
        for contract in self:
            contract.currency_id = contract.currency_id or contract.company_id.currency_id

    @api.depends("partner_id")
    def _compute_user_id(self):
        for contract in self:
            contract.user_id = contract.user_id or contract.partner_id.user_id or self.env.user

    @api.depends("partner_id", "company_id")
    def _compute_payment_term_id(self):
        for contract in self:
            partner = contract.partner_id.with_company(contract.company_id)
            contract.payment_term_id = contract.payment_term_id or partner.property_payment_term_id

    @api.depends("refund_policy", "company_id.billing_refund")
    def _compute_refunds_active(self):
        for contract in self:
            policy = contract.refund_policy
            contract.refunds_active = contract.company_id.billing_refund if policy == "global" else policy == "yes"

    # ---- figures --------------------------------------------------------------------------------------------------

    @api.depends("state", "schedule_ids.state", "schedule_ids.on_hold", "schedule_ids.schedule_date")
    def _compute_next_invoice_date(self):
        for contract in self:
            open_rows = contract.schedule_ids.filtered(
                lambda row: row.state in ("pending", "error") and not row.on_hold)
            dates = open_rows.mapped("schedule_date") if contract.state == "active" else []
            contract.next_invoice_date = min(dates, default=False)

    def _compute_next_invoice_amount(self):
        planner = self.env["billing.planner"]
        planned = planner._plan_next(self._origin)
        for contract in self:
            contract.next_invoice_amount = planned.get(contract._origin.id, 0.0)

    @api.depends(
        "state", "date_start", "date_end", "frequency", "contract_type", "subscription_ids.quantity",
        "subscription_ids.price_unit", "subscription_ids.date_start", "item_ids.invoice_on", "item_ids.price_unit")
    def _compute_past_message(self):
        for contract in self:
            contract.past_message = contract._get_past_message() if contract.state == "draft" else False

    def _get_past_message(self):
        origin = self._origin
        today = self.company_id._billing_today() if self.company_id else None
        if not origin or not origin.date_start or origin._get_first_day() >= today:
            return False
        planned = self.env["billing.planner"]._plan_until(origin, today, assume_active=True)
        amounts = [float(invoice.amount) for invoice in planned if invoice.lines]
        if not amounts:
            return False
        return self.env._(
            "The start is in the past: %(count)s invoices of %(total)s in total (before tax) follow at once when you "
            "activate.",
            count=len(amounts), total=origin.currency_id.format(sum(amounts)))

    def _get_first_day(self):
        """Return the first day on which something starts."""
        return min([
            self.date_start, *self.subscription_ids.mapped("date_start"), *self.item_ids.mapped("invoice_on")])

    @api.depends("schedule_ids.state")
    def _compute_schedule_error(self):
        for contract in self:
            contract.schedule_error = any(row.state == "error" for row in contract.schedule_ids)

    def _search_schedule_error(self, operator, value):
        if operator != "in":
            return NotImplemented
        return [("schedule_ids", "any" if True in value else "not any", [("state", "=", "error")])]

    @api.depends("schedule_ids.state", "schedule_ids.on_hold")
    def _compute_is_billed(self):
        for contract in self:
            contract.is_billed = any(row.state == "invoiced" or row.on_hold for row in contract.schedule_ids)

    def _compute_counts(self):
        moves = dict(self.env["account.move"]._read_group(
            [("billing_contract_id", "in", self.ids)], ["billing_contract_id"], ["__count"]))
        rows = dict(self.env["billing.schedule"].with_context(active_test=False)._read_group(
            [("contract_id", "in", self.ids)], ["contract_id"], ["__count"]))
        logs = dict(self.env["billing.change.log"]._read_group(
            [("contract_id", "in", self.ids)], ["contract_id"], ["__count"]))
        for contract in self:
            contract.invoice_count = moves.get(contract._origin, 0)
            contract.schedule_count = rows.get(contract._origin, 0)
            contract.change_log_count = logs.get(contract._origin, 0)

    # ---- integrity ------------------------------------------------------------------------------------------------

    @api.ondelete(at_uninstall=False)
    def _unlink_except_billed(self):
        billed = self.filtered("invoice_ids")
        if billed:
            raise UserError(self.env._(
                "%(contracts)s has invoices and stays as their proof: close it instead of deleting it.",
                contracts=", ".join(billed.mapped("display_name"))))

    def copy_data(self, default=None):
        """A copy is a new contract: no billing state goes with it."""
        vals_list = super().copy_data(default)
        for contract, vals in zip(self, vals_list, strict=True):
            if "name" not in (default or {}):
                vals["name"] = self.env._("%(name)s (copy)", name=contract.name)
        return vals_list

    @api.model_create_multi
    def create(self, vals_list):
        """A contract that is entered as active, as imports do, gets its schedules like one that is activated."""
        contracts = super().create(vals_list)
        contracts._top_up_schedules()
        return contracts

    def write(self, vals):
        fixed = [name for name in (*CYCLE_FIELDS, "company_id", "currency_id") if name in vals]
        changed = self.filtered(lambda contract: contract._changes(vals, fixed)) if fixed else self.browse()
        changed._refuse_when_billed(vals, fixed)
        if "state" in vals:
            self._check_next_state(vals["state"])
        if "date_end" in vals:
            for contract in self.filtered(lambda contract: contract.state == "closed" or (
                    contract.closed_on and contract._changes(vals, ["date_end"]))):
                contract._refuse_closed()
        by_start = self._get_subscriptions_by_start() if "date_start" in vals else {}
        result = super().write(vals)
        for start, subscriptions in by_start.items():
            subscriptions._follow_start(start)
        if changed or "date_end" in vals:
            self._rebuild_schedules()
        elif vals.get("state") == "active":
            self._top_up_schedules()
        return result

    def _get_subscriptions_by_start(self):
        """Return the subscriptions that start with their contract, by that day."""
        with_contract = self.subscription_ids.filtered(lambda sub: sub.date_start == sub.contract_id.date_start)
        return with_contract.grouped("date_start")

    def _changes(self, vals, names):
        def cached(name, value):
            return self._fields[name].convert_to_cache(value, self)
        return any(cached(name, vals[name]) != cached(name, self[name]) for name in names)

    def _refuse_when_billed(self, vals, names):
        billed = self.filtered("is_billed")
        if billed:
            labels = ", ".join(
                self._fields[name]._description_string(self.env) for name in names if billed[0]._changes(vals, [name]))
            raise UserError(self.env._(
                "%(contract)s is already billed, so %(fields)s can no longer change. End it on the last billed day "
                "and make a new contract that starts the day after; Duplicate copies its subscriptions. Only the day "
                "of the month can move: use Change Billing Day.",
                contract=billed[0].display_name, fields=labels))

    # ---- life -----------------------------------------------------------------------------------------------------

    def action_activate(self):
        """Start billing: check that the contract is complete and make its schedules. Does nothing when active."""
        waiting = self.filtered(lambda contract: contract.state != "active")
        for contract in waiting:
            contract._check_complete()
        waiting.write({"state": "active"})  # makes the schedules
        (self - waiting)._top_up_schedules()

    def _check_complete(self):
        self.ensure_one()
        if not (self.subscription_ids or self.item_ids):
            raise ValidationError(self.env._(
                "%(contract)s has nothing to bill: add a subscription or a non-recurring item first.",
                contract=self.display_name))

    def action_suspend(self):
        """Stop billing until the contract is activated again; what was not billed meanwhile is billed then."""
        self.filtered(lambda contract: contract.state != "suspended").write({"state": "suspended"})

    def _check_next_state(self, state):
        """Refuse a change of state that the table does not allow; only the system revives what it closed itself."""
        labels = dict(self._fields["state"]._description_selection(self.env))
        for contract in self.filtered(lambda contract: contract.state != state):
            if contract.state == "closed" and not self.env.su:
                contract._refuse_closed()
            if state == "closed" and contract.state != "draft" and not self.env.su:
                raise UserError(self.env._(
                    "%(contract)s cannot be closed by changing its state, because what is left of it would never be "
                    "billed or credited: use Close Contract.", contract=contract.display_name))
            if contract.state != "closed" and state not in NEXT_STATES[contract.state]:
                raise UserError(self.env._(
                    "%(contract)s is %(state)s and cannot become %(next)s.", contract=contract.display_name,
                    state=labels[contract.state], next=labels[state]))

    def _refuse_closed(self):
        raise UserError(self.env._(
            "%(contract)s is closed and is not billed any more: duplicate it.", contract=self.display_name))

    # ---- planning and generating ----------------------------------------------------------------------------------

    def plan(self, date):
        """Return what a run on ``date`` would bill, oldest first, and why something is left out.

        :param date: local date of the company, a ``date`` or an ISO string
        :return: a list of dicts, one per schedule (see ``billing.planner``); nothing is written
        """
        planner = self.env["billing.planner"]
        return [planned._as_dict() for planned in planner._plan_until(self, fields.Date.to_date(date))]

    # ---- windows --------------------------------------------------------------------------------------------------

    def action_generate_invoice(self):
        """Open the window *Generate Invoice*: for one contract with a preview, for several with a row for each."""
        self.check_access("read")
        if len(self) == 1:
            return self.env["billing.generate"].create({"contract_id": self.id})._action_open()
        return self.env["billing.bulk.generate"]._action_open_for(self)

    def action_view_invoices(self):
        """Open the invoices of the contract."""
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id("account.action_move_out_invoice_type")
        return {**action, "domain": [("billing_contract_id", "=", self.id)],
                "context": {"create": False, "default_move_type": "out_invoice"}}

    def action_view_schedules(self):
        """Open the ledger of the contract, invoiced periods included."""
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id("work365_billing.billing_schedule_action")
        return {**action, "domain": [("contract_id", "=", self.id)], "context": {"active_test": False}}

    def action_view_change_logs(self):
        """Open the change logs of the contract."""
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id("work365_billing.billing_change_log_action")
        return {**action, "domain": [("contract_id", "=", self.id)], "context": {}}
