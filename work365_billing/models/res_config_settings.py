from odoo import api, fields, models

from .lanes import DEFAULT_LANES, LANES_PARAMETER


class ResConfigSettings(models.TransientModel):
    _inherit = "res.config.settings"

    billing_tz = fields.Selection(related="company_id.billing_tz", readonly=False)
    billing_refund = fields.Boolean(related="company_id.billing_refund", readonly=False)
    billing_range_monthly = fields.Integer(related="company_id.billing_range_monthly", readonly=False)
    billing_range_quarterly = fields.Integer(related="company_id.billing_range_quarterly", readonly=False)
    billing_catch_up_periods = fields.Integer(related="company_id.billing_catch_up_periods", readonly=False)
    billing_catch_up_amount = fields.Monetary(related="company_id.billing_catch_up_amount", readonly=False)
    billing_range_longer = fields.Integer(related="company_id.billing_range_longer", readonly=False)
    billing_notice_days = fields.Integer(related="company_id.billing_notice_days", readonly=False)
    billing_anomaly_percent = fields.Float(related="company_id.billing_anomaly_percent", readonly=False)
    billing_change_log_quarterly = fields.Selection(related="company_id.billing_change_log_quarterly", readonly=False)
    billing_change_log_quarterly_weekday = fields.Selection(
        related="company_id.billing_change_log_quarterly_weekday", readonly=False)
    billing_change_log_quarterly_day = fields.Integer(
        related="company_id.billing_change_log_quarterly_day", readonly=False)
    billing_change_log_longer = fields.Selection(related="company_id.billing_change_log_longer", readonly=False)
    billing_change_log_longer_weekday = fields.Selection(
        related="company_id.billing_change_log_longer_weekday", readonly=False)
    billing_change_log_longer_day = fields.Integer(related="company_id.billing_change_log_longer_day", readonly=False)
    billing_lanes = fields.Integer("Parallel Lanes", config_parameter=LANES_PARAMETER, default=DEFAULT_LANES)

    @api.constrains("billing_lanes")
    def _check_billing_lanes(self):
        """A zero would not be stored, and so not be checked where the parameter is."""
        for settings in self:
            self.env["ir.config_parameter"]._check_lanes(settings.billing_lanes)
