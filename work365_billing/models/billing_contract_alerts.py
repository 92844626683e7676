from odoo import models
from odoo.tools import plaintext2html

ALERT = "work365_billing.mail_activity_billing_error"


class BillingContract(models.Model):
    """One activity for the salesperson as long as something of the contract waits to be mended."""

    _inherit = "billing.contract"

    def _alert(self, summary, note):
        """Leave an activity for the salesperson; it is not repeated while it is open."""
        self.ensure_one()
        if self.sudo().activity_search([ALERT]):
            return
        self.activity_schedule(
            ALERT, user_id=self.user_id.id or self.env.uid, summary=summary, note=plaintext2html(note))

    def _close_alerts(self, feedback):
        """Close the activity of the contracts of which nothing waits to be mended any more."""
        if not self:
            return
        broken = self.env["billing.schedule"].sudo()._read_group(
            [("contract_id", "in", self.ids), ("state", "=", "error")], ["contract_id"])
        unposted = self.env["billing.job"].sudo()._read_group(
            [("contract_id", "in", self.ids), ("state", "in", ("waiting", "failed")), ("job_type", "!=", "invoice"),
             ("attempts", ">", 0)], ["contract_id"])
        fine = self - self.browse([contract.id for [contract] in broken + unposted])
        fine.sudo().activity_feedback([ALERT], feedback=feedback)  # the system closes what the system has opened
