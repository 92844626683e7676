from odoo import api, models


class BillingPlanner(models.AbstractModel):
    _inherit = "billing.planner"

    @api.model
    def _get_sources(self):
        time = self.env["account.analytic.line"]
        return {**super()._get_sources(), time._billing_group: time}
