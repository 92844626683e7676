from odoo import fields, models


class ResBank(models.Model):
    _inherit = "res.bank"

    universal_branch_code = fields.Char(
        help="Branch code that stands for every branch of the bank, where it has one.")
