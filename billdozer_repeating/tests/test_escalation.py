"""Yearly escalation on the anniversary of the run date: once, of flagged lines only, never of what is billed."""

from odoo import Command
from odoo.exceptions import UserError
from odoo.tests import tagged

from .repeating_common import RepeatingCommon


@tagged("post_install", "-at_install")
class TestEscalation(RepeatingCommon):

    def make(self, **vals):
        return self.make_repeating(
            {"price_unit": 100.0, "escalate": True}, {"price_unit": 50.0, "name": "Domain"},
            **{"run_date": "2024-02-29", "interval": "annually", "escalation_percent": 10.0, **vals})

    def prices(self, repeating):
        return [(str(move.invoice_date), *move.invoice_line_ids.sorted("sequence").mapped("price_unit"))
                for move in self.invoices_of(repeating)]

    def test_100_110_121_on_the_anniversary_of_29_february(self):
        repeating = self.make()
        self.run_job("2027-03-01")
        self.assertEqual(self.prices(repeating), [
            ("2024-02-29", 100.0, 50.0), ("2025-02-28", 110.0, 50.0), ("2026-02-28", 121.0, 50.0),
            ("2027-02-28", 133.1, 50.0)])
        self.assertEqual(repeating.line_ids.mapped("price_unit"), [133.1, 50.0])

    def test_monthly_runs_and_the_history(self):
        repeating = self.make(interval="monthly", run_date="2026-01-15")
        self.run_daily("2026-12-28", "2027-01-03")
        self.assertEqual(self.prices(repeating)[-2:], [("2026-12-15", 100.0, 50.0), ("2027-01-15", 110.0, 50.0)])
        self.assertEqual(repeating.line_ids[0].price_unit, 100.0)  # until its day
        self.run_job("2027-01-15")
        self.assertEqual(repeating.line_ids[0].price_unit, 110.0)
        history = repeating.price_log_ids.filtered("escalation_percent").sorted("effective_date")
        self.assertRecordValues(history[:1], [{"price_unit": 110.0, "escalation_percent": 10.0, "applied": True}])
        self.assertEqual(
            [str(log.effective_date) for log in history], ["2027-01-15", "2028-01-15"][:len(history)])

    def test_applied_once_however_often_the_job_runs(self):
        repeating = self.make(run_date="2025-03-01")
        for day in ("2026-03-01", "2026-03-01", "2026-03-02", "2026-08-01"):
            self.run_job(day)
        self.assertEqual(self.prices(repeating), [("2025-03-01", 100.0, 50.0), ("2026-03-01", 110.0, 50.0)])
        logs = repeating.price_log_ids.filtered(lambda log: log.escalation_percent and log.applied)
        self.assertEqual(len(logs), 1)

    def test_the_calculator_shows_it_far_ahead_and_writes_nothing(self):
        repeating = self.make(run_date="2026-06-01")
        with self.today("2026-06-02"):
            self.env.flush_all()
            logs = self.env["billing.change.log"].search_count([])
            found = repeating.calculate("2027-01-01", "2031-12-31")
            self.assertEqual(self.env["billing.change.log"].search_count([]), logs)
        self.assertEqual([one["total_excl"] for one in found], [160.0, 171.0, 183.1, 196.41, 211.05])

    def test_a_table_by_year_with_a_limit(self):
        escalation = self.env["repeating.escalation"].create({
            "name": "Lease", "percent": 20.0, "max_percent": 15.0,
            "year_ids": [Command.create({"year": 1, "percent": 5.0}), Command.create({"year": 2, "percent": 0.0})]})
        repeating = self.make(
            run_date="2024-01-01", escalation_id=escalation.id, escalation_percent=escalation.percent)
        self.run_job("2027-01-01")
        self.assertEqual(self.prices(repeating), [
            ("2024-01-01", 100.0, 50.0), ("2025-01-01", 105.0, 50.0), ("2026-01-01", 105.0, 50.0),
            ("2027-01-01", 120.75, 50.0)])

    def test_a_new_price_is_a_new_base(self):
        repeating = self.make(run_date="2025-01-01")
        with self.today("2025-06-01"):
            repeating.line_ids[0].price_unit = 200.0
        self.run_job("2027-01-01")
        self.assertEqual(self.prices(repeating), [
            ("2025-01-01", 100.0, 50.0), ("2026-01-01", 220.0, 50.0), ("2027-01-01", 242.0, 50.0)])

    def test_another_percentage_holds_from_the_next_anniversary(self):
        repeating = self.make(run_date="2025-01-01", escalation_percent=0.0)
        self.run_job("2026-01-01")
        with self.today("2026-02-01"):
            repeating.escalation_percent = 10.0
        self.run_job("2028-01-01")
        self.assertEqual(self.prices(repeating), [
            ("2025-01-01", 100.0, 50.0), ("2026-01-01", 100.0, 50.0), ("2027-01-01", 110.0, 50.0),
            ("2028-01-01", 121.0, 50.0)])

    def test_reversed_until_it_is_billed(self):
        repeating = self.make(run_date="2025-01-01")
        with self.today("2025-06-01"):
            repeating.reverse_escalation("2026-01-01")
            with self.assertRaisesRegex(UserError, "no escalation on"):
                repeating.reverse_escalation("2026-01-01")
        self.run_job("2027-01-01")
        self.assertEqual(self.prices(repeating), [
            ("2025-01-01", 100.0, 50.0), ("2026-01-01", 100.0, 50.0), ("2027-01-01", 110.0, 50.0)])
        with self.assertRaisesRegex(UserError, "is invoiced already"):
            repeating.reverse_escalation("2027-01-01")
