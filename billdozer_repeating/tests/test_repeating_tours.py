from datetime import timedelta

from odoo import Command
from odoo.tests import HttpCase, new_test_user, tagged

from .repeating_common import RepeatingCommon


@tagged("post_install", "-at_install")
class TestRepeatingTours(RepeatingCommon, HttpCase):
    """The screens in the browser, which has the real clock; what the clicks have made is compared."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.today_ = cls.company._billing_today()

    def start(self, tour, group="user", approver=False):
        groups = f"work365_billing.billing_group_{group}"
        new_test_user(
            self.env, login="tour_clerk", groups=groups + (",billdozer_repeating.billdozer_group_approver" * approver),
            company_id=self.company.id, company_ids=[Command.set(self.company.ids)], tz="UTC", lang="en_US")
        self.start_tour("/odoo", f"billdozer_repeating_{tour}", login="tour_clerk")
        self.env.invalidate_all()

    def make(self, days, **vals):
        """Return a repeating invoice over 100.00 a month whose run date is in ``days`` days, saved today."""
        return self.env["repeating.invoice"].create(
            self.repeating_vals({"price_unit": 100.0}, run_date=self.today_ + timedelta(days=days), **vals))

    def make_other_client(self):
        return self.env["res.partner"].create({"name": "Wide World"}).id

    def test_a_clerk_creates_one(self):
        self.start("create")
        repeating = self.env["repeating.invoice"].search([("partner_id", "=", self.customer.id)])
        self.assertRecordValues(repeating, [{
            "interval": "annually", "state": "active", "run_date": self.today_, "repeating_amount_excl": 250.0}])
        self.assertRecordValues(repeating.invoice_ids, [{
            "invoice_date": self.today_, "amount_untaxed": 250.0, "state": "draft"}])

    def test_a_clerk_calculates(self):
        repeating = self.make(40, term=3)
        self.start("calculate")
        self.assertFalse(repeating.invoice_ids)

    def test_a_clerk_cancels_and_credits(self):
        repeating = self.make(-1, interval="weekly")
        posted, *_drafts = moves = self.invoices_of(repeating)
        posted.action_post()
        self.start("cancel")
        self.assertRecordValues(repeating, [{"state": "inactive", "date_end": self.today_}])
        cancelled = {"state": "cancel", "payment_state": "not_paid"}
        self.assertRecordValues(moves, [{"state": "posted", "payment_state": "reversed"}, cancelled, cancelled])
        self.assertRecordValues(posted.reversal_move_ids, [{"amount_untaxed": 100.0, "invoice_date": self.today_}])

    def test_a_clerk_changes_the_run_date(self):
        repeating = self.make(40)
        self.start("change_run_date")
        self.assertRecordValues(repeating, [{
            "next_run_date": self.today_ + timedelta(days=60), "run_date": self.today_ + timedelta(days=40)}])

    def test_a_clerk_reactivates(self):
        repeating = self.make(40)
        repeating.cancel(self.today_)
        self.assertEqual(repeating.state, "inactive")
        self.make(40, name="Stays Active")
        self.start("reactivate")
        self.assertRecordValues(repeating, [{
            "state": "active", "next_run_date": self.today_ + timedelta(days=40), "date_end": False}])

    def test_a_clerk_withdraws_a_cancellation(self):
        repeating = self.make(40)
        repeating.cancel(self.today_ + timedelta(days=60))
        self.start("withdraw")
        self.assertRecordValues(repeating, [{"state": "active", "last_access": False, "date_end": False}])
        self.assertEqual(repeating.next_run_date, self.today_ + timedelta(days=40))

    def test_an_approver_approves_and_refuses(self):
        self.make(40, name="Stays Active")
        self.company.billdozer_approve = True
        approved = self.make(0)
        refused = self.make(0, partner_id=self.make_other_client(), name="Wide World")
        self.start("approve", approver=True)
        self.assertRecordValues(approved | refused, [
            {"state": "active", "refusal_reason": False, "invoice_count": 1},
            {"state": "inactive", "refusal_reason": "The price was not agreed", "invoice_count": 0}])

    def test_a_clerk_excludes_what_starts_later(self):
        self.make(40, collect_on="1")
        self.make(60, collect_on="15", partner_id=self.make_other_client(), name="Wide World")
        self.start("exclude_after")

    def test_a_clerk_remakes_a_draft(self):
        repeating = self.make(10)
        draft = repeating.invoice_ids
        self.start("remake")
        self.assertFalse(draft.exists())
        self.assertRecordValues(repeating.invoice_ids, [{
            "amount_untaxed": 110.0, "invoice_date": self.today_ + timedelta(days=10), "state": "draft"}])

    def test_a_viewer_is_offered_what_he_may_do(self):
        self.make(40)
        self.start("viewer", "viewer")
