"""The window that generates many invoices: what it shows of each contract, and what it starts."""

from psycopg2.errors import CheckViolation

from odoo import Command
from odoo.exceptions import UserError
from odoo.tests import tagged
from odoo.tools import mute_logger

from .bulk_window_common import WindowCommon


@tagged("post_install", "-at_install")
class TestBulkWindow(WindowCommon):
    def test_a_row_per_contract_with_its_next_uninvoiced_cycle(self):
        one, two = self.make_many(2)
        self.run_job("2026-01-02")
        with self.today("2026-01-10"):
            two.subscription_ids.change_quantity(0, "2026-02-01")
        window = self.open(one | two, "2026-02-10")
        self.assertEqual(window.row_ids.schedule_id, self.cycle(one, 1) | self.cycle(two, 1))
        self.assertRecordValues(window.row_ids, [
            {"contract_id": one.id, "status": "bill", "will_bill": True, "amount": 10.0, "reason": False,
             "message": False, "is_future": False, "is_invoiced": False, "trigger_tasks": False,
             "replace_existing": False, "partner_id": self.customer.id, "last_amount": 10.0,
             "last_invoice_id": one.invoice_ids.id, "anomaly": False},
            {"contract_id": two.id, "status": "nothing", "will_bill": False, "amount": 0.0, "reason": "nothing_to_bill",
             "message": "No subscription, change or item falls in this cycle. Check the reasons of each subscription. "
                        "Business Premium: The quantity is zero in this cycle. Change the quantity to bill it again.",
             "is_future": False, "is_invoiced": False, "trigger_tasks": False, "replace_existing": False,
             "partner_id": self.customer.id, "last_amount": 11.0, "last_invoice_id": two.invoice_ids.id,
             "anomaly": False},
        ])
        self.assertRecordValues(window, [{
            "mode": "regular", "row_count": 2, "bill_count": 1, "nothing_count": 1, "check_count": 0,
            "summary": "1 invoice, $\N{NO-BREAK SPACE}10.00 before tax · 1 bills nothing"}])

    def test_rows_that_are_given_may_name_their_cycle(self):
        one, two = self.make_many(2)
        with self.today("2026-02-10"):
            window = self.env["billing.bulk.generate"].create({"mode": "regular", "row_ids": [
                Command.create({"contract_id": one.id, "schedule_id": self.cycle(one, 1).id}),
                Command.create({"contract_id": two.id, "trigger_tasks": True})]})
        self.assertEqual(window.row_ids.schedule_id, self.cycle(one, 1) | self.cycle(two))
        run = self.proceed(window, "2026-02-10")
        self.assertEqual(window.row_ids.job_id, run.job_ids.sorted("id"))
        self.assertRecordValues(window.row_ids.job_id, [
            {"contract_id": one.id, "schedule_id": self.cycle(one, 1).id, "state": "succeeded", "trigger_tasks": False},
            {"contract_id": two.id, "schedule_id": self.cycle(two).id, "state": "succeeded", "trigger_tasks": True}])
        self.assertEqual(one.invoice_ids.billing_schedule_id, self.cycle(one, 1))

    def test_the_total_is_what_the_run_bills(self):
        euro = self.env.ref("base.EUR")
        euro.active = True
        self.env["res.currency.rate"].create({"currency_id": euro.id, "name": "2025-01-01", "rate": 0.9})
        contracts = self.make_many(3, discount=10.0)
        foreign = self.make_contract(
            {"quantity": 3, "price_unit": 33.33}, date_start="2026-01-16", name="euro", currency_id=euro.id,
            alignment="calendar")
        left_out = self.make_contract({"billable": False}, date_start="2026-01-01", name="left out")
        window = self.open(contracts | foreign | left_out, "2026-01-20")
        billed = window.row_ids.filtered("will_bill")
        self.assertEqual(billed.contract_id, contracts | foreign)
        self.assertEqual(window.total, "$\N{NO-BREAK SPACE}29.70 + 51.61\N{NO-BREAK SPACE}€")
        run = self.proceed(window, "2026-01-20")
        self.assertRecordValues(run, [{"state": "done", "job_count": 4, "invoiced_count": 4}])
        self.assertEqual(
            [row.amount for row in billed], [row.job_id.invoice_id.amount_untaxed for row in billed])
        self.assertEqual([row.amount for row in billed], [9.0, 9.9, 10.8, 51.61])
        self.assertFalse(left_out.invoice_ids)

    def test_future_rows_stay_out_until_they_are_included(self):
        contract = self.make_many(1)
        later = self.make_contract({"price_unit": 50.0}, date_start="2026-03-01", today="2026-01-01", name="later")
        window = self.open(contract | later)
        self.assertRows(window, [(contract, "bill", 10.0, 0.0, False), (later, "future", 50.0, 0.0, False)])
        self.assertEqual(window.row_ids.mapped("will_bill"), [True, False])
        self.assertEqual((window.bill_count, window.future_count), (1, 1))
        self.assertIn("1 in the future", window.summary)
        window.include_future = True
        self.assertEqual(window.row_ids.mapped("will_bill"), [True, True])
        self.assertEqual((window.bill_count, window.total), (2, "$\N{NO-BREAK SPACE}60.00"))
        self.proceed(window)
        self.assertInvoices(later, [
            ("out_invoice", "2026-03-02", "2026-03-02", [(1, 50.0, 50.0, "2026-03-01", "2026-03-31")])])

    def test_only_future_rows_are_refused_with_the_way_out(self):
        later = self.make_contract({"price_unit": 50.0}, date_start="2026-03-01", today="2026-01-01")
        with self.assertRaisesRegex(UserError, "1 lie in the future. Tick Include future cycles"):
            self.proceed(self.open(later))
        with self.assertRaisesRegex(UserError, "Select the billing contracts"):
            self.proceed(self.open(self.env["billing.contract"]))

    def test_an_invoiced_cycle_is_billed_again_only_when_it_is_replaced(self):
        contract = self.make_many(1)
        self.run_job("2026-01-02")
        old = contract.invoice_ids
        window = self.open(contract)
        row = window.row_ids
        with self.today("2026-01-10"):
            row.schedule_id = self.cycle(contract)
        self.assertRecordValues(row, [{
            "status": "invoiced", "is_invoiced": True, "will_bill": False, "reason": "already_invoiced",
            "message": "This billing cycle is already invoiced. Tick Replace existing invoice to bill it again."}])
        with self.assertRaisesRegex(UserError, "No row bills anything"):
            self.proceed(window)
        with self.today("2026-01-10"):
            row.replace_existing = True
        self.assertRecordValues(row, [{
            "status": "bill", "amount": 10.0, "last_invoice_id": old.id, "last_amount": 10.0, "anomaly": False,
            "message": f"{old.display_name} stays, marked as replaced."}])
        self.proceed(window)
        new = contract.invoice_ids - old
        self.assertEqual((old.billing_replaced_by_id, self.cycle(contract).resulting_invoice_id), (new, new))
        self.assertEqual(new.amount_untaxed, 10.0)

    def test_what_somebody_must_mend_is_blocked_with_its_reason(self):
        suspended, archived, skipped = self.make_many(3)
        suspended.action_suspend()
        archived.partner_id = self.env["res.partner"].create({"name": "Gone", "active": False})
        self.cycle(skipped).action_skip()
        with self.today("2026-01-10"):
            window = self.env["billing.bulk.generate"].create({"row_ids": [
                Command.create({"contract_id": suspended.id}), Command.create({"contract_id": archived.id}),
                Command.create({"contract_id": skipped.id, "schedule_id": self.cycle(skipped).id}),
                Command.create({"contract_id": skipped.id, "schedule_id": self.cycle(archived).id})]})
        self.assertRecordValues(window.row_ids, [
            {"status": "blocked", "reason": "not_active",
             "message": "The contract is not active. Activate the contract."},
            {"status": "blocked", "reason": "partner_archived",
             "message": "The customer is archived. Restore the customer, or suspend the contract."},
            {"status": "nothing", "reason": "skipped",
             "message": "This period was skipped. Generate its invoice by hand if it is to be billed."},
            {"status": "nothing", "reason": "no_cycle",
             "message": "The contract has no billing cycle left. Move the end date of the contract."}])
        self.assertEqual(window.summary, "Nothing to bill · 2 bill nothing · 2 blocked")

    def test_a_contract_with_two_rows_is_planned_cycle_by_cycle(self):
        contract = self.make_many(1)
        rows = [Command.create({"contract_id": contract.id, "schedule_id": self.cycle(contract, n).id}) for n in (0, 1)]
        with self.today("2026-02-10"):
            window = self.env["billing.bulk.generate"].create({"row_ids": rows})
        self.assertEqual(window.row_ids.mapped("amount"), [10.0, 10.0])
        self.proceed(window, "2026-02-10")
        self.assertEqual(contract.invoice_ids.billing_schedule_id, self.cycle(contract) | self.cycle(contract, 1))

    def test_a_second_click_opens_the_same_run(self):
        window = self.open(self.make_many(2))
        run = self.proceed(window)
        self.assertEqual(self.proceed(window), run)
        self.assertEqual(len(run.job_ids), 2)

    def test_tasks_are_ticked_for_all(self):
        window = self.open(self.make_many(3, auto_sync=True))
        action = window.action_tick_tasks()
        self.assertEqual((action["res_id"], action["target"]), (window.id, "new"))
        self.assertEqual(window.row_ids.mapped("trigger_tasks"), [True] * 3)
        window.row_ids[0].trigger_tasks = False
        self.proceed(window)
        self.run_job("2026-01-10", "13:00:00")
        self.assertEqual(window.row_ids.job_id.invoice_id.mapped("state"), ["draft", "posted", "posted"])
        window.action_untick_tasks()
        self.assertEqual(window.row_ids.mapped("trigger_tasks"), [False] * 3)


