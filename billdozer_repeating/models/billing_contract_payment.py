"""How the invoices of a contract are collected: its payment method, and the mandate for it."""

from odoo import api, fields, models
from odoo.exceptions import UserError, ValidationError


class BillingContract(models.Model):
    """One source of truth: the payment method. The card that Auto Charge uses is the card of that method, or none."""

    _inherit = "billing.contract"

    payment_method_id = fields.Many2one(
        "billing.payment.method", "Payment Method", check_company=True, copy=False, tracking=True, ondelete="restrict",
        index="btree_not_null", domain="[('partner_id', 'child_of', commercial_partner_id)]",
        help="The bank account or card from which the invoices of the contract are collected.")
    payment_token_id = fields.Many2one(
        string="Card", compute="_compute_payment_token_id", inverse="_inverse_payment_token_id", store=True,
        readonly=False)
    mandate_ids = fields.One2many("billing.mandate", "contract_id", "Mandates", readonly=True)
    mandate_id = fields.Many2one(
        "billing.mandate", "Mandate", compute="_compute_mandate_id",
        help="The active mandate, or the latest that may still become active.")

    @api.depends("payment_method_id.token_id")
    def _compute_payment_token_id(self):
        for contract in self:
            contract.payment_token_id = contract.payment_method_id.token_id

    def _inverse_payment_token_id(self):
        """Choosing a card makes it the payment method; clearing it clears a card, never a bank account."""
        for contract in self:
            token, method = contract.payment_token_id, contract.payment_method_id
            if token != method.sudo().token_id:
                contract.payment_method_id = token and method._get_for_token(token, contract.company_id)

    @api.model
    def _adopt_cards(self):
        """Make a payment method of every card that was chosen before contracts had payment methods."""
        self.with_context(active_test=False).search(
            [("payment_token_id", "!=", False), ("payment_method_id", "=", False)])._inverse_payment_token_id()

    @api.depends("mandate_ids.state")
    def _compute_mandate_id(self):
        for contract in self:
            mandates = contract.mandate_ids.filtered(lambda mandate: mandate.state != "cancelled").sorted("id")
            active = mandates.filtered(lambda mandate: mandate.state == "active")
            contract.mandate_id = (active or mandates)[-1:]

    @api.constrains("payment_method_id", "partner_id")
    def _check_payment_method(self):
        self._check_automations()  # a bank account cannot be charged like a card
        for contract in self:
            method = contract.payment_method_id
            if method and method.partner_id.commercial_partner_id != contract.commercial_partner_id:
                raise ValidationError(self.env._(
                    "The payment method %(method)s belongs to %(partner)s: choose one of the customer.",
                    method=method.display_name, partner=method.partner_id.display_name))

    def _get_charge_problem(self):
        """Return why the payment method cannot be charged and what to do, or None."""
        method = self.payment_method_id
        if method.method_type == "bank":
            return self.env._(
                "%(method)s is collected by debit order: choose a card to charge.", method=method.display_name)
        if method and not method.active:
            return self.env._(
                "The payment method %(method)s is archived: choose another.", method=method.display_name)
        return super()._get_charge_problem()

    # ---- the mandate ------------------------------------------------------------------------------------------------

    def action_make_mandate(self):
        """Open a new mandate for the contract, still to be saved."""
        self.ensure_one()
        return {
            "type": "ir.actions.act_window", "res_model": "billing.mandate", "view_mode": "form",
            "context": {"default_contract_id": self.id}}

    def action_view_mandates(self):
        """Open all mandates of the contract."""
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id("billdozer_repeating.billing_mandate_action")
        return {**action, "domain": [("contract_id", "=", self.id)], "context": {"default_contract_id": self.id}}

    def action_download_mandate(self):
        """Print the active mandate of the contract, or the one that is to be signed.

        :raises UserError: when there is none
        """
        self.ensure_one()
        if not self.mandate_id:
            raise UserError(self.env._(
                "%(contract)s has no mandate: make one first, under Clients › Mandates.", contract=self.display_name))
        return self.mandate_id.action_download()
