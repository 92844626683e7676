from odoo import fields, models


class BillingContract(models.Model):
    _inherit = "billing.contract"

    service_ids = fields.One2many("billing.service", "contract_id", "Services")

    def _check_complete(self):
        return None if self.service_ids else super()._check_complete()
