from odoo import api, fields, models


class ResConfigSettings(models.TransientModel):
    _inherit = "res.config.settings"

    billdozer_days_in_advance = fields.Integer(related="company_id.billdozer_days_in_advance", readonly=False)
    billdozer_contracts_per_client = fields.Selection(
        related="company_id.billdozer_contracts_per_client", readonly=False)
    billdozer_approve = fields.Boolean(related="company_id.billdozer_approve", readonly=False)
    billdozer_escalation_notice_days = fields.Integer(
        related="company_id.billdozer_escalation_notice_days", readonly=False)
    billdozer_direction = fields.Selection(related="company_id.billdozer_direction", readonly=False)
    billdozer_saturday = fields.Boolean(related="company_id.billdozer_saturday", readonly=False)
    billdozer_holiday_country_id = fields.Many2one(
        related="company_id.billdozer_holiday_country_id", readonly=False)
    billdozer_holiday_hint = fields.Char(compute="_compute_billdozer_holiday_hint")

    @api.depends("billdozer_holiday_country_id", "company_id")
    def _compute_billdozer_holiday_hint(self):
        for settings in self:
            country = settings.billdozer_holiday_country_id or settings.company_id.country_id
            settings.billdozer_holiday_hint = settings.company_id._billdozer_get_holiday_hint(country)
