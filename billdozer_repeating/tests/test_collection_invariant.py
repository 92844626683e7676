"""PEERS I32: what is collected of an invoice, open or paid, never exceeds what was open of it; one is open at once."""

from odoo.exceptions import UserError
from odoo.tests import tagged

from ..engine import obstacles
from .collection_common import CollectionCommon
from .repeating_common import RepeatingCommon


@tagged("post_install", "-at_install")
class TestCollectionInvariant(RepeatingCommon, CollectionCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.company.country_id = cls.env.ref("base.za")
        cls.company.billdozer_days_in_advance = 15

    def make_charged(self, token, **vals):
        """Return a repeating invoice over 100.00 from 1 July 2026 that is posted and charged by itself."""
        contract = self.make_contract(
            contract_type="item_based", date_start="2026-06-01", billing_offset=0, activate=False, auto_sync=True,
            auto_charge=bool(token), payment_token_id=token and token.id, **vals)
        return self.make_repeating(
            {"price_unit": 100.0}, run_date="2026-07-01", term=1, collect_on="10", contract_id=contract.id,
            today="2026-06-01")

    def collections(self, move):
        """Return the amounts of all collections of ``move`` that are open, and of those that are paid."""
        transactions = move.transaction_ids.filtered(lambda tx: tx.state in ("draft", "pending", "authorized"))
        debits = [move.amount_residual] if move.collection_exported_at and move.amount_residual else []
        return transactions.mapped("amount") + debits, move.transaction_ids.filtered(
            lambda tx: tx.state == "done").mapped("amount")

    def check(self, move, open_, paid):
        self.env.invalidate_all()
        found = self.collections(move)
        self.assertEqual(found, (open_, paid))
        self.assertLessEqual(len(found[0]), 1)
        self.assertLessEqual(sum(found[0] + found[1]), move.amount_total)

    def pay(self, move, amount):
        self.env["account.payment.register"].with_context(
            active_model="account.move", active_ids=move.ids).create({
                "journal_id": self.company_data["default_journal_bank"].id, "amount": amount})._create_payments()

    def test_a_card_on_its_collection_date_and_never_again(self):
        repeating = self.make_charged(self.token)
        self.run_job("2026-06-16")  # made ahead
        [move] = self.invoices_of(repeating)
        self.assertEqual((str(move.collection_date), move.state), ("2026-07-10", "draft"))
        self.run_daily("2026-07-01", "2026-07-09")
        self.check(move, [], [])
        self.assertEqual(move.state, "posted")
        self.run_daily("2026-07-10", "2026-07-14")
        self.check(move, [], [100.0])
        self.assertEqual(move.payment_state, "paid")

    def test_what_was_paid_or_credited_meanwhile_is_not_collected(self):
        repeating = self.make_charged(self.token)
        self.run_job("2026-06-16")
        [move] = self.invoices_of(repeating)
        self.run_job("2026-07-01")
        with self.today("2026-07-05"):
            self.pay(move, 30.0)
            credit = move._reverse_moves([{"invoice_date": "2026-07-05", "date": "2026-07-05"}])
            credit.invoice_line_ids.price_unit = 25.0
            credit.action_post()
            (move | credit).line_ids.filtered(
                lambda line: line.account_id.account_type == "asset_receivable" and not line.reconciled).reconcile()
        self.assertEqual(move.amount_residual, 45.0)
        self.run_daily("2026-07-10", "2026-07-12")
        self.check(move, [], [45.0])

    def test_a_pending_charge_is_the_only_one_until_it_is_answered(self):
        for answer, paid in (("done", [100.0]), ("canceled", [100.0])):
            with self.subTest(answer):
                repeating = self.make_charged(self.make_token("pending"))
                self.run_job("2026-06-16")
                self.run_job("2026-07-01")
                self.run_job("2026-07-10")
                [move] = self.invoices_of(repeating)
                self.check(move, [100.0], [])
                with self.assertRaisesRegex(UserError, "is on its way"):
                    self.charge(move, "2026-07-11")
                repeating.contract_id.write({
                    "payment_method_id": self.account.id, "auto_charge": False})  # another method meanwhile
                self.make_mandate(repeating.contract_id)
                self.assertEqual(move.collection_obstacle, obstacles.ON_ITS_WAY)
                with self.assertRaisesRegex(UserError, "None of these invoices"):
                    self.export(move)
                self.check(move, [100.0], [])
                repeating.contract_id.write({"payment_token_id": self.token.id, "auto_charge": True})
                with self.today("2026-07-12"):
                    getattr(move.transaction_ids, f"action_demo_set_{answer}")()
                    move.transaction_ids._post_process()
                self.run_daily("2026-07-13", "2026-07-25")
                self.check(move, [], paid)

    def export(self, move, **vals):
        window = self.env["billing.collection.export"].browse(move.action_export_bank_debits()["res_id"])
        window.write(vals)
        window.action_export()

    def test_a_bank_debit_is_the_only_one(self):
        contract = self.make_contract(
            contract_type="item_based", date_start="2026-06-01", billing_offset=0, activate=False, auto_sync=True,
            payment_method_id=self.account.id)
        repeating = self.make_repeating(
            {"price_unit": 100.0}, run_date="2026-07-01", term=1, collect_on="10", contract_id=contract.id,
            today="2026-06-01")
        self.make_mandate(contract)
        self.run_job("2026-06-16")
        self.run_job("2026-07-01")
        [move] = self.invoices_of(repeating)
        with self.today("2026-07-06"):
            self.pay(move, 40.0)
            self.export(move)
        self.check(move, [60.0], [])
        with self.assertRaisesRegex(UserError, "None of these invoices"):
            self.export(move)
        # While the bank has it, no card is charged for it, neither by the job nor by hand.
        contract.payment_token_id = self.token
        contract.auto_charge = True
        self.env.invalidate_all()
        self.assertEqual(move.collection_obstacle, obstacles.EXPORTED)
        with self.assertRaisesRegex(UserError, "in a file for the bank"):
            self.charge(move, "2026-07-11")
        self.run_daily("2026-07-10", "2026-07-12")
        self.check(move, [60.0], [])
        # The bank has rejected it: now a card may be charged for what is open.
        with self.today("2026-07-13"):
            move.action_debit_rejected()
            with self.assertRaisesRegex(UserError, "was not exported"):
                move.action_debit_rejected()
        self.check(move, [], [])
        self.assertEqual(self.charge(move, "2026-07-13"), "success")
        self.check(move, [], [60.0])
