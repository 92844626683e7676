from odoo import api, fields, models
from odoo.fields import Domain

from ..engine import facts, plan, reasons
from ..engine.money import exact


class BillingItem(models.Model):
    """A one-off charge or credit of a contract, billed once, as entered."""

    _name = "billing.item"
    _description = "Non-Recurring Item"
    _inherit = ["billing.line.mixin", "billing.source.mixin"]
    _order = "contract_id, invoice_on, id"

    _billing_group = plan.ITEM
    _billing_line_field = "billing_item_id"
    _billing_fields = ("invoice_on", "quantity", "price_unit", "discount", "billable")

    price_unit = fields.Float(help="Negative for a flat credit.")
    invoice_on = fields.Date(
        required=True, default=lambda self: self.env.company._billing_today(),
        help="It is billed on the first invoice of the contract on or after this day.")

    _open_idx = models.Index("(contract_id) WHERE invoice_line_id IS NULL")

    def _get_price_date(self):
        return self.invoice_on

    @api.model
    def _get_waiting_domain(self, day):
        return Domain([("billable", "=", True), ("invoice_on", ">", day)])

    def _prepare_billing_item(self, discount):
        return facts.Item(
            id=self.id, invoice_on=self.invoice_on, quantity=exact(self.quantity), price=exact(self.price_unit),
            discount=discount(self.discount, self.price_unit * self.quantity),
            obstacle=None if self.billable else reasons.NOT_BILLABLE)

    def _get_billing_owner(self):
        return self
