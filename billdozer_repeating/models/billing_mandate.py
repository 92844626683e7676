from odoo import api, fields, models
from odoo.exceptions import UserError, ValidationError

# The states from which each state may be reached. What is cancelled stays so: a new mandate is signed.
SOURCES = {"draft": (), "active": ("draft", "suspended"), "suspended": ("active",),
           "cancelled": ("draft", "active", "suspended")}
# What stands on the signed paper.
SIGNED_FIELDS = (
    "name", "contract_id", "payment_method_id", "date_signed", "date_start", "date_end", "amount_max", "frequency",
    "statement_name")


class BillingMandate(models.Model):
    """The client's signed permission to debit a bank account for a contract."""

    _name = "billing.mandate"
    _description = "Mandate"
    _inherit = ["mail.thread", "mail.activity.mixin"]
    _order = "id desc"
    _check_company_auto = True

    name = fields.Char(
        "Reference", required=True, copy=False, tracking=True, default="",
        help="Stands on every debit. Given by the system when it is left empty; unique in the company.")
    contract_id = fields.Many2one(
        "billing.contract", "Contract", required=True, index=True, tracking=True, ondelete="restrict")
    company_id = fields.Many2one(related="contract_id.company_id", store=True, index=True, precompute=True)
    partner_id = fields.Many2one(related="contract_id.partner_id", string="Client", store=True, precompute=True)
    commercial_partner_id = fields.Many2one(related="partner_id.commercial_partner_id")
    currency_id = fields.Many2one(related="contract_id.currency_id", store=True, precompute=True)
    payment_method_id = fields.Many2one(
        "billing.payment.method", "Bank Account", check_company=True, tracking=True, ondelete="restrict",
        compute="_compute_from_contract", store=True, readonly=False, precompute=True, index=True,
        domain="[('method_type', '=', 'bank'), ('partner_id', 'child_of', commercial_partner_id)]")
    state = fields.Selection(
        [("draft", "Draft"), ("active", "Active"), ("suspended", "Suspended"), ("cancelled", "Cancelled")],
        default="draft", required=True, copy=False, tracking=True, index=True)
    date_signed = fields.Date("Signed on", copy=False, tracking=True)
    date_start = fields.Date(
        "First Collection", compute="_compute_from_contract", store=True, readonly=False, precompute=True,
        tracking=True, help="Nothing is collected before this day.")
    date_end = fields.Date(
        "Last Collection", compute="_compute_from_contract", store=True, readonly=False, precompute=True,
        tracking=True, help="Nothing is collected after this day. Empty: until the mandate is cancelled.")
    frequency = fields.Selection(
        "_select_frequencies", compute="_compute_from_contract", store=True, readonly=False, precompute=True,
        required=True, tracking=True)
    amount_max = fields.Monetary(
        "Maximum Amount", tracking=True, help="The most that one debit may take. 0: no maximum was agreed.")
    statement_name = fields.Char(
        "Name on Statement", size=10, compute="_compute_statement_name", store=True, readonly=False, precompute=True,
        tracking=True, help="Abbreviated name, ten characters at most, that the client sees on the bank statement.")

    _name_uniq = models.UniqueIndex("(company_id, name)", "This reference is used by another mandate.")
    _active_uniq = models.UniqueIndex(
        "(contract_id) WHERE state = 'active'", "The contract has an active mandate already: cancel that one first.")
    _amount_positive = models.Constraint("CHECK (amount_max >= 0)", "The maximum amount cannot be negative.")
    _end_after_start = models.Constraint(
        "CHECK (date_end IS NULL OR date_start IS NULL OR date_end >= date_start)",
        "The last collection is before the first: enter a later day, or leave it empty.")

    @api.model
    def _select_frequencies(self):
        of_contracts = self.env["billing.contract"]._fields["frequency"]._description_selection(self.env)
        return [("weekly", self.env._("Weekly")), *of_contracts, ("invoiced", self.env._("As invoiced"))]

    @api.depends("contract_id")
    def _compute_from_contract(self):
        for mandate in self:
            contract = mandate.contract_id
            method = contract.payment_method_id
            mandate.payment_method_id = method if method.method_type == "bank" else False
            mandate.date_start = contract.date_start
            mandate.date_end = contract.date_end
            mandate.frequency = contract.frequency if contract.contract_type == "recurring" else "invoiced"

    @api.depends("company_id")
    def _compute_statement_name(self):
        for mandate in self:
            mandate.statement_name = mandate.statement_name or (mandate.company_id.name or "")[:10].strip().upper()

    @api.depends("name", "partner_id")
    def _compute_display_name(self):
        for mandate in self:
            mandate.display_name = " · ".join(filter(None, (mandate.name, mandate.partner_id.name)))

    # ---- integrity --------------------------------------------------------------------------------------------------

    @api.constrains("state", "date_signed", "payment_method_id", "contract_id")
    def _check_complete(self):
        for mandate in self:
            method = mandate.payment_method_id
            if method and method.partner_id.commercial_partner_id != mandate.commercial_partner_id:
                raise ValidationError(self.env._(
                    "%(method)s belongs to %(partner)s: choose a bank account of the client.",
                    method=method.display_name, partner=method.partner_id.display_name))
            if mandate.date_signed and mandate.date_signed > mandate.company_id._billing_today():
                raise ValidationError(self.env._("A mandate cannot be signed in the future: check the date."))
            if mandate.state in ("active", "suspended"):
                mandate._check_signed()

    def _check_signed(self):
        if not self.payment_method_id or self.payment_method_id.method_type != "bank":
            raise ValidationError(self.env._(
                "%(mandate)s: choose the bank account before you activate it. A card needs no mandate.",
                mandate=self.display_name))
        if not self.date_signed:
            raise ValidationError(self.env._(
                "%(mandate)s: enter the day on which the client has signed it before you activate it.",
                mandate=self.display_name))

    @api.model_create_multi
    def create(self, vals_list):
        return super().create([{**vals, "name": vals.get("name") or self._get_next_name(vals)} for vals in vals_list])

    def _get_next_name(self, vals):
        company = self.env["billing.contract"].browse(vals.get("contract_id")).company_id
        return self.env["ir.sequence"].with_company(company or self.env.company).next_by_code("billing.mandate")

    def write(self, vals):
        if "state" in vals:
            self._check_next_state(vals["state"])
        signed = self.filtered(lambda mandate: mandate.state != "draft")
        signed._refuse_change([name for name in SIGNED_FIELDS if name in vals], vals)
        return super().write(vals)

    def _check_next_state(self, state):
        """Refuse a change of state that the table does not allow, and a second active mandate."""
        moving = self.filtered(lambda mandate: mandate.state != state)
        labels = dict(self._fields["state"]._description_selection(self.env))
        for mandate in moving.filtered(lambda mandate: mandate.state not in SOURCES.get(state, ())):
            way_out = self.env._("Make a new one.") if mandate.state == "cancelled" else ""
            raise UserError(self.env._(
                "%(mandate)s is %(state)s and cannot become %(next)s. %(way_out)s", mandate=mandate.display_name,
                state=labels[mandate.state], next=labels.get(state, state), way_out=way_out).strip())
        if state == "active":
            moving._refuse_second()

    def _refuse_second(self):
        other = self.search([("contract_id", "in", self.contract_id.ids), ("state", "=", "active")], limit=1)
        if other:
            raise UserError(self.env._(
                "%(contract)s is collected under the mandate %(mandate)s already: cancel that one first.",
                contract=other.contract_id.display_name, mandate=other.name))

    def _refuse_change(self, names, vals):
        def cached(record, name, value):
            return self._fields[name].convert_to_cache(value, record)
        for mandate in self:
            if any(cached(mandate, name, vals[name]) != cached(mandate, name, mandate[name]) for name in names):
                raise UserError(self.env._(
                    "%(mandate)s was signed as it is: cancel it and have a new one signed.",
                    mandate=mandate.display_name))

    @api.ondelete(at_uninstall=False)
    def _unlink_except_signed(self):
        signed = self.filtered(lambda mandate: mandate.date_signed or mandate.state != "draft")
        if signed:
            raise UserError(self.env._(
                "%(mandate)s is kept as proof of what the client has signed: cancel it instead of deleting it.",
                mandate=signed[0].display_name))

    # ---- life -------------------------------------------------------------------------------------------------------

    def action_activate(self):
        """Let debits be taken under draft or suspended mandates. Does nothing for those that are active."""
        self.filtered(lambda mandate: mandate.state != "active").write({"state": "active"})

    def action_suspend(self):
        """Stop the debits of active mandates until they are activated again. Does nothing for suspended ones."""
        self.filtered(lambda mandate: mandate.state != "suspended").write({"state": "suspended"})

    def action_cancel(self):
        """End the mandates for good, whatever their state: the client has to sign a new one for more debits."""
        self.filtered(lambda mandate: mandate.state != "cancelled").write({"state": "cancelled"})

    # ---- on paper ---------------------------------------------------------------------------------------------------

    def action_download(self):
        """Return the action that downloads the PDF of these mandates."""
        self.check_access("read")
        return self.env.ref("billdozer_repeating.billing_mandate_report").report_action(self, config=False)

    def _get_printed_account_number(self):
        """Return the account number for the paper: in full for a billing administrator, masked for all others.

        The system itself, which prints on behalf of nobody or of everybody, gets the masked one.
        """
        method = self.payment_method_id
        if not self.env.su and method._has_field_access(method._fields["account_number"], "read"):
            return method.account_number
        return method.account_number_masked

    def _get_amount_terms(self):
        """Return what the paper says about the amounts, a sentence each."""
        maximum = self.currency_id.format(self.amount_max) if self.amount_max else None
        return [
            self.env._("The amount due on each invoice of the contract. It varies with what is invoiced and follows "
                       "the yearly escalation agreed in the contract."),
            self.env._("Never more than %(maximum)s in one debit.", maximum=maximum) if maximum
            else self.env._("No maximum has been agreed."),
        ]
