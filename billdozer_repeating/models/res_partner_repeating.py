from odoo import fields, models


class ResPartner(models.Model):
    _inherit = "res.partner"

    repeating_invoice_ids = fields.One2many("repeating.invoice", "partner_id", "Repeating Invoices")
    repeating_invoice_count = fields.Integer(compute="_compute_repeating_invoice_count")

    def _compute_repeating_invoice_count(self):
        counts = dict(self.env["repeating.invoice"]._read_group(
            [("partner_id", "in", self.ids)], ["partner_id"], ["__count"]))
        for partner in self:
            partner.repeating_invoice_count = counts.get(partner._origin, 0)

    def action_view_repeating_invoices(self):
        """Open the partner's repeating invoices."""
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id("billdozer_repeating.repeating_invoice_action")
        return {**action, "domain": [("partner_id", "=", self.id)], "context": {"default_partner_id": self.id}}
