from odoo import api, fields, models
from odoo.exceptions import UserError


class BillingItem(models.Model):
    """A one-off charge or credit of a contract, billed once, as entered."""

    _name = "billing.item"
    _description = "Non-Recurring Item"
    _inherit = ["analytic.mixin"]
    _order = "contract_id, invoice_on, id"
    _check_company_auto = True

    contract_id = fields.Many2one("billing.contract", "Billing Contract", required=True, index=True, ondelete="cascade")
    company_id = fields.Many2one(related="contract_id.company_id", store=True, index=True, precompute=True)
    currency_id = fields.Many2one(related="contract_id.currency_id")
    partner_id = fields.Many2one(related="contract_id.partner_id", store=True)
    product_id = fields.Many2one("product.product", required=True, check_company=True, ondelete="restrict")
    name = fields.Char(
        "Description", compute="_compute_name", store=True, readonly=False, precompute=True, required=True)
    quantity = fields.Float(digits="Product Unit", default=1.0)
    price_unit = fields.Float(
        "Unit Price", compute="_compute_price_unit", store=True, readonly=False, precompute=True,
        min_display_digits="Product Price", help="Negative for a flat credit.")
    discount = fields.Float("Discount (%)", digits="Discount")
    tax_ids = fields.Many2many(
        "account.tax", string="Taxes", compute="_compute_tax_ids", store=True, readonly=False, precompute=True,
        check_company=True, context={"active_test": False},
        domain=[("type_tax_use", "=", "sale"), ("active", "=", True)])
    tax_count = fields.Integer(help="How many taxes were chosen: tells when one has been deleted since.")
    billable = fields.Boolean(default=True)
    invoice_on = fields.Date(
        required=True, default=lambda self: self.env.company._billing_today(),
        help="It is billed on the first invoice of the contract on or after this day.")
    invoice_line_id = fields.Many2one(
        "account.move.line", "Invoice Line", index="btree_not_null", ondelete="set null", readonly=True, copy=False)
    invoice_id = fields.Many2one(related="invoice_line_id.move_id", string="Invoice")

    _discount_range = models.Constraint(
        "CHECK (discount >= 0 AND discount <= 100)", "Enter a discount between 0 and 100 percent.")
    _open_idx = models.Index("(contract_id) WHERE invoice_line_id IS NULL")

    @api.depends("product_id")
    def _compute_name(self):
        for item in self:
            item.name = item.product_id.with_context(lang=item.partner_id.lang).display_name or item.name

    @api.depends("product_id")
    def _compute_price_unit(self):
        for item in self:
            product, contract = item.product_id, item.contract_id
            item.price_unit = product.currency_id._convert(
                product.lst_price, contract.currency_id or product.currency_id, contract.company_id or self.env.company,
                item.invoice_on or fields.Date.context_today(self), round=False) if product else 0.0

    @api.depends("product_id", "company_id")
    def _compute_tax_ids(self):
        for item in self:
            item.tax_ids = item.product_id.taxes_id._filter_taxes_by_company(item.company_id or self.env.company)

    @api.model_create_multi
    def create(self, vals_list):
        items = super().create(vals_list)
        items._remember_taxes()
        return items

    def write(self, vals):
        result = super().write(vals)
        if "tax_ids" in vals:
            self._remember_taxes()
        return result

    def _remember_taxes(self):
        for item in self:
            if item.tax_count != len(item.tax_ids):
                item.tax_count = len(item.tax_ids)

    @api.ondelete(at_uninstall=False)
    def _unlink_except_billed(self):
        billed = self.filtered("invoice_line_id")
        if billed:
            raise UserError(self.env._("%(item)s is billed and stays as its proof.", item=billed[0].name))
