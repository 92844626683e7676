from odoo.exceptions import AccessError
from odoo.tests import tagged

from .collection_common import GROUPS, CollectionCommon

# model: what each of GROUPS may do: read, write, create, unlink
RIGHTS = {
    "billing.payment.method": ("", "", "r", "r", "rwcu"),
    "billing.mandate": ("", "", "r", "rwc", "rwcu"),
    "billing.collection.export": ("", "", "", "", "rwcu"),
}
OPERATIONS = {"r": "read", "w": "write", "c": "create", "u": "unlink"}


@tagged("post_install", "-at_install")
class TestCollectionRights(CollectionCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.contract = cls.make_collected()
        cls.mandate = cls.make_mandate(cls.contract, "draft")
        cls.move = cls.make_invoice(cls.contract)
        cls.users = {group: cls.make_user(group) for group in GROUPS}

    def test_each_group_on_each_model(self):
        portal = self.make_user("portal")
        for model, allowed in RIGHTS.items():
            for group, letters in zip(GROUPS, allowed, strict=True):
                records = self.env[model].with_user(self.users[group])
                found = "".join(letter for letter, operation in OPERATIONS.items() if records.has_access(operation))
                self.assertEqual(found, letters, f"{group} on {model}")
            self.assertFalse(self.env[model].with_user(portal).has_access("read"))

    def test_a_clerk_chooses_a_method_and_handles_mandates(self):
        clerk = self.users["user"]
        contract = self.make_contract({"price_unit": 1.0}, date_start="2026-01-01").with_user(clerk)
        contract.payment_method_id = self.account
        mandate = self.env["billing.mandate"].with_user(clerk).create({"contract_id": contract.id})
        mandate.date_signed = "2026-01-01"
        mandate.action_activate()
        mandate.action_suspend()
        mandate.action_cancel()
        self.assertEqual(mandate.state, "cancelled")
        with self.assertRaises(AccessError):
            self.account.with_user(clerk).holder = "Somebody else"

    def test_a_viewer_looks_only(self):
        viewer = self.users["viewer"]
        mandate = self.mandate.with_user(viewer)
        self.assertEqual(mandate.payment_method_id.display_name, self.account.display_name)
        for attempt in (mandate.action_activate, mandate.action_cancel, mandate.unlink):
            with self.assertRaises(AccessError):
                attempt()
        move = self.move.with_user(viewer)
        self.assertEqual(move.collection_obstacle, "mandate_not_active")
        self.assertEqual(move.collection_method_id, self.account.with_user(viewer))

    def test_invoicing_alone_reads_its_invoices_still(self):
        move = self.move.with_user(self.users["invoicing"])
        [row] = move.read(["name", "collection_date", "collection_obstacle", "collection_obstacle_text"])
        self.assertEqual(row["collection_obstacle"], "mandate_not_active")


@tagged("post_install", "-at_install")
class TestCollectionCompanies(CollectionCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.other_data = cls.setup_other_company(name="Company B")
        cls.other = cls.other_data["company"]
        cls.contract = cls.make_collected()
        cls.mandate = cls.make_mandate(cls.contract)
        cls.foreign = cls.make_user("admin", cls.other, login="collect_foreign")
        cls.both = cls.make_user("admin", cls.company | cls.other, login="collect_both")

    def test_another_company_sees_nothing(self):
        for record in (self.account, self.mandate):
            own = record.with_user(self.foreign)
            self.assertFalse(own.search([("id", "=", record.id)]))
            for attempt in (lambda own=own: own.read(["display_name"]), own.unlink):
                self.env.invalidate_all()
                with self.assertRaises(AccessError):
                    attempt()

    def test_the_chosen_companies_decide(self):
        for record in (self.account, self.mandate):
            records = record.with_user(self.both)
            for company, expected in ((self.company, record.ids), (self.other, [])):
                chosen = records.with_context(allowed_company_ids=company.ids)
                self.assertEqual(chosen.search([("id", "=", record.id)]).ids, expected)

    def test_nothing_is_tied_across_companies(self):
        both = self.env["billing.contract"].with_user(self.both).with_context(
            allowed_company_ids=(self.company | self.other).ids)
        contract = both.create({
            "partner_id": self.customer.id, "company_id": self.other.id, "date_start": "2026-01-01"})
        with self.assertRaisesRegex(Exception, "company"), self.env.cr.savepoint():
            contract.payment_method_id = self.account
        with self.assertRaisesRegex(Exception, "company"), self.env.cr.savepoint():
            self.env["billing.mandate"].with_user(self.both).with_context(
                allowed_company_ids=(self.company | self.other).ids).create({
                    "contract_id": contract.id, "payment_method_id": self.account.id})

    def test_references_are_unique_in_their_company(self):
        contract = self.env["billing.contract"].with_company(self.other).sudo().create({
            "partner_id": self.customer.id, "company_id": self.other.id, "date_start": "2026-01-01"})
        self.make_mandate(self.contract, "draft", name="SAME")
        mandate = self.env["billing.mandate"].sudo().create({"contract_id": contract.id, "name": "SAME"})
        self.assertRecordValues(mandate, [{"name": "SAME", "company_id": self.other.id}])
