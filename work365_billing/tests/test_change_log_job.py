from unittest.mock import patch

from odoo import Command, fields
from odoo.tests import tagged
from odoo.tools import mute_logger

from .common import BillingCommon


@tagged("post_install", "-at_install")
class TestChangeLogJob(BillingCommon):
    """Change-log invoices that the hourly job makes in a rhythm of the company. 2 February 2026 is a Monday."""

    def make(self, frequency="quarterly", **vals):
        return self.make_contract(
            {"quantity": 10, "price_unit": 12.0}, date_start="2026-01-01", frequency=frequency,
            **{"name": frequency, **vals})

    def set_rhythm(self, day="2026-01-15", **values):
        with self.today(day):
            self.company.write({f"billing_change_log_{name}": value for name, value in values.items()})
            self.env.flush_all()

    def change(self, contract, quantity, day):
        with self.today(day):
            contract.subscription_ids.change_quantity(quantity)

    def made(self, contract):
        """Return (day of the job, invoice date, amount) of the change-log invoices of ``contract``."""
        moves = self.invoices(contract).filtered(lambda move: move.billing_kind == "change_log")
        return [(str(move.billing_run_id.date), str(move.invoice_date), move.amount_untaxed) for move in moves]

    def runs(self):
        return self.env["billing.run"].search([
            ("company_id", "=", self.company.id), ("origin", "=", "change_log_job")], order="id")

    # ---- when -------------------------------------------------------------------------------------------------------

    def test_off_by_default(self):
        contract = self.make()
        self.run_job("2026-01-02")
        self.change(contract, 12, "2026-02-01")
        self.run_daily("2026-02-01", "2026-02-10")
        self.assertEqual(self.made(contract), [])

    def test_weekly_on_its_day_once_however_often_the_job_runs(self):
        contract = self.make()
        self.run_job("2026-01-02")
        self.set_rhythm(day="2026-01-27", quarterly="weekly", quarterly_weekday="0")
        self.change(contract, 12, "2026-01-28")
        self.run_daily("2026-01-28", "2026-02-01")
        self.assertEqual(self.made(contract), [])
        self.run_job("2026-02-02")
        # 2 × 36.00 × 63/90: from 28 January to 31 March
        self.assertEqual(self.made(contract), [("2026-02-02", "2026-02-02", 50.4)])
        self.change(contract, 13, "2026-02-02")
        for time in ("06:00:00", "07:00:00"):
            self.run_job("2026-02-02", time=time)
        self.run_daily("2026-02-03", "2026-02-08")
        self.assertEqual(len(self.made(contract)), 1)
        self.run_job("2026-02-09")
        # 1 × 36.00 × 58/90: from 2 February
        self.assertEqual(self.made(contract)[1:], [("2026-02-09", "2026-02-09", 23.2)])

    def test_a_change_after_an_occasion_without_anything_waits_for_the_next(self):
        contract = self.make()
        self.run_job("2026-01-02")
        self.set_rhythm(quarterly="weekly", quarterly_weekday="0")
        self.run_job("2026-02-02")
        self.change(contract, 12, "2026-02-03")
        self.run_daily("2026-02-03", "2026-02-09")
        self.assertEqual([one[0] for one in self.made(contract)], ["2026-02-09"])

    def test_monthly_is_caught_up_when_the_job_did_not_run_on_the_day(self):
        contract = self.make("annual")
        self.run_job("2026-01-02")
        self.set_rhythm(day="2026-02-01", longer="monthly", longer_day=31)
        self.change(contract, 12, "2026-02-10")
        self.run_job("2026-02-27")
        self.assertEqual(self.made(contract), [])
        self.run_job("2026-03-05")  # the last day of February was missed
        # 2 × 144.00 × 325/365: from 10 February, made up to the day of the job
        self.assertEqual(self.made(contract), [("2026-03-05", "2026-03-05", 256.44)])
        self.change(contract, 13, "2026-03-10")
        self.run_job("2026-03-30")
        self.assertEqual(len(self.made(contract)), 1)
        self.run_job("2026-03-31")
        # 144.00 × 297/365: from 10 March
        self.assertEqual(self.made(contract)[1:], [("2026-03-31", "2026-03-31", 117.17)])

    def test_a_new_rhythm_begins_today_and_makes_nothing_up(self):
        contract = self.make()
        self.run_job("2026-01-02")
        self.change(contract, 12, "2026-01-20")
        self.set_rhythm(day="2026-01-22", quarterly="weekly", quarterly_weekday="0")  # a Thursday
        self.run_daily("2026-01-22", "2026-01-25")
        self.assertEqual(self.made(contract), [])
        self.run_job("2026-01-26")
        self.assertEqual([one[0] for one in self.made(contract)], ["2026-01-26"])
        self.change(contract, 13, "2026-01-27")
        self.set_rhythm(day="2026-01-28", quarterly="weekly", quarterly_weekday="2")  # it is a Wednesday
        self.run_job("2026-01-28")
        self.assertEqual([one[0] for one in self.made(contract)], ["2026-01-26", "2026-01-28"])

    # ---- whom -------------------------------------------------------------------------------------------------------

    def test_only_contracts_in_advance_of_its_frequency_with_something_to_bill(self):
        quarterly, annual, monthly, idle = self.make(), self.make("annual"), self.make("monthly"), self.make("annual")
        arrears = self.make(billing_policy="arrears", name="arrears")
        suspended = self.make("annual", name="suspended")
        self.run_job("2026-01-02")
        self.set_rhythm(longer="weekly", longer_weekday="0")
        for contract in quarterly + annual + monthly + arrears + suspended:
            self.change(contract, 12, "2026-01-28")
        with self.today("2026-01-29"):
            suspended.action_suspend()
            idle.item_ids = [Command.create({
                "product_id": self.licence.id, "price_unit": 5.0, "invoice_on": "2026-02-03", "tax_ids": False})]
        self.run_job("2026-02-02")
        self.assertEqual([len(self.made(contract)) for contract in (
            quarterly, annual, monthly, arrears, suspended, idle)], [0, 1, 0, 0, 0, 0])
        self.assertRecordValues(self.runs(), [{
            "run_type": "automatic", "mode": "change_log", "state": "done", "invoiced_count": 1, "failed_count": 0,
            "nothing_count": 0, "skipped_count": 0, "date": fields.Date.to_date("2026-02-02")}])
        self.assertTrue(self.runs().name.startswith("Change-Log Job"))
        self.run_job("2026-02-09")
        self.assertEqual(self.made(idle), [("2026-02-09", "2026-02-09", 5.0)])

    def test_nothing_to_bill_leaves_no_trace(self):
        contract = self.make("annual", item_ids=[Command.create({
            "product_id": self.licence.id, "price_unit": 5.0, "invoice_on": "2027-02-03", "tax_ids": False})])
        self.run_job("2026-01-02")
        self.set_rhythm(longer="weekly", longer_weekday="0")
        jobs = self.env["billing.job"].search_count([("contract_id", "=", contract.id)])
        messages = contract.message_ids
        self.run_daily("2026-02-01", "2026-02-03")
        self.assertFalse(self.runs())
        self.assertEqual(self.env["billing.job"].search_count([("contract_id", "=", contract.id)]), jobs)
        self.assertEqual(contract.message_ids, messages)

    def test_automations_run_as_for_the_hourly_job(self):
        contract = self.make("annual", auto_sync=True)
        self.run_job("2026-01-02")
        self.set_rhythm(longer="weekly", longer_weekday="0")
        self.change(contract, 12, "2026-01-28")
        self.run_job("2026-02-02")
        self.assertEqual(self.invoices(contract)[-1].state, "posted")

    # ---- what stands in the way -------------------------------------------------------------------------------------

    def test_blocked_by_an_open_schedule_it_is_made_when_that_is_settled(self):
        contract = self.make("semi_annual")
        sub = contract.subscription_ids
        self.run_job("2026-01-02")
        self.set_rhythm(day="2026-06-26", longer="weekly", longer_weekday="0")
        self.change(contract, 12, "2026-06-28")
        self.licence.active = False
        self.run_job("2026-07-06")  # a Monday: the second half is in error, and blocks
        self.assertEqual((self.made(contract), contract.schedule_error), ([], True))
        self.assertFalse(self.runs())
        self.licence.active = True
        with self.today("2026-07-07"):
            contract.schedule_ids.action_retry()
            contract.item_ids = [Command.create({
                "product_id": self.licence.id, "price_unit": 5.0, "invoice_on": "2026-07-07", "tax_ids": False})]
            sub.change_quantity(13)
        self.run_job("2026-07-07")
        # The half of the year bills what was entered before it; the item was due later than its schedule.
        self.assertEqual(self.made(contract), [("2026-07-07", "2026-07-07", 5.0)])
        self.assertEqual(self.invoices(contract)[1].invoice_line_ids.sorted("sequence").mapped("quantity"), [12, 1, 2])

    def test_blocked_after_the_run_has_begun_it_has_its_outcome(self):
        """Somebody has reopened an earlier period between the search and the turn of the contract."""
        contract = self.make("semi_annual")
        self.run_job("2026-01-02")
        self.set_rhythm(day="2026-06-26", longer="weekly", longer_weekday="0")
        self.change(contract, 12, "2026-06-28")
        self.licence.active = False
        executor = type(self.env["billing.executor"])
        self.startPatcher(patch.object(executor, "_search_change_logs", lambda *args: contract))
        self.run_job("2026-07-06")
        self.assertEqual(self.made(contract), [])
        [job] = self.runs().job_ids
        self.assertRecordValues(job, [{
            "contract_id": contract.id, "outcome": "skipped", "reason": "earlier_open", "invoice_id": False}])
        self.assertIn("Billing cycle 07/01/2026 – 12/31/2026 is not invoiced.", job.message)
        self.assertEqual(str(contract.change_log_due), "2026-07-06")

    @mute_logger("odoo.addons.work365_billing.models.billing_executor")
    def test_a_refused_one_is_parked_and_harms_no_other(self):
        bad, good = self.make("annual", name="bad"), self.make("annual", name="good")
        self.run_job("2026-01-02")
        self.set_rhythm(longer="weekly", longer_weekday="0")
        self.change(bad, 12, "2026-01-28")
        self.change(good, 12, "2026-01-28")
        other = self._create_product(name="Other", taxes_id=False)
        self.env.cr.execute(
            "UPDATE billing_subscription SET product_id = %s WHERE contract_id = %s", [other.id, bad.id])
        self.env.invalidate_all()
        other.active = False
        self.run_job("2026-02-02")
        self.assertEqual([len(self.made(contract)) for contract in (bad, good)], [0, 1])
        self.assertRecordValues(self.runs(), [{"invoiced_count": 1, "failed_count": 1}])
        row = bad.schedule_ids.filtered(lambda row: row.kind == "change_log")
        self.assertRecordValues(row, [{"state": "error", "reason": "product_archived"}])
        other.active = True
        self.run_job("2026-02-03")
        # 2 × 144.00 × 338/365: from 28 January
        self.assertEqual([one[1:] for one in self.made(bad)], [("2026-02-02", 266.7)])
        self.assertEqual(row.state, "invoiced")
