"""A cancellation as of a day to come is withdrawn: of a repeating invoice, and of its contract."""

from odoo.exceptions import AccessError, UserError
from odoo.tests import new_test_user, tagged

from .repeating_common import RepeatingCommon


@tagged("post_install", "-at_install")
class TestRepeatingWithdrawal(RepeatingCommon):

    def make(self, **vals):
        return self.make_repeating({"price_unit": 100.0}, **{"run_date": "2026-01-01", **vals})

    def assertBilled(self, repeating, *months):
        """Compare all invoices but the cancelled ones."""
        live = self.invoices_of(repeating).filtered(
            lambda move: move.move_type == "out_invoice" and move.state != "cancel")
        self.assertEqual([(str(move.invoice_date), move.amount_untaxed) for move in live], [
            (f"2026-{month:02}-01", 100.0) for month in months])

    # ---- of a repeating invoice -------------------------------------------------------------------------------------

    def test_it_goes_on_as_before(self):
        repeating = self.make(term=6)
        self.run_job("2026-02-01")
        with self.today("2026-02-01"):
            repeating.cancel("2026-03-10")
            self.assertIn("it is invoiced until 06/30/2026 again", repeating.withdrawal_message)
            repeating.cancel("2026-03-20")  # another day
            repeating.withdraw_cancellation()
        self.assertRecordValues(repeating, [{
            "state": "active", "last_access": False, "end_before": False, "withdrawal_message": False}])
        self.assertEqual(str(repeating.date_end), "2026-06-30")
        self.run_job("2026-08-01")
        self.assertBilled(repeating, 1, 2, 3, 4, 5, 6)

    def test_what_was_cancelled_ahead_is_billed_again_and_what_was_credited_is_not(self):
        repeating = self.make(term=12, commission=600.0)
        repeating.user_id = self.env.user
        january = self.invoices_of(repeating)
        january.action_post()
        self.run_job("2026-01-20")
        february = self.invoices_of(repeating) - january
        with self.today("2026-01-20"):
            credit = repeating.cancel("2026-01-31", clawback=True, credit_moves=january | february)
            self.assertRecordValues(credit, [{
                "repeating_invoice_id": repeating.id, "billing_contract_id": repeating.contract_id.id,
                "move_type": "out_refund", "amount_total": 100.0, "state": "posted"}])
            self.assertRecordValues(repeating, [{"state": "inactive", "amount_outstanding_excl": 0.0}])
            self.assertRecordValues(repeating.clawback_ids, [{"state": "open", "amount": 550.0}])
            repeating.withdraw_cancellation()
        self.assertRecordValues(repeating, [{"state": "active"}])
        self.assertRecordValues(repeating.clawback_ids, [{"state": "waived"}])
        self.assertBilled(repeating, 1, 2)
        self.assertEqual(february.state, "cancel")
        self.assertEqual(january.payment_state, "reversed")
        self.run_job("2026-03-01")
        self.assertBilled(repeating, 1, 2, 3)

    def test_its_escalations_go_on(self):
        lines = {"price_unit": 100.0, "escalate": True}
        repeating = self.make_repeating(lines, run_date="2026-01-01", escalation_percent=10.0)
        self.run_job("2026-11-20")
        with self.today("2026-11-20"):
            repeating.cancel("2026-12-10")
            repeating.withdraw_cancellation()
            repeating.contract_id.close("2026-12-10")
            repeating.contract_id.withdraw_cancellation()
        self.run_job("2028-01-01")
        self.assertEqual([move.amount_untaxed for move in self.invoices_of(repeating)], [
            *[100.0] * 12, *[110.0] * 12, 121.0])

    def test_what_is_refused(self):
        repeating = self.make()
        with self.assertRaisesRegex(UserError, "has no cancellation whose date is still to come"):
            repeating.withdraw_cancellation()
        with self.today("2026-01-10"):
            repeating.cancel("2026-01-31")
        with self.today("2026-02-01"):
            self.assertFalse(repeating.withdrawal_message)
            with self.assertRaisesRegex(UserError, "Use Re-Activate Repeating Invoice"):
                repeating.withdraw_cancellation()
        with self.today("2026-01-31"):
            viewer = new_test_user(self.env, "viewer", "work365_billing.billing_group_viewer")
            viewer.write({"company_ids": [(4, self.company.id)], "company_id": self.company.id})
            with self.assertRaises(AccessError):
                repeating.with_user(viewer).withdraw_cancellation()
            repeating.withdraw_cancellation()
            repeating.cancel("2026-02-28")
            repeating.date_end = "2026-06-30"  # somebody has entered another end
            with self.assertRaisesRegex(UserError, "has no cancellation"):
                repeating.withdraw_cancellation()

    def test_one_that_was_cancelled_before_its_approval_awaits_it_again(self):
        self.company.billdozer_approve = True
        repeating = self.make()
        with self.today("2026-01-01"):
            repeating.cancel("2026-02-01")
            self.assertEqual(repeating.state, "inactive")
            repeating.withdraw_cancellation()
        self.assertEqual(repeating.state, "awaiting")
        self.run_job("2026-03-01")
        self.assertBilled(repeating)

    # ---- of a contract ----------------------------------------------------------------------------------------------

    def test_a_contract_goes_on_as_before(self):
        repeating, other = self.make(term=8), self.make(run_date="2026-02-01", today="2026-01-01")
        contract = repeating.contract_id
        self.assertEqual(other.contract_id, contract)
        with self.today("2026-01-10"):
            other.cancel("2026-02-20")  # by itself, earlier
            contract.close("2026-05-10")
            contract.close("2026-04-10")
            self.assertIn("Blue Yonder and the lines of the contract go on", contract.withdrawal_message)
            self.assertEqual(contract.activity_ids.mapped("summary"), ["Switch the service off for Blue Yonder"])
            with self.assertRaisesRegex(UserError, "withdraw the cancellation there"):
                repeating.withdraw_cancellation()
            self.assertFalse(repeating.withdrawal_message)
            contract.withdraw_cancellation()
            self.assertFalse(contract.activity_ids)
        self.assertRecordValues(contract, [{
            "date_end": False, "last_access": False, "state": "active", "withdrawal_message": False}])
        self.assertEqual([str(one.date_end) for one in (repeating, other)], ["2026-08-31", "2026-02-20"])
        self.run_job("2026-12-01")
        self.assertBilled(repeating, 1, 2, 3, 4, 5, 6, 7, 8)
        self.assertBilled(other, 2)
        with self.assertRaisesRegex(UserError, "has no cancellation"):
            contract.withdraw_cancellation()

    def test_a_contract_that_is_closed_stays_closed(self):
        repeating = self.make()
        with self.today("2026-01-10"):
            repeating.contract_id.close("2026-02-10")
        self.run_job("2026-02-11")
        self.assertEqual(repeating.contract_id.state, "closed")
        with self.today("2026-02-11"), self.assertRaisesRegex(UserError, "has no cancellation"):
            repeating.contract_id.withdraw_cancellation()
