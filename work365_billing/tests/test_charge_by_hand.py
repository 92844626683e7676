"""Charging an invoice by its button: the same guarantees as of the hourly job."""


from psycopg2.errors import UniqueViolation

from odoo import Command
from odoo.exceptions import AccessError, UserError
from odoo.tests import new_test_user, tagged
from odoo.tools import mute_logger

from .charge_common import ALL_DONE, ChargeCommon


@tagged("post_install", "-at_install")
class TestChargeByHand(ChargeCommon):
    """The button on the invoice."""

    def make_posted(self, answer="done", **vals):
        """Return the posted invoice of a contract without automations but with a payment method."""
        contract = self.make_automatic(answer, auto_sync=False, auto_charge=False, auto_send=False, **vals)
        self.run_job("2026-01-02")
        with self.today("2026-01-02"):
            contract.invoice_ids.action_post()
        return contract, contract.invoice_ids

    def test_charge_and_charge_again(self):
        contract, move = self.make_posted()
        self.assertTrue(move.billing_can_charge)
        self.assertEqual(self.charge(move), "success")
        self.assertEqual(move.payment_state, "paid")
        self.assertTasks(contract, [("charge", "succeeded")])
        self.assertFalse(move.billing_can_charge)
        with self.assertRaisesRegex(UserError, "Nothing is left to charge"):
            self.charge(move)
        self.assertEqual(self.transactions(contract).mapped("amount"), [100.0])

    def test_a_clerk_charges_a_viewer_does_not(self):
        contract, move = self.make_posted()
        clerk, viewer = (
            new_test_user(
                self.env, login=f"charge_{group}", groups=f"work365_billing.billing_group_{group}",
                company_id=self.company.id, company_ids=[Command.set(self.company.ids)])
            for group in ("user", "viewer"))
        with self.assertRaises(AccessError):
            self.charge(move, user=viewer)
        self.assertEqual(self.charge(move, user=clerk), "success")
        self.assertEqual(
            self.transactions(contract).payment_id.create_uid | self.tasks(contract).create_uid, clerk)
        self.assertIn(clerk.partner_id, move.message_ids.filtered(
            lambda message: "has been initiated" in message.body).author_id)

    def test_refused_by_hand_is_not_repeated_by_the_job(self):
        contract, move = self.make_posted("error")
        self.assertEqual(self.charge(move), "danger")
        self.assertTasks(contract, [("charge", "failed")])
        self.assertIn("could not be charged: The payment provider refused", move.billing_task_message)
        self.run_job("2026-01-05")
        self.assertEqual(len(self.transactions(contract)), 1)
        contract.payment_token_id = self.token
        self.assertEqual(self.charge(move), "success")
        self.assertTasks(contract, [("charge", "succeeded")])
        self.assertFalse(move.billing_task_message)

    def test_pending_cannot_be_charged_again(self):
        contract, move = self.make_posted("pending")
        self.assertEqual(self.charge(move), "info")
        with self.assertRaisesRegex(UserError, "is on its way"):
            self.charge(move)
        self.assertTasks(contract, [("charge", "in_progress")])

    def test_the_waiting_task_is_the_one_that_runs(self):
        contract = self.make_automatic("error")
        self.run_job("2026-01-02")
        contract.payment_token_id = self.token
        self.assertEqual(self.charge(contract.invoice_ids), "success")
        self.assertTasks(contract, ALL_DONE)

    def test_without_a_payment_method(self):
        contract, move = self.make_posted(False)
        self.assertFalse(move.billing_can_charge)
        with self.assertRaisesRegex(UserError, "Choose a payment method"):
            self.charge(move)
        self.assertTasks(contract, [])

    def test_a_draft_is_not_charged(self):
        contract = self.make_automatic(auto_sync=False, auto_charge=False, auto_send=False)
        self.run_job("2026-01-02")
        with self.assertRaisesRegex(UserError, "Only a posted invoice"):
            self.charge(contract.invoice_ids)

    @mute_logger("odoo.sql_db")
    def test_two_tasks_for_one_invoice_are_refused_by_the_database(self):
        contract = self.make_automatic("error")
        self.run_job("2026-01-02")
        with self.assertRaises(UniqueViolation), self.env.cr.savepoint():
            self.tasks(contract, "charge").sudo().copy({"state": "waiting"})

    def test_a_second_task_finds_nothing_to_charge(self):
        contract = self.make_automatic()
        self.run_job("2026-01-02")
        first = self.tasks(contract, "charge").sudo()
        first.copy({"state": "waiting", "run_id": first.run_id.id, "transaction_id": False, "not_before": False})
        self.run_job("2026-01-02", "06:00:00")
        self.assertEqual(self.tasks(contract, "charge").mapped("state"), ["succeeded", "cancelled"])
        self.assertEqual(len(self.transactions(contract)), 1)
