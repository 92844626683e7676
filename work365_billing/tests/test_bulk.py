"""Bulk operations: the background run that bills the rows of the window."""

from odoo.tests import tagged

from .common import BillingCommon


class BulkCommon(BillingCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.bulk_cron = cls.env.ref("work365_billing.ir_cron_run_bulk")

    def make_many(self, count, **vals):
        """Return contracts of 10.00, 11.00, ... a month from 1 January 2026."""
        return self.env["billing.contract"].union(*(
            self.make_contract({"price_unit": 10.0 + number}, name=str(number), date_start="2026-01-01", **vals)
            for number in range(count)))

    def row(self, schedule, **values):
        """Return a row of the window for a billing cycle."""
        return {
            "contract_id": schedule.contract_id.id, "schedule_id": schedule.id, "kind": "regular", "date_to": False,
            "trigger_tasks": False, "replace_existing": False, **values}

    def cycle(self, contract, number=0):
        return contract.schedule_ids.sorted("cycle_start")[number]

    def start(self, rows, day="2026-01-10"):
        with self.today(day):
            return self.env["billing.run"]._start_bulk(rows)

    def start_first(self, contracts, **values):
        return self.start([self.row(self.cycle(contract), **values) for contract in contracts])

    def run_bulk(self, day="2026-01-10", time="12:01:00", cron=None):
        self.run_job(day, time, cron=cron or self.bulk_cron)

    def outcomes(self, jobs):
        return [(job.state, job.outcome, job.reason) for job in jobs]


@tagged("post_install", "-at_install")
class TestBulk(BulkCommon):
    def test_each_row_becomes_its_invoice(self):
        contracts = self.make_many(3)
        jobs = self.start_first(contracts)
        run = jobs.run_id
        self.assertEqual(jobs.contract_id, contracts)
        self.assertRecordValues(run, [{
            "origin": "bulk", "run_type": "automatic", "mode": "regular", "state": "running", "job_count": 3,
            "done_count": 0, "progress": 0.0, "time_left": False, "contract_count": 3}])
        self.run_bulk()
        self.assertRecordValues(jobs, [{
            "state": "succeeded", "outcome": "invoiced", "reason": False, "invoice_id": self.invoices(contract).id,
            "schedule_id": self.cycle(contract).id} for contract in contracts])
        self.assertRecordValues(run, [{
            "state": "done", "job_count": 3, "done_count": 3, "progress": 100.0, "invoiced_count": 3}])
        for number, contract in enumerate(contracts):
            price = 10.0 + number
            self.assertInvoices(contract, [
                ("out_invoice", "2026-01-02", "2026-01-02", [(1, price, price, "2026-01-01", "2026-01-31")])])
            self.assertEqual(self.cycle(contract).run_type, "automatic")
        self.assertEqual(run.invoice_ids, jobs.invoice_id)