@tagged("post_install", "-at_install")
class TestBulkWindowChecks(WindowCommon):
    """What is unusual about an amount or a contract."""

    def bill_then(self, price, **vals):
        """Return a contract that was billed 100.00 for January and costs ``price`` from February."""
        contract = self.make_contract({"price_unit": 100.0}, date_start="2026-01-01", name=str(price), **vals)
        self.run_job("2026-01-02")
        with self.today("2026-01-10"):
            contract.subscription_ids.change_price(price, "2026-02-01")
        return contract

    def test_amounts_that_differ_by_more_than_the_percentage(self):
        contracts = self.env["billing.contract"].union(*map(self.bill_then, (125.0, 125.01, 75.0, 74.9, 0.0)))
        window = self.open(contracts, "2026-02-10")
        self.assertEqual(window.anomaly_percent, 25.0)
        same, up, down_same, down, zero = contracts
        self.assertRows(window, [
            (same, "bill", 125.0, 100.0, False),
            (up, "bill", 125.01, 100.0, "+25.0 % against the last invoice"),
            (down_same, "bill", 75.0, 100.0, False),
            (down, "bill", 74.9, 100.0, "-25.1 % against the last invoice"),
            (zero, "bill", 0.0, 100.0, "Zero amount"),
        ])
        self.assertEqual(window.check_count, 3)
        self.assertIn("3 to check", window.summary)
        window.anomaly_percent = 10.0
        self.assertEqual([bool(row.anomaly) for row in window.row_ids], [True] * 5)

    def test_the_percentage_of_the_company_is_the_default(self):
        self.company.billing_anomaly_percent = 50.0
        window = self.open(self.bill_then(140.0), "2026-02-10")
        self.assertEqual((window.anomaly_percent, window.check_count), (50.0, 0))

    def test_after_an_invoice_of_zero_every_amount_is_checked(self):
        contract = self.make_contract({"price_unit": 0.0}, date_start="2026-01-01")
        self.run_job("2026-01-02")
        with self.today("2026-01-10"):
            contract.subscription_ids.change_price(5.0, "2026-02-01")
        window = self.open(contract, "2026-02-10")
        self.assertRows(window, [(contract, "bill", 5.0, 0.0, "The last invoice was zero")])

    def test_the_first_invoice_has_nothing_to_be_compared_with(self):
        contract = self.make_many(1)
        window = self.open(contract)
        self.assertRows(window, [(contract, "bill", 10.0, 0.0, False)])
        self.assertFalse(window.row_ids.last_invoice_id)

    def test_an_invoice_that_was_credited_in_full_is_not_the_last_one(self):
        contract = self.bill_then(100.0)
        self.run_job("2026-02-02")
        february = contract.invoice_ids.sorted("invoice_date")[1]
        february.action_post()
        february._reverse_moves(cancel=True)
        window = self.open(contract, "2026-02-10")
        self.assertEqual(window.row_ids.schedule_id, self.cycle(contract, 1))
        self.assertEqual(window.row_ids.last_invoice_id, contract.invoice_ids.sorted("invoice_date")[0])

    def test_rows_that_bill_nothing_are_not_checked(self):
        contract = self.bill_then(500.0)
        contract.action_suspend()
        self.assertRows(self.open(contract, "2026-02-10"), [(contract, "blocked", 0.0, 100.0, False)])


