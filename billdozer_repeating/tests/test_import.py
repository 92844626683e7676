"""Repeating invoices with their lines come in by Odoo's own import: all of a file, in one run, or nothing."""

import json

from odoo import Command
from odoo.tests import new_test_user, tagged
from odoo.tools import file_open, mute_logger

from odoo.addons.work365_billing.tests.import_common import ImportCommon

from .repeating_common import RepeatingCommon


@tagged("post_install", "-at_install")
class TestRepeatingImport(ImportCommon, RepeatingCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.licence.default_code = "LIC"
        cls.customer.account_number = "ACC-1"
        cls.clerk = new_test_user(
            cls.env, login="import_clerk", groups="work365_billing.billing_group_user", company_id=cls.company.id,
            company_ids=[Command.set(cls.company.ids)], tz="UTC")

    def make_clients(self, numbers):
        return self.env["res.partner"].create([
            {"name": f"Client {number}", "account_number": f"C{number}"} for number in numbers])

    def rows(self, numbers, **cells):
        """Return the columns and a row per number: monthly from 1 May 2026, for a client of its own."""
        row = {
            "partner_id": "C{}", "interval": "monthly", "run_date": "2026-05-01", "months": "", "weekday": "",
            "term": "", "collect_on": "", "billed_through": "", "line_ids/product_id": "LIC",
            "line_ids/name": "Hosting", "line_ids/quantity": "2", "line_ids/price_unit": "50", "line_ids/term": "",
            **cells}
        return list(row), [[cell.format(number) for cell in row.values()] for number in numbers]

    def load(self, columns, rows, day="2026-04-20", **kwargs):
        """Import on ``day``, as a clerk, without a single word of complaint."""
        with self.today(day):
            result = self.import_rows(
                columns, rows, model="repeating.invoice", env=self.clerk.with_user(self.clerk).env, **kwargs)
        self.assertEqual(result["messages"], [])
        return self.env["repeating.invoice"].browse(result["ids"])

    def refuse(self, columns, rows, day="2026-04-20"):
        """Import on ``day`` what is refused as a whole; return the rows and messages."""
        before = self.count()
        with self.today(day), mute_logger("odoo.sql_db", "odoo.models"):
            result = self.import_rows(columns, rows, model="repeating.invoice")
        self.assertFalse(result["ids"], rows[len(rows) // 2])
        self.env.invalidate_all()
        self.assertEqual(self.count(), before)
        return [(one["record"], one["message"]) for one in result["messages"]]

    def count(self):
        names = ("repeating.invoice", "repeating.invoice.line", "billing.contract", "billing.subscription",
                 "billing.change.log", "billing.schedule", "billing.run", "account.move")
        return [self.env[name].with_context(active_test=False).search_count([]) for name in names]

    # ---- what comes in ----------------------------------------------------------------------------------------------

    def test_a_file_comes_in_complete_and_is_billed_in_one_run(self):
        self.make_clients(range(3))
        runs = self.env["billing.run"].search([])
        many = self.load(*self.rows(range(3), term="12", collect_on="25"))
        self.assertRecordValues(many, [{
            "name": f"Client {number} – Monthly", "account_number": f"C{number}", "interval": "monthly",
            "state": "active", "term": 12, "collect_on": "25", "user_id": self.clerk.id,
            "company_id": self.company.id, "currency_id": self.company.currency_id.id} for number in range(3)])
        self.assertEqual({str(one.date_end) for one in many}, {"2027-04-30"})
        self.assertRecordValues(many.contract_id, [{
            "partner_id": one.partner_id.id, "contract_type": "item_based", "state": "active"} for one in many])
        self.assertRecordValues(many.line_ids.subscription_id, [
            {"quantity": 2.0, "price_unit": 50.0, "sales_unit": "run"}] * 3)
        for one in many:
            self.assertRuns(one, [("2026-05-01", [("Hosting", 2.0, 50.0, 100.0)])])
        self.assertRecordValues(self.env["billing.run"].search([]) - runs, [{
            "origin": "saved", "state": "done", "contract_count": 3, "invoiced_count": 3, "user_id": self.clerk.id}])
        before = self.count()
        self.run_job("2026-04-20")
        self.assertEqual(self.count(), before)

    def test_a_client_is_found_by_account_number_or_name(self):
        columns, [by_number] = self.rows([1], partner_id="ACC-1")
        [by_name] = self.rows([2], partner_id="Blue Yonder", **{"line_ids/name": "Mail"})[1]
        many = self.load(columns, [by_number, by_name])
        self.assertEqual(many.partner_id, self.customer)
        self.assertEqual(len(many.contract_id), 1)
        self.company.billdozer_contracts_per_client = "multiple"
        many = self.load(columns, [by_number, by_name])
        self.assertEqual(len(many.contract_id), 2)

    def test_what_was_billed_elsewhere_is_not_billed_again(self):
        self.make_clients([1])
        one = self.load(*self.rows([1], run_date="2026-01-01", billed_through="2026-03-31"))
        self.assertEqual(self.run_dates(one), ["2026-04-01", "2026-05-01"])

    def test_lines_have_rows_of_their_own(self):
        self.make_clients([1])
        columns, rows = self.rows([1], term="12")
        second = [cell if name.startswith("line_ids") else "" for name, cell in zip(columns, rows[0], strict=True)]
        second[columns.index("line_ids/name")], second[columns.index("line_ids/term")] = "Router", "3"
        one = self.load(columns, [*rows, second])
        self.assertRecordValues(one.line_ids, [{"name": "Hosting", "term": 0}, {"name": "Router", "term": 3}])
        self.assertRuns(one, [("2026-05-01", [("Hosting", 2.0, 50.0, 100.0), ("Router", 2.0, 50.0, 100.0)])])

    def test_empty_cells_are_the_defaults(self):
        self.make_clients([1])
        one = self.load(*self.rows([1], interval="", run_date="", **{
            "line_ids/name": "", "line_ids/quantity": "", "line_ids/price_unit": ""}))
        self.assertRecordValues(one, [{"interval": "monthly", "collect_on": "issued", "term": 0, "date_end": False}])
        self.assertRecordValues(one.line_ids, [
            {"name": "[LIC] Business Premium", "quantity": 1.0, "price_unit": 12.0}])
        self.assertEqual(self.run_dates(one), ["2026-04-20"])

    def test_what_awaits_approval_bills_nothing(self):
        self.company.billdozer_approve = True
        self.make_clients([1])
        one = self.load(*self.rows([1]))
        self.assertRecordValues(one, [{"state": "awaiting", "invoice_ids": []}])
        self.assertFalse(self.env["billing.run"].search([("origin", "=", "saved")]))

    def test_a_try_leaves_nothing(self):
        self.make_clients(range(2))
        before = self.count()
        columns, rows = self.rows(range(2))
        with self.today("2026-04-20"):
            result = self.import_rows(columns, rows, test=True, model="repeating.invoice")
        self.assertEqual((len(result["ids"]), result["messages"]), (2, []))
        self.env.invalidate_all()
        self.assertEqual(self.count(), before)

    def test_the_template_can_be_imported(self):
        for code in ("LINE", "ROUTER", "DOMAIN", "CLEAN"):
            self._create_product(name=code, default_code=code, taxes_id=False)
        first, second = self.env["res.partner"].create([
            {"name": "Fabrikam", "account_number": "ACC-1001"}, {"name": "Tailspin", "account_number": "ACC-1002"}])
        [template] = self.env["repeating.invoice"].get_import_templates()
        with file_open(template["template"].lstrip("/"), "rb") as file, self.today("2026-04-20"):
            result = self.import_file(file.read(), "text/csv", model="repeating.invoice")
        self.assertEqual(result["messages"], [])
        many = self.env["repeating.invoice"].browse(result["ids"])
        self.assertRecordValues(many, [
            {"partner_id": first.id, "interval": "monthly", "collect_on": "25", "escalation_percent": 8.0,
             "months": False, "term": 24},
            {"partner_id": second.id, "interval": "other", "collect_on": "last", "escalation_percent": 0.0,
             "months": "1,7", "term": 0},
            {"partner_id": self.customer.id, "interval": "weekly", "collect_on": "issued", "escalation_percent": 0.0,
             "months": False, "term": 0}])
        self.assertEqual([self.run_dates(one) for one in many], [["2026-04-01", "2026-05-01"], [], ["2026-05-01"]])
        self.assertEqual([line.name for line in many.line_ids], [
            "Fibre line 50 Mbps", "Router rental", "Domain and mailbox", "Office cleaning"])

    # ---- speed ------------------------------------------------------------------------------------------------------

    def count_queries(self, numbers, **cells):
        """Return how many queries the import of a row per number takes, and what came in."""
        self.make_clients(numbers)
        columns, rows = self.rows(numbers, **cells)
        self.env.flush_all()
        self.env.invalidate_all()
        before = self.env.cr.sql_log_count
        many = self.load(columns, rows)
        self.env.flush_all()
        return self.env.cr.sql_log_count - before, many

    def test_two_hundred_in_one_batch(self):
        """Odoo looks client and product up for each row, and makes each invoice; the rest is done in batches."""
        later = {"run_date": "2026-07-01"}
        self.count_queries(["warm"], **later)
        few, _none_due = self.count_queries(range(20), **later)
        many, imported = self.count_queries(range(20, 220), **later)
        self.assertLess((many - few) / 180, 4)
        self.assertEqual(len(imported.contract_id), 200)
        self.assertEqual(len(imported.schedule_ids), 200 * 12)
        self.assertFalse(imported.invoice_ids)

    def test_two_hundred_that_are_due_are_billed_in_one_run(self):
        runs = self.env["billing.run"].search([])
        _queries, imported = self.count_queries(range(200))
        self.assertRecordValues(self.env["billing.run"].search([]) - runs, [
            {"contract_count": 200, "invoiced_count": 200, "failed_count": 0, "state": "done"}])
        self.assertEqual(imported.invoice_ids.mapped("amount_untaxed"), [100.0] * 200)

    def test_more_than_a_request_has_time_for_is_left_to_the_job(self):
        """Two years of weekly invoices of five clients are 525: one more than 500 is made in the background."""
        self.make_clients(range(5))
        job = self.env.ref("work365_billing.ir_cron_generate_invoices")
        triggers = self.env["ir.cron.trigger"].search([("cron_id", "=", job.id)])
        many = self.load(*self.rows(
            range(4), interval="weekly", weekday="Wednesday", run_date="2024-05-01"), day="2026-04-20")
        self.assertEqual(len(many.invoice_ids), 4 * 105)  # up to 29 April, with 15 days in advance
        self.assertFalse(self.env["ir.cron.trigger"].search([("cron_id", "=", job.id)]) - triggers)

        many = self.load(*self.rows(
            range(5), interval="weekly", weekday="Wednesday", run_date="2024-05-01", **{"line_ids/name": "Mail"}))
        self.assertEqual(many.mapped("state"), ["active"] * 5)
        self.assertFalse(many.invoice_ids)
        [message] = self.popped_up()
        self.assertIn("More than 500 invoices are due. They are being made in the background", message)
        self.assertEqual(len(self.env["ir.cron.trigger"].search([("cron_id", "=", job.id)]) - triggers), 1)
        self.run_job("2026-04-20")
        self.assertEqual([(len(one.invoice_ids), sum(one.invoice_ids.mapped("amount_untaxed"))) for one in many], [
            (105, 10500.0)] * 5)

    def popped_up(self):
        """Return the messages that pop up in the browser once the transaction is committed."""
        self.env.cr.precommit.run()
        found = self.env["bus.bus"].sudo().search([("message", "like", "simple_notification")]).mapped("message")
        return [json.loads(one)["payload"]["message"] for one in found]

    # ---- what is refused --------------------------------------------------------------------------------------------

    def test_a_bad_row_is_named_and_nothing_is_half_done(self):
        self.make_clients(range(10))
        self.env["res.partner"].create([{"name": "Twin"}, {"name": "Twin"}])
        for cells, text in (
                ({"partner_id": ""}, "'Client'"),
                ({"partner_id": "Nobody"}, "No matching record found for name 'Nobody' in field 'Client'"),
                ({"partner_id": "Twin"}, 'Found multiple matches for value "Twin" in field "Client"'),
                ({"interval": "fortnightly"}, "'fortnightly' not found in selection field 'Run Interval'"),
                ({"interval": "other"}, "choose at least one month"),
                ({"interval": "other", "months": "1,13"}, "enter the months as numbers from 1 to 12"),
                ({"term": "-1"}, "enter 0 for an invoice without an end"),
                ({"term": "6", "line_ids/term": "12"}, "Hosting has a term of 12 months, its repeating invoice one"),
                ({"collect_on": "31"}, "'31' not found in selection field 'Collect On'"),
                ({"line_ids/product_id": "GONE"}, "No matching record found for name 'GONE'"),
                ({"line_ids/product_id": ""}, "'Product' (product_id)"),
                ({"line_ids/quantity": "-1"}, "The quantity of a line cannot be negative")):
            with self.subTest(text):
                columns, rows = self.rows(range(5))
                [bad] = self.rows([9], **cells)[1]
                found = self.refuse(columns, [*rows[:3], bad, *rows[3:]])
                self.assertEqual([row for row, _message in found], [3], found)
                self.assertIn(text, found[0][1])

    def test_a_row_that_is_there_twice_is_not_billed_twice(self):
        self.make_clients(range(2))
        columns, rows = self.rows(range(2))
        [(row, message)] = self.refuse(columns, [*rows, rows[0]])
        self.assertEqual(row, 2)
        self.assertIn("would have Hosting twice", message)
        self.load(columns, rows)
        self.assertEqual([row for row, _message in self.refuse(columns, rows)], [0, 1])

    def test_an_external_id_updates_instead_of_doubling(self):
        self.make_clients([1])
        [one] = self.load(*self.rows([1], run_date="2026-07-01", id="old_{}", **{"line_ids/id": "line_{}"}))
        again = self.load(*self.rows([1], run_date="2026-07-01", id="old_{}", interval="", **{
            "line_ids/id": "line_{}", "line_ids/quantity": "3", "line_ids/price_unit": ""}))
        self.assertEqual(again, one)
        self.assertRecordValues(one.line_ids, [{"quantity": 3.0, "price_unit": 50.0}])
        self.assertRecordValues(one.line_ids.subscription_id, [{"quantity": 3.0, "price_unit": 50.0}])
