"""Repeating invoices that come in by Odoo's own import, with their lines."""

from odoo import api, models

# What an empty cell leaves to its default, although it may be empty.
DEFAULTING = ("name", "weekday")


class RepeatingInvoice(models.Model):
    _name = "repeating.invoice"
    _inherit = ["repeating.invoice", "billing.import.mixin"]

    @api.model
    def get_import_templates(self):
        return [{
            "label": self.env._("Import Template for Repeating Invoices"),
            "template": "/billdozer_repeating/static/import/repeating_invoices.csv"}]

    @api.model
    def load(self, fields, data):
        """Import rows as Odoo does, then make the invoices that are due, of all rows in one run."""
        result = super().load(fields, data)
        self.with_context(import_file=False).browse(result["ids"] or ())._bill_at_once()
        return result

    @api.model_create_multi
    def create(self, vals_list):
        return super().create([self._without_empty_cells(vals, *DEFAULTING) for vals in vals_list])

    def write(self, vals):
        return super().write(self._without_empty_cells(vals, *DEFAULTING))

    def _bill_at_once(self):
        """Of a file nothing is billed before all of its rows are in."""
        return None if self.env.context.get("import_file") else super()._bill_at_once()

    @api.model
    def _sql_error_to_message(self, exc):
        """Let lines word what is wrong with them: they come in with the row of their repeating invoice."""
        lines = self.env["repeating.invoice.line"]
        if exc.diag.table_name == lines._table:
            return lines._sql_error_to_message(exc)
        return super()._sql_error_to_message(exc)


class RepeatingInvoiceLine(models.Model):
    _inherit = "repeating.invoice.line"

    def write(self, vals):
        return super().write(self._without_same_product(self._without_empty_cells(vals, "quantity", "price_unit")))

    def _get_start_field(self):
        return "date_start"
