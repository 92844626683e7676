"""Subscriptions and items that come in with the file of their contract."""

from odoo import api, models
from odoo.exceptions import ValidationError

DEFAULTING = ("quantity", "price_unit")  # an empty price is the product's, not 0.00


class BillingLineMixin(models.AbstractModel):
    _name = "billing.line.mixin"
    _inherit = ["billing.line.mixin", "billing.import.mixin"]

    @api.model_create_multi
    def create(self, vals_list):
        lines = super().create([self._without_empty_cells(vals, *DEFAULTING) for vals in vals_list])
        if self.env.context.get("import_file"):
            lines._check_not_imported_twice()
        return lines

    def _without_same_product(self, vals):
        """Return ``vals`` without the product that the lines have already: chosen anew it would propose its price."""
        if "product_id" not in vals or any(line.product_id.id != vals["product_id"] for line in self):
            return vals
        return {name: value for name, value in vals.items() if name != "product_id"}

    def _get_start_field(self):
        """Return the name of the field that says from when the line is charged."""
        raise NotImplementedError

    def _check_not_imported_twice(self):
        """Refuse a line that stands on its contract already: a row that is there twice would be billed twice."""
        start = self._get_start_field()
        known = self.search_fetch(
            [("contract_id", "in", self.contract_id.ids)], ["contract_id", "product_id", "name", start, "price_unit"])
        by_content = known.grouped(
            lambda line: (line.contract_id, line.product_id, line.name, line[start], line.price_unit))
        for same in by_content.values():
            if len(same) > 1 and same & self:
                raise ValidationError(self.env._(
                    "%(contract)s would have %(line)s twice, from the same day at the same price: the row is in the "
                    "file twice, or was imported before. Add the quantities up, give them different descriptions, or "
                    "name the one to update by its external or database ID.",
                    contract=same.contract_id.display_name, line=same[0].name))


class BillingSubscription(models.Model):
    _inherit = "billing.subscription"

    def write(self, vals):
        return super().write(self._without_same_product(self._without_empty_cells(vals, *DEFAULTING)))

    def _get_start_field(self):
        return "date_start"


class BillingItem(models.Model):
    _inherit = "billing.item"

    def write(self, vals):
        return super().write(self._without_same_product(self._without_empty_cells(vals, *DEFAULTING)))

    def _get_start_field(self):
        return "invoice_on"
