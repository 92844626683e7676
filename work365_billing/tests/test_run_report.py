from lxml import etree

from odoo.tests import tagged
from odoo.tools.safe_eval import safe_eval

from .common import BillingCommon


@tagged("post_install", "-at_install")
class TestRunReport(BillingCommon):
    """The invoicing runs as a list of counts: they are those of the outcomes."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.report = cls.env["billing.run.report"]
        cls.good = cls.make_contract({"quantity": 2, "price_unit": 10.0}, date_start="2026-01-01")
        cls.late = cls.make_contract(
            {"quantity": 1, "price_unit": 10.0, "date_start": "2026-03-10"}, date_start="2026-01-01", name="Late")
        gone = cls._create_product(name="Gone", lst_price=1.0, taxes_id=False)
        cls.broken = cls.make_contract(
            {"product_id": gone.id, "price_unit": 5.0}, date_start="2026-01-01", name="Broken")
        gone.active = False

    def report_rows(self, domain=()):
        self.env.flush_all()
        return self.report.search([("company_id", "=", self.company.id), *domain], order="started_at, id")

    def filter_domain(self, name):
        """Return the domain of a filter of the search view."""
        arch = self.report.get_view(self.env.ref("work365_billing.billing_run_report_view_search").id, "search")["arch"]
        [domain] = etree.fromstring(arch).xpath(f"//filter[@name='{name}']/@domain")
        return safe_eval(domain)

    def test_each_run_is_counted(self):
        self.run_job("2026-01-02")  # one invoice, one without anything to bill yet, one failure
        self.run_job("2026-01-02", "08:00:00")  # the failure alone is tried again
        with self.today("2026-01-03"):
            window = self.env["billing.generate"].create({"contract_id": self.good.id})
            window.action_proceed()
        self.assertRecordValues(self.report_rows(), [
            {"run_type": "automatic", "mode": "regular", "eligible_count": 3, "invoiced_count": 1, "nothing_count": 1,
             "skipped_count": 0, "failed_count": 1, "not_generated_count": 2, "success_rate": 0.5},
            {"run_type": "automatic", "mode": "regular", "eligible_count": 2, "invoiced_count": 0, "nothing_count": 0,
             "skipped_count": 0, "failed_count": 1, "not_generated_count": 1, "success_rate": 0.0},
            {"run_type": "manual", "mode": "regular", "eligible_count": 1, "invoiced_count": 1, "nothing_count": 0,
             "skipped_count": 0, "failed_count": 0, "not_generated_count": 0, "success_rate": 1.0}])
        for row in self.report_rows():
            for name in ("invoiced_count", "nothing_count", "skipped_count", "failed_count"):
                self.assertEqual(row[name], row.run_id[name], name)

    def test_the_rate_of_a_group_is_that_of_its_invoices(self):
        self.run_job("2026-01-02")
        self.run_job("2026-01-02", "08:00:00")
        [[invoiced, rate]] = self.report._read_group(
            [("company_id", "=", self.company.id)], [], ["invoiced_count:sum", "success_rate:avg"])
        self.assertEqual((invoiced, round(rate, 6)), (1, round(1 / 3, 6)))

    def test_filters(self):
        self.run_job("2026-01-02")
        with self.today("2026-01-03"):
            self.env["billing.generate"].create({"contract_id": self.good.id}).action_proceed()
        self.broken.action_suspend()
        self.run_job("2026-02-02")  # of the late one alone: nothing to bill yet
        first, manual, empty = self.report_rows()
        self.assertEqual((empty.eligible_count, empty.invoiced_count, empty.failed_count), (1, 0, 0))
        expected = {
            "suppress_empty": first + manual, "only_failed": first, "manual": manual, "automatic": first + empty,
            "regular": first + manual + empty, "change_log": self.report}
        for name, rows in expected.items():
            self.assertEqual(self.report_rows(self.filter_domain(name)), rows, name)

    def test_a_row_opens_its_run(self):
        self.run_job("2026-01-02")
        row = self.report_rows()
        action = row.action_open_run()
        self.assertEqual((action["res_model"], action["res_id"]), ("billing.run", row.run_id.id))
        self.assertEqual(row.run_id.contract_count, 3)

    def test_the_views_read(self):
        """Every view of the action groups and sums without an error."""
        self.run_job("2026-01-02")
        action = self.env.ref("work365_billing.billing_run_report_action")
        self.assertEqual(action.view_mode, "list,graph,pivot")
        groups = self.report.formatted_read_group(
            [("company_id", "=", self.company.id)], ["started_at:week", "run_type"],
            ["eligible_count:sum", "not_generated_count:sum", "success_rate:avg", "minutes:avg"])
        self.assertEqual(
            [(group["eligible_count:sum"], group["not_generated_count:sum"]) for group in groups], [(3, 2)])
