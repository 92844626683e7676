from dateutil.relativedelta import relativedelta

from odoo import Command, api, fields, models


class RepeatingInvoiceCalculate(models.TransientModel):
    """The window *Calculate Future Invoices*: what the job will make in a period. Writes nothing but its own rows."""

    _name = "repeating.invoice.calculate"
    _description = "Calculate Future Invoices"

    repeating_invoice_ids = fields.Many2many("repeating.invoice", string="Repeating Invoices", readonly=True)
    date_from = fields.Date(
        "From", required=True, default=lambda self: self.env.company._billing_today(), help="First invoice date.")
    date_to = fields.Date(
        "To", required=True, default=lambda self: self.env.company._billing_today() + relativedelta(years=1, days=-1),
        help="Last invoice date.")
    currency_id = fields.Many2one("res.currency", compute="_compute_total")
    line_ids = fields.One2many("repeating.invoice.calculate.line", "window_id", "Future Invoices", readonly=True)
    total = fields.Monetary(compute="_compute_total")
    is_calculated = fields.Boolean(readonly=True)

    @api.depends("line_ids.total")
    def _compute_total(self):
        for window in self:
            currencies = window.repeating_invoice_ids.currency_id
            window.currency_id = currencies if len(currencies) == 1 else False
            window.total = sum(window.line_ids.mapped("total")) if len(currencies) == 1 else 0.0

    def action_calculate(self):
        """Fill the window with the invoices of the period; it stays open."""
        self.ensure_one()
        found = self.repeating_invoice_ids.calculate(self.date_from, self.date_to)
        names = ("charge_date", "date_issued", "collection_date", "partner_id", "repeating_invoice_id", "currency_id",
                 "total_excl", "total")
        self.write({"is_calculated": True, "line_ids": [
            Command.clear(), *(Command.create({name: one.get(name) for name in names}) for one in found)]})
        return self._action_open()

    def _action_open(self):
        """Return the action that shows this window."""
        self.ensure_one()
        return {
            "type": "ir.actions.act_window", "res_model": self._name, "res_id": self.id, "view_mode": "form",
            "target": "new", "name": self.env._("Calculate Future Invoices")}

    def action_open_list(self):
        """Open the rows as a list, in which they are sorted, grouped and exported."""
        self.ensure_one()
        return {
            "type": "ir.actions.act_window", "res_model": "repeating.invoice.calculate.line", "view_mode": "list",
            "domain": [("window_id", "=", self.id)], "name": self.env._("Future Invoices"), "target": "current"}


class RepeatingInvoiceCalculateLine(models.TransientModel):
    """One invoice that will be made."""

    _name = "repeating.invoice.calculate.line"
    _description = "Future Invoice"
    _order = "date_issued, id"

    window_id = fields.Many2one("repeating.invoice.calculate", required=True, ondelete="cascade")
    charge_date = fields.Date(help="Day on which the job makes it.")
    date_issued = fields.Date()
    partner_id = fields.Many2one("res.partner", "Client")
    repeating_invoice_id = fields.Many2one("repeating.invoice")
    collection_date = fields.Date("Due/Collect Date")
    currency_id = fields.Many2one("res.currency")
    total_excl = fields.Monetary("Total Excl")
    total = fields.Monetary()
