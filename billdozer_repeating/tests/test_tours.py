from datetime import date

from odoo import Command
from odoo.tests import HttpCase, new_test_user, tagged

from .common import BilldozerCommon


@tagged("post_install", "-at_install")
class TestTours(BilldozerCommon, HttpCase):
    """What the clicks have made is compared."""

    def start(self, tour, group="user", url="/odoo"):
        new_test_user(
            self.env, login="tour_clerk", groups=f"work365_billing.billing_group_{group},base.group_partner_manager",
            company_id=self.company.id, company_ids=[Command.set(self.company.ids)], tz="UTC", lang="en_US")
        self.start_tour(url, f"billdozer_{tour}", login="tour_clerk")
        self.env.invalidate_all()

    def test_a_new_client_and_a_number_that_is_taken(self):
        self.customer.account_number = "TOUR-1"
        self.start("client")
        client = self.env["res.partner"].search([("name", "=", "Tour Client")])
        self.assertRecordValues(client, [{"account_number": "TOUR-2"}])
        self.assertTrue(client.billdozer_id)

    def test_holidays_that_are_entered_and_refused(self):
        self.start("holiday", "admin")
        self.assertRecordValues(self.Holiday.search([("company_id", "=", self.company.id)]), [
            {"date": date(2026, 11, 4), "name": "Election Day", "business_day": False, "public_holiday": False},
            {"date": date(2026, 9, 24), "name": "Open", "business_day": True, "public_holiday": "Heritage Day"}])

    def test_the_collection_date_of_an_invoice(self):
        move = self.env["account.move"].create({
            "move_type": "out_invoice", "partner_id": self.customer.id, "invoice_date": "2026-08-01",
            "invoice_line_ids": [Command.create({"product_id": self.licence.id, "price_unit": 10.0})],
            **self.env["account.move"]._prepare_collection_vals(self.company, "10", "2026-08-01")})
        self.start("collection_date", url="/odoo/customer-invoices")
        self.assertRecordValues(move, [{
            "collection_date": date(2026, 8, 14), "collection_date_unmoved": date(2026, 8, 10),
            "collection_reason": "Entered by hand"}])
