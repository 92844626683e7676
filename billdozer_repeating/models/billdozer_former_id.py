from odoo import fields, models


class BilldozerFormerId(models.Model):
    """The Billdozer Id of a client that was merged into another, which is found by it from then on."""

    _name = "billdozer.former.id"
    _description = "Former Billdozer Id"

    name = fields.Char("Billdozer Id", required=True, readonly=True)
    partner_id = fields.Many2one(
        "res.partner", "Client", required=True, readonly=True, index=True, ondelete="cascade")

    _name_uniq = models.UniqueIndex("(name)", "A Billdozer Id belongs to one client only.")
