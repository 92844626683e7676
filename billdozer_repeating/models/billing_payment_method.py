from odoo import api, fields, models
from odoo.exceptions import UserError, ValidationError

from . import bank_account_number

ADMIN = "work365_billing.billing_group_admin"
# What a mandate is signed for, and what contracts and mandates rely on.
SIGNED_FIELDS = ("account_number", "branch_code", "bank_id", "account_type")
OWNER_FIELDS = ("partner_id", "company_id", "method_type")


class BillingPaymentMethod(models.Model):
    """How a client pays by debit order: a bank account, or a card that the payment provider keeps.

    Odoo's own bank accounts show their number to every employee, in their name and in searches. Here the full number
    is a field that only billing administrators can reach; everybody else has the masked one, which is stored, so
    that lists, exports, searches, the chatter and reports need no rule of their own.
    """

    _name = "billing.payment.method"
    _description = "Payment Method"
    _inherit = ["mail.thread"]
    _order = "partner_id, id"
    _check_company_auto = True
    _rec_names_search = ["account_number_masked", "holder", "bank_id.name", "partner_id.name"]

    partner_id = fields.Many2one(
        "res.partner", "Client", required=True, index=True, tracking=True, check_company=True, ondelete="restrict")
    company_id = fields.Many2one("res.company", required=True, index=True, default=lambda self: self.env.company)
    active = fields.Boolean(default=True, tracking=True)
    method_type = fields.Selection(
        [("bank", "Bank Account"), ("card", "Card")], "Type", required=True, default="bank", tracking=True)
    holder = fields.Char(
        "Account Holder", compute="_compute_holder", store=True, readonly=False, precompute=True, tracking=True)
    bank_id = fields.Many2one("res.bank", "Bank", ondelete="restrict", tracking=True)
    branch_code = fields.Char(
        compute="_compute_branch_code", store=True, readonly=False, precompute=True, tracking=True,
        help="Filled in from banks with one code for all their branches.")
    account_number = fields.Char(
        groups=ADMIN, copy=False, help="Seen by billing administrators only; everybody else sees its end.")
    account_number_masked = fields.Char(
        "Account", compute="_compute_account_number_masked", store=True, precompute=True, tracking=True)
    account_type = fields.Selection(
        [("cheque", "Cheque"), ("savings", "Savings"), ("transmission", "Transmission")], tracking=True)
    validation = fields.Selection(
        [
            (bank_account_number.BY_CHECK_DIGITS, "Validated: format and check digits"),
            (bank_account_number.BY_FORMAT, "Validated: format"),
        ],
        compute="_compute_account_number_masked", store=True, precompute=True,
        help="What can be told from the number itself. Only the bank knows whether the account exists and whose it is.")
    token_id = fields.Many2one(
        "payment.token", "Card", check_company=True, copy=False, ondelete="restrict", index="btree_not_null",
        help="The payment provider keeps the card; its number is never here.")
    contract_ids = fields.One2many("billing.contract", "payment_method_id", "Contracts", readonly=True)
    mandate_ids = fields.One2many("billing.mandate", "payment_method_id", "Mandates", readonly=True)

    _card_uniq = models.UniqueIndex(
        "(company_id, token_id) WHERE active AND method_type = 'card'",
        "This card is a payment method already: use that one.")
    _no_card_number = models.Constraint(
        "CHECK (method_type = 'bank' OR account_number IS NULL)", "A card has no account number.")

    # ---- defaults and figures ---------------------------------------------------------------------------------------

    @api.depends("partner_id", "method_type")
    def _compute_holder(self):
        for method in self:
            is_bank = method.method_type == "bank"
            method.holder = is_bank and (method.holder or method.partner_id.commercial_partner_id.name)

    @api.depends("bank_id")
    def _compute_branch_code(self):
        for method in self:
            method.branch_code = method.bank_id.universal_branch_code or method.branch_code

    @api.depends("account_number", "bank_id.country", "company_id")
    def _compute_account_number_masked(self):
        for method in self:
            number = bank_account_number.clean(method.account_number)
            method.account_number_masked = bank_account_number.mask(number)
            method.validation = number and bank_account_number.get_validation(number, method._get_country())

    @api.depends("method_type", "partner_id", "bank_id", "account_number_masked", "token_id")
    def _compute_display_name(self):
        for method in self.sudo():  # whoever sees the method may see the masked number of its card
            if method.method_type == "card":
                method.display_name = self.env._("Card %(number)s", number=method.token_id.display_name or "")
            else:
                name = method.bank_id.name or (method.partner_id and self.env._("Bank account")) or ""
                method.display_name = f"{name} {method.account_number_masked or ''}".strip()

    def _get_country(self):
        """Return the ISO code of the country whose rules hold for the number, or False."""
        return (self.bank_id.country or self.company_id.account_fiscal_country_id or self.company_id.country_id).code

    # ---- integrity --------------------------------------------------------------------------------------------------

    @api.constrains("method_type", "holder", "account_number", "account_type", "branch_code", "bank_id", "company_id")
    def _check_bank(self):
        for method in self.sudo().filtered(lambda method: method.method_type == "bank"):  # the number has a group
            missing = [name for name in ("holder", "account_number", "account_type") if not method[name]]
            if missing:
                labels = ", ".join(self._fields[name]._description_string(self.env) for name in missing)
                raise ValidationError(self.env._("A bank account needs: %(fields)s.", fields=labels))
            method._check_number()

    # Not an index: when PostgreSQL refuses a value, the server's log shows it.
    @api.constrains("active", "partner_id", "company_id", "branch_code", "account_number")
    def _check_once(self):
        for method in self.sudo().filtered(lambda method: method.active and method.account_number):
            same = self.sudo().search([
                ("partner_id", "=", method.partner_id.id), ("company_id", "=", method.company_id.id),
                ("branch_code", "=", method.branch_code), ("account_number", "=", method.account_number),
                ("id", "!=", method.id)], limit=1)
            if same:
                raise ValidationError(self.env._(
                    "%(partner)s has this bank account already: use %(method)s.",
                    partner=method.partner_id.display_name, method=same.display_name))

    def _check_number(self):
        country = self._get_country()
        problem = self._get_number_problem(bank_account_number.find_fault(self.account_number, country))
        if problem:
            raise ValidationError(problem)
        if self.branch_code and not bank_account_number.is_branch(self.branch_code, country):
            raise ValidationError(self.env._("The branch code must have six digits, e.g. 250655."))

    def _get_number_problem(self, fault):
        """Return in words what is wrong with the number, without repeating it, or None."""
        return {
            bank_account_number.CARD_NUMBER: self.env._(
                "This looks like the number of a card, which is never kept here: let the client save the card with "
                "the payment provider, then choose it as a Card."),
            bank_account_number.WRONG_FORMAT: self.env._(
                "The account number does not have the form of one: check its length, and that it has digits only "
                "(an IBAN begins with its country)."),
            bank_account_number.WRONG_CHECK_DIGITS: self.env._(
                "The check digits of the account number do not fit: one of its digits is wrong."),
        }.get(fault)

    @api.constrains("method_type", "token_id", "partner_id")
    def _check_card(self):
        for method in self.sudo():  # not everybody sees the cards of clients
            token = method.token_id
            if method.method_type == "card" and not token:
                raise ValidationError(self.env._("Choose the card that the client has saved."))
            if method.method_type == "bank" and token:
                raise ValidationError(self.env._("A bank account has no card: choose the type Card, or clear it."))
            if token and token.partner_id.commercial_partner_id != method.partner_id.commercial_partner_id:
                raise ValidationError(self.env._(
                    "The card %(token)s belongs to %(partner)s: choose one of the client.",
                    token=token.display_name, partner=token.partner_id.display_name))

    @api.model_create_multi
    def create(self, vals_list):
        return super().create([self._clean_vals(vals) for vals in vals_list])

    def write(self, vals):
        vals = self._clean_vals(vals)
        self._refuse_when_used(vals)
        return super().write(vals)

    @staticmethod
    def _clean_vals(vals):
        """Return the values with numbers as they are kept: without spaces and dashes."""
        numbers = {name: vals[name] for name in ("account_number", "branch_code") if vals.get(name)}
        return {**vals, **{name: bank_account_number.clean(number) for name, number in numbers.items()}}

    def _refuse_when_used(self, vals):
        for method in self.sudo():  # whether something changes must be known without the right to read it
            changed = {name for name in (*SIGNED_FIELDS, *OWNER_FIELDS) if name in vals and method._changes(vals, name)}
            if changed.intersection(SIGNED_FIELDS) and method.mandate_ids.filtered(lambda m: m.state != "draft"):
                raise UserError(self.env._(
                    "A mandate was signed for %(method)s, so its account stays as it is: make a new payment method "
                    "and have a new mandate signed.", method=method.display_name))
            if changed.intersection(OWNER_FIELDS) and (method.contract_ids or method.mandate_ids):
                raise UserError(self.env._(
                    "%(method)s is used by contracts or mandates, so its client, company and type stay: make a new "
                    "payment method.", method=method.display_name))

    def _changes(self, vals, name):
        field = self._fields[name]
        return field.convert_to_cache(vals[name], self) != field.convert_to_cache(self[name], self)

    @api.ondelete(at_uninstall=False)
    def _unlink_except_used(self):
        used = self.sudo().filtered(lambda method: method.contract_ids or method.mandate_ids)
        if used:
            raise UserError(self.env._(
                "%(method)s is used by contracts or mandates: archive it instead of deleting it.",
                method=used[0].display_name))

    # ---- of contracts -----------------------------------------------------------------------------------------------

    @api.model
    def _get_for_token(self, token, company):
        """Return the payment method that stands for a saved card; it is made when there is none."""
        methods = self.sudo()  # whoever may choose a card for a contract makes it the contract's payment method
        return methods.search([
            ("token_id", "=", token.id), ("company_id", "=", company.id), ("method_type", "=", "card"),
        ], limit=1) or methods.create({
            "partner_id": token.partner_id.id, "company_id": company.id, "method_type": "card", "token_id": token.id})

    def action_view_contracts(self):
        """Open the contracts that are collected with this payment method."""
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id("work365_billing.billing_contract_action")
        return {**action, "domain": [("payment_method_id", "=", self.id)], "context": {"create": False}}
