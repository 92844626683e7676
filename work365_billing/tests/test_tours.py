from datetime import timedelta

from dateutil.relativedelta import relativedelta

from odoo import Command, fields
from odoo.tests import HttpCase, new_test_user, tagged

from .common import BillingCommon


class ToursCommon(BillingCommon, HttpCase):
    """A billing user who works in the browser.

    The browser has the real clock, so the dates are relative to today.
    """

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.clerk = new_test_user(
            cls.env, login="tour_clerk", groups="work365_billing.billing_group_user",
            company_id=cls.company.id, company_ids=[Command.set(cls.company.ids)], tz="UTC")
        cls.day = cls.company._billing_today()

    def start(self, tour):
        self.start_tour("/odoo", f"work365_billing_{tour}", login="tour_clerk")
        self.env.invalidate_all()


@tagged("post_install", "-at_install")
class TestTours(ToursCommon):
    """What the clicks have made is compared completely."""

    def make_tour_contract(self, start, **vals):
        return self.make_contract(
            {"quantity": 10, "price_unit": 12.0}, name="Tour Contract", date_start=str(start), today=self.day, **vals)

    def line(self, start, quantity=10.0, price=12.0):
        """Return an invoice line of the month that begins on ``start``, as assertInvoices wants it."""
        end = start + relativedelta(months=1) - timedelta(days=1)
        return (quantity, price, quantity * price, str(start), str(end))

    def test_make_a_contract_from_nothing_and_activate_it(self):
        partner = self.env["res.partner"].create({"name": "Tour Customer"})
        self.start("contract")
        contract = self.env["billing.contract"].search([("partner_id", "=", partner.id)])
        self.assertRecordValues(contract, [{
            "state": "active", "name": "Tour Customer – Monthly", "user_id": self.clerk.id, "date_start": self.day,
            "frequency": "monthly", "billing_policy": "advance", "next_invoice_date": self.day + timedelta(days=1)}])
        self.assertRecordValues(contract.subscription_ids, [{
            "product_id": self.licence.id, "quantity": 10.0, "price_unit": 12.0, "sales_unit": "monthly"}])
        self.assertEqual(len(contract.schedule_ids), 12)
        self.assertInvoices(contract, [])
        due = str(self.day + timedelta(days=1))
        self.run_job(due)
        self.assertInvoices(contract, [("out_invoice", due, due, [self.line(self.day)])])

    def test_generate_with_preview_and_follow_the_link(self):
        contract = self.make_tour_contract(
            self.day, auto_sync=True,
            item_ids=[Command.create({
                "product_id": self.licence.id, "name": "Set-up", "price_unit": 500.0, "tax_ids": False,
                "invoice_on": self.day})])
        contract.subscription_ids = [Command.create(self._subscription_vals(
            {"name": "Left out", "quantity": 1, "price_unit": 7.0, "billable": False}))]
        self.start("generate")
        due = str(self.day + timedelta(days=1))
        self.assertInvoices(contract, [
            ("out_invoice", due, due, [self.line(self.day), (1.0, 500.0, 500.0, False, False)])])
        invoice = contract.invoice_ids
        self.assertRecordValues(invoice, [{
            "state": "draft", "billing_kind": "regular", "billing_schedule_id": contract.schedule_ids[0].id}])
        self.assertRecordValues(invoice.billing_run_id, [{"run_type": "manual", "user_id": self.clerk.id}])
        self.assertEqual(invoice.billing_run_id.job_ids.mapped("job_type"), ["invoice"])
        self.assertRecordValues(contract.schedule_ids[0], [{
            "state": "invoiced", "active": False, "resulting_invoice_id": invoice.id, "run_date": self.day}])

    def test_generate_for_the_contract_that_is_selected_in_the_list(self):
        contract = self.make_tour_contract(self.day)
        self.start("from_list")
        due = str(self.day + timedelta(days=1))
        self.assertInvoices(contract, [("out_invoice", due, due, [self.line(self.day)])])

    def test_open_a_subscription_from_the_preview(self):
        contract = self.make_tour_contract(self.day)
        self.start("open_line")
        self.assertInvoices(contract, [])

    def test_an_invoiced_cycle_is_refused_until_it_is_replaced(self):
        start = self.day - relativedelta(days=1)
        contract = self.make_tour_contract(start)
        self.run_job(self.day)
        old = contract.invoice_ids
        self.start("replace")
        new = contract.invoice_ids - old
        day = str(self.day)
        self.assertInvoices(contract, [("out_invoice", day, day, [self.line(start)])] * 2)
        self.assertRecordValues(old + new, [
            {"state": "draft", "billing_replaced_by_id": new.id}, {"state": "draft", "billing_replaced_by_id": False}])
        self.assertEqual(contract.schedule_ids[0].resulting_invoice_id, new)

    def test_a_future_cycle_warns_and_may_proceed(self):
        start = self.day + relativedelta(months=1)
        contract = self.make_tour_contract(start)
        self.start("future")
        due = str(start + timedelta(days=1))
        expected = [("out_invoice", due, due, [self.line(start)])]
        self.assertInvoices(contract, expected)
        self.assertEqual(contract.schedule_ids[0].run_date, self.day)
        self.run_job(due)
        self.assertInvoices(contract, expected)
        self.assertEqual(contract.next_invoice_date, fields.Date.to_date(due) + relativedelta(months=1))

    def test_from_the_dashboard_to_what_is_wrong(self):
        contract = self.make_tour_contract(self.day - timedelta(days=1))
        self.licence.active = False
        self.run_job(self.day)
        row = contract.schedule_ids[0]
        self.assertEqual((row.state, row.reason), ("error", "product_archived"))
        self.start("dashboard")
        self.assertFalse(row.retry_at)
        self.licence.active = True
        self.run_job(self.day, "06:00:00")
        due = str(self.day)
        self.assertInvoices(contract, [("out_invoice", due, due, [self.line(self.day - timedelta(days=1))])])
