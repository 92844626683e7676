"""Bulk operations that replace invoices, bill changes, or are refused something."""

from datetime import datetime

from odoo.tests import tagged

from .bulk_common import INVOICED, WAITING, BulkCommon

ALREADY_INVOICED = ("skipped", "already_invoiced")


@tagged("post_install", "-at_install")
class TestBulkReplacing(BulkCommon):
    """Three contracts whose January is invoiced; then the price of the draft's period was corrected."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.contracts = cls.env["billing.contract"].union(*(
            cls.make_contract(
                {"price_unit": 10.0 + number, "product_id": cls._create_product(name=str(number)).id},
                name=str(number), date_start="2026-01-01") for number in range(3)))

    def setUp(self):
        super().setUp()
        self.run_job("2026-01-02")
        self.old = [self.invoices(contract) for contract in self.contracts]

    def test_the_new_invoice_takes_the_place_of_the_old(self):
        jobs = self.start_first(self.contracts, replace_existing=True)
        self.assertEqual(list(jobs.replaced_id), self.old)
        self.run_bulk()
        self.assertOutcomes(jobs, INVOICED, INVOICED, INVOICED)
        for number, (contract, old, job) in enumerate(zip(self.contracts, self.old, jobs, strict=True)):
            self.assertInvoices(contract, [self.january(10.0 + number)] * 2)
            self.assertEqual(old.billing_replaced_by_id, job.invoice_id)
            self.assertTrue(old.no_followup)
            self.assertEqual(old.activity_ids.mapped("summary"), [
                "Replaced invoice: delete it, or credit it if it was sent"])
            self.assertEqual(self.cycle(contract).resulting_invoice_id, job.invoice_id)

    def test_an_invoice_is_replaced_once(self):
        first = self.start_first(self.contracts, replace_existing=True)
        second = self.start_first(self.contracts, replace_existing=True)
        self.run_bulk()
        self.assertOutcomes(first, INVOICED, INVOICED, INVOICED)
        self.assertOutcomes(second, *[ALREADY_INVOICED] * 3)
        for number, contract in enumerate(self.contracts):
            self.assertInvoices(contract, [self.january(10.0 + number)] * 2)

    def test_each_invoice_is_replaced_with_the_changes_that_it_had(self):
        first = self.contracts[0]
        with self.today("2026-01-05"):
            first.subscription_ids.change_quantity(2, "2026-01-16")
        newer = self.make_contract({"price_unit": 20.0}, date_start="2026-01-01", today="2026-01-06")
        self.run_job("2026-01-06")
        self.assertGreater(self.cycle(newer).last_log_id, max(first.change_log_ids.ids))
        jobs = self.start_first(first | newer, replace_existing=True)
        self.run_bulk()
        self.assertOutcomes(jobs, INVOICED, INVOICED)
        self.assertInvoices(first, [self.january(10.0)] * 2)
        self.assertInvoices(newer, [self.january(20.0)] * 2)

    def test_not_asked_means_not_replaced(self):
        one, two, three = self.contracts
        jobs = self.start([
            self.row(self.cycle(one)), self.row(self.cycle(two), replace_existing=True), self.row(self.cycle(three))])
        self.run_bulk()
        self.assertOutcomes(jobs, ALREADY_INVOICED, INVOICED, ALREADY_INVOICED)
        self.assertEqual([len(self.invoices(contract)) for contract in self.contracts], [1, 2, 1])

    def test_the_old_invoice_was_deleted_meanwhile(self):
        contract = self.contracts[0]
        jobs = self.start_first(contract, replace_existing=True)
        with self.today("2026-01-10"):
            self.old[0].unlink()
        self.run_bulk()
        self.assertOutcomes(jobs, INVOICED)
        self.assertInvoices(contract, [self.january(10.0)])

    def test_a_refused_replacement_leaves_the_old_invoice_in_place(self):
        contract = self.contracts[1]
        product = contract.subscription_ids.product_id
        account = self.company_data["default_account_revenue"].copy({"account_type": "off_balance"})
        for code, values in (
            ("product_archived", {"active": False}),
            ("refused", {"active": True, "property_account_income_id": account.id}),
        ):
            product.write(values)
            jobs = self.start_first(self.contracts, replace_existing=True)
            self.run_bulk()
            self.assertOutcomes(jobs, INVOICED, ("failed", code), INVOICED)
            self.assertRecordValues(self.cycle(contract), [{
                "state": "invoiced", "resulting_invoice_id": self.old[1].id, "active": False, "retry_at": False}])
            self.assertEqual(contract.activity_ids.mapped("summary"), ["The contract could not be billed"])
            self.assertInvoices(contract, [self.january(11.0)])


@tagged("post_install", "-at_install")
class TestBulkChangeLogs(BulkCommon):
    """Annual contracts of 2026 whose quantity grows by one on 1 July: 120.00 a year each."""

    def make_annual(self, count):
        contracts = self.env["billing.contract"].union(*(
            self.make_contract(
                {"quantity": 5, "price_unit": 120.0, "sales_unit": "annual",
                 "product_id": self._create_product(name=str(number), taxes_id=False).id},
                name=str(number), frequency="annual",
                date_start="2026-01-01", proration_unit="months") for number in range(count)))
        self.run_job("2026-01-02")
        for contract in contracts:
            with self.today("2026-07-01"):
                contract.subscription_ids.change_quantity(6, "2026-07-01")
        return contracts

    def test_each_contract_gets_its_change_log_invoice(self):
        contracts = self.make_annual(3)
        jobs = self.start(
            [self.log_row(contract, "2026-07-15") for contract in contracts[:2]]
            + [self.log_row(contracts[2], "2026-06-30")], "2026-07-20")
        run = jobs.run_id
        self.assertRecordValues(run, [{"mode": "change_log", "contract_count": 3, "job_count": 3}])
        self.run_bulk("2026-07-20")
        self.assertOutcomes(jobs, INVOICED, INVOICED, ("nothing_to_bill", "nothing_left"))
        for contract, job in zip(contracts[:2], jobs[:2], strict=True):
            move = self.invoices(contract)[-1]
            self.assertRecordValues(move, [{"amount_untaxed": 60.0, "billing_kind": "change_log"}])
            self.assertEqual((job.invoice_id, job.schedule_id), (move, move.billing_schedule_id))
            self.assertEqual(contract.change_log_ids.mapped("state"), ["archived"] * 2)
        self.assertEqual(len(self.invoices(contracts[2])), 1)
        self.assertEqual(contracts[2].schedule_ids.filtered(lambda row: row.kind == "change_log").ids, [])
        again = self.start([self.log_row(contract, "2026-07-31") for contract in contracts], "2026-07-31")
        self.run_bulk("2026-07-31")
        nothing = ("nothing_to_bill", "nothing_left")
        self.assertOutcomes(again, nothing, nothing, INVOICED)
        self.assertEqual(self.invoices(contracts[2])[-1].amount_untaxed, 60.0)

    def test_an_earlier_open_schedule_is_named(self):
        free, blocked = self.make_annual(2)
        with self.today("2026-07-10"):
            self.invoices(blocked).unlink()
        jobs = self.start([self.log_row(contract, "2026-07-15") for contract in (free, blocked)], "2026-07-20")
        self.run_bulk("2026-07-20")
        self.assertOutcomes(jobs, INVOICED, ("skipped", "earlier_open"))
        self.assertIn("Billing cycle 01/01/2026 – 12/31/2026 is not invoiced.", jobs[1].message)
        self.assertInvoices(blocked, [])
        self.assertEqual(self.cycle(blocked).state, "pending")

    def test_a_refused_change_log_parks_nothing(self):
        contracts = self.make_annual(2)
        broken = contracts[0]
        broken.subscription_ids.product_id.active = False
        jobs = self.start([self.log_row(contract, "2026-07-15") for contract in contracts], "2026-07-20")
        self.run_bulk("2026-07-20")
        self.assertOutcomes(jobs, ("failed", "product_archived"), INVOICED)
        self.assertEqual(len(broken.schedule_ids.filtered(lambda row: row.kind == "change_log")), 0)
        self.assertEqual(broken.activity_ids.mapped("summary"), ["The contract could not be billed"])
        broken.subscription_ids.product_id.active = True
        with self.today("2026-07-21"):
            jobs.run_id.action_retry_failed()
        self.run_bulk("2026-07-21")
        self.assertOutcomes(jobs, INVOICED, INVOICED)
        self.assertEqual(self.invoices(broken)[-1].amount_untaxed, 60.0)


@tagged("post_install", "-at_install")
class TestBulkRefused(BulkCommon):
    """One contract of three is refused: it is parked as the hourly job does, the others are billed, it recovers."""

    def make_three(self):
        account = self.company_data["default_account_revenue"]
        self.company.income_account_id = False
        products = [self._create_product(
            name=f"Service {number}", property_account_income_id=account.copy().id, taxes_id=False,
            categ_id=self.env["product.category"].create({"name": str(number)}).id) for number in range(3)]
        return self.env["billing.contract"].union(*(
            self.make_contract(
                {"price_unit": 10.0, "product_id": product.id}, name=product.name, date_start="2026-01-01")
            for product in products))

    def check(self, position, code, do_break, words):
        contracts = self.make_three()
        broken = contracts[position]
        mend = do_break(broken)
        jobs = self.start_first(contracts)
        self.run_bulk()
        outcomes = [("failed", code) if contract == broken else INVOICED for contract in contracts]
        self.assertOutcomes(jobs, *outcomes)
        self.assertRecordValues(jobs.run_id, [
            {"state": "done", "failed_count": 1, "invoiced_count": 2, "progress": 100.0}])
        failed, row = jobs[position], self.cycle(broken)
        self.assertIn(words, failed.message)
        self.assertRecordValues(row, [{
            "state": "error", "reason": code, "message": failed.message, "attempts": 1,
            "retry_at": datetime(2026, 1, 10, 12, 51)}])
        self.assertEqual(broken.activity_ids.mapped("summary"), [
            "Invoice of 01/01/2026 – 01/31/2026 could not be made"])
        for contract in contracts - broken:
            self.assertInvoices(contract, [self.january(10.0)])
        mend()
        with self.today("2026-01-10"):
            jobs.run_id.action_retry_failed()
        self.assertOutcomes(jobs, *(WAITING if contract == broken else INVOICED for contract in contracts))
        self.assertEqual((jobs.run_id.state, jobs.run_id.done_count), ("running", 2))
        self.run_bulk(time="12:02:00")
        self.assertOutcomes(jobs, INVOICED, INVOICED, INVOICED)
        for contract in contracts:
            self.assertInvoices(contract, [self.january(10.0)])
        self.assertRecordValues(row, [{"state": "invoiced", "reason": False, "attempts": 0}])
        self.assertFalse(broken.activity_ids)
        self.assertEqual(jobs.run_id.state, "done")

    def test_what_the_planner_finds(self):
        def archive(contract):
            contract.subscription_ids.product_id.active = False
            return lambda: contract.subscription_ids.product_id.write({"active": True})
        for position in range(3):
            with self.subTest(position=position):
                self.check(position, "product_archived", archive, "A product is archived.")

    def test_what_odoo_refuses(self):
        def close(contract):
            account = contract.subscription_ids.product_id.property_account_income_id
            account.account_type = "off_balance"
            return lambda: account.write({"account_type": "income"})
        for position in range(3):
            with self.subTest(position=position):
                self.check(position, "refused", close, "Off-Balance")

    def test_what_cannot_even_be_planned(self):
        def spoil(contract):
            self.set_sales_unit(contract, "fortnightly")
            return lambda: self.set_sales_unit(contract, "monthly")
        with self.assertLogs("odoo.addons.work365_billing.models.billing_executor", "ERROR"):
            self.check(1, "refused", spoil, "fortnightly")

    def set_sales_unit(self, contract, unit):
        """Write a unit that no form would accept."""
        self.env.flush_all()
        self.env.cr.execute(
            "UPDATE billing_subscription SET sales_unit = %s WHERE contract_id = %s", [unit, contract.id])
        self.env.invalidate_all()

    def test_what_the_hourly_job_has_mended_meanwhile(self):
        contracts = self.make_three()
        contracts[0].subscription_ids.product_id.active = False
        jobs = self.start_first(contracts)
        self.run_bulk()
        contracts[0].subscription_ids.product_id.active = True
        self.run_job("2026-01-10", "13:00:00")
        self.assertInvoices(contracts[0], [self.january(10.0)])
        with self.today("2026-01-11"):
            jobs.run_id.action_retry_failed()
        self.run_bulk("2026-01-11")
        self.assertOutcomes(jobs, ALREADY_INVOICED, INVOICED, INVOICED)
