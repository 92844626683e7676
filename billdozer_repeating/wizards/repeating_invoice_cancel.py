from odoo import Command, api, fields, models


class RepeatingInvoiceCancel(models.TransientModel):
    """The window *Cancel Repeating Invoice*."""

    _name = "repeating.invoice.cancel"
    _description = "Cancel Repeating Invoice"
    _inherit = ["repeating.invoice.window"]

    last_access = fields.Date(
        "Date of Last Access to Service", required=True, default=lambda self: self.env.company._billing_today())
    clawback = fields.Boolean(
        "Mark as sales commission claw back",
        help="The part of the consultant's commission for the months that are not served is taken back.")
    commission_lost = fields.Monetary(compute="_compute_commission_lost")
    line_ids = fields.One2many("repeating.invoice.cancel.line", "window_id", "Latest Unpaid Invoices")
    amount_total = fields.Monetary("Total to Credit", compute="_compute_amount_total")

    @api.model_create_multi
    def create(self, vals_list):
        """Each window lists the latest unpaid invoices; those made ahead for later days are ticked."""
        windows = super().create(vals_list)
        for window in windows:
            moves = window.repeating_invoice_id._get_unpaid_moves()
            window.line_ids = [
                Command.create({"move_id": move.id, "credit": move.invoice_date > window.last_access})
                for move in moves]
        return windows

    @api.onchange("last_access")
    def _onchange_last_access(self):
        for line in self.line_ids:
            line.credit = bool(self.last_access) and line.move_id.invoice_date > self.last_access

    @api.depends("line_ids.credit")
    def _compute_amount_total(self):
        for window in self:
            window.amount_total = sum(window.line_ids.filtered("credit").mapped("amount_total"))

    @api.depends("clawback", "last_access")
    def _compute_commission_lost(self):
        for window in self:
            window.commission_lost = window.repeating_invoice_id._get_commission_lost(
                window.last_access) if window.clawback and window.last_access else 0.0

    def action_confirm(self):
        """Cancel as the window says."""
        self.ensure_one()
        self.env["billing.executor"]._lock(self.repeating_invoice_id.contract_id)
        self.repeating_invoice_id.cancel(
            self.last_access, clawback=self.clawback, credit_moves=self.line_ids.filtered("credit").move_id)
        return self._action_close()


class RepeatingInvoiceCancelLine(models.TransientModel):
    """An unpaid invoice that a cancellation may credit."""

    _name = "repeating.invoice.cancel.line"
    _description = "Invoice of a Cancellation"

    window_id = fields.Many2one("repeating.invoice.cancel", required=True, ondelete="cascade")
    credit = fields.Boolean("Credit this invoice")
    move_id = fields.Many2one("account.move", "Invoice", required=True, readonly=True, ondelete="cascade")
    invoice_date = fields.Date(related="move_id.invoice_date")
    invoice_date_due = fields.Date(related="move_id.invoice_date_due")
    state = fields.Selection(related="move_id.state")
    currency_id = fields.Many2one(related="move_id.currency_id")
    amount_total = fields.Monetary(related="move_id.amount_total")
    amount_residual = fields.Monetary(related="move_id.amount_residual")
