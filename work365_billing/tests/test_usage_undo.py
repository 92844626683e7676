
from odoo import Command
from odoo.exceptions import AccessError, UserError
from odoo.tests import new_test_user, tagged

from .usage_common import UsageCommon


@tagged("post_install", "-at_install")
class TestUsageUndo(UsageCommon):
    """Usage follows its invoice as items do."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.subscription = cls.make_usage_contract()
        cls.contract = cls.subscription.contract_id
        cls.usage = cls.use(cls.subscription, "2026-01-10", price_unit=10.0) | cls.use(
            cls.subscription, "2026-01-20", price_unit=20.0)

    def setUp(self):
        super().setUp()
        self.bill(self.contract, "2026-02-02")
        self.move = self.invoices(self.contract)

    def assertBilledBy(self, move):
        self.assertRecordValues(self.usage, [
            {"state": "invoiced", "invoice_line_id": move.invoice_line_ids.id} for _usage in self.usage])

    def assertWaiting(self):
        self.assertRecordValues(self.usage, [{"state": "confirmed", "invoice_line_id": False}] * 2)

    def test_cancel_and_revive(self):
        self.move.button_cancel()
        self.assertWaiting()
        self.move.button_draft()
        self.assertBilledBy(self.move)

    def test_a_cancelled_invoice_whose_usage_is_billed_elsewhere_stays_cancelled(self):
        self.move.button_cancel()
        with self.today("2026-02-10"):
            self.contract.schedule_ids.filtered(lambda row: str(row.cycle_start) == "2026-02-01").action_skip()
        self.bill(self.contract, "2026-03-02")
        march = self.invoices(self.contract) - self.move
        self.assertBilledBy(march)
        with self.assertRaisesRegex(UserError, "it would be billed twice"):
            self.move.button_draft()
        self.assertBilledBy(march)

    def test_a_line_taken_off_the_draft_is_billed_next_time(self):
        self.move.invoice_line_ids.unlink()
        self.assertWaiting()
        self.bill(self.contract, "2026-03-02")
        self.assertBilledBy(self.invoices(self.contract) - self.move)

    def test_replace(self):
        with self.today("2026-02-10"):
            self.use(self.subscription, "2026-01-25", price_unit=40.0)  # was not on the old one
            window = self.env["billing.generate"].create({
                "schedule_id": self.move.billing_schedule_id.id, "replace_existing": True})
            window.action_proceed()
        self.assertEqual(self.usage_lines(window.invoice_id), [("Azure", 1, 30.0, "2026-01-01", "2026-01-31")])
        self.assertBilledBy(window.invoice_id)

    def test_credit_in_full_waits_with_the_period(self):
        with self.today("2026-02-10"):
            self.move.action_post()
            self.env["account.move.reversal"].create({
                "move_ids": self.move.ids, "journal_id": self.move.journal_id.id}).refund_moves()
            credit = self.move.reversal_move_ids
            credit.action_post()
        row = self.move.billing_schedule_id
        self.assertTrue(row.on_hold)
        self.bill(self.contract, "2026-03-02")
        self.assertEqual(self.invoices(self.contract), self.move)
        with self.today("2026-03-03"):
            window = self.env["billing.generate"].create({"schedule_id": row.id})
            window.action_proceed()
        self.assertEqual(self.usage_lines(window.invoice_id), [("Azure", 1, 30.0, "2026-01-01", "2026-01-31")])
        self.assertBilledBy(window.invoice_id)

    def test_reverse_and_create_moves_the_usage(self):
        with self.today("2026-02-10"):
            self.move.action_post()
            wizard = self.env["account.move.reversal"].create({
                "move_ids": self.move.ids, "journal_id": self.move.journal_id.id})
            new = self.env["account.move"].browse(wizard.modify_moves()["res_id"])
        self.assertBilledBy(new)
        self.assertEqual(new.invoice_line_ids.billing_usage_ids, self.usage)

    def test_billed_usage_stays_as_it_is(self):
        clerk = new_test_user(
            self.env, login="usage_clerk", groups="work365_billing.billing_group_user",
            company_id=self.company.id, company_ids=[Command.set(self.company.ids)])
        usage = self.usage[0].with_user(clerk)
        for values in ({"quantity": 2}, {"price_unit": 1.0}, {"state": "confirmed"}, {"period_end": "2026-01-12"}):
            with self.assertRaisesRegex(UserError, "is billed by"):
                usage.write(values)
        with self.assertRaisesRegex(UserError, "is billed by"):
            usage.action_reprice()
        with self.assertRaisesRegex(UserError, "stays as its proof"):
            usage.unlink()
        with self.assertRaises(AccessError):
            usage.write({"invoice_line_id": False})
        waiting = self.use(self.subscription, "2026-02-10", price_unit=1.0).with_user(clerk)
        with self.assertRaises(AccessError):
            waiting.write({"state": "invoiced"})
