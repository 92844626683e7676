from datetime import timedelta

from dateutil.relativedelta import relativedelta

from odoo.tests import tagged

from .test_tours import ToursCommon


@tagged("post_install", "-at_install")
class TestBulkTours(ToursCommon):
    """A billing user generates many invoices in the browser, and looks after the run."""

    def setUp(self):
        super().setUp()
        start = self.day - relativedelta(months=1) - timedelta(days=1)  # two cycles are due
        self.changed = self.make_named("Bulk Changed", 100.0, start)
        self.run_job(start + timedelta(days=1))
        with self.today(self.day):
            self.changed.subscription_ids.change_price(150.0, self.changed.next_invoice_date - timedelta(days=1))
        self.future = self.make_named("Bulk Future", 30.0, self.day + relativedelta(months=2))
        self.free = self.make_named("Bulk Free", 9.0, self.day - timedelta(days=1), billable=False)
        self.plain = self.make_named("Bulk Plain", 40.0, self.day - timedelta(days=1))

    def make_named(self, name, price, start, **vals):
        return self.make_contract({"price_unit": price, **vals}, name=name, date_start=str(start), today=self.day)

    def invoice(self, contract, number, price):
        """Return the invoice of a billing cycle, as assertInvoices wants it."""
        row = contract.schedule_ids.sorted("cycle_start")[number]
        due = str(row.schedule_date)
        return ("out_invoice", due, due, [(1.0, price, price, str(row.cycle_start), str(row.cycle_end))])

    def get_run(self):
        return self.env["billing.run"].search([("origin", "=", "bulk")])

    def run_bulk(self):
        self.run_job(self.day, "23:00:00", cron=self.env.ref("work365_billing.ir_cron_run_bulk"))

    def test_generate_many_and_retry_what_failed(self):
        self.plain.partner_id = self.env["res.partner"].create({"name": "Brief Customer"})
        self.start("bulk")
        run = self.get_run()
        self.assertRecordValues(run, [{
            "state": "running", "user_id": self.clerk.id, "job_count": 3, "done_count": 0, "mode": "regular"}])
        self.assertIn("Stopped by", run.message)
        self.assertEqual(
            sorted((job.contract_id.name, job.trigger_tasks) for job in run.job_ids),
            [("Bulk Changed", False), ("Bulk Future", False), ("Bulk Plain", True)])
        self.plain.partner_id.active = False  # what nobody saw in the window
        self.run_bulk()
        self.assertRecordValues(run, [{"state": "done", "invoiced_count": 2, "failed_count": 1}])
        self.plain.partner_id.active = True
        self.start("bulk_run")
        self.assertRecordValues(run, [{"state": "running", "done_count": 2}])
        self.run_bulk()
        self.assertRecordValues(run, [{"state": "done", "invoiced_count": 3, "failed_count": 0}])
        self.assertInvoices(self.changed, [self.invoice(self.changed, 0, 100.0), self.invoice(self.changed, 1, 150.0)])
        self.assertInvoices(self.future, [self.invoice(self.future, 0, 30.0)])
        self.assertInvoices(self.plain, [self.invoice(self.plain, 0, 40.0)])
        self.assertInvoices(self.free, [])

    def test_the_rows_as_a_page(self):
        old = self.changed.invoice_ids
        self.start("bulk_page")
        self.run_bulk()
        self.assertRecordValues(self.get_run(), [{"state": "done", "invoiced_count": 2}])
        self.assertInvoices(self.changed, [self.invoice(self.changed, 0, 100.0)] * 2)
        self.assertEqual(old.billing_replaced_by_id, self.changed.invoice_ids - old)

    def test_nothing_to_bill_is_refused(self):
        self.start("bulk_refused")
        self.assertFalse(self.get_run())
