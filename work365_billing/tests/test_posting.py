"""Posting: a task of its own after the invoices are saved, in the order of their dates, tried again when refused."""

from datetime import datetime, timedelta
from unittest.mock import patch

from odoo import Command
from odoo.exceptions import UserError
from odoo.tests import tagged

from ..models import billing_executor_job, billing_job_post
from .common import BillingCommon


@tagged("post_install", "-at_install")
class TestPosting(BillingCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.salesperson = cls.env["res.users"].create({"name": "Sally", "login": "sally"})
        cls.category = cls.env["product.category"].create({"name": "Project work"})
        cls.project = cls._create_product(name="Project", lst_price=50.0, categ_id=cls.category.id)
        cls.plan = cls.env["account.analytic.plan"].create({"name": "Projects"})
        cls.analytic = cls.env["account.analytic.account"].create({"name": "Alpha", "plan_id": cls.plan.id})

    def make(self, date_start="2026-01-01", today=None, **vals):
        vals.setdefault("auto_sync", True)
        return self.make_contract(
            {"price_unit": 100.0}, date_start=date_start, today=today or date_start, user_id=self.salesperson.id,
            **vals)

    def make_refused(self, **vals):
        """Return a contract whose invoice cannot be posted: it lacks the project that the category demands."""
        self.plan.applicability_ids = [Command.create({
            "business_domain": "invoice", "applicability": "mandatory", "product_categ_id": self.category.id})]
        return self.make_contract(
            {"price_unit": 50.0, "product_id": self.project.id}, date_start="2026-01-01", name="Refused",
            auto_sync=True, user_id=self.salesperson.id, **vals)

    def task(self, contract):
        return self.env["billing.job"].search([("contract_id", "=", contract.id), ("job_type", "=", "post")])

    def test_numbers_follow_the_dates_across_chunks(self):
        contracts = self.make("2025-11-10") | self.make("2025-10-05", frequency="quarterly") | self.make(
            "2025-11-20") | self.make("2026-01-01")
        with patch.object(billing_executor_job, "CHUNK", 1), patch.object(billing_job_post, "POST_BATCH", 2):
            self.run_job("2026-01-25")
        moves = self.invoices(contracts[0])
        for contract in contracts[1:]:
            moves |= self.invoices(contract)
        self.assertEqual(len(moves), 3 + 2 + 3 + 1)
        self.assertEqual(set(moves.mapped("state")), {"posted"})
        for year in (2025, 2026):
            own = moves.filtered(lambda move, year=year: move.invoice_date.year == year).sorted("sequence_number")
            self.assertEqual(own.mapped("sequence_number"), list(range(1, len(own) + 1)))
            self.assertEqual(own.mapped("invoice_date"), sorted(own.mapped("invoice_date")))

    def test_only_contracts_that_ask_for_it_are_posted(self):
        contract = self.make(auto_sync=False)
        self.run_job("2026-01-02")
        self.assertEqual(self.invoices(contract).state, "draft")
        self.assertFalse(self.task(contract))

    def test_refusal_leaves_the_draft_and_is_tried_again(self):
        contract, fine = self.make_refused(), self.make()
        now, waits = datetime(2026, 1, 2, 5), []
        for attempt in range(1, 6):
            self.run_job(now.date(), now.time())
            task = self.task(contract)
            self.assertEqual((task.attempts, self.invoices(contract).state), (attempt, "draft"))
            self.assertIn("100% analytic distribution", task.message)
            self.assertRecordValues(contract.activity_ids, [{
                "user_id": self.salesperson.id, "summary": "Draft Invoice could not be posted"}])
            if attempt < 5:
                self.assertEqual(task.state, "waiting")
                waits.append((task.not_before - now) // timedelta(minutes=1))
                self.run_job(now.date(), (now + timedelta(minutes=40)).time())
                self.assertEqual(task.attempts, attempt)
                now = task.not_before
        self.assertEqual(waits, [50, 100, 200, 400])
        self.assertRecordValues(task, [{"state": "failed", "not_before": False}])
        self.run_job("2026-01-09")
        self.assertRecordValues(task, [{"state": "failed", "attempts": 5}])
        self.assertRecordValues(self.task(fine), [{"state": "succeeded", "attempts": 1}])
        self.assertEqual(self.invoices(fine).state, "posted")

    def test_run_now_after_mending(self):
        contract = self.make_refused()
        self.run_job("2026-01-02")
        self.invoices(contract).invoice_line_ids.analytic_distribution = {str(self.analytic.id): 100}
        with self.today("2026-01-02"):
            self.task(contract).action_run_now()
        self.assertEqual(self.invoices(contract).state, "posted")
        self.assertRecordValues(self.task(contract), [{"state": "succeeded", "message": False}])
        self.assertFalse(contract.activity_ids)
        with self.assertRaisesRegex(UserError, "waiting or failed"):
            self.task(contract).action_run_now()

    def test_run_now_of_a_failed_task_that_fails_again_is_tried_again(self):
        contract = self.make_refused()
        self.run_job("2026-01-02")
        self.task(contract).sudo().write({"state": "failed", "attempts": 5, "not_before": False})
        with self.today("2026-01-02"):
            self.task(contract).action_run_now()
        self.assertRecordValues(self.task(contract), [{"state": "waiting", "attempts": 1}])

    def test_mended_draft_is_posted_by_the_next_try(self):
        contract = self.make_refused()
        self.run_job("2026-01-02")
        self.invoices(contract).invoice_line_ids.analytic_distribution = {str(self.analytic.id): 100}
        self.run_job("2026-01-02", "06:00:00")
        self.assertEqual(self.invoices(contract).state, "posted")
        self.assertRecordValues(self.task(contract), [{"state": "succeeded", "attempts": 2}])
        self.assertFalse(contract.activity_ids)

    def test_dated_in_the_future_stays_a_draft_until_its_date(self):
        contract = self.make("2026-02-01", today="2026-01-10", billing_offset=-3, invoice_date_policy="cycle_start")
        self.run_job("2026-01-29")
        self.assertRecordValues(self.invoices(contract), [{
            "state": "draft", "invoice_date": datetime(2026, 2, 1).date(), "auto_post": "no"}])
        self.run_job("2026-01-31")
        self.assertEqual(self.invoices(contract).state, "draft")
        with self.today("2026-01-31"), self.assertRaisesRegex(UserError, "posted on that day"):
            self.task(contract).action_run_now()
        self.run_job("2026-02-01")
        self.assertEqual(self.invoices(contract).state, "posted")

    def test_a_draft_that_somebody_dates_later_waits_for_its_new_date(self):
        contract = self.make_refused()
        self.run_job("2026-01-02")
        draft = self.invoices(contract)
        draft.invoice_date = "2026-01-20"
        draft.invoice_line_ids.analytic_distribution = {str(self.analytic.id): 100}
        self.run_job("2026-01-19")
        self.assertEqual(draft.state, "draft")
        self.run_job("2026-01-20")
        self.assertEqual(draft.state, "posted")

    def test_posted_by_hand_or_gone_meanwhile(self):
        contract, other = self.make_refused(), self.make_refused()
        self.run_job("2026-01-02")
        task = self.task(contract)
        with self.today("2026-01-02"):
            self.invoices(contract)._post(soft=False)
            gone = self.task(other)
            self.invoices(other).unlink()
        self.assertEqual(gone.state, "cancelled")
        self.run_job("2026-01-02", "06:00:00")
        self.assertEqual(task.state, "succeeded")
        self.assertEqual(task.invoice_id.sequence_number, 1)

    def test_one_refused_posting_does_not_hide_another_fault(self):
        contract = self.make_refused()
        self.run_job("2026-01-02")
        self.project.active = False
        self.run_job("2026-02-02")
        self.assertTrue(contract.schedule_error)
        self.invoices(contract).invoice_line_ids.analytic_distribution = {str(self.analytic.id): 100}
        with self.today("2026-02-02"):
            self.task(contract).action_run_now()
        self.assertEqual(self.invoices(contract).state, "posted")
        self.assertEqual(len(contract.activity_ids), 1)
