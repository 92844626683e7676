from datetime import date

from psycopg2.errors import CheckViolation

from odoo.exceptions import UserError
from odoo.tests import tagged
from odoo.tools import mute_logger

from .common import BillingCommon


@tagged("post_install", "-at_install")
class TestBilledThrough(BillingCommon):
    """Billed Through moves freely until the first invoice: each move back is told, and then it is fixed."""

    def make(self, through="2026-03-31", **vals):
        return self.make_contract(
            {"quantity": 10, "price_unit": 20.0}, date_start="2025-01-01", billed_through=through, today="2026-04-01",
            **vals)

    def test_it_moves_before_the_first_invoice_and_back_is_told(self):
        contract = self.make()
        with self.today("2026-04-01"):
            contract.with_context(tracking_disable=True).billed_through = "2026-03-15"
        self.assertIn("Billed Through moved back: 03/16/2026 to 03/31/2026 is billed here.",
                      contract.message_ids[0].body)
        self.bill(contract, "2026-04-02")
        self.assertInvoices(contract, [
            ("out_invoice", "2026-03-17", "2026-03-17", [(10.0, 10.323, 103.23, "2026-03-16", "2026-03-31")]),
            ("out_invoice", "2026-04-02", "2026-04-02", [(10.0, 20.0, 200.0, "2026-04-01", "2026-04-30")])])

    def test_it_moves_forward_before_the_first_invoice(self):
        contract = self.make()
        told = len(contract.message_ids)
        with self.today("2026-04-01"):
            contract.with_context(tracking_disable=True).billed_through = "2026-04-15"
        self.assertEqual(len(contract.message_ids), told)
        self.bill(contract, "2026-04-17")
        self.assertInvoices(contract, [
            ("out_invoice", "2026-04-17", "2026-04-17", [(10.0, 10.0, 100.0, "2026-04-16", "2026-04-30")])])

    def test_emptied_all_is_billed_and_told(self):
        contract = self.make()
        with self.today("2026-04-01"):
            contract.billed_through = False
        self.assertEqual(min(contract.schedule_ids.mapped("cycle_start")), date(2025, 1, 1))
        self.assertTrue(any("01/01/2025 to 03/31/2026 is billed here" in body
                            for body in contract.message_ids.mapped("body")))

    def test_the_first_invoice_fixes_it_and_its_undoing_frees_it(self):
        contract = self.make()
        self.run_job("2026-04-02")
        invoice, rows = contract.invoice_ids, contract.schedule_ids
        for moved in ("2026-03-15", "2026-04-30", False):
            with self.subTest(moved), self.assertRaisesRegex(UserError, "already billed, so Billed Through"):
                contract.billed_through = moved
        contract.write({"billed_through": "2026-03-31", "discount": 0.0})  # as it was: an import by ID says it again
        self.assertEqual(contract.schedule_ids, rows)
        self.assertEqual(contract.invoice_ids, invoice)
        invoice.unlink()
        with self.today("2026-04-03"):
            contract.billed_through = "2026-04-15"
        self.bill(contract, "2026-04-17")
        self.assertInvoices(contract, [
            ("out_invoice", "2026-04-17", "2026-04-17", [(10.0, 10.0, 100.0, "2026-04-16", "2026-04-30")])])

    def test_what_says_it_again_leaves_the_schedules(self):
        contract = self.make()
        rows = contract.schedule_ids
        contract.write({"billed_through": "2026-03-31"})
        self.assertEqual(contract.schedule_ids, rows)

    def test_a_billed_subscription_with_cycles_of_its_own(self):
        contract = self.make_contract(
            {"quantity": 10, "price_unit": 20.0, "billed_through": "2026-03-31"}, contract_type="item_based",
            date_start="2025-01-01", today="2026-04-01")
        subscription = contract.subscription_ids
        with self.today("2026-04-01"):
            subscription.billed_through = "2026-04-15"
        self.bill(contract, "2026-04-17")
        with self.assertRaisesRegex(UserError, "already billed up to 2026-04-30, so Billed Through cannot change"):
            subscription.billed_through = "2026-03-31"

    def test_it_lies_in_the_term(self):
        for vals in ({"billed_through": "2024-12-31"}, {"date_end": "2026-03-30"}):
            contract = self.make()
            with self.subTest(vals), mute_logger("odoo.sql_db"), self.assertRaises(CheckViolation):
                contract.write(vals)
                contract.flush_recordset()
        with mute_logger("odoo.sql_db"), self.assertRaises(CheckViolation):
            self.make_contract(
                {"quantity": 1, "billed_through": "2026-05-01", "date_end": "2026-04-30"},
                contract_type="item_based", date_start="2025-01-01")
