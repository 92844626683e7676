"""DESIGN section 5's table and the rules that billdozer.md states, through the hourly job, invoices compared whole.

Three rows are elsewhere, as complete: a term of 12 with a line of 3 and the end of a term in ``test_repeating_invoice``
(``test_term_12_makes_12_invoices_and_a_line_of_3_is_on_3``), the days in advance in ``test_days_in_advance`` there. The
moving of dates alone, as tables: ``test_collection_date`` and the engine's tests.
"""

from odoo.exceptions import UserError
from odoo.tests import tagged

from .collection_common import CollectionCommon
from .repeating_common import RepeatingCommon


@tagged("post_install", "-at_install")
class TestDesignTable(RepeatingCommon, CollectionCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.company.country_id = cls.env.ref("base.za")

    def make(self, run_date, *lines, collected=True, **vals):
        """Return a repeating invoice that was saved on 2 January 2026, collected from the client's bank account."""
        lines = lines or ({"price_unit": 100.0},)
        repeating = self.make_repeating(*lines, run_date=run_date, **{"today": "2026-01-02", **vals})
        if collected:
            repeating.contract_id.payment_method_id = self.account
        return repeating

    # ---- the table --------------------------------------------------------------------------------------------------

    def test_other_january_and_july_is_twice_a_year(self):
        repeating = self.make("2026-01-31", {"price_unit": 600.0, "quantity": 2}, interval="other", months="7,1")
        self.run_daily("2026-01-12", "2026-01-20")
        self.run_daily("2026-07-10", "2026-07-20")
        self.run_job("2028-01-01")
        line = ("Hosting", 2.0, 600.0, 1200.0)
        self.assertWhole(repeating, [
            ("2026-01-31", "2026-02-02", "2026-02-02", [(*line, "2026-01-31", "2026-07-30")]),
            ("2026-07-31", "2026-07-31", "2026-07-31", [(*line, "2026-07-31", "2027-01-30")]),
            ("2027-01-31", "2027-02-01", "2027-02-01", [(*line, "2027-01-31", "2027-07-30")]),
            ("2027-07-31", "2027-08-02", "2027-08-02", [(*line, "2027-07-31", "2028-01-30")])])

    def test_collect_last_in_may_2026(self):
        for direction, date in (("next", "2026-06-01"), ("previous", "2026-05-29")):
            with self.subTest(direction):
                self.company.billdozer_direction = direction
                repeating = self.make("2026-05-01", collect_on="last", term=1)
                self.run_job("2026-04-16")
                self.assertWhole(repeating, [
                    ("2026-05-01", date, date, [("Hosting", 1.0, 100.0, 100.0, "2026-05-01", "2026-05-31")])])

    def test_collect_10_in_august_2026_in_south_africa(self):
        repeating = self.make("2026-08-01", collect_on="10", term=1)
        self.run_job("2026-07-17")
        self.assertWhole(repeating, [
            ("2026-08-01", "2026-08-11", "2026-08-11", [("Hosting", 1.0, 100.0, 100.0, "2026-08-01", "2026-08-31")])])

    # ---- dates ------------------------------------------------------------------------------------------------------

    def test_not_collected_by_us_is_due_by_the_payment_term(self):
        self.customer.property_payment_term_id = self.env.ref("account.account_payment_term_30days")
        repeating = self.make("2026-05-02", collected=False, term=1)
        self.run_job("2026-05-02")
        self.assertWhole(repeating, [  # 2 May is a Saturday
            ("2026-05-02", "2026-06-01", "2026-05-04", [("Hosting", 1.0, 100.0, 100.0, "2026-05-02", "2026-06-01")])])

    def test_collect_30_in_february(self):
        repeating = self.make("2027-02-01", collect_on="30", term=1)
        self.run_job("2027-02-01")  # 28 February 2027 is a Sunday
        self.assertWhole(repeating, [
            ("2027-02-01", "2027-03-01", "2027-03-01", [("Hosting", 1.0, 100.0, 100.0, "2027-02-01", "2027-02-28")])])

    def test_never_collected_before_the_invoice(self):
        self.company.billdozer_direction = "previous"
        repeating = self.make("2026-05-31", term=1)  # a Sunday: the Friday before would be too early
        self.run_job("2026-05-20")
        self.assertEqual(str(self.invoices_of(repeating).collection_date), "2026-06-01")

    def test_other_begins_with_the_first_chosen_month_on_or_after_the_run_date(self):
        repeating = self.make("2026-02-10", interval="other", months="1,7")
        self.assertEqual(str(repeating.next_run_date), "2026-07-10")
        self.run_job("2027-01-10")
        self.assertEqual(self.run_dates(repeating), ["2026-07-10", "2027-01-10"])

    def test_weekly_begins_on_the_run_date_or_the_first_such_day_after_it(self):
        for weekday, first in (("3", "2026-01-15"), ("4", "2026-01-16"), ("2", "2026-01-21")):
            with self.subTest(weekday):  # 15 January 2026 is a Thursday
                repeating = self.make("2026-01-15", interval="weekly", weekday=weekday, today="2025-12-01")
                self.assertEqual(str(repeating.next_run_date), first)

    def test_a_month_without_the_day_and_back(self):
        repeating = self.make("2027-12-31", today="2027-12-01")
        self.run_job("2028-03-31")
        self.assertEqual(self.run_dates(repeating), ["2027-12-31", "2028-01-31", "2028-02-29", "2028-03-31"])

    def test_missed_runs_are_caught_up_in_order_with_their_own_dates(self):
        repeating = self.make("2026-03-01", term=3)
        self.run_job("2026-12-24")
        line = ("Hosting", 1.0, 100.0, 100.0)
        self.assertWhole(repeating, [
            ("2026-03-01", "2026-03-02", "2026-03-02", [(*line, "2026-03-01", "2026-03-31")]),
            ("2026-04-01", "2026-04-01", "2026-04-01", [(*line, "2026-04-01", "2026-04-30")]),
            ("2026-05-01", "2026-05-04", "2026-05-04", [(*line, "2026-05-01", "2026-05-31")])])
        moves = self.invoices_of(repeating)
        self.assertEqual(moves.ids, sorted(moves.ids))

    def test_no_run_after_the_end(self):
        repeating = self.make("2026-01-15", term=2)
        self.assertEqual(str(repeating.date_end), "2026-03-14")
        self.run_daily("2026-02-25", "2026-03-20")
        self.assertEqual(self.run_dates(repeating), ["2026-01-15", "2026-02-15"])
        self.assertRecordValues(repeating, [{"state": "inactive", "next_run_date": False}])

    # ---- lines ------------------------------------------------------------------------------------------------------

    def test_a_line_that_is_added_later_has_its_first_month_then(self):
        repeating = self.make("2026-01-01", term=12)
        with self.today("2026-03-10"):
            repeating.write({"line_ids": [(0, 0, {
                "product_id": self.licence.id, "name": "Backup", "price_unit": 25.0, "term": 2, "tax_ids": False})]})
        self.run_job("2026-06-20")
        names = [move.invoice_line_ids.mapped("name") for move in self.invoices_of(repeating)]
        with_backup = [str(move.invoice_date) for move, lines in zip(self.invoices_of(repeating), names, strict=True)
                       if any(name.startswith("Backup") for name in lines)]
        self.assertEqual(with_backup, ["2026-02-01", "2026-03-01"])

    def test_a_line_stops_with_its_invoice(self):
        repeating = self.make(
            "2026-01-01", {"price_unit": 100.0}, {"price_unit": 5.0, "name": "Late", "date_start": "2026-03-01",
                                                  "term": 3}, term=3)
        self.run_job("2026-12-01")
        self.assertRuns(repeating, [
            ("2026-01-01", [("Hosting", 1.0, 100.0, 100.0)]), ("2026-02-01", [("Hosting", 1.0, 100.0, 100.0)]),
            ("2026-03-01", [("Hosting", 1.0, 100.0, 100.0), ("Late", 1.0, 5.0, 5.0)])])

    # ---- what the invoice carries, actions ---------------------------------------------------------------------------

    def test_what_each_invoice_carries(self):
        repeating = self.make("2026-02-01", info="PO 4711", user_id=self.salesperson.id, collect_on="15")
        self.run_job("2026-01-20")
        [move] = self.invoices_of(repeating)
        self.assertRecordValues(move, [{
            "billing_contract_id": repeating.contract_id.id, "repeating_invoice_id": repeating.id,
            "invoice_user_id": self.salesperson.id, "partner_id": self.customer.id, "state": "draft",
            "collection_method_id": self.account.id, "amount_total": 100.0}])
        self.assertIn("PO 4711", move.narration)
        self.assertRecordValues(move.billing_schedule_id, [{"repeating_invoice_id": repeating.id, "kind": "regular"}])
        self.assertEqual(
            (str(move.billing_schedule_id.cycle_start), str(move.billing_schedule_id.cycle_end),
             str(move.billing_schedule_id.schedule_date)), ("2026-02-01", "2026-02-28", "2026-01-17"))

    def test_reactivation_recomputes_the_end_and_refuses_for_an_archived_client(self):
        repeating = self.make("2026-01-01", term=12)
        with self.today("2026-02-05"):
            repeating.cancel("2026-02-05")
        self.assertEqual(str(repeating.date_end), "2026-02-05")
        self.run_job("2026-02-06")
        self.customer.active = False
        with self.today("2026-03-10"), self.assertRaisesRegex(UserError, "unarchive the client first"):
            repeating.reactivate("2026-04-01")
        self.customer.active = True
        with self.today("2026-03-10"):
            repeating.reactivate("2026-04-01")
        self.assertEqual(str(repeating.date_end), "2026-12-31")
        self.run_job("2027-02-01")
        self.assertEqual(self.run_dates(repeating), [
            "2026-01-01", "2026-02-01", *(f"2026-{month:02}-01" for month in range(4, 13))])
