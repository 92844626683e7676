from odoo import fields, models


class ResCompany(models.Model):
    _inherit = "res.company"

    billdozer_days_in_advance = fields.Integer("# Days in advance to generate invoices", default=15)
    billdozer_contracts = fields.Selection(
        [("single", "One contract per client"), ("multiple", "A contract per repeating invoice")],
        "Contracts per Client", default="single", required=True)
    billdozer_approval = fields.Boolean("Approve Repeating Invoices")
