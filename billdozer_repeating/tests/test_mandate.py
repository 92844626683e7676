from itertools import product

from psycopg2 import IntegrityError

from odoo.exceptions import UserError, ValidationError
from odoo.tests import Form, tagged
from odoo.tools import mute_logger

from .collection_common import CollectionCommon

STATES = ("draft", "active", "suspended", "cancelled")
ACTIONS = {"action_activate": "active", "action_suspend": "suspended", "action_cancel": "cancelled"}
ALLOWED = {
    ("draft", "active"), ("suspended", "active"), ("active", "suspended"),
    ("draft", "cancelled"), ("active", "cancelled"), ("suspended", "cancelled")}


@tagged("post_install", "-at_install")
class TestMandate(CollectionCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.contract = cls.make_collected(name="Rent", date_end="2026-12-31")

    def test_what_is_filled_in(self):
        form = Form(self.env["billing.mandate"])
        form.contract_id = self.contract
        mandate = form.save()
        self.assertRegex(mandate.name, r"^MND\d{6}$")
        self.assertRecordValues(mandate, [{
            "partner_id": self.customer.id, "payment_method_id": self.account.id, "state": "draft",
            "date_start": self.day("2026-01-01"), "date_end": self.day("2026-12-31"), "frequency": "monthly",
            "amount_max": 0.0, "currency_id": self.contract.currency_id.id, "date_signed": False,
            "statement_name": self.company.name[:10].strip().upper(), "company_id": self.company.id}])

    def test_references_follow_each_other_and_may_be_brought_along(self):
        first, second = self.make_mandate(self.contract, "draft"), self.make_mandate(self.contract, "draft")
        self.assertEqual(int(second.name[3:]), int(first.name[3:]) + 1)
        own = self.make_mandate(self.contract, "draft", name="OLD-1")
        self.assertEqual(own.name, "OLD-1")
        with mute_logger("odoo.sql_db"), self.assertRaises(IntegrityError), self.env.cr.savepoint():
            self.make_mandate(self.contract, "draft", name="OLD-1")

    def test_every_action_from_every_state(self):
        labels = {"draft": "Draft", "active": "Active", "suspended": "Suspended", "cancelled": "Cancelled"}
        for state, (action, target) in product(STATES, ACTIONS.items()):
            mandate = self.make_mandate(self.contract, state)
            with self.subTest(f"{action} from {state}"):
                if state == target or (state, target) in ALLOWED:
                    getattr(mandate, action)()
                    self.assertEqual(mandate.state, target)
                else:
                    with self.assertRaisesRegex(UserError, f"is {labels[state]} and cannot become"):
                        getattr(mandate, action)()
                    self.assertEqual(mandate.state, state)
            if mandate.state != "cancelled":
                mandate.action_cancel()

    def test_nothing_becomes_a_draft_again_and_a_cancelled_one_is_never_revived(self):
        for state in STATES[1:]:
            mandate = self.make_mandate(self.contract, state)
            with self.assertRaises(UserError):
                mandate.state = "draft"
            mandate.action_cancel()
        with self.assertRaisesRegex(UserError, "Make a new one"):
            mandate.action_activate()

    def test_activation_needs_a_date_and_a_bank_account(self):
        mandate = self.make_mandate(self.contract, "draft", date_signed=False)
        with self.assertRaisesRegex(ValidationError, "the day on which the client has signed"), self.env.cr.savepoint():
            mandate.action_activate()
        mandate.write({"date_signed": "2026-01-01", "payment_method_id": False})
        with self.assertRaisesRegex(ValidationError, "choose the bank account"), self.env.cr.savepoint():
            mandate.action_activate()
        mandate.payment_method_id = self.env["billing.payment.method"]._get_for_token(self.token, self.company)
        with self.assertRaisesRegex(ValidationError, "A card needs no mandate"), self.env.cr.savepoint():
            mandate.action_activate()
        self.assertEqual(mandate.state, "draft")

    def test_what_is_refused(self):
        with self.today("2026-01-05"):
            with self.assertRaisesRegex(ValidationError, "signed in the future"), self.env.cr.savepoint():
                self.make_mandate(self.contract, "draft", date_signed="2026-01-06")
            with mute_logger("odoo.sql_db"), self.assertRaises(IntegrityError), self.env.cr.savepoint():
                self.make_mandate(self.contract, "draft", date_start="2026-02-01", date_end="2026-01-31")
            with mute_logger("odoo.sql_db"), self.assertRaises(IntegrityError), self.env.cr.savepoint():
                self.make_mandate(self.contract, "draft", amount_max=-1.0)
            foreign = self.make_account(partner_id=self.partner_a.id, account_number="1234567")
            with self.assertRaisesRegex(ValidationError, "a bank account of the client"), self.env.cr.savepoint():
                self.make_mandate(self.contract, "draft", payment_method_id=foreign.id)

    def test_one_active_mandate_per_contract(self):
        first = self.make_mandate(self.contract)
        second = self.make_mandate(self.contract, "draft")
        with self.assertRaisesRegex(UserError, f"under the mandate {first.name} already"):
            second.action_activate()
        first.action_cancel()
        second.action_activate()
        self.assertEqual(self.contract.mandate_id, second)

    def test_the_database_holds_one_active_mandate_per_contract(self):
        self.make_mandate(self.contract)
        second = self.make_mandate(self.contract, "draft")
        self.env.flush_all()
        with mute_logger("odoo.sql_db"), self.assertRaises(IntegrityError), self.env.cr.savepoint():
            self.env.cr.execute("UPDATE billing_mandate SET state = 'active' WHERE id = %s", [second.id])

    def test_what_was_signed_stays(self):
        mandate = self.make_mandate(self.contract, amount_max=500.0)
        for vals in (
            {"amount_max": 600.0}, {"date_signed": "2025-12-31"}, {"date_end": "2027-12-31"}, {"name": "X"},
            {"payment_method_id": self.make_account(account_number="1234567").id}, {"frequency": "annual"},
        ):
            with self.assertRaisesRegex(UserError, "was signed as it is"), self.env.cr.savepoint():
                mandate.write(vals)
        mandate.write({"amount_max": 500.0})

    def test_a_signed_mandate_is_kept(self):
        with self.assertRaisesRegex(UserError, "kept as proof"):
            self.make_mandate(self.contract, "cancelled").unlink()
        draft = self.make_mandate(self.contract, "draft", date_signed=False)
        draft.unlink()
        self.assertFalse(draft.exists())

    def test_a_copy_is_a_draft_to_be_signed(self):
        mandate = self.make_mandate(self.contract, amount_max=500.0)
        copy = mandate.copy()
        self.assertNotEqual(copy.name, mandate.name)
        self.assertRecordValues(copy, [{
            "state": "draft", "date_signed": False, "amount_max": 500.0, "contract_id": self.contract.id}])

    def test_the_mandate_of_the_contract(self):
        self.assertFalse(self.contract.mandate_id)
        with self.assertRaisesRegex(UserError, "make one first"):
            self.contract.action_download_mandate()
        cancelled = self.make_mandate(self.contract, "cancelled")
        self.assertFalse(self.contract.mandate_id)
        draft = self.make_mandate(self.contract, "draft")
        self.assertEqual(self.contract.mandate_id, draft)
        active = self.make_mandate(self.contract)
        self.make_mandate(self.contract, "draft")
        self.assertEqual(self.contract.mandate_id, active)
        self.assertEqual(
            self.contract.action_download_mandate()["report_name"], "billdozer_repeating.report_mandate")
        self.assertEqual(len(self.contract.mandate_ids), 4)
        self.assertIn(cancelled, self.contract.mandate_ids)

    def test_the_system_makes_it_active_when_imported_signed(self):
        mandate = self.env["billing.mandate"].create({
            "contract_id": self.contract.id, "date_signed": "2026-01-01", "state": "active", "name": "IMP-1"})
        self.assertRecordValues(mandate, [{"state": "active", "payment_method_id": self.account.id}])
        with self.assertRaisesRegex(ValidationError, "has signed it"), self.env.cr.savepoint():
            self.env["billing.mandate"].create({"contract_id": self.make_collected().id, "state": "active"})

    def test_changes_stand_in_the_chatter(self):
        mandate = self.tracked(self.make_mandate(self.contract, "draft"))
        mandate.action_activate()
        self.assertRecordValues(self.get_tracked(mandate), [{"old_value_char": "Draft", "new_value_char": "Active"}])
