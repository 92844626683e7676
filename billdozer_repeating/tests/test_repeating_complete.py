"""Invoices of repeating invoices are created with all their journal items, and with what Billdozer adds."""

from unittest.mock import patch

from odoo import Command
from odoo.tests import tagged

from odoo.addons.work365_billing.models.journal_items import JournalItems

from .collection_common import CollectionCommon
from .repeating_common import RepeatingCommon


@tagged("post_install", "-at_install")
class TestRepeatingComplete(RepeatingCommon, CollectionCommon):
    def test_collected_invoice(self):
        """The due date of a collected invoice is on its journal items, too."""
        tax = self.company_data["default_tax_sale"]
        completed, complete = [], JournalItems.complete

        def remember(items, vals_list):
            completed.extend(vals_list)
            complete(items, vals_list)

        repeating = self.make_repeating(
            {"price_unit": 100.0, "tax_ids": [Command.set(tax.ids)]}, run_date="2026-07-10", today="2026-06-01",
            collect_on="25", info="<p>Thank you</p>")
        repeating.contract_id.payment_method_id = self.account
        with patch.object(JournalItems, "complete", remember):
            self.run_job("2026-06-26")
        move = self.invoices_of(repeating)
        self.assertEqual(len(completed), 1)
        day = move._fields["collection_date"].to_date("2026-07-27")  # the 25th is a Saturday
        self.assertRecordValues(move, [{
            "collection_date": day, "invoice_date_due": day, "amount_untaxed": 100.0, "amount_tax": 15.0,
            "invoice_payment_term_id": False, "invoice_user_id": repeating.user_id.id}])
        self.assertIn("Thank you", move.narration)
        self.assertRecordValues(move.line_ids.sorted("id"), [
            {"display_type": "product", "date_maturity": False, "balance": -100.0},
            {"display_type": "tax", "date_maturity": False, "balance": -15.0},
            {"display_type": "payment_term", "date_maturity": day, "balance": 115.0}])
