from odoo import fields, models


class AccountMoveLine(models.Model):
    _inherit = "account.move.line"

    billing_time_ids = fields.Many2many(
        "account.analytic.line", "billing_time_line_rel", "line_id", "time_id", "Billed Time", copy=False,
        readonly=True)
