from odoo import models


class BasePartnerMergeAutomaticWizard(models.TransientModel):
    _inherit = "base.partner.merge.automatic.wizard"

    def _update_values(self, src_partners, dst_partner):
        """An account number moves to the client that stays and has none; for a moment it must not be there twice."""
        numbers = [partner.account_number for partner in (dst_partner, *src_partners) if partner.account_number]
        src_partners.write({"account_number": False})
        self.env.flush_all()
        result = super()._update_values(src_partners, dst_partner)
        dst_partner.account_number = numbers[0] if numbers else False
        return result

    def _log_merge_operation(self, src_partners, dst_partner):
        """The ids of the clients that go are kept: programs find the one that stays by them."""
        self.env["billdozer.former.id"].sudo().create([  # whoever may merge, only the system keeps ids
            {"name": partner.billdozer_id, "partner_id": dst_partner.id} for partner in src_partners])
        return super()._log_merge_operation(src_partners, dst_partner)
