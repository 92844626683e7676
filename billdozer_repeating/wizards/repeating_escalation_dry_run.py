from dateutil.relativedelta import relativedelta

from odoo import Command, fields, models


class RepeatingEscalationDryRun(models.TransientModel):
    """The window *Escalation Dry Run*: how prices are going to rise. Writes nothing but its own rows."""

    _name = "repeating.escalation.dry.run"
    _description = "Escalation Dry Run"

    repeating_invoice_ids = fields.Many2many("repeating.invoice", string="Repeating Invoices", readonly=True)
    date_to = fields.Date(
        "Anniversaries Up To", required=True,
        default=lambda self: self.env.company._billing_today() + relativedelta(years=1))
    line_ids = fields.One2many("repeating.escalation.dry.run.line", "window_id", "Escalations", readonly=True)
    is_calculated = fields.Boolean(readonly=True)

    def action_calculate(self):
        """Fill the window with the escalations up to the date; it stays open."""
        self.ensure_one()
        rows = self.repeating_invoice_ids._prepare_escalation_rows(self.date_to)
        self.write({"is_calculated": True, "line_ids": [Command.clear(), *map(Command.create, rows)]})
        return self._action_open()

    def _action_open(self):
        """Return the action that shows this window."""
        self.ensure_one()
        return {
            "type": "ir.actions.act_window", "res_model": self._name, "res_id": self.id, "view_mode": "form",
            "target": "new", "name": self.env._("Escalation Dry Run")}

    def action_open_list(self):
        """Open the rows as a list, in which they are sorted, grouped and exported."""
        self.ensure_one()
        return {
            "type": "ir.actions.act_window", "res_model": "repeating.escalation.dry.run.line", "view_mode": "list",
            "domain": [("window_id", "=", self.id)], "name": self.env._("Escalation Dry Run"), "target": "current"}


class RepeatingEscalationDryRunLine(models.TransientModel):
    """The price of one line from one anniversary on."""

    _name = "repeating.escalation.dry.run.line"
    _description = "Escalation of a Line"
    _order = "date, id"

    window_id = fields.Many2one("repeating.escalation.dry.run", required=True, index=True, ondelete="cascade")
    repeating_invoice_id = fields.Many2one("repeating.invoice", ondelete="cascade")
    partner_id = fields.Many2one(related="repeating_invoice_id.partner_id", store=True)
    line_id = fields.Many2one("repeating.invoice.line", "Line Item", ondelete="cascade")
    name = fields.Char(related="line_id.name", string="Line")
    currency_id = fields.Many2one(related="repeating_invoice_id.currency_id")
    date = fields.Date("Anniversary")
    price_before = fields.Float(min_display_digits="Product Price")
    percent = fields.Float("Escalation (%)", digits=(16, 4))
    price_after = fields.Float(min_display_digits="Product Price")
