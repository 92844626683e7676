from odoo import models


class ResPartner(models.Model):
    """A client who is archived is neither invoiced nor collected from; what is open then is listed on the contract."""

    _inherit = "res.partner"

    def write(self, vals):
        changed = self.filtered(lambda partner: partner.active != bool(vals.get("active", partner.active)))
        result = super().write(vals)
        if changed:
            changed._tell_contracts()
        return result

    def _tell_contracts(self):
        """Tell on contracts with active repeating invoices what archiving, or restoring, the client means."""
        contracts = self.env["billing.contract"].sudo().search([  # told to those who bill, whoever archives the client
            ("partner_id", "in", self.ids), ("state", "!=", "closed"), ("repeating_invoice_ids.state", "=", "active")])
        for contract in contracts:
            moves = contract._get_documents().filtered(lambda move: move.state == "draft" or move.amount_residual)
            contract.message_post(body=self.env["ir.qweb"]._render("billdozer_repeating.client_archived_message", {
                "contract": contract, "user": self.env.user, "moves": moves,
                "invoices": contract.repeating_invoice_ids.filtered(lambda invoice: invoice.state == "active")}))
