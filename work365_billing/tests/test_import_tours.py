from datetime import timedelta

from odoo.tests import tagged

from .test_tours import ToursCommon


@tagged("post_install", "-at_install")
class TestImportTours(ToursCommon):
    """A billing clerk checks what was imported, and activates it."""

    def test_check_and_activate_imported_contracts(self):
        yesterday = self.day - timedelta(days=1)
        contracts = [self.make_contract(
            *[{"quantity": 10, "price_unit": 12.0}] * lines, name=name, date_start=str(self.day - timedelta(days=400)),
            billed_through=str(yesterday), alignment="calendar", activate=False, today=self.day)
            for name, lines in (("Imported One", 1), ("Imported Two", 1), ("Imported Empty", 0))]
        one, two, empty = contracts
        one.previous_amount = one.planned_amount
        self.start("import_check")
        self.assertEqual([contract.state for contract in contracts], ["active", "active", "draft"])
        self.assertEqual(two.previous_amount, 999.0)
        self.assertFalse((one | two | empty).invoice_ids)
        self.assertEqual({min(contract.schedule_ids.mapped("cycle_start")) for contract in (one, two)}, {self.day})