@tagged("post_install", "-at_install")
class TestBulkWindowChangeLog(WindowCommon):
    """The tab *Change Log*."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.contract = cls.make_contract(
            {"quantity": 5, "price_unit": 30.0}, date_start="2026-04-01", name="changes")
        cls.quiet = cls.make_contract({"price_unit": 30.0}, date_start="2026-04-01", name="quiet")

    def setUp(self):
        super().setUp()
        self.run_job("2026-04-02")
        with self.today("2026-04-10"):
            self.contract.subscription_ids.change_quantity(6, "2026-04-16")
            self.contract.subscription_ids.change_quantity(8, "2026-04-21")

    def test_the_changes_up_to_the_end_of_the_period(self):
        window = self.open(self.contract | self.quiet, "2026-04-20", mode="change_log")
        self.assertEqual(str(window.date_to), "2026-04-20")
        self.assertRows(window, [
            (self.contract, "bill", 15.0, 0.0, False), (self.quiet, "nothing", 0.0, 0.0, False)])
        self.assertEqual(window.row_ids[1].reason, "nothing_left")
        with self.today("2026-04-20"):
            window.date_to = "2026-04-21"
        self.assertRows(window, [
            (self.contract, "bill", 35.0, 0.0, False), (self.quiet, "nothing", 0.0, 0.0, False)])
        run = self.proceed(window, "2026-04-21")
        self.assertRecordValues(run, [{"mode": "change_log", "job_count": 1, "invoiced_count": 1}])
        invoice = window.row_ids[0].job_id.invoice_id
        self.assertRecordValues(invoice, [{"billing_kind": "change_log", "amount_untaxed": 35.0}])
        self.assertFalse(window.row_ids[1].job_id)

    def test_only_contracts_with_a_change_of_the_period(self):
        window = self.open(self.contract, "2026-04-30", mode="change_log", date_from="2026-04-22")
        self.assertRecordValues(window.row_ids, [{
            "status": "nothing", "reason": "not_in_period", "amount": 0.0,
            "message": "Its changes took effect before the period. Choose an earlier start of the period, or none."}])
        with self.today("2026-04-30"):
            window.date_from = "2026-04-21"
        self.assertRows(window, [(self.contract, "bill", 35.0, 0.0, False)])
        self.quiet.item_ids = [Command.create({
            "product_id": self.licence.id, "name": "Setup", "price_unit": 50.0, "invoice_on": "2026-04-15"})]
        window = self.open(self.quiet, "2026-04-30", mode="change_log", date_from="2026-04-22")
        self.assertRows(window, [(self.quiet, "bill", 50.0, 0.0, False)])

    def test_a_period_that_ends_before_it_starts_is_refused(self):
        with self.assertRaises(CheckViolation), mute_logger("odoo.sql_db"), self.env.cr.savepoint():
            self.open(self.contract, "2026-04-30", mode="change_log", date_from="2026-05-01")

    def test_an_earlier_schedule_that_is_open_blocks_it(self):
        window = self.open(self.contract, "2026-05-10", mode="change_log")
        self.assertRecordValues(window.row_ids, [{"status": "blocked", "reason": "earlier_open", "amount": 0.0}])
        self.assertIn("05/01/2026 – 05/31/2026 is not invoiced", window.row_ids.message)

    def test_the_tab_plans_the_same_rows_anew(self):
        window = self.open(self.contract | self.quiet, "2026-04-30")
        self.assertRows(window, [
            (self.contract, "future", 275.0, 150.0, "+83.3 % against the last invoice"),
            (self.quiet, "future", 30.0, 30.0, False)])
        with self.today("2026-04-30"):
            window.write({"mode": "change_log", "date_to": "2026-04-30"})
        self.assertRows(window, [
            (self.contract, "bill", 35.0, 0.0, False), (self.quiet, "nothing", 0.0, 0.0, False)])
        self.assertEqual(window.row_ids.mapped("is_future"), [False, False])

    def test_a_suspended_contract_is_blocked(self):
        self.contract.action_suspend()
        window = self.open(self.contract, "2026-04-20", mode="change_log")
        self.assertRecordValues(window.row_ids, [{"status": "blocked", "reason": "not_active"}])
