from odoo import api, fields, models
from odoo.exceptions import UserError


class BillingContractValue(models.TransientModel):
    """The window *Calculate Contract Value*. It writes nothing but its own rows."""

    _name = "billing.contract.value"
    _description = "Contract Value"

    contract_id = fields.Many2one("billing.contract", required=True, readonly=True, ondelete="cascade")
    partner_id = fields.Many2one(related="contract_id.partner_id", string="Client")
    company_id = fields.Many2one(related="contract_id.company_id")
    currency_id = fields.Many2one(related="contract_id.currency_id")
    date_until = fields.Date(
        "Calculate Until", compute="_compute_date_until", store=True, readonly=False, precompute=True,
        help="Last invoice date that counts.")
    problem = fields.Char(compute="_compute_value")
    amount_value = fields.Monetary(
        "Contract Value Incl", compute="_compute_value",
        help="What is invoiced, and will be until the date, of the lines with a term whose product counts in it.")
    amount_balance = fields.Monetary(
        "Current Balance", compute="_compute_value", help="What is to be paid of the posted invoices of the contract.")
    amount_future = fields.Monetary(
        "Future Invoices Incl", compute="_compute_value",
        help="All that is still to be posted or made until the date, whether or not it has a term.")
    amount_settlement = fields.Monetary(
        "Settlement Total", compute="_compute_value", help="Current balance and future invoices.")
    immediate_count = fields.Integer(
        "Immediate Invoices", compute="_compute_value", help="Made for lines that are invoiced when they are saved.")
    other_count = fields.Integer("Other Invoices", compute="_compute_value")
    invoice_count = fields.Integer("Total Invoices", compute="_compute_value")
    future_count = fields.Integer(
        "Of Which Future", compute="_compute_value", help="Those that are still to be posted or made.")
    details = fields.Html(compute="_compute_value", sanitize=False)

    @api.depends("contract_id")
    def _compute_date_until(self):
        for window in self:
            window.date_until = window.contract_id._get_default_value_date()

    @api.depends("contract_id", "date_until")
    def _compute_value(self):
        for window in self:
            value, window.problem = None, False
            try:
                value = window._get_value()
            except UserError as error:
                window.problem = str(error)
            window.amount_value = value.amount if value else 0.0
            window.amount_balance = value.balance if value else 0.0
            window.amount_future = value.future if value else 0.0
            window.amount_settlement = value.settlement if value else 0.0
            window.immediate_count = value.count(is_immediate=True) if value else 0
            window.other_count = value.count(is_immediate=False) if value else 0
            window.invoice_count = value.count() if value else 0
            window.future_count = value.count(is_open=True) if value else 0
            window.details = value and self.env["ir.qweb"]._render(
                "billdozer_repeating.contract_value_details", {"value": value, "currency": window.currency_id})

    def _get_value(self):
        return self.contract_id._origin.calculate_value(self.date_until)

    def action_print(self):
        """Print what the window shows.

        :raises UserError: when it shows nothing
        """
        self.ensure_one()
        self._get_value()
        return self.env.ref("billdozer_repeating.contract_value_report").report_action(self, config=False)

    def _action_open(self):
        """Return the action that shows this window."""
        self.ensure_one()
        return {
            "type": "ir.actions.act_window", "res_model": self._name, "res_id": self.id, "view_mode": "form",
            "target": "new", "name": self.env._("Calculate Contract Value")}
