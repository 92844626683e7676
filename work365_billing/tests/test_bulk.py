"""Bulk operations: each row is billed exactly, once, and ends with an outcome."""

from odoo import Command
from odoo.tests import tagged

from .bulk_common import INVOICED, BulkCommon

ALREADY_INVOICED = ("skipped", "already_invoiced")


@tagged("post_install", "-at_install")
class TestBulk(BulkCommon):
    def test_each_row_becomes_its_invoice(self):
        contracts = self.make_many(3)
        jobs = self.start_first(contracts)
        run = jobs.run_id
        self.assertEqual(list(jobs.contract_id), list(contracts))
        self.assertRecordValues(run, [{
            "origin": "bulk", "run_type": "automatic", "mode": "regular", "state": "running", "job_count": 3,
            "done_count": 0, "progress": 0.0, "time_left": False, "contract_count": 3, "user_id": self.env.uid}])
        self.run_bulk()
        self.assertOutcomes(jobs, INVOICED, INVOICED, INVOICED)
        self.assertRecordValues(run, [{
            "state": "done", "job_count": 3, "done_count": 3, "progress": 100.0, "invoiced_count": 3}])
        for number, (contract, job) in enumerate(zip(contracts, jobs, strict=True)):
            self.assertInvoices(contract, [self.january(10.0 + number)])
            self.assertEqual((job.invoice_id, job.schedule_id), (self.invoices(contract), self.cycle(contract)))
            self.assertEqual((job.invoice_id.billing_run_id, self.cycle(contract).run_type), (run, "automatic"))
            self.assertEqual(len(contract.schedule_ids), 13)  # topped up
        self.run_bulk()
        self.run_job("2026-01-10", "13:00:00")
        self.assertEqual(len(run.invoice_ids), 3)

    def test_the_hourly_job_does_what_waits(self):
        contracts = self.make_many(2)
        jobs = self.start([self.row(self.cycle(contract, 1)) for contract in contracts])
        self.run_job("2026-01-10")
        self.assertOutcomes(jobs, INVOICED, INVOICED)
        self.assertEqual(jobs.run_id.state, "done")
        for number, contract in enumerate(contracts):
            price = 10.0 + number
            self.assertInvoices(contract, [self.january(price), (
                "out_invoice", "2026-02-02", "2026-02-02", [(1, price, price, "2026-02-01", "2026-02-28")])])

    def test_several_cycles_of_a_contract_and_one_of_them_twice(self):
        contract, other = self.make_many(2)
        cycles = [self.cycle(contract, number) for number in (1, 0, 1)]
        jobs = self.start([*map(self.row, cycles), self.row(self.cycle(other))])
        self.assertEqual((jobs.run_id.contract_count, jobs.run_id.job_count), (2, 4))
        self.run_bulk()
        self.assertOutcomes(jobs, INVOICED, INVOICED, ALREADY_INVOICED, INVOICED)
        self.assertInvoices(contract, [self.january(10.0), (
            "out_invoice", "2026-02-02", "2026-02-02", [(1, 10.0, 10.0, "2026-02-01", "2026-02-28")])])

    def test_two_runs_over_the_same_contracts_bill_once(self):
        contracts = self.make_many(3)
        first, second = self.start_first(contracts), self.start_first(contracts, replace_existing=True)
        self.run_bulk()
        self.assertOutcomes(first, INVOICED, INVOICED, INVOICED)
        self.assertOutcomes(second, *[ALREADY_INVOICED] * 3)
        for number, contract in enumerate(contracts):
            self.assertInvoices(contract, [self.january(10.0 + number)])
        self.assertEqual(set((first + second).run_id.mapped("state")), {"done"})

    def test_what_the_hourly_job_has_billed_meanwhile(self):
        contracts = self.make_many(2)
        jobs = self.start_first(contracts)
        jobs.run_id.action_stop()
        self.run_job("2026-01-10")
        jobs.run_id.action_resume()
        self.run_bulk()
        self.assertOutcomes(jobs, ALREADY_INVOICED, ALREADY_INVOICED)

    def test_two_companies(self):
        other = self.setup_other_company(name="Auckland Ltd")["company"]
        other.billing_tz = "Pacific/Auckland"
        here, also = self.make_many(2)
        there = self.make_contract(
            {"price_unit": 20.0}, date_start="2026-01-01", company_id=other.id, name="there",
            invoice_date_policy="run")
        jobs = self.start([self.row(self.cycle(contract)) for contract in (here, there, also)])
        runs = jobs.run_id
        self.assertRecordValues(runs.sorted("id"), [
            {"company_id": self.company.id, "job_count": 2}, {"company_id": other.id, "job_count": 1}])
        self.assertEqual(jobs.mapped("company_id.id"), [self.company.id, other.id])
        self.run_bulk(time="20:00:00")
        self.assertOutcomes(jobs, INVOICED, INVOICED, INVOICED)
        self.assertEqual(set(runs.mapped("state")), {"done"})
        self.assertInvoices(also, [self.january(11.0)])
        self.assertInvoices(there, [
            ("out_invoice", "2026-01-11", "2026-01-11", [(1, 20.0, 20.0, "2026-01-01", "2026-01-31")])])
        self.assertEqual(self.invoices(there).journal_id.company_id, other)

    # ---- why there is no invoice ------------------------------------------------------------------------------------

    def test_every_obstacle_has_its_reason(self):
        invoiced, skipped, suspended, closed, changed, fine = contracts = self.make_many(6)
        self.run_job("2026-01-02")
        moves = self.invoices(invoiced)
        with self.today("2026-01-10"):
            for contract in contracts - invoiced:
                self.invoices(contract).unlink()
            self.cycle(skipped).action_skip()
        jobs = self.start_first(contracts)
        with self.today("2026-01-10"):
            suspended.action_suspend()
            closed.action_close()
            changed.frequency = "quarterly"
        self.run_bulk()
        self.assertOutcomes(
            jobs, ALREADY_INVOICED, ("skipped", "skipped"), ("skipped", "not_active"), ("skipped", "not_active"),
            ("skipped", "cycle_gone"), INVOICED)
        self.assertEqual(self.invoices(invoiced), moves)
        self.assertInvoices(fine, [self.january(15.0)])
        for contract in skipped + suspended + changed:
            self.assertInvoices(contract, [])
        self.assertEqual(self.invoices(closed).mapped("amount_untaxed"), [4.19])  # of its ten days, when it was closed
        self.assertEqual(self.cycle(skipped).state, "skipped")
        self.assertEqual(jobs.run_id.skipped_count, 5)

    def test_an_archived_company_is_not_billed(self):
        other = self.setup_other_company(name="Gone Ltd")["company"]
        contract = self.make_contract({"price_unit": 20.0}, date_start="2026-01-01", company_id=other.id)
        jobs = self.start_first(contract)
        self.env["res.users"].search([("company_id", "=", other.id)]).company_id = self.company
        other.active = False
        self.run_bulk()
        self.assertOutcomes(jobs, ("skipped", "company_archived"))
        self.assertInvoices(contract, [])

    def test_nothing_to_bill_tells_the_reasons(self):
        contract = self.make_contract({"price_unit": 10.0, "billable": False}, date_start="2026-01-01")
        cycles = self.cycle(contract, 0), self.cycle(contract, 1)
        for expected in (("nothing_to_bill", "nothing_to_bill"), ("nothing_to_bill", "nothing_to_bill")):
            jobs = self.start([self.row(cycles[0])])  # also when the same was told on that day
            self.run_bulk()
            self.assertOutcomes(jobs, expected)
            self.assertIn("Business Premium: Marked as not billable.", jobs.message)
            self.assertRecordValues(cycles[0], [{"state": "pending", "active": True}])
        jobs = self.start([self.row(cycle) for cycle in cycles])
        self.run_bulk("2026-02-10")
        self.assertOutcomes(jobs, ("skipped", "nothing_to_bill"), ("nothing_to_bill", "nothing_to_bill"))
        self.assertEqual([cycle.state for cycle in cycles], ["skipped", "pending"])
        self.assertInvoices(contract, [])

    def test_a_period_on_hold_is_billed_again(self):
        contract = self.make_many(1)
        self.run_job("2026-01-02")
        move = self.invoices(contract)
        with self.today("2026-01-05"):
            move.action_post()
            move._reverse_moves([{"date": "2026-01-05"}], cancel=True)
        row = self.cycle(contract)
        self.assertTrue(row.on_hold)
        jobs = self.start_first(contract)
        self.run_bulk()
        self.assertOutcomes(jobs, INVOICED)
        self.assertRecordValues(row, [
            {"state": "invoiced", "on_hold": False, "resulting_invoice_id": jobs.invoice_id.id}])
        self.assertEqual(jobs.invoice_id.amount_untaxed, 10.0)

    # ---- tasks ------------------------------------------------------------------------------------------------------

    def test_tasks_only_where_ticked_and_switched_on(self):
        on, also_on, off = contracts = self.make_many(3)
        (on | also_on).auto_sync = True
        jobs = self.start([
            self.row(self.cycle(contract), trigger_tasks=ticked)
            for contract, ticked in zip(contracts, (True, False, True), strict=True)])
        self.run_bulk()
        self.assertOutcomes(jobs, INVOICED, INVOICED, INVOICED)
        tasks = jobs.run_id.job_ids - jobs
        self.assertRecordValues(tasks, [
            {"job_type": "post", "contract_id": on.id, "invoice_id": self.invoices(on).id}])
        self.run_job("2026-01-10", "13:00:00")
        self.assertEqual(tasks.state, "succeeded")
        self.assertEqual(
            [self.invoices(contract).state for contract in contracts], ["posted", "draft", "draft"])
        self.assertEqual(jobs.run_id.job_count, 3)
        self.assertFalse(off.auto_sync)

    # ---- items and changes ------------------------------------------------------------------------------------------

    def test_the_invoice_is_that_of_the_window(self):
        values = {
            "item_ids": [Command.create({
                "product_id": self.licence.id, "name": "Set-up", "price_unit": 7.0, "invoice_on": "2026-01-01",
                "tax_ids": False})]}
        bulk, single = self.make_many(1, **values), self.make_many(1, **values)
        for contract in bulk + single:
            with self.today("2026-01-05"):
                contract.subscription_ids.change_quantity(3, "2026-01-16")
        jobs = self.start_first(bulk)
        self.run_bulk()
        with self.today("2026-01-10"):
            window = self.env["billing.generate"].create({
                "contract_id": single.id, "schedule_id": self.cycle(single).id})
            window.action_proceed()
        self.assertInvoices(single, [("out_invoice", "2026-01-02", "2026-01-02", [
            (1, 10.0, 10.0, "2026-01-01", "2026-01-31"), (2, 5.16, 10.32, "2026-01-16", "2026-01-31"),
            (1, 7.0, 7.0, False, False)])])
        for name in ("name", "quantity", "price_unit", "price_subtotal", "account_id", "billing_amount"):
            self.assertEqual(
                jobs.invoice_id.invoice_line_ids.sorted("sequence").mapped(name),
                window.invoice_id.invoice_line_ids.sorted("sequence").mapped(name), name)
