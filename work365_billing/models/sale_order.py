from odoo import api, fields, models


class SaleOrder(models.Model):
    _inherit = "sale.order"

    # Sellers see that an order is billed on a contract, without the right to read it.
    billing_contract_ids = fields.Many2many(
        "billing.contract", compute="_compute_billing_contracts", compute_sudo=True)
    billing_contract_count = fields.Integer(compute="_compute_billing_contracts", compute_sudo=True)

    @api.depends("order_line.billing_subscription_id")
    def _compute_billing_contracts(self):
        for order in self:
            order.billing_contract_ids = order.order_line.billing_subscription_id.contract_id
            order.billing_contract_count = len(order.billing_contract_ids)

    def action_confirm(self):
        result = super().action_confirm()
        self.filtered(lambda order: order.state == "sale")._billing_subscribe()
        return result

    def _action_cancel(self):
        result = super()._action_cancel()
        self.order_line.sudo().billing_subscription_id._withdraw()  # sellers do not edit contracts
        return result

    def _billing_subscribe(self):
        """Put the recurring lines on the customer's contract of the same currency and frequency, or on a new one."""
        for order in self.sudo():  # sellers do not edit contracts
            lines = order.order_line.filtered(
                lambda line: line.product_id.billing_recurring and not line.display_type and line.product_uom_qty > 0
                and (not line.billing_subscription_id or line.billing_subscription_id.state != "active"))
            for frequency, own in lines.grouped(lambda line: line.product_id.billing_frequency).items():
                contract = order._billing_find_contract(frequency) or self.env["billing.contract"].sudo().create(
                    order._prepare_billing_contract_vals(frequency))
                for line in own:
                    line.billing_subscription_id = self.env["billing.subscription"].sudo().create(
                        line._prepare_billing_subscription_vals(contract))
                contract.action_activate()
                order.message_post(body=self.env._("Billed on %(contract)s.", contract=contract._get_html_link()))

    def _billing_find_contract(self, frequency):
        """Return the running contract that these lines extend, or an empty record.

        The customer is the invoice address of the order, else the customer, else the company behind them. A draft is
        not extended: somebody still prepares it.
        """
        customers = (self.partner_invoice_id, self.partner_id, self.partner_id.commercial_partner_id)
        contracts = self.env["billing.contract"].sudo().search([
            ("partner_id", "in", [customer.id for customer in customers]),
            ("company_id", "=", self.company_id.id),
            ("currency_id", "=", self.currency_id.id),
            ("contract_type", "=", "recurring"),
            ("frequency", "=", frequency),
            ("state", "=", "active"),
            "|", ("date_end", "=", False), ("date_end", ">=", self.company_id._billing_today()),
        ], order="id")
        return contracts.sorted(lambda contract: customers.index(contract.partner_id))[:1]

    def _prepare_billing_contract_vals(self, frequency):
        return {
            "partner_id": self.partner_invoice_id.id, "company_id": self.company_id.id,
            "currency_id": self.currency_id.id, "frequency": frequency, "user_id": self.user_id.id,
            "payment_term_id": self.payment_term_id.id, "date_start": self.company_id._billing_today()}

    def action_view_billing_contracts(self):
        """Open the contracts that bill this order."""
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id("work365_billing.billing_contract_action")
        if len(self.billing_contract_ids) == 1:
            return {**action, "views": [(False, "form")], "res_id": self.billing_contract_ids.id}
        return {**action, "domain": [("id", "in", self.billing_contract_ids.ids)]}
