from odoo import Command
from odoo.exceptions import UserError, ValidationError
from odoo.tests import tagged

from .billing_day_common import BillingDayCommon


@tagged("post_install", "-at_install")
class TestBillingDay(BillingDayCommon):
    """One visible transition period lies between two rhythms, and no day is billed twice or never."""

    def test_monthly_from_the_1st_to_the_15th(self):
        contract = self.make_monthly(date_end="2025-05-31")
        self.bill(contract, "2025-01-02")
        self.move(contract, "2025-01-20", 15)
        self.assertRecordValues(contract.day_change_ids, [{
            "transition_start": contract.schedule_ids.sorted("cycle_start")[1].cycle_start, "billing_day": "Day 15",
            "last_day": False, "company_id": self.company.id, "create_uid": self.env.uid}])
        self.assertLedger(contract, [
            ("2025-01-01", "2025-01-31", "2025-01-02", "invoiced", ""),
            ("2025-02-01", "2025-02-14", "2025-02-02", "pending", "Transition"),
            ("2025-02-15", "2025-03-14", "2025-02-16", "pending", ""),
            ("2025-03-15", "2025-04-14", "2025-03-16", "pending", ""),
            ("2025-04-15", "2025-05-14", "2025-04-16", "pending", ""),
            ("2025-05-15", "2025-05-31", "2025-05-16", "pending", "")])
        self.assertEqual(contract.next_invoice_amount, 155.0)
        self.bill(contract, "2025-02-02", "2025-02-15", "2025-02-16", "2025-06-02")
        self.assertInvoices(contract, [
            ("out_invoice", "2025-01-02", "2025-01-02", [(1, 310.0, 310.0, "2025-01-01", "2025-01-31")]),
            ("out_invoice", "2025-02-02", "2025-02-02", [(1, 155.0, 155.0, "2025-02-01", "2025-02-14")]),
            ("out_invoice", "2025-02-16", "2025-02-16", [(1, 310.0, 310.0, "2025-02-15", "2025-03-14")]),
            ("out_invoice", "2025-03-16", "2025-03-16", [(1, 310.0, 310.0, "2025-03-15", "2025-04-14")]),
            ("out_invoice", "2025-04-16", "2025-04-16", [(1, 310.0, 310.0, "2025-04-15", "2025-05-14")]),
            # 17 of the 31 days from 15 May to 14 June
            ("out_invoice", "2025-05-16", "2025-05-16", [(1, 170.0, 170.0, "2025-05-15", "2025-05-31")])])
        self.assertEqual(contract.state, "closed")

    def test_quarterly_and_annual_by_days_and_by_months(self):
        for frequency, unit, month, transition, period in (
            ("quarterly", "days", 5, 449.67, ("2025-04-01", "2025-05-14")),  # 930.00 × 44/91
            ("quarterly", "months", 5, 450.0, ("2025-04-01", "2025-05-14")),  # 310.00 × (1 + 14/31)
            ("annual", "days", 3, 744.0, ("2026-01-01", "2026-03-14")),  # 3,720.00 × 73/365
            ("annual", "months", 3, 760.0, ("2026-01-01", "2026-03-14")),  # 310.00 × (2 + 14/31)
        ):
            full = 930.0 if frequency == "quarterly" else 3720.0
            contract = self.make_monthly(frequency=frequency, proration_unit=unit)
            self.bill(contract, "2025-01-02")
            self.move(contract, "2025-01-20", "15", str(month))
            self.run_job("2026-04-01")
            billed = self.billed(contract)
            self.assertEqual(billed[0][1], full)
            self.assertEqual(billed[1][1:], (transition, *period), (frequency, unit))
            self.assertEqual({one[1] for one in billed[2:]}, {full})
            first = contract.schedule_ids.sorted("cycle_start")[2]
            self.assertEqual(str(first.cycle_start)[5:], f"{month:02}-15")
        self.assertEqual(contract.billing_day, "Day 15 of Mar")

    def test_arrears_bill_the_same_periods_after_their_end(self):
        contract = self.make_monthly(billing_policy="arrears")
        self.bill(contract, "2025-02-01")
        self.move(contract, "2025-02-10", 15)
        self.bill(contract, "2025-02-15", "2025-03-15")
        self.assertEqual(self.billed(contract), [
            ("2025-02-01", 310.0, "2025-01-01", "2025-01-31"),
            ("2025-02-15", 155.0, "2025-02-01", "2025-02-14"),
            ("2025-03-15", 310.0, "2025-02-15", "2025-03-14")])

    def test_a_short_month_clamps_and_recovers_and_the_last_day_stays_the_last(self):
        for day, name, starts in (
            (30, "Day 30", ["2025-02-01", "2025-02-28", "2025-03-30", "2025-04-30", "2025-05-30"]),
            ("last", "Last day", ["2025-02-01", "2025-02-28", "2025-03-31", "2025-04-30", "2025-05-31"]),
        ):
            contract = self.make_monthly()
            self.bill(contract, "2025-01-02")
            self.move(contract, "2025-01-20", day)
            rows = contract.schedule_ids.sorted("cycle_start")
            self.assertEqual([str(row.cycle_start) for row in rows[1:6]], starts)
            self.assertEqual(contract.billing_day, name)

    def test_a_change_inside_the_transition_in_time_and_late(self):
        early, late = (self.make_monthly(name=name) for name in ("Early", "Late"))
        self.bill(early | late, "2025-01-02")
        for contract in early | late:
            self.move(contract, "2025-01-20", 15)
        with self.today("2025-01-25"):
            early.subscription_ids.change_quantity(2, "2025-02-08")
        self.bill(early | late, "2025-02-02")
        with self.today("2025-02-10"):
            late.subscription_ids.change_quantity(2, "2025-02-08")
        self.bill(early | late, "2025-02-16")
        self.assertEqual(self.billed(early)[1:], [
            ("2025-02-02", 155.0, "2025-02-01", "2025-02-14"), ("2025-02-02", 77.5, "2025-02-08", "2025-02-14"),
            ("2025-02-16", 620.0, "2025-02-15", "2025-03-14")])
        self.assertEqual(self.billed(late)[1:], [
            ("2025-02-02", 155.0, "2025-02-01", "2025-02-14"),
            ("2025-02-16", 620.0, "2025-02-15", "2025-03-14"), ("2025-02-16", 77.5, "2025-02-08", "2025-02-14")])

    def test_a_credit_in_the_transition_gives_back_its_part(self):
        contract = self.make_monthly(refund_policy="yes")
        self.bill(contract, "2025-01-02")
        self.move(contract, "2025-01-20", 15)
        self.bill(contract, "2025-02-02")
        with self.today("2025-02-10"):
            contract.subscription_ids.deactivate("2025-02-08", refund=True)
        self.bill(contract, "2025-02-16")
        self.assertEqual(self.billed(contract)[1:], [
            ("2025-02-02", 155.0, "2025-02-01", "2025-02-14"), ("2025-02-16", -77.5, "2025-02-08", "2025-02-14")])

    def test_the_invoice_of_the_transition_is_undone_and_made_again(self):
        contract = self.make_monthly()
        self.bill(contract, "2025-01-02")
        self.move(contract, "2025-01-20", 15)
        self.bill(contract, "2025-02-02")
        with self.assertRaisesRegex(UserError, "settled up to 02/14/2025"):
            self.move(contract, "2025-02-03", 1, effective_date="2025-02-01")
        with self.today("2025-02-03"):
            self.invoices(contract)[1].unlink()
        self.assertLedger(contract, [
            ("2025-01-01", "2025-01-31", "2025-01-02", "invoiced", ""),
            ("2025-02-01", "2025-02-14", "2025-02-02", "pending", "Transition")], limit=2)
        self.bill(contract, "2025-02-04")
        self.assertEqual(self.billed(contract)[1:], [("2025-02-02", 155.0, "2025-02-01", "2025-02-14")])
        with self.today("2025-02-05"):
            self.invoices(contract)[1].unlink()
        self.move(contract, "2025-02-05", 1)
        self.assertFalse(contract.day_change_ids)
        self.bill(contract, "2025-02-05")
        self.assertEqual(self.billed(contract)[1:], [("2025-02-02", 310.0, "2025-02-01", "2025-02-28")])

    def test_moving_back_before_the_transition_is_billed_leaves_no_trace(self):
        contract = self.make_monthly(date_end="2025-04-30")
        self.bill(contract, "2025-01-02")
        before = [(row.cycle_start, row.cycle_end, row.state) for row in contract.schedule_ids.sorted("cycle_start")]
        self.move(contract, "2025-01-20", 15)
        self.move(contract, "2025-01-21", 20)
        self.assertEqual(len(contract.day_change_ids), 1)
        self.assertEqual(contract.billing_day, "Day 20")
        self.move(contract, "2025-01-22", 1)
        self.assertFalse(contract.day_change_ids)
        after = [(row.cycle_start, row.cycle_end, row.state) for row in contract.schedule_ids.sorted("cycle_start")]
        self.assertEqual(after, before)

    def test_moved_twice_with_both_transitions_billed(self):
        contract = self.make_monthly()
        self.bill(contract, "2025-01-02")
        self.move(contract, "2025-01-20", 15)
        self.move(contract, "2025-01-20", 1, effective_date="2025-03-10")
        self.assertLedger(contract, [
            ("2025-01-01", "2025-01-31", "2025-01-02", "invoiced", ""),
            ("2025-02-01", "2025-02-14", "2025-02-02", "pending", "Transition"),
            ("2025-02-15", "2025-03-14", "2025-02-16", "pending", ""),
            ("2025-03-15", "2025-03-31", "2025-03-16", "pending", "Transition"),
            ("2025-04-01", "2025-04-30", "2025-04-02", "pending", "")], limit=5)
        self.run_job("2025-04-02")
        # 17 of the 31 days from 15 March to 14 April
        self.assertEqual([one[1] for one in self.billed(contract)], [310.0, 155.0, 310.0, 170.0, 310.0])

    def test_an_invoiced_cycle_ahead_stays_and_the_move_comes_after_it(self):
        contract = self.make_monthly()
        self.bill(contract, "2025-01-02")
        third = contract.schedule_ids.sorted("cycle_start")[2]
        with self.today("2025-01-10"):
            self.env["billing.generate"].create(
                {"contract_id": contract.id, "schedule_id": third.id}).action_proceed()
        self.move(contract, "2025-01-20", 15)
        self.assertLedger(contract, [
            ("2025-01-01", "2025-01-31", "2025-01-02", "invoiced", ""),
            ("2025-02-01", "2025-02-28", "2025-02-02", "pending", ""),
            ("2025-03-01", "2025-03-31", "2025-03-02", "invoiced", ""),
            ("2025-04-01", "2025-04-14", "2025-04-02", "pending", "Transition"),
            ("2025-04-15", "2025-05-14", "2025-04-16", "pending", "")], limit=5)

    def test_i6_the_job_run_daily_and_once_makes_the_same(self):
        daily, once = (self.make_monthly({"quantity": 3, "price_unit": 33.35}, name=name) for name in ("Daily", "Once"))
        for contract in daily | once:
            self.move(contract, "2025-01-01", 15)
            self.move(contract, "2025-01-01", "last", effective_date="2025-02-15")
        once.action_suspend()
        self.run_daily("2025-01-01", "2025-04-05")
        with self.today("2025-04-05"):
            once.action_activate()
        self.run_job("2025-04-05")
        self.assertEqual([one[1:] for one in self.billed(daily)], [one[1:] for one in self.billed(once)])
        self.assertEqual([one[2:] for one in self.billed(daily)][::2], [
            ("2025-01-01", "2025-01-14"), ("2025-01-15", "2025-02-14"), ("2025-02-15", "2025-02-27"),
            ("2025-02-28", "2025-03-30"), ("2025-03-31", "2025-04-29")])

    def test_renewal_counts_from_the_start_and_the_plan_knows_it(self):
        contract = self.make_monthly(date_end="2025-03-31", auto_renew=True, renewal_months=3)
        self.bill(contract, "2025-01-02")
        self.move(contract, "2025-01-20", 15)
        self.assertEqual(str(contract.renewal_date), "2025-03-31")
        self.bill(contract, "2025-02-02", "2025-02-16", "2025-03-16")
        self.run_job("2025-03-31")
        self.assertEqual(str(contract.date_end), "2025-06-30")
        self.bill(contract, "2025-04-16", "2025-05-16")
        self.assertEqual([one[1:] for one in self.billed(contract)][3:], [
            (170.0, "2025-03-15", "2025-03-31"), (140.0, "2025-04-01", "2025-04-14"),
            (310.0, "2025-04-15", "2025-05-14"), (310.0, "2025-05-15", "2025-06-14")])

    def test_other_cycles_from_the_start_on_forget_the_move(self):
        contract = self.make_monthly()
        self.move(contract, "2025-01-01", 15)
        with self.today("2025-01-01"):
            contract.write({"discount": 5.0, "date_start": "2025-01-01"})
            self.assertTrue(contract.day_change_ids)
            contract.date_start = "2025-01-10"
        self.assertFalse(contract.day_change_ids)
        self.assertLedger(contract, [("2025-01-10", "2025-02-09", "2025-01-11", "pending", "")], limit=1)
        self.assertEqual(contract.billing_day, "Day 10")

    def test_a_duplicate_starts_without_the_move(self):
        contract = self.make_monthly()
        self.move(contract, "2025-01-01", 15)
        self.assertFalse(contract.copy().day_change_ids)

    # ---- refusals ---------------------------------------------------------------------------------------------------

    def assertRefused(self, contract, message, *args, error=UserError, **kwargs):
        rows = contract.schedule_ids.ids
        with self.assertRaisesRegex(error, message), self.env.cr.savepoint():
            self.move(contract, "2025-01-20", *args, **kwargs)
        self.assertEqual(contract.schedule_ids.ids, rows)
        self.assertFalse(contract.day_change_ids)

    def test_what_cannot_be_moved(self):
        self.assertRefused(self.make_monthly(activate=False), "is a draft: change its start date", 15)
        closed = self.make_monthly()
        closed.action_close()
        self.assertRefused(closed, "is closed.*duplicate it", 15)
        self.assertRefused(
            self.make_monthly(contract_type="item_based"), "each subscription has billing cycles of its own", 15)
        self.assertRefused(self.make_contract(
            contract_type="non_recurring", date_start="2025-01-01", item_ids=[Command.create(
                {"product_id": self.licence.id, "price_unit": 5.0})]), "has no billing cycles", 15)
        self.assertRefused(self.make_monthly(alignment="calendar"), "calendar periods.*make a new contract", 15)

    def test_days_that_are_no_move(self):
        contract = self.make_monthly()
        self.bill(contract, "2025-01-02")
        self.assertRefused(contract, "from 02/01/2025 on start on this day already", 1)
        self.assertRefused(contract, "settled up to 01/31/2025", 15, effective_date="2025-01-31")
        for day in (0, 32, None, "x", "15.5"):
            self.assertRefused(contract, "Choose a day from 1 to 31", day, error=ValidationError)
        self.assertRefused(contract, "a month from 1 to 12", 15, 13, error=ValidationError)
        last = self.make_monthly(date_start="2025-01-31", name="31st")
        self.assertRefused(last, "start on this day already", "last")
        annual = self.make_monthly(frequency="annual")
        self.assertRefused(annual, "No month in which cycles start has a day 30", 30, 2, error=ValidationError)

    def test_an_end_before_the_new_day(self):
        contract = self.make_monthly(date_end="2025-02-10")
        self.bill(contract, "2025-01-02")
        self.assertRefused(contract, r"ends on 02/10/2025, before the first cycle on the new day \(02/15/2025\)", 15)
        self.bill(contract, "2025-02-02")
        self.assertRefused(contract, "no later billing cycle is left to move", 5)

    def test_a_billed_start_names_the_way_out(self):
        contract = self.make_monthly()
        self.bill(contract, "2025-01-02")
        with self.assertRaisesRegex(UserError, "use Change Billing Day"):
            contract.date_start = "2025-01-15"

    # ---- who, when, from, to ----------------------------------------------------------------------------------------

    def test_chatter_and_audit_trail_tell_from_and_to(self):
        contract = self.make_monthly(frequency="quarterly")
        self.bill(contract, "2025-01-02")
        self.move(contract, "2025-01-20", 15, 5)
        message = contract.message_ids[0]
        self.assertIn("Transition period 04/01/2025 – 05/14/2025 (44 days), full cycles from 05/15/2025.", message.body)
        self.env.flush_all()
        self.assertRecordValues(self.env["billing.audit"].search(
            [("contract_id", "=", contract.id), ("field_name", "=", "billing_day")]), [{
                "user_id": self.env.uid, "what": "Billing Day", "old_text": "Day 1 of Jan, Apr, Jul, and Oct",
                "new_text": "Day 15 of Feb, May, Aug, and Nov", "source": "field"}])

    def test_names_of_the_period_say_that_it_is_the_transition(self):
        contract = self.make_monthly()
        self.move(contract, "2025-01-01", 15)
        first, second = contract.schedule_ids.sorted("cycle_start")[:2]
        self.assertEqual(first.display_name, "Blue Yonder · 01/01/2025 – 01/14/2025 (transition)")
        self.assertEqual(
            first.with_context(billing_short_name=True).display_name, "01/01/2025 – 01/14/2025 (transition)")
        self.assertEqual(second.display_name, "Blue Yonder · 01/15/2025 – 02/14/2025")
