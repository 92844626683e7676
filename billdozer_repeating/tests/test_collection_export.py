import base64
import csv
import io
from datetime import date
from decimal import Decimal

from odoo.exceptions import AccessError, UserError
from odoo.tests import tagged

from ..models import bank_debit_formats
from .collection_common import NUMBER, CollectionCommon

HEADER = [
    "Collection Date", "Invoice", "Client", "Contract", "Mandate", "Signed On", "Statement Name", "Account Holder",
    "Bank", "Branch Code", "Account Number", "Account Type", "Currency", "Amount"]


@tagged("post_install", "-at_install")
class TestExport(CollectionCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.contract = cls.make_collected(name="Rent")
        cls.mandate = cls.make_mandate(cls.contract, amount_max=500.0, statement_name="ACME")
        cls.standard = cls.make_account(
            bank_id=cls.env.ref("billdozer_repeating.res_bank_standard").id, account_number="012345678",
            holder="=Blue, Yonder", account_type="savings")
        cls.second = cls.make_collected(cls.standard, name="Garage")
        cls.second_mandate = cls.make_mandate(cls.second, statement_name="ACME")
        cls.card = cls.make_contract({"price_unit": 1.0}, date_start="2026-01-01", payment_token_id=cls.token.id)
        cls.moves = (
            cls.make_invoice(cls.second, 33.335, "2026-01-16") | cls.make_invoice(cls.contract, 100.0)
            | cls.make_invoice(cls.contract, 500.01) | cls.make_invoice(cls.card, 5.0))
        cls.late, cls.debit, cls.above, cls.charged = cls.moves

    def open(self, moves=None, **vals):
        window = self.env["billing.collection.export"].browse(
            (moves or self.moves).action_export_bank_debits()["res_id"])
        window.write(vals)
        return window

    def rows(self, window):
        text = base64.b64decode(window.file).decode("utf-8-sig")
        return list(csv.reader(io.StringIO(text)))

    def test_the_window_says_what_goes_where(self):
        window = self.open()
        self.assertEqual(window.debit_ids, self.late | self.debit)
        self.assertEqual(window.left_out_ids, self.above)
        self.assertEqual(window.card_count, 1)
        self.assertIn("133.34", window.total)
        self.assertFalse(self.moves.filtered("collection_exported_at"))

    def test_the_file_line_by_line(self):
        with self.today("2026-01-10"):
            window = self.open()
            window.action_export()
        self.assertEqual(window.file_name, "bank-debits-2026-01-10.csv")
        currency = self.company.currency_id.name
        self.assertEqual(self.rows(window), [
            HEADER,
            ["2026-01-15", self.debit.name, "Blue Yonder", "Rent", self.mandate.name, "2026-01-01", "ACME",
             "Blue Yonder", "First National Bank", "250655", NUMBER, "Cheque", currency, "100.00"],
            ["2026-01-16", self.late.name, "Blue Yonder", "Garage", self.second_mandate.name, "2026-01-01", "ACME",
             "'=Blue, Yonder", "Standard Bank", "051001", "012345678", "Savings", currency, "33.34"],
        ])
        self.assertEqual(self.moves.filtered("collection_exported_at"), self.late | self.debit)
        self.assertIn("exported (CSV)", self.debit.message_ids[0].body)
        self.assertNotIn(NUMBER[:-4], self.debit.message_ids[0].body)

    def test_nothing_is_exported_twice_by_mistake(self):
        self.open().action_export()
        again = self.open()
        self.assertFalse(again.debit_ids)
        self.assertEqual(again.left_out_ids, self.late | self.debit | self.above)
        with self.assertRaisesRegex(UserError, "None of these invoices"):
            again.action_export()
        again.include_exported = True
        self.assertEqual(again.debit_ids, self.late | self.debit)
        again.action_export()
        self.assertEqual(len(self.rows(again)), 3)

    def test_what_has_happened_since_the_window_was_opened_counts(self):
        window = self.open()
        self.mandate.action_suspend()
        window.action_export()
        self.assertEqual([row[1] for row in self.rows(window)[1:]], [self.late.name])
        self.assertFalse(self.debit.collection_exported_at)

    def test_only_what_is_open_is_debited(self):
        self.env["account.payment.register"].with_context(
            active_model="account.move", active_ids=self.debit.ids).create({"amount": 40.0})._create_payments()
        window = self.open(self.debit)
        window.action_export()
        self.assertEqual(self.rows(window)[1][-1], "60.00")

    def test_one_company_at_a_time(self):
        other = self.setup_other_company(name="Company B")
        move = self.init_invoice("out_invoice", company=other["company"], amounts=[1.0], taxes=[])
        with self.assertRaisesRegex(UserError, "one company"):
            (self.debit | move).action_export_bank_debits()

    def test_others_are_refused(self):
        window = self.open()
        for group in ("viewer", "user", "invoicing"):
            user = self.make_user(group)
            with self.assertRaises(AccessError):
                self.debit.with_user(user).action_export_bank_debits()
            with self.assertRaises(AccessError):
                window.with_user(user).action_export()
            with self.assertRaises(AccessError):
                self.debit.with_user(user)._prepare_debits()
        self.assertFalse(self.debit.collection_exported_at)

    def test_a_format_to_come_is_a_class_of_its_own(self):
        @bank_debit_formats.register("test_lines")
        class Lines:
            label = "Lines"
            extension = "txt"

            def render(self, debits):
                return "\n".join(f"{debit.reference} {debit.amount}" for debit in debits).encode()

        self.addCleanup(bank_debit_formats.FORMATS.pop, "test_lines")
        window = self.open(self.debit, file_format="test_lines")
        window.action_export()
        self.assertEqual(base64.b64decode(window.file).decode(), f"{self.debit.name} 100.00")
        self.assertTrue(window.file_name.endswith(".txt"))

    def test_amounts_follow_the_currency(self):
        [debit] = self.late._prepare_debits()
        self.assertEqual((debit.amount, debit.collection_date), (Decimal("33.34"), date(2026, 1, 16)))
