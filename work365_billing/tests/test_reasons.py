from odoo import Command
from odoo.exceptions import UserError
from odoo.tests import TransactionCase, tagged

from ..engine import reasons
from ..models import billing_reason
from .common import BillingCommon


@tagged("post_install", "-at_install")
class TestReasonList(TransactionCase):
    """The list of reasons is closed: every code has words and a next step."""

    def test_every_code_is_explained(self):
        self.assertEqual(set(billing_reason.REASONS), set(reasons.ALL_CODES))
        self.assertEqual(len(set(reasons.ALL_CODES)), len(reasons.ALL_CODES))
        for code in reasons.ALL_CODES:
            what, step = billing_reason.REASONS[code]
            self.assertTrue(str(what).endswith("."), code)
            self.assertTrue(str(step).endswith("."), code)
            self.assertEqual(billing_reason.explain(self.env, code), f"{what} {step}")

    def test_the_fields_offer_exactly_the_codes(self):
        for model in ("billing.schedule", "billing.job"):
            codes = [code for code, _label in self.env[model]._fields["reason"]._description_selection(self.env)]
            self.assertEqual(codes, list(reasons.ALL_CODES))


@tagged("post_install", "-at_install")
class TestReasonsGiven(BillingCommon):
    """When each reason is given. Those of failed invoices stand in test_breaks, on hold in test_undo_credit."""

    def plan_codes(self, contract, day):
        """Return the codes of the first row that a run on ``day`` looks at, by name of what they are about."""
        Subscription, Item = self.env["billing.subscription"], self.env["billing.item"]
        return {
            (Subscription.browse(reason["subscription_id"]).name if reason["subscription_id"]
             else Item.browse(reason["item_id"]).name): reason["code"]
            for reason in contract.plan(day)[0]["reasons"]}

    def test_each_subscription_and_item_that_is_left_out_has_its_reason(self):
        contract = self.make_contract(
            {"name": "Off", "billable": False},
            {"name": "Later", "date_start": "2026-05-01"},
            {"name": "Over", "date_end": "2026-04-15"},
            {"name": "None", "quantity": 0},
            date_start="2026-04-01", alignment="calendar",
            item_ids=[
                Command.create({
                    "product_id": self.licence.id, "name": "Next", "invoice_on": "2026-06-01", "tax_ids": False}),
                Command.create({
                    "product_id": self.licence.id, "name": "Free", "invoice_on": "2026-04-01", "tax_ids": False,
                    "billable": False})])
        self.assertEqual(self.plan_codes(contract, "2026-04-02"), {
            "Off": reasons.NOT_BILLABLE, "Later": reasons.STARTS_LATER, "None": reasons.NO_QUANTITY,
            "Next": reasons.ITEM_LATER, "Free": reasons.NOT_BILLABLE})
        self.bill(contract, "2026-04-02")
        self.assertEqual(self.plan_codes(contract, "2026-05-02")["Over"], reasons.ENDED)

    def test_a_reduction_that_is_not_credited_says_so(self):
        contract = self.make_contract({"quantity": 5}, date_start="2026-04-01", refund_policy="no")
        self.bill(contract, "2026-04-02")
        with self.today("2026-04-10"):
            contract.subscription_ids.quantity = 3
        self.assertEqual(self.plan_codes(contract, "2026-05-02"), {"Business Premium": reasons.REFUND_OFF})

    def test_a_run_that_finds_only_parked_contracts_makes_no_record(self):
        contract = self.make_contract({"price_unit": 30.0}, date_start="2026-04-01")
        healthy = self.make_contract({"price_unit": 30.0}, date_start="2026-04-01", billing_offset=2)
        contract.partner_id = self.env["res.partner"].create({"name": "Gone"})
        contract.partner_id.active = False
        self.run_job("2026-04-02")
        row = contract.schedule_ids.sorted("cycle_start")[0]
        self.assertRecordValues(row, [{"state": "error", "reason": reasons.PARTNER_ARCHIVED, "attempts": 1}])
        runs = self.env["billing.run"].search_count([])
        self.run_job("2026-04-02", time="05:30:00")
        self.assertEqual(self.env["billing.run"].search_count([]), runs)

        with self.today("2026-04-03"):
            row.sudo().retry_at = "2026-04-03 23:00:00"
        self.run_job("2026-04-03")
        jobs = self.invoices(healthy).billing_run_id.job_ids
        self.assertEqual(
            {(job.contract_id, job.outcome, job.reason) for job in jobs},
            {(healthy, "invoiced", False), (contract, "skipped", reasons.PAUSED)})

    def test_the_window_refuses_with_a_reason(self):
        contract = self.make_contract({"price_unit": 30.0}, date_start="2026-04-01", date_end="2026-04-30")
        Generate = self.env["billing.generate"]

        def refusal(**vals):
            with self.today("2026-04-10"), self.assertRaises(UserError) as caught:
                Generate.create({"contract_id": contract.id, **vals}).action_proceed()
            return str(caught.exception)

        def words(code):
            return billing_reason.explain(self.env, code)

        self.assertIn(words(reasons.EARLIER_OPEN), refusal(date_to="2026-04-10"))
        self.bill(contract, "2026-04-02")
        self.assertEqual(refusal(), words(reasons.NO_CYCLE))
        self.assertEqual(refusal(schedule_id=contract.schedule_ids.id), words(reasons.ALREADY_INVOICED))
        self.assertIn(words(reasons.NOTHING_LEFT), refusal(date_to="2026-04-10"))
        contract.action_suspend()
        self.assertEqual(refusal(), words(reasons.NOT_ACTIVE))
