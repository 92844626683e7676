from datetime import timedelta

from odoo.tests import HttpCase, tagged

from .collection_common import CollectionCommon


@tagged("post_install", "-at_install")
class TestCollectionTours(CollectionCommon, HttpCase):
    """The screens of collection in the browser, which has the real clock."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.clerk, cls.admin = cls.make_user("user"), cls.make_user("admin")
        cls.today_ = cls.company._billing_today()
        cls.contract = cls.make_collected(name="Tour Contract")

    def start(self, tour, group):
        self.start_tour("/odoo", f"billdozer_{tour}", login=f"collect_{group}")
        self.env.invalidate_all()

    def make_due(self):
        """Make two invoices to be collected on the same day, one of them above the maximum of the mandate."""
        self.make_mandate(self.contract, amount_max=500.0)
        day = self.today_ + timedelta(days=2)
        return self.make_invoice(self.contract, 100.0, day), self.make_invoice(self.contract, 600.0, day)

    def test_an_administrator_enters_a_bank_account(self):
        client = self.env["res.partner"].create({"name": "Tour Client"})
        self.start("payment_method", "admin")
        method = self.env["billing.payment.method"].search([("partner_id", "=", client.id)])
        self.assertRecordValues(method, [{
            "account_number": "1400123456", "account_number_masked": "•••• 3456", "branch_code": "470010",
            "holder": "Tour Client", "account_type": "savings", "method_type": "bank", "create_uid": self.admin.id}])

    def test_a_clerk_makes_activates_and_cancels_a_mandate(self):
        self.start("mandate", "user")
        self.assertRecordValues(self.contract.mandate_ids, [{
            "state": "cancelled", "date_signed": self.today_, "amount_max": 500.0, "create_uid": self.clerk.id,
            "payment_method_id": self.account.id}])

    def test_a_clerk_sees_what_is_ready(self):
        ready, above = self.make_due()
        self.start("ready_for_collection", "user")
        self.assertFalse((ready | above).filtered("collection_exported_at"))

    def test_an_administrator_exports_what_is_ready(self):
        ready, above = self.make_due()
        self.start("export_debits", "admin")
        self.assertTrue(ready.collection_exported_at)
        self.assertFalse(above.collection_exported_at)
