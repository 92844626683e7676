from odoo import api, models


class BillingJob(models.Model):
    _inherit = "billing.job"

    @api.depends("invoice_id.collection_date")
    def _compute_collection_date(self):
        return super()._compute_collection_date()
