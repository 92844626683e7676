from odoo import api, models


class AccountMoveSend(models.AbstractModel):
    """Invoices of contracts go to the contract's recipients with its template, whoever sends them."""

    _inherit = "account.move.send"

    @api.model
    def _get_default_mail_template_id(self, move):
        template = move.billing_contract_id.sudo().mail_template_id
        if template and move.move_type == "out_invoice":
            return template
        return super()._get_default_mail_template_id(move)

    @api.model
    def _get_default_mail_partner_ids(self, move, mail_template, mail_lang):
        partners = super()._get_default_mail_partner_ids(move, mail_template, mail_lang)
        contract = move.billing_contract_id.sudo()
        recipients = contract and contract._get_invoice_recipients(move.partner_id)
        if not recipients:
            return partners
        # Odoo's default is the customer; a template that names its own recipients adds them.
        return recipients.sudo(False) | (partners.browse() if mail_template.use_default_to else partners)

    @api.model
    def _send_mail(self, move, mail_template, **kwargs):
        result = super()._send_mail(move, mail_template, **kwargs)
        if move.billing_contract_id:
            message = self.env["mail.message"].sudo().search(
                [("model", "=", move._name), ("res_id", "=", move.id)], order="id desc", limit=1)
            self.env["billing.job"].sudo()._set_sent(move, message)
        return result
