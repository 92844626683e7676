"""What happens to an invoice by itself once it is made: posted, charged, sent; and to whom and how it is sent."""

from odoo import api, fields, models
from odoo.exceptions import ValidationError


class BillingContract(models.Model):
    _inherit = "billing.contract"

    auto_sync = fields.Boolean(
        "Auto Sync Invoice", tracking=True,
        help="Post the invoices that the hourly job or a bulk operation makes, each as a task of its own once the "
             "invoice is saved. An invoice dated after today stays a draft until its date.")
    auto_charge = fields.Boolean(
        "Auto Charge", compute="_compute_after_sync", store=True, readonly=False, precompute=True, tracking=True,
        help="Charge the payment method with the balance of the posted invoice. Needs Auto Sync Invoice and a payment "
             "method of the customer. A refused charge leaves the invoice open and is tried again, five times in all.")
    auto_send = fields.Boolean(
        "Auto Send Invoice", compute="_compute_after_sync", store=True, readonly=False, precompute=True, tracking=True,
        help="E-mail the posted invoice with its PDF, after the answer to the charge where there is one. Needs Auto "
             "Sync Invoice and an e-mail address.")
    mail_template_id = fields.Many2one(
        "mail.template", "Email Template", domain=[("model", "=", "account.move")], tracking=True,
        help="Text of the e-mail, rendered in the customer's language, for invoices sent by the job and by hand. "
             "Empty: Odoo's own. Credit notes always use Odoo's own.")
    invoice_partner_ids = fields.Many2many(
        "res.partner", "billing_contract_invoice_partner_rel", "contract_id", "partner_id",
        "Additional Invoice Recipients", check_company=True,
        help="Get every invoice of the contract by e-mail, besides the customer's invoice address.")
    automation_problem = fields.Char(
        compute="_compute_automation_problem",
        help="Why an automation that is switched on cannot work any more, and what to do.")

    @api.depends("auto_sync")
    def _compute_after_sync(self):
        for contract in self:
            contract.auto_charge = contract.auto_charge and contract.auto_sync
            contract.auto_send = contract.auto_send and contract.auto_sync

    @api.depends("auto_charge", "auto_send", "payment_token_id", "partner_id", "invoice_partner_ids")
    def _compute_automation_problem(self):
        for contract in self:
            contract.automation_problem = contract.state != "closed" and contract._get_automation_problem()

    # ---- checked when it is switched on, not at night ---------------------------------------------------------------

    @api.constrains(
        "auto_sync", "auto_charge", "auto_send", "payment_token_id", "partner_id", "invoice_partner_ids", "currency_id")
    def _check_automations(self):
        for contract in self:
            problem = contract._get_automation_problem() or contract._get_foreign_token_problem()
            if problem:
                raise ValidationError(self.env._(
                    "%(contract)s: %(problem)s", contract=contract.display_name, problem=problem))

    def _check_complete(self):
        result = super()._check_complete()
        self._check_automations()
        return result

    def copy_data(self, default=None):
        """The payment method does not go with a copy, so neither does what needs it; nor what cannot work."""
        vals_list = super().copy_data(default)
        for contract, vals in zip(self, vals_list, strict=True):
            if not vals.get("payment_token_id"):
                vals["auto_charge"] = False
            if contract._get_send_problem():
                vals["auto_send"] = False
        return vals_list

    def _get_automation_problem(self):
        """Return why an automation that is switched on cannot work and what to do, or None."""
        self.ensure_one()
        if (self.auto_charge or self.auto_send) and not self.auto_sync:
            return self.env._("Only a posted invoice can be charged or sent: switch Auto Sync Invoice on as well.")
        problem = self._get_charge_problem() if self.auto_charge else None
        if problem:
            return self.env._("Auto Charge cannot work. %(problem)s", problem=problem)
        problem = self._get_send_problem() if self.auto_send else None
        return problem and self.env._("Auto Send Invoice cannot work. %(problem)s", problem=problem)

    def _get_charge_problem(self):
        """Return why the payment method cannot be charged and what to do, or None."""
        self.ensure_one()
        token = self.sudo().payment_token_id  # clerks do not see the payment providers
        if not token:
            return self.env._("Choose a payment method of the customer first.")
        problem = self._get_foreign_token_problem() or self._get_provider_problem(token.provider_id)
        if problem or token.active:
            return problem
        return self.env._("The payment method %(token)s is archived: choose another.", token=token.display_name)

    def _get_foreign_token_problem(self):
        token = self.sudo().payment_token_id
        if token and token.partner_id.commercial_partner_id != self.sudo().commercial_partner_id:
            return self.env._(
                "The payment method %(token)s belongs to %(partner)s: choose one of the customer.",
                token=token.display_name, partner=token.partner_id.display_name)
        return None

    def _get_provider_problem(self, provider):
        if provider.state == "disabled":
            return self.env._(
                "The payment provider %(provider)s is disabled: choose another payment method, or have the provider "
                "enabled.", provider=provider.name)
        if not provider.journal_id:
            return self.env._(
                "The payment provider %(provider)s has no payment journal: have one chosen on the provider.",
                provider=provider.name)
        if provider.available_currency_ids and self.currency_id not in provider.available_currency_ids:
            return self.env._(
                "The payment provider %(provider)s does not take %(currency)s: choose another payment method.",
                provider=provider.name, currency=self.currency_id.name)
        return None

    def _get_send_problem(self, customer=None):
        """Return why invoices to ``customer`` (default the contract's) cannot be e-mailed and what to do, or None."""
        self.ensure_one()
        customer = customer or self.partner_id
        if self._get_invoice_recipients(customer):
            return None
        return self.env._(
            "Nobody has an e-mail address: enter that of %(partner)s, or add recipients.",
            partner=customer.display_name)

    def _get_invoice_recipients(self, customer):
        """Return whom invoices to ``customer`` are e-mailed to: its invoice address and the additional recipients."""
        self.ensure_one()
        address = customer.browse(customer.address_get(["invoice"])["invoice"])
        primary = address if address.email_normalized else customer
        return (primary | self.invoice_partner_ids).filtered("email_normalized")
