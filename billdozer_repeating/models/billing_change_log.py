from odoo import fields, models


class BillingChangeLog(models.Model):
    _inherit = "billing.change.log"

    repeating_invoice_id = fields.Many2one(
        related="subscription_id.repeating_invoice_id", store=True, index="btree_not_null")
    escalation_percent = fields.Float(
        "Escalation (%)", digits=(16, 4), readonly=True, help="The yearly escalation that made this price.")
    escalation_taken_back = fields.Boolean(readonly=True, help="A later change has set the price before it again.")

    def _get_agreed_prices(self):
        """Return those that set the price of a repeating line and come from no escalation."""
        return self.filtered(
            lambda log: log.repeating_invoice_id and log.sets_price and log.event == "update"
            and not log.escalation_percent)

    def action_take_back(self):
        """Take back the escalation of the anniversary of this price, for all lines of its repeating invoice.

        :raises UserError: when it is billed, or was taken back
        """
        self.ensure_one()
        self.repeating_invoice_id.reverse_escalation(self.effective_date)
