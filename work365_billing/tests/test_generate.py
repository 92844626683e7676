from odoo import Command
from odoo.exceptions import UserError
from odoo.tests import Form, tagged

from .common import BillingCommon


@tagged("post_install", "-at_install")
class TestGenerate(BillingCommon):
    """The window *Generate Invoice* for one contract."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.contract = cls.make_contract(
            {"quantity": 5, "price_unit": 30.0}, {"name": "Free", "quantity": 1, "price_unit": 9.0, "billable": False},
            date_start="2026-04-01", auto_sync=True)

    def rows(self):
        return self.contract.schedule_ids.sorted("cycle_start")

    def open(self, **vals):
        return self.env["billing.generate"].create({"contract_id": self.contract.id, **vals})

    def test_the_next_uninvoiced_cycle_and_its_preview(self):
        with self.today("2026-04-10"):
            window = Form(self.env["billing.generate"])
            window.contract_id = self.contract
            self.assertEqual(window.schedule_id, self.rows()[0])
            self.assertTrue(window.preview)
            self.assertIn("Process Refunds: No", window.info)
            wizard = window.save()
        self.assertRecordValues(wizard.preview_line_ids, [{
            "group": "full_cycle", "name": "Business Premium", "quantity": 5.0, "amount": 150.0,
            "subscription_id": self.contract.subscription_ids[0].id}])
        self.assertRecordValues(wizard.ineligible_line_ids, [{
            "name": "Free", "subscription_id": self.contract.subscription_ids[1].id}])
        self.assertIn("not billable", wizard.ineligible_line_ids.reason)
        self.assertEqual((wizard.amount_total, str(wizard.invoice_date)), (150.0, "2026-04-02"))
        self.assertEqual(
            wizard.preview_line_ids.action_open_record()["res_id"], self.contract.subscription_ids[0].id)

    def test_proceed_makes_what_the_preview_shows_without_any_automation(self):
        with self.today("2026-04-10"):
            wizard = self.open()
            action = wizard.action_proceed()
        self.assertEqual((action["res_id"], action["target"]), (wizard.id, "new"))
        self.assertRecordValues(wizard.invoice_id, [{
            "state": "draft", "amount_untaxed": wizard.amount_total or 150.0, "billing_kind": "regular"}])
        self.assertRecordValues(self.rows()[0], [{
            "state": "invoiced", "active": False, "run_type": "manual", "resulting_invoice_id": wizard.invoice_id.id}])
        self.run_job("2026-04-11")
        self.assertEqual(self.invoices(self.contract), wizard.invoice_id)
        self.assertEqual(wizard.invoice_id.state, "draft")
        self.assertRecordValues(
            wizard.invoice_id.billing_run_id, [{"run_type": "manual", "state": "done", "invoiced_count": 1}])

    def test_an_invoiced_cycle_is_refused_unless_it_is_replaced(self):
        with self.today("2026-04-10"):
            first = self.open()
            first.action_proceed()
            wizard = self.open(schedule_id=self.rows()[0].id)
            self.assertTrue(wizard.is_invoiced)
            with self.assertRaisesRegex(UserError, "already invoiced"):
                wizard.action_proceed()
            wizard.replace_existing = True
            wizard.action_proceed()
        old, new = first.invoice_id, wizard.invoice_id
        self.assertEqual(old.billing_replaced_by_id, new)
        self.assertEqual(self.rows()[0].resulting_invoice_id, new)
        self.assertEqual(new.amount_untaxed, 150.0)
        self.assertTrue(old.exists())
        self.assertEqual(len(old.activity_ids), 1)

    def test_replacing_bills_what_the_old_invoice_covered_and_nothing_newer(self):
        with self.today("2026-04-10"):
            first = self.open()
            first.action_proceed()
        with self.today("2026-04-16"):
            self.contract.subscription_ids[0].change_quantity(6)
            self.contract.item_ids = [Command.create({
                "product_id": self.licence.id, "name": "Setup", "price_unit": 50.0, "tax_ids": False})]
            self.open(schedule_id=self.rows()[0].id, replace_existing=True).action_proceed()
        self.assertEqual(self.rows()[0].resulting_invoice_id.amount_untaxed, 150.0)
        self.bill(self.contract, "2026-05-02")
        last = self.invoices(self.contract)[-1]
        self.assertEqual(last.invoice_line_ids.mapped("price_subtotal"), [180.0, 15.0, 50.0])

    def test_a_future_cycle_warns_and_is_not_billed_again(self):
        may = self.rows()[1]
        with self.today("2026-04-10"):
            self.open().action_proceed()
            wizard = self.open()
            self.assertEqual(wizard.schedule_id, may)
            self.assertTrue(wizard.is_future)
            self.assertIn("future", wizard.future_message)
            wizard.action_proceed()
        self.run_job("2026-05-02")
        self.assertEqual(len(self.invoices(self.contract)), 2)
        self.assertRecordValues(may, [{"state": "invoiced", "resulting_invoice_id": wizard.invoice_id.id}])

    def test_a_change_after_a_future_cycle_was_billed_is_billed_for_both(self):
        with self.today("2026-04-10"):
            self.open().action_proceed()
            self.open().action_proceed()
            self.contract.subscription_ids[0].change_quantity(6, "2026-04-16")
        self.bill(self.contract, "2026-06-02")
        june = self.invoices(self.contract)[-1]
        self.assertEqual(june.invoice_line_ids.mapped("price_subtotal"), [180.0, 15.0, 30.0])

    def test_change_log_invoice_up_to_a_date(self):
        contract = self.contract
        with self.today("2026-04-16"):
            contract.subscription_ids[0].change_quantity(6)
            window = self.open(date_to="2026-04-20")
            self.assertEqual((window.kind, window.blocking_schedule_id), ("change_log", self.rows()[0]))
            with self.assertRaisesRegex(UserError, "still open"):
                window.action_proceed()
        self.run_job("2026-04-17")
        with self.today("2026-04-17"):
            contract.subscription_ids[0].change_quantity(8, "2026-04-21")
            # The change of the 16th was known when April was billed; only the one of the 21st is left.
            self.assertEqual(self.open(date_to="2026-04-20").amount_total, 0.0)
            window = self.open(date_to="2026-04-21")
            self.assertEqual(window.amount_total, 20.0)
            window.action_proceed()
        self.assertRecordValues(window.invoice_id, [{"billing_kind": "change_log", "amount_untaxed": 20.0}])
        self.assertRecordValues(window.invoice_id.billing_schedule_id, [{"kind": "change_log", "state": "invoiced"}])
        with self.today("2026-04-22"), self.assertRaisesRegex(UserError, "is billed"):
            self.open(date_to="2026-04-22").action_proceed()

    def test_nothing_to_bill_is_said_and_nothing_is_made(self):
        self.contract.subscription_ids[0].billable = False
        with self.today("2026-04-10"), self.assertRaisesRegex(UserError, "not billable"):
            self.open().action_proceed()
        self.assertFalse(self.invoices(self.contract))

    def test_a_contract_that_is_not_active_is_refused(self):
        self.contract.action_suspend()
        with self.today("2026-04-10"), self.assertRaisesRegex(UserError, "not active"):
            self.open().action_proceed()
        with self.assertRaisesRegex(UserError, "Choose a billing contract"):
            self.env["billing.generate"].create({}).action_proceed()

    def test_a_skipped_period_is_left_by_the_job_and_can_still_be_generated(self):
        row = self.rows()[0]
        row.action_skip()
        self.run_job("2026-04-10")
        self.assertFalse(self.invoices(self.contract))
        with self.today("2026-04-10"):
            wizard = self.open(schedule_id=row.id)
            wizard.action_proceed()
        self.assertRecordValues(row, [{"state": "invoiced", "resulting_invoice_id": wizard.invoice_id.id}])
        with self.assertRaisesRegex(UserError, "nothing to skip"):
            row.action_skip()

    def test_a_cycle_brings_its_contract_and_no_other(self):
        other = self.make_contract({"quantity": 1, "price_unit": 7.0}, date_start="2026-04-01", name="other")
        row = other.schedule_ids.sorted("cycle_start")[0]
        with self.today("2026-04-10"):
            wizard = self.env["billing.generate"].create({"schedule_id": row.id})
            self.assertEqual(wizard.contract_id, other)
            wizard.action_proceed()
            self.assertEqual(wizard.invoice_id.amount_untaxed, 7.0)
            wizard = self.open(schedule_id=self.rows()[0].id)
            wizard.schedule_id = other.schedule_ids.sorted("cycle_start")[1]
            with self.assertRaisesRegex(UserError, "no billing cycle"):
                wizard.action_proceed()
