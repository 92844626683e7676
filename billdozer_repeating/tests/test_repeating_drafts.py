"""Drafts that were made ahead, and a change after them."""

from odoo import Command
from odoo.exceptions import AccessError, UserError
from odoo.tests import new_test_user, tagged

from .repeating_common import RepeatingCommon


@tagged("post_install", "-at_install")
class TestRepeatingDrafts(RepeatingCommon):
    def setUp(self):
        super().setUp()
        self.repeating = self.make_repeating({"price_unit": 100.0}, run_date="2026-01-01", collect_on="issued")
        self.run_job("2026-01-20")  # February as a draft, made ahead
        self.january, self.february = self.invoices_of(self.repeating)

    def outdated(self):
        return self.invoices_of(self.repeating).filtered("repeating_outdated")

    def change(self, day="2026-01-25", **vals):
        with self.today(day):
            self.repeating.line_ids.write(vals)

    def test_a_change_tells_the_drafts_made_ahead(self):
        self.assertFalse(self.repeating.outdated_message)
        self.change(price_unit=110.0)
        with self.today("2026-01-25"):
            self.assertEqual(self.outdated(), self.february)
            self.assertRegex(self.repeating.outdated_message, r"The draft made ahead \(02/01/2026\) was made before")

    def test_what_is_on_no_draft_tells_nothing(self):
        with self.today("2026-01-25"):
            self.repeating.line_ids.write({"price_unit": 100.0, "sequence": 3})
            self.repeating.write({"name": "Other Name", "collect_on": "issued", "escalation_percent": 5.0})
            self.repeating.line_ids = [
                Command.create({"product_id": self.licence.id, "price_unit": 5.0, "date_start": "2026-03-01"}),
                Command.create({"product_id": self.licence.id, "price_unit": 7.0, "term": 1, "immediate": True})]
        self.assertFalse(self.outdated())

    def test_a_posted_invoice_and_a_draft_of_today_are_not_told(self):
        with self.today("2026-02-01"):
            self.repeating.info = "PO 4711"
            self.assertFalse(self.repeating.outdated_message)
        self.run_job("2026-02-20")
        march = self.invoices_of(self.repeating)[-1]
        with self.today("2026-02-20"):
            march.action_post()
            self.repeating.info = "PO 4712"
            self.assertFalse(self.repeating.outdated_message)

    def test_without_remaking_the_difference_is_on_the_next_invoice(self):
        self.change(price_unit=110.0)
        self.run_job("2026-03-01")
        self.assertEqual(
            [(str(move.invoice_date), move.amount_untaxed) for move in self.invoices_of(self.repeating)],
            [("2026-01-01", 100.0), ("2026-02-01", 100.0), ("2026-03-01", 120.0)])

    def test_remaking(self):
        with self.today("2026-01-25"):
            self.repeating.write({"info": "PO 4711", "collect_on": "10", "line_ids": [
                Command.update(self.repeating.line_ids.id, {"price_unit": 110.0})]})
            self.repeating.action_remake_drafts()
            self.assertFalse(self.repeating.outdated_message)
        self.assertFalse(self.february.exists())
        january, february = self.invoices_of(self.repeating)
        self.assertEqual(january, self.january)
        self.assertRecordValues(february, [{
            "amount_untaxed": 110.0, "state": "draft", "repeating_outdated": False, "narration": "<p>PO 4711</p>"}])
        self.assertEqual((str(february.invoice_date), str(february.collection_date)), ("2026-02-01", "2026-02-10"))
        self.run_job("2026-03-01")
        self.assertRuns(self.repeating, [
            ("2026-01-01", [("Hosting", 1.0, 100.0, 100.0)]), ("2026-02-01", [("Hosting", 1.0, 110.0, 110.0)]),
            ("2026-03-01", [("Hosting", 1.0, 110.0, 110.0)])])

    def test_remaking_with_a_new_line(self):
        with self.today("2026-01-25"):
            self.repeating.line_ids = [Command.create({
                "product_id": self.licence.id, "name": "Mail", "price_unit": 5.0, "tax_ids": False,
                "date_start": "2026-02-01"})]
            self.assertEqual(self.outdated(), self.february)
            self.repeating.action_remake_drafts()
        self.assertRuns(self.repeating, [
            ("2026-01-01", [("Hosting", 1.0, 100.0, 100.0)]),
            ("2026-02-01", [("Hosting", 1.0, 100.0, 100.0), ("Mail", 1.0, 5.0, 5.0)])])

    def test_remaking_twice_makes_nothing_more(self):
        self.change(price_unit=110.0)
        with self.today("2026-01-25"):
            self.repeating.action_remake_drafts()
            made = self.invoices_of(self.repeating)
            self.repeating.action_remake_drafts()
        self.assertEqual(self.invoices_of(self.repeating), made)

    def test_remaking_is_refused_while_nothing_is_invoiced(self):
        self.change(price_unit=110.0)
        with self.today("2026-01-26"):
            self.repeating.contract_id.suspend("2026-01-26")
            with self.assertRaisesRegex(UserError, "activate it and its contract first"):
                self.repeating.action_remake_drafts()
        self.assertTrue(self.february.exists())

    def test_a_clerk_remakes_and_a_viewer_does_not(self):
        self.change(price_unit=110.0)
        viewer, clerk = (new_test_user(
            self.env, login=group, groups=f"work365_billing.billing_group_{group}", company_id=self.company.id,
            company_ids=[Command.set(self.company.ids)]) for group in ("viewer", "user"))
        with self.today("2026-01-25"):
            self.assertIn("02/01/2026", self.repeating.with_user(viewer).outdated_message)
            with self.assertRaises(AccessError):
                self.repeating.with_user(viewer).action_remake_drafts()
            self.repeating.with_user(clerk).action_remake_drafts()
        self.assertEqual(self.invoices_of(self.repeating).mapped("amount_untaxed"), [100.0, 110.0])
