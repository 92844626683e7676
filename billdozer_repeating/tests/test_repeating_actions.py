"""Cancel, change run date, re-activate, calculate: what DESIGN section 5 says of each."""

from odoo import Command
from odoo.exceptions import UserError
from odoo.tests import tagged

from .repeating_common import RepeatingCommon


@tagged("post_install", "-at_install")
class TestRepeatingActions(RepeatingCommon):

    def make(self, **vals):
        return self.make_repeating({"price_unit": 100.0}, **{"run_date": "2026-01-01", **vals})

    # ---- cancel -----------------------------------------------------------------------------------------------------

    def test_cancel_bills_the_run_up_to_the_last_access_and_none_after(self):
        repeating = self.make()
        with self.today("2026-02-20"):  # March is not made yet
            repeating.cancel("2026-03-10")
        self.assertEqual((repeating.state, str(repeating.date_end)), ("active", "2026-03-10"))
        self.run_job("2026-05-01")
        self.assertRuns(repeating, [
            (f"2026-{month:02}-01", [("Hosting", 1.0, 100.0, 100.0)]) for month in (1, 2, 3)])
        self.assertRecordValues(repeating, [{"state": "inactive", "next_run_date": False}])
        self.assertRecordValues(repeating.contract_id, [{"state": "active"}])
        self.assertTrue(repeating.partner_id.active)

    def test_cancel_credits_what_is_ticked(self):
        repeating = self.make()
        self.run_job("2026-02-13")
        january, february = self.invoices_of(repeating)
        (january | february).action_post()
        with self.today("2026-02-20"):
            self.run_job("2026-02-20")  # March as a draft
            march = self.invoices_of(repeating) - january - february
            with self.today("2026-02-21"):
                self.assertEqual(repeating._get_unpaid_moves(), march | february | january)
                credit = repeating.cancel("2026-02-28", credit_moves=february | march)
        self.assertRecordValues(credit, [{
            "state": "posted", "move_type": "out_refund", "amount_total": 100.0, "payment_state": "paid",
            "reversed_entry_id": february.id, "repeating_invoice_id": repeating.id,
            "billing_contract_id": repeating.contract_id.id}])
        self.assertEqual(str(credit.invoice_date), "2026-02-21")
        self.assertRecordValues(february | march | january, [
            {"state": "posted", "payment_state": "reversed"}, {"state": "cancel", "payment_state": "not_paid"},
            {"state": "posted", "payment_state": "not_paid"}])
        self.assertEqual(repeating.state, "inactive")
        self.run_job("2026-06-01")
        self.assertEqual(self.invoices_of(repeating), january | february | credit | march)
        self.assertEqual(
            {str(row.cycle_start): row.state for row in repeating.schedule_ids},
            {"2026-01-01": "invoiced", "2026-02-01": "skipped", "2026-03-01": "skipped"})

    def test_cancel_refuses(self):
        repeating, other = self.make(), self.make()
        with self.assertRaisesRegex(UserError, "is no unpaid invoice of Blue Yonder: untick it"):
            repeating.cancel("2026-02-01", credit_moves=self.invoices_of(other))
        self.assertEqual((repeating.state, repeating.date_end), ("active", False))
        with self.today("2026-01-05"):
            repeating.cancel("2026-01-05")
        with self.assertRaisesRegex(UserError, "is inactive already"):
            repeating.cancel("2026-02-01")

    # ---- change run date --------------------------------------------------------------------------------------------

    def test_change_run_date(self):
        repeating = self.make(term=12)
        self.run_job("2026-02-13")
        with self.today("2026-02-13"):
            with self.assertRaisesRegex(UserError, "Tick Confirm New Run Date"):
                repeating.change_run_date("2026-02-20")
            self.assertEqual(str(repeating.next_run_date), "2026-03-01")
            with self.assertRaisesRegex(UserError, "is invoiced already: choose a later date"):
                repeating.change_run_date("2026-02-01", confirm=True)
            with self.assertRaisesRegex(UserError, "ends on"):
                repeating.change_run_date("2027-01-01", confirm=True)
            repeating.change_run_date("2026-02-20", confirm=True)
        self.assertRecordValues(repeating, [{"term": 12, "state": "active"}])
        self.assertEqual(
            (str(repeating.run_date), str(repeating.date_end), str(repeating.next_run_date)),
            ("2026-01-01", "2026-12-31", "2026-02-20"))
        self.run_job("2026-04-20")
        self.assertEqual(self.run_dates(repeating), [
            "2026-01-01", "2026-02-01", "2026-02-20", "2026-03-20", "2026-04-20"])
        days = [(str(row.cycle_start), str(row.cycle_end)) for row in repeating.schedule_ids.sorted("cycle_start")]
        self.assertEqual(days[1:3], [("2026-02-01", "2026-02-19"), ("2026-02-20", "2026-03-19")])

    def test_change_run_date_to_a_later_month_leaves_those_between_out(self):
        repeating = self.make()
        with self.today("2026-01-02"):
            repeating.change_run_date("2026-05-15", confirm=True)
        self.run_job("2026-06-15")
        self.assertEqual(self.run_dates(repeating), ["2026-01-01", "2026-05-15", "2026-06-15"])

    def test_change_run_date_of_weekly_runs(self):
        repeating = self.make(interval="weekly", weekday="3")  # Thursdays from 1 January
        dates = self.run_dates(repeating)
        self.assertEqual(dates, ["2026-01-01", "2026-01-08", "2026-01-15"])
        with self.today("2026-01-02"):
            repeating.change_run_date("2026-01-20", confirm=True)
        self.run_job("2026-01-12")
        self.assertEqual(self.run_dates(repeating), [*dates, "2026-01-20", "2026-01-27"])
        self.assertEqual(repeating.weekday, "1")

    # ---- re-activate ------------------------------------------------------------------------------------------------

    def test_reactivate(self):
        repeating = self.make()
        with self.today("2026-01-02"):
            repeating.cancel("2026-01-20")
        self.assertEqual(repeating.state, "inactive")
        with self.today("2026-03-10"):
            repeating.reactivate("2026-04-15")
        self.run_job("2026-06-01")
        self.assertEqual(self.run_dates(repeating), ["2026-01-01", "2026-05-01", "2026-06-01"])
        self.assertRecordValues(repeating, [{"state": "active", "date_end": False}])
        with self.assertRaisesRegex(UserError, "is not inactive"):
            repeating.reactivate("2026-07-01")

    def test_reactivate_bills_the_run_that_the_cancellation_had_credited(self):
        repeating = self.make()
        self.run_job("2026-01-20")
        with self.today("2026-01-21"):
            repeating.cancel("2026-01-31", credit_moves=self.invoices_of(repeating)[-1:])
        self.assertEqual(repeating.state, "inactive")
        with self.today("2026-01-25"):
            repeating.reactivate("2026-02-01")
        self.run_job("2026-02-01")
        live = self.invoices_of(repeating).filtered(lambda move: move.state != "cancel")
        self.assertEqual([str(move.invoice_date) for move in live], ["2026-01-01", "2026-02-01"])

    def test_reactivate_refuses_after_the_term(self):
        repeating = self.make(term=2)
        self.run_job("2026-03-05")
        self.assertEqual(repeating.state, "inactive")
        with self.assertRaisesRegex(UserError, "enter a longer term first"):
            repeating.reactivate("2026-05-01")

    # ---- suspension -------------------------------------------------------------------------------------------------

    def test_suspended_runs_are_not_billed_later(self):
        repeating = self.make()
        with self.today("2026-01-05"):
            repeating.contract_id.suspend("2026-01-05", resume_on="2026-03-10")
        self.run_daily("2026-03-01", "2026-03-20")
        self.run_job("2026-04-20")
        self.assertEqual(self.run_dates(repeating), ["2026-01-01", "2026-04-01", "2026-05-01"])

    # ---- calculate --------------------------------------------------------------------------------------------------

    def test_calculate_is_what_the_job_makes(self):
        repeating = self.make_repeating(
            {"price_unit": 99.99, "quantity": 3, "tax_ids": [Command.set(self.tax_sale_a.ids)]},
            {"price_unit": 30.0, "name": "Training", "term": 3, "date_start": "2026-02-01"},
            run_date="2026-01-01", today="2025-11-01", term=6)
        with self.today("2025-11-01"):
            before = self.env.cr.sql_log_count
            calculated = repeating.calculate("2026-01-01", "2026-12-31")
            self.env.flush_all()
        self.assertFalse(self.invoices_of(repeating))
        self.assertGreater(self.env.cr.sql_log_count, before)
        self.assertEqual([(str(one["charge_date"]), str(one["date_issued"])) for one in calculated][:2], [
            ("2025-12-17", "2026-01-01"), ("2026-01-17", "2026-02-01")])
        self.run_daily("2025-12-10", "2026-06-02")
        moves = self.invoices_of(repeating)
        self.assertEqual(
            [(one["date_issued"], one["partner_id"], one["total_excl"], one["total"]) for one in calculated],
            [(move.invoice_date, move.partner_id.id, move.amount_untaxed, move.amount_total) for move in moves])
        self.assertEqual(moves.mapped("amount_total"), [344.97, 374.97, 374.97, 374.97, 344.97, 344.97])

    def test_calculate_refuses_a_reversed_period(self):
        with self.assertRaisesRegex(UserError, "last day is not before its first"):
            self.make().calculate("2026-02-01", "2026-01-01")

    # ---- clawback ---------------------------------------------------------------------------------------------------

    def test_clawback(self):
        repeating = self.make(term=12, commission=1200.0)
        with self.today("2026-01-20"):
            repeating.cancel("2026-03-15", clawback=True)
        self.assertRecordValues(repeating.clawback_ids, [{
            "user_id": self.env.user.id, "commission": 1200.0, "months_served": 3, "months_unserved": 9,
            "amount": 900.0, "state": "open", "partner_id": self.customer.id, "contract_id": repeating.contract_id.id}])
        repeating.clawback_ids.action_waive()
        with self.assertRaisesRegex(UserError, "settled already"):
            repeating.clawback_ids.action_recover()

    def test_clawback_refuses_where_there_is_none(self):
        repeating = self.make(term=12)
        with self.assertRaisesRegex(UserError, "no commission to take back"):
            repeating.cancel("2026-03-15", clawback=True)
        self.assertEqual((repeating.state, str(repeating.date_end)), ("active", "2026-12-31"))

    # ---- windows ----------------------------------------------------------------------------------------------------

    def test_the_window_cancel(self):
        repeating = self.make()
        with self.today("2026-01-20"):
            self.run_job("2026-01-20")
            january, february = self.invoices_of(repeating)
            window = self.env["repeating.invoice.cancel"].browse(repeating.action_cancel()["res_id"])
            self.assertRecordValues(window.line_ids, [
                {"move_id": february.id, "credit": True}, {"move_id": january.id, "credit": False}])
            self.assertEqual(window.amount_total, 100.0)
            window.action_confirm()
        self.assertRecordValues(january | february, [{"state": "draft"}, {"state": "cancel"}])
        self.assertEqual(repeating.state, "inactive")

    def test_the_window_change_run_date(self):
        repeating = self.make()
        with self.today("2026-01-05"):
            window = self.env["repeating.invoice.change.run.date"].browse(repeating.action_change_run_date()["res_id"])
            window.new_date = "2025-12-01"
            self.assertIn("is invoiced already", window.problem)
            self.assertFalse(window.series)
            window.new_date = "2026-02-20"
            self.assertFalse(window.problem)
            for date in ("02/01/2026", "02/20/2026", "03/20/2026"):
                self.assertIn(date, window.series)
            with self.assertRaisesRegex(UserError, "Tick Confirm New Run Date"):
                window.action_confirm()
            window.confirm = True
            window.action_confirm()
        self.assertEqual(str(repeating.next_run_date), "2026-02-20")

    def test_the_window_calculate(self):
        repeating = self.make()
        with self.today("2026-01-05"):
            window = self.env["repeating.invoice.calculate"].browse(repeating.action_calculate()["res_id"])
            window.write({"date_from": "2026-02-01", "date_to": "2026-03-31"})
            window.action_calculate()
        self.assertRecordValues(window.line_ids, [
            {"partner_id": self.customer.id, "total": 100.0}, {"partner_id": self.customer.id, "total": 100.0}])
        self.assertEqual(window.total, 200.0)
