from odoo import fields, models


class ResPartner(models.Model):
    _inherit = "res.partner"

    billing_contract_ids = fields.One2many("billing.contract", "partner_id", "Billing Contracts")
    billing_contract_count = fields.Integer(compute="_compute_billing_contract_count")

    def _compute_billing_contract_count(self):
        counts = dict(self.env["billing.contract"]._read_group(
            [("partner_id", "in", self.ids)], ["partner_id"], ["__count"]))
        for partner in self:
            partner.billing_contract_count = counts.get(partner._origin, 0)

    def action_view_billing_contracts(self):
        """Open the partner's billing contracts."""
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id("work365_billing.billing_contract_action")
        return {**action, "domain": [("partner_id", "=", self.id)], "context": {"default_partner_id": self.id}}
