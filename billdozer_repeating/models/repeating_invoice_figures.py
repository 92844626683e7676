from collections import defaultdict

from odoo import api, fields, models

# What the amount of the next run is planned from. None of it is the time of day or the date: prices of later days,
# escalations among them, are change logs from the day they are entered, and a run that is over leaves the ledger.
PLANNED_FROM = (
    "next_run_date", "schedule_ids.state", "schedule_ids.resulting_invoice_id", "contract_id.discount",
    "contract_id.refunds_active", *(f"line_ids.subscription_id.{name}" for name in (
        "date_start", "date_end", "billable", "discount", "tax_ids.price_include_override",
        "change_log_ids.effective_date", "change_log_ids.quantity", "change_log_ids.price_unit", "change_log_ids.state",
        "change_log_ids.counts_from", "change_log_ids.billing_move_id")))


class RepeatingInvoice(models.Model):
    """What the list of repeating invoices shows of money and of other records.

    The amounts are stored, so that the list is sorted and filtered by them.
    """

    _inherit = "repeating.invoice"

    amount_outstanding_excl = fields.Monetary(
        "Amount Excl", compute="_compute_amount_outstanding_excl", store=True,
        help="What is still to be paid of its posted invoices, before tax.")
    repeating_amount_excl = fields.Monetary(
        "Repeating Amount Excl", compute="_compute_repeating_amount_excl", store=True,
        help="What the next run will invoice, before tax.")
    account_number = fields.Char(related="partner_id.account_number", string="Account")
    billdozer_id = fields.Char(related="partner_id.billdozer_id")
    activate_on = fields.Date(related="contract_id.resume_on", string="Activate On")
    contract_state = fields.Selection(related="contract_id.state", string="Contract Status")
    invoice_count = fields.Integer(compute="_compute_invoice_count")

    @api.depends(
        "invoice_ids.state", "invoice_ids.amount_residual", "invoice_ids.amount_untaxed", "invoice_ids.amount_total")
    def _compute_amount_outstanding_excl(self):
        for invoice in self:
            posted = invoice.invoice_ids.filtered(lambda move: move.state == "posted" and move.amount_total)
            invoice.amount_outstanding_excl = sum(
                (-1 if move.move_type == "out_refund" else 1)
                * move.amount_residual * move.amount_untaxed / move.amount_total for move in posted)

    @api.depends(*PLANNED_FROM)
    def _compute_repeating_amount_excl(self):
        saved = self._origin.filtered("next_run_date")
        amounts = self.env["billing.planner"]._plan_next_cycles(saved.contract_id)
        for invoice in self:
            amount = amounts.get(invoice._origin._get_source_key(), 0.0)
            invoice.repeating_amount_excl = invoice.currency_id.round(amount) if invoice.currency_id else amount

    def _compute_invoice_count(self):
        counts = defaultdict(int, {
            invoice.id: count for invoice, count in self.env["account.move"]._read_group(
                [("repeating_invoice_id", "in", self.ids)], ["repeating_invoice_id"], ["__count"])})
        for invoice in self:
            invoice.invoice_count = counts[invoice._origin.id]

    def action_view_invoices(self):
        """Open the invoices of this repeating invoice."""
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id("account.action_move_out_invoice_type")
        return {**action, "domain": [("repeating_invoice_id", "=", self.id)],
                "context": {"create": False, "default_move_type": "out_invoice"}}
