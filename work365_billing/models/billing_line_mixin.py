from odoo import api, fields, models


class BillingLineMixin(models.AbstractModel):
    """What a contract charges: a product with price, discount and taxes, all proposed from the product."""

    _name = "billing.line.mixin"
    _description = "Line of a Billing Contract"
    _inherit = ["analytic.mixin"]
    _check_company_auto = True

    contract_id = fields.Many2one("billing.contract", "Billing Contract", required=True, index=True, ondelete="cascade")
    company_id = fields.Many2one(related="contract_id.company_id", store=True, index=True, precompute=True)
    currency_id = fields.Many2one(related="contract_id.currency_id")
    partner_id = fields.Many2one(related="contract_id.partner_id", store=True, index=True)
    product_id = fields.Many2one(
        "product.product", required=True, index=True, check_company=True, ondelete="restrict",
        domain=[("sale_ok", "=", True)])
    name = fields.Char(
        "Description", compute="_compute_name", store=True, readonly=False, precompute=True, required=True,
        help="Printed on the invoice, followed by the billed period where there is one.")
    quantity = fields.Float(digits="Product Unit", default=1.0)
    price_unit = fields.Float(
        "Unit Price", compute="_compute_price_unit", store=True, readonly=False, precompute=True,
        min_display_digits="Product Price")
    discount = fields.Float("Discount (%)", digits="Discount")
    tax_ids = fields.Many2many(
        "account.tax", string="Taxes", compute="_compute_tax_ids", store=True, readonly=False, precompute=True,
        check_company=True, context={"active_test": False},
        domain=[("type_tax_use", "=", "sale"), ("active", "=", True)])
    tax_count = fields.Integer(help="How many taxes were chosen: tells when one has been deleted since.")
    billable = fields.Boolean(default=True)

    _discount_range = models.Constraint(
        "CHECK (discount >= 0 AND discount <= 100)", "Enter a discount between 0 and 100 percent.")

    @api.depends("product_id")
    def _compute_name(self):
        for line in self:
            line.name = line.product_id.with_context(lang=line.partner_id.lang).display_name or line.name

    @api.depends("product_id")
    def _compute_price_unit(self):
        for line in self:
            product, contract = line.product_id, line.contract_id
            line.price_unit = product.currency_id._convert(
                product.lst_price, contract.currency_id or product.currency_id, contract.company_id or self.env.company,
                line._get_price_date() or fields.Date.context_today(self), round=False) if product else 0.0

    def _get_price_date(self):
        """Return the day whose exchange rate turns the product's price into the contract's currency."""
        return self.contract_id.date_start

    @api.depends("product_id", "company_id")
    def _compute_tax_ids(self):
        for line in self:
            line.tax_ids = line.product_id.taxes_id._filter_taxes_by_company(line.company_id or self.env.company)

    @api.model_create_multi
    def create(self, vals_list):
        lines = super().create(vals_list)
        lines._remember_taxes()
        return lines

    def write(self, vals):
        result = super().write(vals)
        if "tax_ids" in vals:
            self._remember_taxes()
        return result

    def _remember_taxes(self):
        for line in self:
            if line.tax_count != len(line.tax_ids):
                line.tax_count = len(line.tax_ids)
