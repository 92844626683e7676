from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError


class BillingItem(models.Model):
    """A one-off charge or credit of a contract, billed once, as entered."""

    _name = "billing.item"
    _description = "Non-Recurring Item"
    _inherit = ["billing.line.mixin"]
    _order = "contract_id, invoice_on, id"

    price_unit = fields.Float(help="Negative for a flat credit.")
    invoice_on = fields.Date(
        required=True, default=lambda self: self.env.company._billing_today(),
        help="It is billed on the first invoice of the contract on or after this day.")
    invoice_line_id = fields.Many2one(
        "account.move.line", "Invoice Line", index="btree_not_null", ondelete="set null", readonly=True, copy=False)
    invoice_id = fields.Many2one(related="invoice_line_id.move_id", string="Invoice")

    _open_idx = models.Index("(contract_id) WHERE invoice_line_id IS NULL")

    def _get_price_date(self):
        return self.invoice_on

    def write(self, vals):
        if "invoice_line_id" in vals and not self.env.su:
            raise AccessError(self.env._("What an item is billed on follows its invoice: delete or credit that."))
        return super().write(vals)

    @api.ondelete(at_uninstall=False)
    def _unlink_except_billed(self):
        billed = self.filtered("invoice_line_id")
        if billed:
            raise UserError(self.env._("%(item)s is billed and stays as its proof.", item=billed[0].name))
