from odoo import fields, models


class AccountMove(models.Model):
    _inherit = "account.move"

    billing_usage_count = fields.Integer(compute="_compute_billing_usage_count", compute_sudo=True)

    def _compute_billing_usage_count(self):
        counts = dict(self.env["billing.usage"]._read_group(
            [("invoice_id", "in", self.filtered("billing_contract_id").ids)], ["invoice_id"], ["__count"]))
        for move in self:
            move.billing_usage_count = counts.get(move._origin, 0)

    def action_view_billing_usage(self):
        """Open the usage that the invoice bills, by line."""
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id("work365_billing.billing_usage_action")
        return {**action, "domain": [("invoice_line_id.move_id", "=", self.id)],
                "context": {"group_by": "invoice_line_id", "create": False}}
