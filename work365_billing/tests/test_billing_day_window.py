from odoo import Command
from odoo.exceptions import UserError
from odoo.tests import tagged

from .billing_day_common import BillingDayCommon


@tagged("post_install", "-at_install")
class TestBillingDayWindow(BillingDayCommon):
    """The window shows both rhythms with the planner's amounts, and does what it shows."""

    def test_side_by_side_and_confirmed(self):
        contract = self.make_monthly()
        self.bill(contract, "2025-01-02")
        with self.today("2025-01-20"):
            form = self.open_window(contract)
            self.assertEqual(form.rhythm, "Blue Yonder · Monthly · Day 1 · settled up to 01/31/2025")
            self.assertEqual(str(form.schedule_id.cycle_start), "2025-02-01")
            self.assertFalse(form.preview or form.problem)
            form.day = "15"
            self.assertEqual(
                form.summary, "Transition period 02/01/2025 – 02/14/2025 (14 days), full cycles from 02/15/2025.")
            text = " ".join(form.preview.striptags().split())
            form.save().action_confirm()
        for part in (
            "Now: Day 1", "Then: Day 15", "02/01/2025 – 02/28/2025 28 days, invoiced on 02/02/2025 $ 310.00",
            "02/01/2025 – 02/14/2025 Transition 14 days, invoiced on 02/02/2025 $ 155.00",
            "05/01/2025 – 05/31/2025", "04/15/2025 – 05/14/2025",
        ):
            self.assertIn(part, text.replace("\xa0", " "))
        self.assertEqual(contract.billing_day, "Day 15")
        self.bill(contract, "2025-02-02", "2025-02-16")
        self.assertEqual([one[1] for one in self.billed(contract)], [310.0, 155.0, 310.0])

    def test_a_later_cycle_and_another_month(self):
        contract = self.make_monthly(frequency="annual")
        self.bill(contract, "2025-01-02")
        with self.today("2025-01-20"):
            form = self.open_window(contract)
            self.assertEqual(form.month, "1")
            form.day, form.month = "1", "7"
            self.assertIn("(181 days)", form.summary)
            form.schedule_id = contract.schedule_ids.sorted("cycle_start")[2]
            self.assertEqual(
                form.summary, "Transition period 01/01/2027 – 06/30/2027 (181 days), full cycles from 07/01/2027.")
            form.save().action_confirm()
        self.assertLedger(contract, [
            ("2025-01-01", "2025-12-31", "2025-01-02", "invoiced", ""),
            ("2026-01-01", "2026-12-31", "2026-01-02", "pending", ""),
            ("2027-01-01", "2027-06-30", "2027-01-02", "pending", "Transition")])

    def test_the_preview_is_what_the_job_makes_with_items_changes_and_a_renewal(self):
        contract = self.make_monthly(
            date_end="2025-03-31", auto_renew=True, renewal_months=3, billing_offset=-5, today="2024-12-20",
            item_ids=[Command.create({
                "product_id": self.licence.id, "price_unit": 50.0, "invoice_on": "2025-02-03", "tax_ids": False})])
        self.bill(contract, "2025-01-02")
        with self.today("2025-01-20"):
            contract.subscription_ids.change_quantity(2, "2025-02-08")
            since = contract._get_day_move_start()
            series = contract._prepare_day_move(15, None, since)
            shown = self.env["billing.planner"]._plan_cycles(contract, since, 5, series)
            contract.move_billing_day(15)
        for one in shown:
            self.run_job(one.schedule_date)
        made = self.invoices(contract)[1:]
        self.assertEqual(
            [(str(one.cycle_start), str(one.cycle_end), float(one.amount)) for one in shown],
            [(str(move.billing_schedule_id.cycle_start), str(move.billing_schedule_id.cycle_end), move.amount_total)
             for move in made])
        self.assertEqual([float(one.amount) for one in shown][:2], [232.5, 670.0])

    def test_the_problem_is_shown_before_anything_is_chosen(self):
        contract = self.make_monthly(contract_type="item_based")
        form = self.open_window(contract)
        self.assertIn("each subscription has billing cycles of its own", form.problem)
        calendar = self.make_monthly(alignment="calendar")
        self.assertIn("calendar periods", self.open_window(calendar).problem)

    def test_a_cycle_that_was_invoiced_meanwhile_is_refused(self):
        contract = self.make_monthly()
        self.bill(contract, "2025-01-02")
        with self.today("2025-01-20"):
            form = self.open_window(contract)
            form.day = "15"
            window = form.save()
        self.run_job("2025-02-02")
        with self.today("2025-02-02"), self.assertRaisesRegex(UserError, "settled up to 02/28/2025"):
            window.action_confirm()
        self.assertFalse(contract.day_change_ids)

    def test_moving_back_is_shown_as_such(self):
        contract = self.make_monthly()
        self.bill(contract, "2025-01-02")
        self.move(contract, "2025-01-20", 15)
        with self.today("2025-01-21"):
            form = self.open_window(contract)
            form.day = "15"
            self.assertIn("start on this day already", form.problem)
            form.day = "1"
            self.assertIn("without a transition period", form.summary)
            form.save().action_confirm()
        self.assertFalse(contract.day_change_ids)
