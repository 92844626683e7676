"""Running at any time, any number of times, for any company: the ledger decides, never the moment of the run."""

import os
import time
from contextlib import contextmanager

from psycopg2.errors import UniqueViolation

from odoo import Command
from odoo.tests import freeze_time, tagged
from odoo.tools import mute_logger

from .common import BillingCommon


@tagged("post_install", "-at_install")
class TestIdempotence(BillingCommon):
    def make_mix(self):
        """Return contracts of all sorts that start in January 2026, with changes scheduled and an item to come."""
        contracts = self.env["billing.contract"]
        for frequency, policy, offset, start in (
            ("monthly", "advance", 1, "2026-01-31"), ("monthly", "arrears", 1, "2026-01-15"),
            ("quarterly", "advance", -3, "2026-01-10"), ("monthly", "advance", 0, "2026-01-01"),
        ):
            contract = self.make_contract(
                {"quantity": 3, "price_unit": 10.01}, {"quantity": 1, "price_unit": 7.77, "date_end": "2026-02-25"},
                date_start=start, date_end="2026-03-20", frequency=frequency, billing_policy=policy,
                billing_offset=offset, alignment="calendar" if offset == 0 else "anniversary", today="2026-01-01",
                item_ids=[Command.create({
                    "product_id": self.licence.id, "price_unit": 5.0, "invoice_on": "2026-02-20", "tax_ids": False})])
            with self.today("2026-01-01"):
                contract.subscription_ids[0].change_quantity(5, "2026-02-10")
            contracts |= contract
        return contracts

    def snapshot(self, contracts):
        """Return the ledger and all invoices in comparable form."""
        rows = [
            [(row.kind, str(row.cycle_start), str(row.cycle_end), row.state, bool(row.resulting_invoice_id))
             for row in contract.schedule_ids.sorted(lambda row: (row.cycle_start, row.kind))]
            for contract in contracts]
        moves = [
            [(move.move_type, str(move.invoice_date), [
                (line.name, line.quantity, line.price_unit, line.price_subtotal, str(line.billing_period_start))
                for line in move.invoice_line_ids.sorted("sequence")]) for move in self.invoices(contract)]
            for contract in contracts]
        return contracts.mapped("state"), rows, moves

    def test_a_second_run_makes_nothing(self):
        contracts = self.make_mix()
        self.run_job("2026-03-10")
        before = self.snapshot(contracts)
        counts = [self.env[model].search_count([]) for model in ("billing.run", "billing.job", "billing.schedule")]
        self.run_job("2026-03-10")
        self.run_job("2026-03-10", "06:00:00")
        self.assertEqual(self.snapshot(contracts), before)
        self.assertEqual(
            [self.env[model].search_count([]) for model in ("billing.run", "billing.job", "billing.schedule")], counts)

    def test_hourly_daily_or_once_makes_the_same(self):
        once, daily, hourly = self.make_mix(), self.make_mix(), self.make_mix()
        (daily | hourly).state = "suspended"
        self.run_job("2026-04-02")
        daily.state = "active"
        self.run_daily("2026-01-01", "2026-03-25")
        hourly.state = "active"
        for month, days in (("01", (1, 7, 10, 31)), ("02", (1, 2, 16)), ("03", (1, 16, 21))):
            for day in days:
                for hour in (0, 7, 23):
                    self.run_job(f"2026-{month}-{day:02}", f"{hour:02}:30:00")
        self.run_job("2026-04-02", "23:59:59")
        first = self.snapshot(once)
        self.assertEqual(set(first[0]), {"closed"})
        self.assertEqual(self.snapshot(daily), first)
        self.assertEqual(self.snapshot(hourly), first)

    def test_the_database_refuses_a_period_twice(self):
        contract = self.make_contract({"price_unit": 1.0}, date_start="2026-01-01")
        row = contract.schedule_ids.sorted("cycle_start")[0]
        with mute_logger("odoo.sql_db"), self.assertRaises(UniqueViolation), self.cr.savepoint():
            self.env["billing.schedule"].sudo().create({
                "contract_id": contract.id, "kind": "regular", "cycle_start": row.cycle_start,
                "cycle_end": row.cycle_end})

    # ---- companies --------------------------------------------------------------------------------------------------

    def test_each_company_has_its_own_run_journal_and_currency(self):
        data = self.setup_other_company(name="Auckland Ltd", currency_id=self.setup_other_currency("NZD").id)
        other = data["company"]
        here = self.make_contract({"price_unit": 10.0}, date_start="2026-01-01")
        there = self.make_contract({"price_unit": 20.0}, date_start="2026-01-01", company_id=other.id, name="there")
        self.run_job("2026-01-02")
        for contract, company, journal in (
            (here, self.company, self.company_data["default_journal_sale"]),
            (there, other, data["default_journal_sale"]),
        ):
            move = self.invoices(contract)
            self.assertRecordValues(move, [{
                "company_id": company.id, "journal_id": journal.id, "currency_id": company.currency_id.id}])
            self.assertEqual(move.line_ids.account_id.company_ids, company)
            run = move.billing_run_id
            self.assertEqual((run.company_id, run.contract_count), (company, 1))
            self.assertEqual(run.job_ids.company_id, company)
            self.assertEqual(contract.schedule_ids.company_id, company)
        self.assertNotEqual(self.invoices(here).billing_run_id, self.invoices(there).billing_run_id)

    def test_the_local_date_of_the_company_decides(self):
        other = self.setup_other_company(name="Auckland Ltd")["company"]
        self.company.billing_tz = "America/Los_Angeles"
        other.billing_tz = "Pacific/Auckland"
        for server_zone in ("UTC", "Pacific/Kiritimati", "Pacific/Niue"):
            here = self.make_contract({"price_unit": 10.0}, date_start="2026-03-09", today="2026-03-01")
            there = self.make_contract(
                {"price_unit": 10.0}, date_start="2026-03-09", today="2026-03-01", company_id=other.id, name="there")
            with self.server_zone(server_zone):
                self.run_job("2026-03-09", "10:59:59")  # 9 March, 23:59:59 in Auckland
                self.assertFalse(self.invoices(there))
                self.run_job("2026-03-09", "11:00:00")  # 10 March, 00:00 in Auckland
                self.assertEqual(str(self.invoices(there).invoice_date), "2026-03-10")
                self.assertFalse(self.invoices(here))
                self.run_job("2026-03-10", "06:59:59")  # 9 March, 23:59:59 in Los Angeles
                self.assertFalse(self.invoices(here))
                self.run_job("2026-03-10", "07:00:00")  # 10 March, 00:00 in Los Angeles (summer time)
                self.assertEqual(str(self.invoices(here).invoice_date), "2026-03-10")
            self.assertEqual(str(self.invoices(here).billing_schedule_id.run_date), "2026-03-10")
            (here | there).action_close()

    def test_without_a_zone_of_its_own_the_company_has_that_of_its_address(self):
        self.company.billing_tz = False
        for zone, day in (
                (False, "2026-04-01"), ("Pacific/Auckland", "2026-04-02"), ("America/Los_Angeles", "2026-04-01")):
            self.company.partner_id.tz = zone
            with freeze_time("2026-04-01 20:00:00"):
                self.assertEqual(str(self.company._billing_today()), day)

    @contextmanager
    def server_zone(self, zone):
        before = os.environ.get("TZ", "UTC")
        self.addCleanup(time.tzset)
        os.environ["TZ"] = zone
        time.tzset()
        try:
            yield
        finally:
            os.environ["TZ"] = before
            time.tzset()

    def test_nothing_is_billed_a_second_before_midnight(self):
        self.company.billing_tz = "Asia/Kolkata"
        contract = self.make_contract({"price_unit": 10.0}, date_start="2026-01-01", today="2025-12-01")
        self.run_job("2026-01-01", "18:29:59")
        self.assertFalse(self.invoices(contract))
        self.run_job("2026-01-01", "18:30:00")
        self.assertEqual(len(self.invoices(contract)), 1)
        with freeze_time("2026-01-01 18:30:00"):
            self.assertEqual(str(self.company._billing_today()), "2026-01-02")
