from odoo import fields, models


class ResConfigSettings(models.TransientModel):
    _inherit = "res.config.settings"

    billdozer_days_in_advance = fields.Integer(related="company_id.billdozer_days_in_advance", readonly=False)
    billdozer_contracts = fields.Selection(related="company_id.billdozer_contracts", readonly=False)
    billdozer_approval = fields.Boolean(related="company_id.billdozer_approval", readonly=False)
