"""Shared ground of the tests of repeating invoices."""

from odoo import Command, fields
from odoo.tests import freeze_time

from odoo.addons.work365_billing.tests.common import BillingCommon


class RepeatingCommon(BillingCommon):
    @classmethod
    def make_repeating(cls, *lines, today=None, **vals):
        """Return a repeating invoice with ``lines`` (dicts), saved on ``today`` (default its run date)."""
        with freeze_time(f"{today or vals['run_date']} 08:00:00"):
            return cls.env["repeating.invoice"].create(cls.repeating_vals(*lines, **vals))

    @classmethod
    def repeating_vals(cls, *lines, **vals):
        return {
            "partner_id": cls.customer.id, "interval": "monthly", "name": "Blue Yonder",
            "line_ids": [Command.create({"product_id": cls.licence.id, "name": "Hosting", "tax_ids": False, **line})
                         for line in lines],
            **vals}

    def invoices_of(self, repeating):
        """Return the invoices of ``repeating``, oldest first."""
        return self.env["account.move"].search([("repeating_invoice_id", "=", repeating.id)], order="invoice_date, id")

    def assertRuns(self, repeating, expected):
        """Compare all invoices of ``repeating`` with ``expected``: (date, [(line, quantity, price, subtotal)])."""
        self.assertEqual([
            (str(move.invoice_date), [
                (line.name.split("\n")[0], line.quantity, line.price_unit, line.price_subtotal)
                for line in move.invoice_line_ids.sorted("sequence")])
            for move in self.invoices_of(repeating)], expected)

    def run_dates(self, repeating):
        """Return the dates of the invoices, without the credit notes of a cancellation."""
        return [str(move.invoice_date) for move in self.invoices_of(repeating) if move.move_type == "out_invoice"]

    def assertWhole(self, repeating, expected):
        """Compare all invoices of ``repeating`` completely.

        :param expected: a list of (invoice date, due date, collection date, lines), a line being
            (name, quantity, unit price, subtotal, period from, period to)
        """
        day = fields.Date.to_string
        self.assertEqual([
            (day(move.invoice_date), day(move.invoice_date_due), day(move.collection_date), [
                (line.name.split("\n")[0], line.quantity, line.price_unit, line.price_subtotal,
                 line.billing_period_start and day(line.billing_period_start),
                 line.billing_period_end and day(line.billing_period_end))
                for line in move.invoice_line_ids.sorted("sequence")])
            for move in self.invoices_of(repeating) if move.move_type == "out_invoice"], expected)
        for move in self.invoices_of(repeating).filtered(lambda move: move.move_type == "out_invoice"):
            total = sum(move.invoice_line_ids.mapped("price_subtotal"))
            self.assertEqual((move.move_type, move.amount_untaxed), ("out_invoice", total))
