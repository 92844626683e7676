"""Shared ground of the tests of bulk operations."""

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

    def cycle(self, contract, number=0):
        return contract.schedule_ids.filtered(lambda row: row.kind == "regular").sorted("cycle_start")[number]

    def january(self, price):
        """Return the invoice of January as ``assertInvoices`` expects it."""
        return ("out_invoice", "2026-01-02", "2026-01-02", [(1, price, price, "2026-01-01", "2026-01-31")])

    # ---- rows, runs and jobs ----------------------------------------------------------------------------------------

    def row(self, schedule, **values):
        """Return a row of the window for a billing cycle."""
        return {
            "contract_id": schedule.contract_id.id, "schedule_id": schedule.id, "kind": "regular", "date_to": False,
            "trigger_tasks": False, "replace_existing": False, **values}

    def log_row(self, contract, date_to, **values):
        """Return a row of the window for the changes up to ``date_to``."""
        return {
            "contract_id": contract.id, "schedule_id": False, "kind": "change_log", "date_to": date_to,
            "trigger_tasks": False, "replace_existing": False, **values}

    def start(self, rows, day="2026-01-10"):
        with self.today(day):
            return self.env["billing.run"]._start_bulk(rows)

    def start_first(self, contracts, **values):
        return self.start([self.row(self.cycle(contract), **values) for contract in contracts])

    def run_bulk(self, day="2026-01-10", time="12:01:00"):
        self.run_job(day, time, cron=self.bulk_cron)

    def assertOutcomes(self, jobs, *expected):
        """Compare (outcome, reason) of each job; whoever has an outcome is not waiting any more."""
        self.assertEqual([(job.outcome, job.reason) for job in jobs], list(expected))
        states = {"invoiced": "succeeded", "failed": "failed", False: "waiting"}
        for job in jobs:
            self.assertEqual(job.state, states.get(job.outcome, "nothing_to_bill"))
            self.assertEqual(bool(job.invoice_id), job.outcome == "invoiced")
            self.assertEqual(bool(job.message), bool(job.reason))


INVOICED = ("invoiced", False)
WAITING = (False, False)
