"""What real breaks do to the hourly job: the broken contract is parked, all others are billed, and it recovers."""

from contextlib import closing
from datetime import datetime, timedelta
from unittest.mock import patch

from psycopg2.errors import SerializationFailure

from odoo import SUPERUSER_ID, Command, api, fields
from odoo.tests import tagged
from odoo.tools import mute_logger

from ..models import billing_reason
from .common import BillingCommon

JANUARY, FEBRUARY, MARCH = (
    [("out_invoice", day, day, [(1, 100.0, 100.0, first, last)])]
    for day, first, last in (
        ("2026-01-02", "2026-01-01", "2026-01-31"),
        ("2026-02-02", "2026-02-01", "2026-02-28"),
        ("2026-03-02", "2026-03-01", "2026-03-31")))


@tagged("post_install", "-at_install")
class TestBreaks(BillingCommon):
    """Each break hits one contract of a chunk of three: the first, the middle one, the last."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.salesperson = cls.env["res.users"].create({"name": "Sally", "login": "sally"})
        cls.foreign = cls.setup_other_currency("EUR")
        cls.account = cls.company_data["default_account_revenue"]
        cls.company.income_account_id = False  # every product has an account of its own

    def make_three(self):
        """Return three contracts that share nothing, due on 2 January, 2 February, ..."""
        return self.env["billing.contract"].union(*(self._make_one(str(number)) for number in range(3)))

    def _make_one(self, number, **vals):
        product = self._create_product(
            name=f"Service {number}", lst_price=100.0, property_account_income_id=self.account.copy().id,
            categ_id=self.env["product.category"].create({"name": number}).id)
        tax = self.company_data["default_tax_sale"].copy({"name": f"Tax {number}"})
        journal = self.company_data["default_journal_sale"].copy({"name": f"Sales {number}", "code": f"S{number}"})
        return self.make_contract(
            {"product_id": product.id, "name": product.name, "price_unit": 100.0, "tax_ids": [Command.set(tax.ids)]},
            name=number, partner_id=self.env["res.partner"].create({"name": f"Customer {number}"}).id,
            journal_id=journal.id, user_id=self.salesperson.id, currency_id=self.foreign.id,
            date_start="2026-01-01", today="2025-12-20", **vals)

    def check_break(self, code, do_break, words=""):
        """Break one contract in each position and follow it.

        :param do_break: called with the contract, returns what mends it
        :param words: what the message says besides the words of the reason
        """
        for position in (0, 1, 2):
            with self.subTest(position=position), closing(self.cr.savepoint()):
                contracts = self.make_three()
                broken = contracts[position]
                with self.today("2026-01-01"):
                    mend = do_break(broken)
                self._check_parked(contracts, broken, code, words)
                if position == 1:
                    self._check_tries(contracts, broken)
                    months = JANUARY + FEBRUARY + MARCH
                else:
                    months = JANUARY
                mend()
                self._check_recovered(contracts, broken, months)

    def _check_parked(self, contracts, broken, code, words):
        self.run_job("2026-01-02")
        for contract in contracts - broken:
            self.assertInvoices(contract, JANUARY)
        self.assertInvoices(broken, [])
        first, second = broken.schedule_ids.sorted("cycle_start")[:2]
        self.assertRecordValues(first | second, [
            {"state": "error", "reason": code, "attempts": 1, "retry_at": datetime(2026, 1, 2, 5, 50)},
            {"state": "pending", "reason": False, "attempts": 0, "retry_at": False}])
        self.assertIn(billing_reason.explain(self.env, code), first.message)
        self.assertIn(words, first.message)
        run = self.last_run()
        self.assertEqual(run.state, "done")
        self.assertRecordValues(run.job_ids.sorted("contract_id"), [
            {"contract_id": contract.id, "outcome": "failed" if contract == broken else "invoiced",
             "reason": code if contract == broken else False} for contract in contracts.sorted("id")])
        self.assertEqual(run.job_ids.filtered(lambda job: job.outcome == "failed").message, first.message)
        self._check_one_activity(broken)
        self.assertFalse((contracts - broken).activity_ids)

    def _check_one_activity(self, broken):
        self.assertRecordValues(broken.activity_ids, [{"user_id": self.salesperson.id, "summary": (
            "Invoice of 01/01/2026 – 01/31/2026 could not be made")}])

    def _check_tries(self, contracts, broken):
        """It is tried again after the pause only, then after a longer one; meanwhile its later cycles wait."""
        first, second = broken.schedule_ids.sorted("cycle_start")[:2]
        runs = self.env["billing.run"].search_count([])
        self.run_job("2026-01-02", "05:30:00")
        self.assertEqual((first.attempts, self.env["billing.run"].search_count([])), (1, runs))
        self.run_job("2026-01-02", "06:00:00")
        self.assertEqual((first.attempts, first.retry_at), (2, datetime(2026, 1, 2, 7, 40)))
        self.run_job("2026-02-02")
        self.assertEqual((first.attempts, second.state, second.attempts), (3, "pending", 0))
        self.assertInvoices(broken, [])
        self._check_one_activity(broken)
        for contract in contracts - broken:
            self.assertInvoices(contract, JANUARY + FEBRUARY)
        failed = self.last_run().job_ids.filtered(lambda job: job.outcome == "failed")
        self.assertRecordValues(failed, [{"contract_id": broken.id, "attempts": 3}])
        self.env["billing.schedule"].flush_model()

    def _check_recovered(self, contracts, broken, months):
        day = months[-1][1]
        self.run_job(day, "07:00:00")
        for contract in contracts:
            self.assertInvoices(contract, months)
        self.assertFalse(broken.activity_ids)
        self.assertFalse(broken.schedule_error)
        self.assertEqual(set(self.last_run().job_ids.mapped("outcome")), {"invoiced"})
        self.run_job(day, "09:00:00")
        for contract in contracts:
            self.assertInvoices(contract, months)

    def last_run(self):
        return self.env["billing.run"].search([], limit=1)

    # ---- the breaks -------------------------------------------------------------------------------------------------

    def test_archived_journal(self):
        def do_break(contract):
            contract.journal_id.active = False
            return lambda: contract.journal_id.write({"active": True})
        self.check_break("no_journal", do_break)

    def test_missing_income_account(self):
        def do_break(contract):
            product, journal = contract.subscription_ids.product_id, contract.journal_id
            journal.default_account_id = False
            product.property_account_income_id = False
            return lambda: product.write({"property_account_income_id": self.account.id})
        self.check_break("no_account", do_break)

    def test_inactive_currency(self):
        def do_break(contract):
            currency = self._give_own_currency(contract)
            currency.active = False
            return lambda: currency.write({"active": True})
        self.check_break("currency_inactive", do_break)

    def test_no_rate(self):
        def do_break(contract):
            rates = self._give_own_currency(contract).rate_ids
            values = [{"name": rate.name, "rate": rate.rate, "currency_id": rate.currency_id.id} for rate in rates]
            rates.unlink()
            return lambda: self.env["res.currency.rate"].create(values)
        self.check_break("no_rate", do_break)

    def _give_own_currency(self, contract):
        currency = self.setup_other_currency("XAF", rounding=0.01, rates=[("2016-01-01", 2.0)])
        contract.currency_id = currency
        return currency

    def test_deleted_tax(self):
        def do_break(contract):
            contract.subscription_ids.tax_ids.unlink()
            return lambda: contract.subscription_ids.write({"tax_ids": False})
        self.check_break("tax_missing", do_break)

    def test_archived_tax(self):
        def do_break(contract):
            tax = contract.subscription_ids.tax_ids
            tax.active = False
            return lambda: tax.write({"active": True})
        self.check_break("tax_missing", do_break)

    def test_partner_of_another_company(self):
        other = self.env["res.company"].create({"name": "Elsewhere"})

        def do_break(contract):
            contract.partner_id.company_id = other
            return lambda: contract.partner_id.write({"company_id": False})
        self.check_break("partner_company", do_break)

    def test_archived_product(self):
        def do_break(contract):
            contract.subscription_ids.product_id.active = False
            return lambda: contract.subscription_ids.product_id.write({"active": True})
        self.check_break("product_archived", do_break)

    def test_constraint_of_another_module_in_python(self):
        def do_break(contract):
            account = contract.subscription_ids.product_id.property_account_income_id
            account.account_type = "off_balance"
            return lambda: account.write({"account_type": "income"})
        self.check_break("refused", do_break, words="Off-Balance")

    def test_constraint_of_another_module_in_the_database(self):
        def do_break(contract):
            self.env.flush_all()
            self.env.cr.execute(
                "ALTER TABLE account_move_line ADD CONSTRAINT other_module_ok CHECK (product_id IS DISTINCT FROM %s)",
                [contract.subscription_ids.product_id.id])
            return lambda: self.env.cr.execute("ALTER TABLE account_move_line DROP CONSTRAINT other_module_ok")
        with mute_logger("odoo.sql_db"):  # the refusal is logged there by Odoo itself
            self.check_break("refused", do_break, words="other_module_ok")

    def test_contract_that_cannot_even_be_planned(self):
        def do_break(contract):
            self._set_sales_unit(contract, "fortnightly")
            return lambda: self._set_sales_unit(contract, "monthly")
        with self.assertLogs("odoo.addons.work365_billing.models.billing_executor", "ERROR"):
            self.check_break("refused", do_break, words="fortnightly")

    def _set_sales_unit(self, contract, unit):
        """Write a unit that no form would accept."""
        self.env.flush_all()
        self.env.cr.execute(
            "UPDATE billing_subscription SET sales_unit = %s WHERE contract_id = %s", [unit, contract.id])
        self.env.invalidate_all()

    # ---- lock dates, which hit the whole company --------------------------------------------------------------------

    def test_lock_date_in_the_past_dates_the_invoice_today(self):
        contract = self._make_one("0")
        self.company.sale_lock_date = "2026-01-31"
        self.run_job("2026-02-03")
        self.assertInvoices(contract, [
            ("out_invoice", "2026-02-03", "2026-02-03", [(1, 100.0, 100.0, "2026-01-01", "2026-01-31")]),
            ("out_invoice", "2026-02-02", "2026-02-02", [(1, 100.0, 100.0, "2026-02-01", "2026-02-28")]),
        ][::-1])
        messages = self.last_run().job_ids.sorted("id").mapped("message")
        self.assertEqual(messages, [
            "The accounting period of 2026-01-02 is closed: the invoice is dated 2026-02-03.", False])

    def test_lock_date_that_holds_today_parks_the_contract(self):
        contract = self._make_one("0")
        self.company.sale_lock_date = "2026-01-10"
        self.run_job("2026-01-02")
        self.assertInvoices(contract, [])
        self.assertRecordValues(
            contract.schedule_ids.sorted("cycle_start")[0], [{"state": "error", "reason": "lock_date"}])
        self._check_one_activity(contract)
        self.run_job("2026-01-11")
        self.assertInvoices(contract, [
            ("out_invoice", "2026-01-11", "2026-01-11", [(1, 100.0, 100.0, "2026-01-01", "2026-01-31")])])
        self.assertFalse(contract.activity_ids)

    # ---- pauses and ends --------------------------------------------------------------------------------------------

    def test_pauses_double_up_to_a_day(self):
        contract = self._make_one("0")
        contract.journal_id.active = False
        row = contract.schedule_ids.sorted("cycle_start")[0]
        now, pauses = datetime(2026, 1, 2, 5), []
        for _attempt in range(8):
            self.run_job(now.date(), now.time())
            pauses.append((row.retry_at - now) // timedelta(minutes=1))
            now = row.retry_at
        self.assertEqual(pauses, [50, 100, 200, 400, 800, 1440, 1440, 1440])
        self._check_one_activity(contract)

    def test_retry_now_does_not_wait(self):
        contract = self._make_one("0")
        contract.journal_id.active = False
        self.run_job("2026-01-02")
        contract.journal_id.active = True
        contract.schedule_ids.action_retry()
        self.run_job("2026-01-02", "05:01:00")
        self.assertInvoices(contract, JANUARY)

    def test_skipping_the_parked_period_closes_the_activity(self):
        contract = self._make_one("0")
        contract.journal_id.active = False
        self.run_job("2026-01-02")
        contract.schedule_ids.filtered(lambda row: row.state == "error").action_skip()
        self.assertFalse(contract.activity_ids)

    def test_first_periods_are_billed_and_the_refused_one_stops_the_rest(self):
        contracts = self.make_three()
        broken = contracts[1]
        broken.subscription_ids.product_id.property_account_income_id.account_type = "off_balance"
        with self.today("2026-01-01"):
            self.env["billing.item"].create({  # only in March is there something that is refused
                "contract_id": broken.id, "product_id": self.product_a.id, "invoice_on": "2026-02-15",
                "price_unit": 7.0, "tax_ids": False})
        broken.subscription_ids.product_id.property_account_income_id.account_type = "income"
        self.product_a.property_account_income_id = self.account.copy({"account_type": "off_balance"})
        self.run_job("2026-03-02")
        self.assertInvoices(broken, JANUARY + FEBRUARY)
        for contract in contracts - broken:
            self.assertInvoices(contract, JANUARY + FEBRUARY + MARCH)
        jobs = self.last_run().job_ids.filtered(lambda job: job.contract_id == broken)
        self.assertEqual(jobs.sorted("id").mapped("outcome"), ["invoiced", "invoiced", "failed"])

    def test_final_credit_note_is_parked_like_any_period(self):
        contract = self._make_one("0", date_end="2026-01-31", refund_policy="yes")
        self.run_job("2026-01-02")
        with self.today("2026-01-16"):
            contract.subscription_ids.deactivate("2026-01-16", refund=True)
        contract.subscription_ids.product_id.active = False
        self.run_job("2026-02-01")
        self.assertEqual(contract.state, "active")
        final = contract.schedule_ids.filtered(lambda row: row.kind == "change_log")
        self.assertRecordValues(final, [{"state": "error", "reason": "product_archived", "attempts": 1}])
        self.run_job("2026-02-01", "05:30:00")
        self.run_job("2026-02-01", "06:00:00")
        self.assertEqual(final.attempts, 2)
        contract.subscription_ids.product_id.active = True
        self.run_job("2026-02-02")
        self.assertInvoices(contract, [*JANUARY, ("out_refund", "2026-02-01", "2026-02-01", [
            (1, 51.61, 51.61, "2026-01-16", "2026-01-31")])])
        self.assertEqual((contract.state, final.state), ("closed", "invoiced"))
        self.assertFalse(contract.activity_ids)

    def test_a_parked_contract_that_has_ended_makes_no_runs_while_it_waits(self):
        contract = self._make_one("0", date_end="2026-01-31")
        contract.journal_id.active = False
        self.run_job("2026-02-02")
        runs = self.env["billing.run"].search_count([])
        self.run_job("2026-02-02", "05:30:00")
        self.assertEqual(self.env["billing.run"].search_count([]), runs)

    def test_a_change_that_cannot_take_effect_stops_nobody(self):
        contracts = self.make_three()
        subscription = contracts[1].subscription_ids
        with self.today("2026-01-01"):
            log = subscription.change_quantity(2, "2026-01-20")
            log.sudo().quantity = -20.0  # no window would accept it
        with mute_logger("odoo.sql_db"):
            self.run_job("2026-01-20")
        for contract in contracts - contracts[1]:
            self.assertInvoices(contract, JANUARY)
        self.assertEqual(len(self.invoices(contracts[1])), 1)
        self.assertRecordValues(contracts[1].activity_ids, [{"summary": "A change of Service 1 could not take effect"}])

    # ---- runs that were left ----------------------------------------------------------------------------------------

    def test_one_company_that_stops_does_not_stop_the_next(self):
        other = self.setup_other_company()["company"]
        here = self._make_one("0")
        there = self.make_contract({"price_unit": 5.0}, date_start="2026-01-01", company_id=other.id, name="there")
        executor = type(self.env["billing.executor"])
        search = executor._search_due_contracts

        def fail_here(executor, company, day):
            if company == self.company:
                raise RuntimeError("stopped")
            return search(executor, company, day)

        with (
            patch.object(executor, "_search_due_contracts", fail_here), self.today("2026-01-02"),
            self.enter_registry_test_mode(), self.registry.cursor() as cr,
            self.assertRaisesRegex(RuntimeError, "stopped"),
        ):
            api.Environment(cr, SUPERUSER_ID, {})["billing.run"]._cron_generate_invoices()
        self.assertFalse(self.invoices(here))
        self.assertEqual(len(self.invoices(there)), 1)

    def test_contracts_that_others_change_again_and_again_are_left_for_the_next_run(self):
        contracts = self.make_three()
        executor = type(self.env["billing.executor"])
        with patch.object(executor, "_claim", side_effect=SerializationFailure):
            self.run_job("2026-01-02")
        self.assertRecordValues(self.last_run().job_ids, [{"outcome": "skipped", "reason": "locked"}] * 3)
        self.run_job("2026-01-02", "06:00:00")
        for contract in contracts:
            self.assertInvoices(contract, JANUARY)

    def test_a_run_whose_process_died_is_closed_by_the_next_job(self):
        contract = self._make_one("0")
        run = self.env["billing.run"].sudo().create({
            "company_id": self.company.id, "date": fields.Date.to_date("2026-01-01"), "contract_count": 9})
        self.run_job("2026-01-02")
        self.assertEqual(run.state, "interrupted")
        self.assertEqual(run.ended_at, datetime(2026, 1, 2, 5))
        self.assertInvoices(contract, JANUARY)
