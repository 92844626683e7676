import io

from openpyxl import Workbook

from odoo import Command, fields
from odoo.tests import new_test_user, tagged
from odoo.tools import file_open, mute_logger

from .import_common import ImportCommon


@tagged("post_install", "-at_install")
class TestImport(ImportCommon):
    """Contracts with their lines come in by Odoo's own import, and bill from the day after Billed Through."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.licence.default_code = "LIC"
        cls.customer.ref = "C-1"
        cls.clerk = new_test_user(
            cls.env, login="import_clerk", groups="work365_billing.billing_group_user", company_id=cls.company.id,
            company_ids=[Command.set(cls.company.ids)])

    def rows(self, numbers, **cells):
        """Return the columns and a row per number: an active monthly contract that is billed through 31 March 2026."""
        row = {
            "reference": "OLD-{}", "partner_id": "C-1", "date_start": "2025-01-01", "date_end": "",
            "frequency": "monthly", "proration_unit": "days", "currency_id": "", "billed_through": "2026-03-31",
            "state": "active", "subscription_ids/product_id": "LIC", "subscription_ids/quantity": "10",
            "subscription_ids/price_unit": "20", "subscription_ids/sales_unit": "monthly", **cells}
        return list(row), [[cell.format(number) for cell in row.values()] for number in numbers]

    def load(self, columns, rows, day="2026-04-01", **kwargs):
        """Import on ``day``, as a clerk, without a single word of complaint."""
        with self.today(day):
            result = self.import_rows(columns, rows, env=self.clerk.with_user(self.clerk).env, **kwargs)
        self.assertEqual(result["messages"], [])
        return self.env["billing.contract"].browse(result["ids"])

    def refuse(self, columns, rows, day="2026-04-01"):
        """Import on ``day`` what is refused as a whole; return the rows and messages."""
        before = self.count()
        with self.today(day), mute_logger("odoo.sql_db", "odoo.models"):
            result = self.import_rows(columns, rows)
        self.assertFalse(result["ids"])
        self.env.invalidate_all()
        self.assertEqual(self.count(), before)
        return [(one["record"], one["message"]) for one in result["messages"]]

    def count(self):
        names = ("billing.contract", "billing.subscription", "billing.item", "billing.change.log", "billing.schedule")
        return [self.env[name].with_context(active_test=False).search_count([]) for name in names]

    # ---- what comes in ----------------------------------------------------------------------------------------------

    def test_contracts_come_in_complete_and_bill_nothing(self):
        contracts = self.load(*self.rows(range(3), **{"item_ids/product_id": "LIC", "item_ids/price_unit": "99",
                                                      "item_ids/invoice_on": "2026-04-20"}))
        self.assertRecordValues(contracts, [{
            "reference": f"OLD-{number}", "partner_id": self.customer.id, "state": "active",
            "contract_type": "recurring", "currency_id": self.company.currency_id.id, "company_id": self.company.id,
            "user_id": self.clerk.id, "name": "Blue Yonder – Monthly",
            "next_invoice_date": fields.Date.to_date("2026-04-02"), "is_billed": False,
        } for number in range(3)])
        self.assertRecordValues(contracts.subscription_ids, [{
            "product_id": self.licence.id, "quantity": 10.0, "price_unit": 20.0, "sales_unit": "monthly",
            "date_start": fields.Date.to_date("2025-01-01")}] * 3)
        self.assertRecordValues(contracts.change_log_ids, [{
            "event": "create", "effective_date": fields.Date.to_date("2025-01-01"), "quantity": 10.0,
            "price_unit": 20.0, "state": "active"}] * 3)
        self.assertRecordValues(contracts.item_ids, [{"quantity": 1.0, "price_unit": 99.0}] * 3)
        for contract in contracts:
            self.assertEqual(min(contract.schedule_ids.mapped("cycle_start")), fields.Date.to_date("2026-04-01"))
            self.assertEqual(set(contract.schedule_ids.mapped("state")), {"pending"})
        self.run_job("2026-04-01")
        self.assertFalse(contracts.invoice_ids)
        self.bill(contracts, "2026-04-02", "2026-05-02")
        for contract in contracts:
            self.assertInvoices(contract, [
                ("out_invoice", "2026-04-02", "2026-04-02", [(10.0, 20.0, 200.0, "2026-04-01", "2026-04-30")]),
                ("out_invoice", "2026-05-02", "2026-05-02", [
                    (10.0, 20.0, 200.0, "2026-05-01", "2026-05-31"), (1.0, 99.0, 99.0, False, False)])])

    def test_a_cycle_that_was_begun_elsewhere_is_prorated_by_days(self):
        contract = self.load(*self.rows([1], billed_through="2026-04-15"), day="2026-04-10")
        self.run_job("2026-04-16")
        self.assertInvoices(contract, [])
        self.bill(contract, "2026-04-17", "2026-05-02")
        self.assertInvoices(contract, [
            ("out_invoice", "2026-04-17", "2026-04-17", [(10.0, 10.0, 100.0, "2026-04-16", "2026-04-30")]),
            ("out_invoice", "2026-05-02", "2026-05-02", [(10.0, 20.0, 200.0, "2026-05-01", "2026-05-31")])])

    def test_a_quarter_that_was_begun_elsewhere_is_prorated_by_days_or_months(self):
        for unit, amount in (("days", 304.0), ("months", 305.81)):
            with self.subTest(unit):
                contract = self.load(*self.rows(
                    [unit], date_start="2018-01-01", date_end="2018-12-31", frequency="quarterly", proration_unit=unit,
                    billed_through="2018-01-14", **{"subscription_ids/price_unit": "12"}), day="2018-01-10")
                self.bill(contract, "2018-01-16", "2018-04-02")
                self.assertEqual([
                    (str(move.invoice_date), move.amount_untaxed, str(move.invoice_line_ids.billing_period_start))
                    for move in self.invoices(contract)],
                    [("2018-01-16", amount, "2018-01-15"), ("2018-04-02", 360.0, "2018-04-01")])

    def test_a_draft_bills_from_the_same_day_once_it_is_activated(self):
        contract = self.load(*self.rows([1], state="draft"))
        self.assertFalse(contract.schedule_ids)
        self.run_job("2026-04-02")
        self.assertFalse(contract.invoice_ids)
        with self.today("2026-05-10"):
            contract.action_activate()
        self.bill(contract, "2026-05-10")
        self.assertEqual(
            self.invoices(contract).invoice_line_ids.mapped(lambda line: str(line.billing_period_start)),
            ["2026-04-01", "2026-05-01"])

    def test_billed_through_its_end_nothing_is_left(self):
        contract = self.load(*self.rows([1], date_end="2026-03-31"))
        self.assertFalse(contract.schedule_ids)
        self.run_job("2026-04-02")
        self.assertFalse(contract.invoice_ids)

    def test_an_item_based_contract(self):
        contract = self.load(*self.rows([1], contract_type="item_based", billed_through="", **{
            "subscription_ids/date_start": "2025-06-11", "subscription_ids/billed_through": "2026-04-20"}))
        self.bill(contract, "2026-04-22", "2026-05-12")
        self.assertInvoices(contract, [
            ("out_invoice", "2026-04-22", "2026-04-22", [(10.0, 13.333, 133.33, "2026-04-21", "2026-05-10")]),
            ("out_invoice", "2026-05-12", "2026-05-12", [(10.0, 20.0, 200.0, "2026-05-11", "2026-06-10")])])

    def test_empty_cells_are_the_defaults(self):
        contract = self.load(*self.rows([1], billing_policy="", **{
            "subscription_ids/price_unit": "", "subscription_ids/quantity": "", "subscription_ids/sales_unit": ""}))
        self.assertRecordValues(contract, [{"billing_policy": "advance"}])
        self.assertRecordValues(contract.subscription_ids, [{
            "quantity": 1.0, "price_unit": 12.0, "sales_unit": "monthly", "monthly_price": 12.0}])
        free = self.load(*self.rows([2], **{"subscription_ids/price_unit": "0", "subscription_ids/quantity": "0"}))
        self.assertRecordValues(free.subscription_ids, [{"quantity": 0.0, "price_unit": 0.0}])

    def test_a_try_leaves_nothing(self):
        before = self.count()
        columns, rows = self.rows(range(2))
        with self.today("2026-04-01"):
            result = self.import_rows(columns, rows, test=True)
        self.assertEqual((len(result["ids"]), result["messages"]), (2, []))
        self.env.invalidate_all()
        self.assertEqual(self.count(), before)

    def test_a_spreadsheet(self):
        columns, rows = self.rows([1], billed_through="2026-04-15")
        book, content = Workbook(), io.BytesIO()
        for row in (columns, rows[0]):
            book.active.append(row)
        for number, kind in ((3, fields.Date.to_date), (8, fields.Date.to_date), (11, float), (12, float)):
            book.active.cell(2, number).value = kind(rows[0][number - 1])
        book.save(content)
        with self.today("2026-04-10"):
            result = self.import_file(
                content.getvalue(), "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet")
        self.assertEqual(result["messages"], [])
        contract = self.env["billing.contract"].browse(result["ids"])
        self.bill(contract, "2026-04-17")
        self.assertInvoices(contract, [
            ("out_invoice", "2026-04-17", "2026-04-17", [(10.0, 10.0, 100.0, "2026-04-16", "2026-04-30")])])

    def test_the_template_can_be_imported(self):
        self._create_product(name="Premium", default_code="M365-BP", lst_price=22.0)
        self._create_product(name="E3", default_code="M365-E3", lst_price=30.0)
        self._create_product(name="Set-up", default_code="SETUP", lst_price=500.0)
        self.env["res.partner"].create({"name": "Fabrikam", "ref": "C-2040"})
        [template] = self.env["billing.contract"].get_import_templates()
        with file_open(template["template"].lstrip("/"), "rb") as file, self.today("2026-04-01"):
            result = self.import_file(file.read(), "text/csv")
        self.assertEqual(result["messages"], [])
        first, second = self.env["billing.contract"].browse(result["ids"])
        self.assertRecordValues(first | second, [
            {"reference": "OLD-1001", "state": "draft", "previous_amount": 129.5, "planned_amount": 129.5},
            {"reference": "OLD-1002", "state": "draft", "previous_amount": 0.0, "planned_amount": 3668.0}])
        self.assertRecordValues(first.subscription_ids, [
            {"name": "Business Premium", "quantity": 5.0, "price_unit": 22.0, "sales_unit": "monthly"},
            {"name": "Microsoft 365 E3", "quantity": 1.0, "price_unit": 234.0, "sales_unit": "annual"}])
        self.assertRecordValues(second.item_ids, [{"name": "Set-up", "price_unit": 500.0}])

    # ---- speed ------------------------------------------------------------------------------------------------------

    def test_two_hundred_in_one_batch(self):
        self.load(*self.rows(["warm"]))
        with QueryCount(self.env.cr) as few:
            self.load(*self.rows(range(20)))
        with QueryCount(self.env.cr) as many:
            contracts = self.load(*self.rows(range(20, 220)))
        self.assertEqual(len(contracts.schedule_ids), 200 * 12)
        # Odoo looks customer and product up for each row; the rest is done in batches.
        per_contract = (many[0] - few[0]) / 180
        self.assertLess(per_contract, 4)
        self.run_job("2026-04-01")
        self.assertFalse(contracts.invoice_ids)

    # ---- what is refused --------------------------------------------------------------------------------------------

    def test_a_bad_row_is_named_and_nothing_is_half_done(self):
        euro = self.env["res.currency"].with_context(active_test=False).search([("name", "=", "EUR")])
        euro.active = True
        euro.rate_ids.unlink()
        for cells, text in (
                ({"partner_id": ""}, "'Customer'"),
                ({"partner_id": "Nobody"}, "No matching record found for name 'Nobody' in field 'Customer'"),
                ({"date_end": "2024-12-31", "billed_through": ""}, "The end date is before the start date"),
                ({"billed_through": "2024-12-31"}, "billed through a day before it starts"),
                ({"date_end": "2026-03-30"}, "billed through a day after its end"),
                ({"subscription_ids/product_id": "GONE"}, "No matching record found for name 'GONE'"),
                ({"subscription_ids/product_id": ""}, "'Product' (product_id)"),
                ({"subscription_ids/quantity": "-1"}, "quantity of a subscription cannot be negative"),
                ({"currency_id": "EUR"}, "is in EUR. The currency has no exchange rate"),
                ({"currency_id": "XXX"}, "No matching record found for name 'XXX'"),
                ({"frequency": "fortnightly"}, "'fortnightly' not found in selection field 'Billing Frequency'"),
                ({name: "" for name in self.rows([1])[0] if name.startswith("subscription")}, "has nothing to bill")):
            with self.subTest(text):
                columns, rows = self.rows(range(5))
                [bad] = self.rows([9], **cells)[1]
                found = self.refuse(columns, [*rows[:3], bad, *rows[3:]])
                self.assertEqual([row for row, _message in found], [3], found)
                self.assertIn(text, found[0][1])

    def test_a_date_that_is_none_names_the_line(self):
        with self.today("2026-04-01"):
            columns, rows = self.rows(range(2))
            rows[1][columns.index("billed_through")] = "31 Mars"
            result = self.import_rows(columns, rows)
        [message] = result["messages"]
        self.assertIn("billed_through", message["message"])
        self.assertIn("31 Mars", message["message"])

    def test_several_bad_rows_are_all_told(self):
        columns, rows = self.rows(range(3), **{"subscription_ids/quantity": "-1"})
        self.assertEqual([row for row, _message in self.refuse(columns, rows)], [0, 1, 2])

    # ---- twice ------------------------------------------------------------------------------------------------------

    def test_a_reference_stands_for_one_contract(self):
        columns, rows = self.rows([1, 2])
        [(row, message)] = self.refuse(columns, [*rows, rows[0]])
        self.assertEqual(row, 2)
        self.assertIn("it was imported before, or stands in the file twice", message)
        contract = self.load(columns, rows[:1])
        self.assertEqual([row for row, _message in self.refuse(columns, rows)], [0])
        contract.copy()
        self.assertEqual(self.env["billing.contract"].search([("reference", "=", "OLD-1")]), contract)

    def test_an_external_id_updates_instead_of_doubling(self):
        columns, rows = self.rows([1, 2], id="old_{}", **{"subscription_ids/id": "old_line_{}"})
        contracts = self.load(columns, rows)
        before = self.count()
        again = self.load(*self.rows([1, 2], id="old_{}", billed_through="2026-04-15", **{
            "subscription_ids/id": "old_line_{}", "subscription_ids/quantity": "12"}))
        self.assertEqual(again, contracts)
        self.assertEqual(self.count()[:3], before[:3])
        self.assertRecordValues(contracts, [{"billed_through": fields.Date.to_date("2026-04-15")}] * 2)
        self.assertRecordValues(contracts.subscription_ids, [{"quantity": 12.0}] * 2)
        self.assertEqual(contracts.mapped("next_invoice_date"), [fields.Date.to_date("2026-04-17")] * 2)

    def test_empty_cells_of_an_update_change_nothing(self):
        columns, rows = self.rows([1], id="old_{}", **{"subscription_ids/id": "old_line_{}"})
        contract = self.load(columns, rows)
        before = self.count()
        self.load(*self.rows([1], id="old_{}", billing_policy="", **{
            "subscription_ids/id": "old_line_{}", "subscription_ids/quantity": "", "subscription_ids/price_unit": "",
            "subscription_ids/sales_unit": ""}))
        self.assertEqual(self.count(), before)
        self.assertRecordValues(contract.subscription_ids, [{
            "quantity": 10.0, "price_unit": 20.0, "sales_unit": "monthly"}])

    def test_lines_of_a_file_are_not_doubled(self):
        columns, rows = self.rows([1], id="old_{}")
        [(row, message)] = self.refuse(columns, [*rows, *rows])
        self.assertEqual(row, 1)
        self.assertIn("would have [LIC] Business Premium twice", message)
        contract = self.load(columns, rows)
        [(row, message)] = self.refuse(columns, rows)
        self.assertIn("was imported before", message)
        self.assertEqual(len(contract.subscription_ids), 1)
        items = [["old_1", "LIC", "5", "2026-04-20"]]
        columns = ["id", "item_ids/product_id", "item_ids/price_unit", "item_ids/invoice_on"]
        self.load(columns, items)
        self.assertIn("twice", self.refuse(columns, items)[0][1])
        self.assertEqual(len(contract.item_ids), 1)

    def test_what_differs_is_another_line(self):
        columns, rows = self.rows([1], **{"subscription_ids/name": "Sales"})
        other = ["" if not name.startswith("subscription") else cell
                 for name, cell in zip(columns, rows[0], strict=True)]
        other[columns.index("subscription_ids/name")] = "Service"
        contract = self.load(columns, [rows[0], other])
        self.assertEqual(contract.subscription_ids.mapped("name"), ["Sales", "Service"])
        self.assertEqual(contract.next_invoice_amount, 400.0)

    def test_an_amount_is_imported_for_contracts_that_are_here(self):
        contracts = self.load(*self.rows([1, 2], id="old_{}"))
        self.load(["id", "previous_amount"], [["old_1", "200"], ["old_2", "310.5"]])
        self.assertEqual(contracts.mapped("previous_amount"), [200.0, 310.5])


class QueryCount:
    """Counts the queries of a block: ``with QueryCount(cr) as count: …; count[0]``."""

    def __init__(self, cr):
        self._cr = cr

    def __enter__(self):
        self._before, self._result = self._cr.sql_log_count, []
        return self._result

    def __exit__(self, *_exc):
        self._result.append(self._cr.sql_log_count - self._before)
