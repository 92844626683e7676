from psycopg2 import IntegrityError

from odoo import Command
from odoo.exceptions import UserError, ValidationError
from odoo.tests import BaseCase, Form, tagged
from odoo.tools import mute_logger

from ..models import bank_account_number as numbers
from .collection_common import MASKED, NUMBER, CollectionCommon


@tagged("post_install", "-at_install")
class TestNumbers(BaseCase):
    """Format, check digits and mask, without the database."""

    def test_faults(self):
        for number, country, expected in (
            ("62001234567", "ZA", None),
            ("1234567", "ZA", None),
            ("12345", "ZA", numbers.WRONG_FORMAT),
            ("62001A34567", "ZA", numbers.WRONG_FORMAT),
            ("12345678901234567", "ZA", numbers.WRONG_FORMAT),
            ("4111111111111111", "ZA", numbers.CARD_NUMBER),
            ("GB82WEST12345698765432", "GB", None),
            ("GB82WEST12345698765432", "ZA", None),
            ("GB82WEST12345698765433", "GB", numbers.WRONG_CHECK_DIGITS),
            ("BE31435411161155", "BE", None),
            ("21000418450200051331", "ES", numbers.WRONG_CHECK_DIGITS),
            ("21000418450200051332", "ES", None),
            ("86011117947", "NO", None),
            ("86011117948", "NO", numbers.WRONG_CHECK_DIGITS),
            ("12A", False, numbers.WRONG_FORMAT),
            ("0123456789", False, None),
        ):
            self.assertEqual(numbers.find_fault(number, country), expected, (number, country))

    def test_how_far_it_is_validated(self):
        self.assertEqual(numbers.get_validation("62001234567", "ZA"), numbers.BY_FORMAT)
        self.assertEqual(numbers.get_validation("GB82WEST12345698765432", "ZA"), numbers.BY_CHECK_DIGITS)
        self.assertEqual(numbers.get_validation("86011117947", "NO"), numbers.BY_CHECK_DIGITS)

    def test_the_mask_never_shows_more_than_half(self):
        for number, expected in (
            ("", ""), ("12345", "•••• 45"), ("123456", "•••• 456"), ("1234567", "•••• 567"),
            ("12345678", "•••• 5678"), ("GB82WEST12345698765432", "•••• 5432"),
        ):
            self.assertEqual(numbers.mask(number), expected)


@tagged("post_install", "-at_install")
class TestBankAccount(CollectionCommon):
    def refuse(self, words, **vals):
        with self.assertRaises(ValidationError) as refusal, self.env.cr.savepoint():
            self.make_account(**vals)
        self.assertIn(words, str(refusal.exception))
        if vals.get("account_number"):
            self.assertNotIn(vals["account_number"], str(refusal.exception))

    def test_what_is_filled_in(self):
        self.assertRecordValues(self.account, [{
            "holder": "Blue Yonder", "branch_code": "250655", "account_number": NUMBER,
            "account_number_masked": MASKED, "account_type": "cheque", "validation": "format", "token_id": False,
            "display_name": f"First National Bank {MASKED}", "company_id": self.company.id, "active": True}])

    def test_the_number_is_kept_without_what_people_write_in_it(self):
        account = self.make_account(account_number=" 62-009 876.543 ", branch_code="25 06 55")
        self.assertRecordValues(account, [{
            "account_number": "62009876543", "account_number_masked": "•••• 6543", "branch_code": "250655"}])
        account.account_number = "62 0098 76544"
        self.assertRecordValues(account, [{
            "account_number": "62009876544", "account_number_masked": "•••• 6544"}])

    def test_each_bank_of_the_list_has_a_branch_code_of_six_digits(self):
        banks = self.env["res.bank"].search([("universal_branch_code", "!=", False)])
        self.assertGreaterEqual(len(banks), 12)
        for bank in banks:
            with self.subTest(bank.name):
                account = self.make_account(bank_id=bank.id, account_number=f"7{bank.id:08}")
                self.assertRegex(account.branch_code, r"^\d{6}$")

    def test_another_bank_keeps_the_branch_code_that_was_entered(self):
        bank = self.env["res.bank"].create({"name": "Local Bank", "country": self.env.ref("base.za").id})
        account = self.make_account(bank_id=bank.id, account_number="1234567", branch_code="123456")
        self.assertRecordValues(account, [{"branch_code": "123456", "display_name": "Local Bank •••• 567"}])

    def test_an_iban_is_validated_by_its_check_digits(self):
        bank = self.env["res.bank"].create({"name": "West Bank", "country": self.env.ref("base.uk").id})
        account = self.make_account(bank_id=bank.id, account_number="GB82 WEST 1234 5698 7654 32", branch_code=False)
        self.assertRecordValues(account, [{
            "account_number": "GB82WEST12345698765432", "validation": "check_digits",
            "account_number_masked": "•••• 5432"}])

    def test_what_is_refused(self):
        self.refuse("needs: Account Number", account_number=False)
        self.refuse("needs: Account Type", account_type=False, account_number="1234567")
        self.refuse("needs: Account Holder", holder=False, account_number="1234567")
        self.refuse("does not have the form", account_number="12345")
        self.refuse("number of a card", account_number="4111111111111111")
        self.refuse("six digits", branch_code="25065", account_number="1234567")
        self.refuse("check digits", account_number="GB82WEST12345698765433")
        self.refuse("no card", token_id=self.token.id, account_number="1234567")

    def test_an_account_is_entered_once(self):
        self.refuse("has this bank account already: use First National Bank", account_number="62 001 234 567")
        self.account.active = False
        again = self.make_account()
        self.assertRecordValues(again, [{"account_number": NUMBER, "active": True}])
        with self.assertRaisesRegex(ValidationError, "has this bank account already"):
            self.account.active = True

    def test_a_copy_has_no_number_and_is_refused(self):
        with self.assertRaisesRegex(ValidationError, "needs: Account Number"):
            self.account.copy()

    def test_an_account_with_a_signed_mandate_stays_as_it_is(self):
        contract = self.make_collected()
        mandate = self.make_mandate(contract, "draft")
        self.account.account_type = "savings"
        mandate.action_activate()
        for vals in ({"account_number": "62009876543"}, {"branch_code": "123456"}, {"account_type": "cheque"}):
            with self.assertRaisesRegex(UserError, "make a new payment method"), self.env.cr.savepoint():
                self.account.write(vals)
        self.account.write({"holder": "Blue Yonder Ltd", "account_number": NUMBER})
        with self.assertRaisesRegex(UserError, "its client, company and type stay"):
            self.account.partner_id = self.partner_a

    def test_a_used_account_is_archived_not_deleted(self):
        self.make_collected()
        with self.assertRaisesRegex(UserError, "archive it"):
            self.account.unlink()
        unused = self.make_account(account_number="1234567")
        unused.unlink()
        self.assertFalse(unused.exists())

    def test_filters(self):
        Method = self.env["billing.payment.method"]
        assigned = [("contract_ids", "any", [("state", "=", "active")])]
        unassigned = [("contract_ids", "not any", [("state", "=", "active")])]
        own = [("partner_id", "=", self.customer.id)]
        self.assertEqual(Method.search(own + unassigned), self.account)
        contract = self.make_collected()
        self.assertEqual(Method.search(own + assigned), self.account)
        contract.action_close()
        self.assertEqual(Method.search(own + unassigned), self.account)
        self.account.active = False
        self.assertFalse(Method.search(own))
        self.assertEqual(Method.search([*own, ("active", "=", False)]), self.account)

    def test_changes_stand_in_the_chatter_masked(self):
        account = self.tracked(self.account)
        account.account_number = "62009876543"
        values = self.get_tracked(account)
        self.assertRecordValues(values, [{"old_value_char": MASKED, "new_value_char": "•••• 6543"}])

    def test_an_administrator_imports_bank_accounts(self):
        result = self.env["billing.payment.method"].load(
            ["partner_id", "bank_id", "account_number", "account_type"],
            [["Blue Yonder", "Capitec Bank", "1400 123 456", "Savings"], ["Blue Yonder", "Nedbank", "12", "Cheque"]])
        self.assertFalse(result["ids"])
        self.assertIn("does not have the form", result["messages"][0]["message"])
        result = self.env["billing.payment.method"].load(
            ["partner_id", "bank_id", "account_number", "account_type"],
            [["Blue Yonder", "Capitec Bank", "1400 123 456", "Savings"]])
        self.assertRecordValues(self.env["billing.payment.method"].browse(result["ids"]), [{
            "account_number": "1400123456", "branch_code": "470010", "account_type": "savings"}])

    def test_the_form_of_an_administrator(self):
        form = Form(self.env["billing.payment.method"])
        form.partner_id = self.partner_a
        form.bank_id = self.fnb
        self.assertEqual((form.branch_code, form.holder), ("250655", self.partner_a.commercial_partner_id.name))
        form.account_number = "7001234567"
        form.account_type = "savings"
        account = form.save()
        self.assertRecordValues(account, [{"account_number_masked": "•••• 4567", "account_type": "savings"}])


@tagged("post_install", "-at_install")
class TestCard(CollectionCommon):
    """The card of the payment method is the card of the contract, whichever of the two is chosen."""

    def make_card(self, token=None, **vals):
        token = token or self.token
        return self.env["billing.payment.method"].create({
            "partner_id": token.partner_id.id, "method_type": "card", "token_id": token.id, **vals})

    def assertMethod(self, contract, method, token):
        self.env.flush_all()
        self.env.invalidate_all()
        self.assertRecordValues(contract, [{"payment_method_id": method.id, "payment_token_id": token.id}])

    def test_the_method_decides_the_card(self):
        card, contract = self.make_card(), self.make_collected()
        nothing = self.env["payment.token"]
        self.assertMethod(contract, self.account, nothing)
        contract.payment_method_id = card
        self.assertMethod(contract, card, self.token)
        other = self.make_token("done")
        card.token_id = other
        self.assertMethod(contract, card, other)
        contract.payment_method_id = self.account
        self.assertMethod(contract, self.account, nothing)
        contract.payment_method_id = False
        self.assertMethod(contract, self.account.browse(), nothing)

    def test_a_chosen_card_becomes_the_method(self):
        contract = self.make_collected()
        clerk = self.make_user("user")
        contract.with_user(clerk).payment_token_id = self.token
        card = contract.payment_method_id
        self.assertRecordValues(card, [{
            "method_type": "card", "token_id": self.token.id, "partner_id": self.customer.id, "holder": False,
            "account_number": False, "company_id": self.company.id}])
        self.assertMethod(contract, card, self.token)
        second = self.make_contract({"price_unit": 1.0}, date_start="2026-01-01", payment_token_id=self.token.id)
        self.assertMethod(second, card, self.token)
        contract.payment_token_id = False
        self.assertMethod(contract, card.browse(), self.token.browse())

    def test_clearing_the_card_leaves_a_bank_account(self):
        contract = self.make_collected()
        contract.payment_token_id = False
        self.assertMethod(contract, self.account, self.token.browse())

    def test_cards_that_were_there_before(self):
        contract = self.make_contract({"price_unit": 1.0}, date_start="2026-01-01", payment_token_id=self.token.id)
        made = contract.payment_method_id
        self.env.flush_all()
        self.env.cr.execute("UPDATE billing_contract SET payment_method_id = NULL WHERE id = %s", [contract.id])
        self.env.invalidate_all()
        made.unlink()
        self.env["billing.contract"]._adopt_cards()
        card = self.env["billing.payment.method"].search([("token_id", "=", self.token.id)])
        self.assertEqual(len(card), 1)
        self.assertMethod(contract, card, self.token)

    def test_what_is_refused(self):
        foreign = self.make_token("done", partner=self.partner_a)
        with self.assertRaisesRegex(ValidationError, "belongs to"), self.env.cr.savepoint():
            self.make_card(foreign, partner_id=self.customer.id)
        with self.assertRaisesRegex(ValidationError, "Choose the card"), self.env.cr.savepoint():
            self.env["billing.payment.method"].create({"partner_id": self.customer.id, "method_type": "card"})
        with mute_logger("odoo.sql_db"), self.assertRaises(IntegrityError), self.env.cr.savepoint():
            self.make_card(account_number=NUMBER)
        contract = self.make_collected()
        with self.assertRaisesRegex(ValidationError, "belongs to"), self.env.cr.savepoint():
            contract.payment_token_id = foreign
        with self.assertRaisesRegex(ValidationError, "choose one of the customer"), self.env.cr.savepoint():
            contract.payment_method_id = self.make_account(partner_id=self.partner_a.id, account_number="1234567")

    def test_a_bank_account_is_not_charged_automatically(self):
        contract = self.make_automatic()
        with self.assertRaisesRegex(ValidationError, "by debit order: choose a card"), self.env.cr.savepoint():
            contract.payment_method_id = self.account
        contract.write({"auto_charge": False, "payment_method_id": self.account.id})
        self.assertMethod(contract, self.account, self.token.browse())

    def test_a_card_is_one_method(self):
        self.make_card()
        with mute_logger("odoo.sql_db"), self.assertRaises(IntegrityError), self.env.cr.savepoint():
            self.make_card()

    def test_a_copy_of_a_contract_is_not_collected(self):
        contract = self.make_collected(self.make_card())
        self.assertMethod(contract.copy(), self.account.browse(), self.token.browse())

    def test_a_contract_with_a_method_is_made_in_one_go(self):
        card = self.make_card()
        contract = self.env["billing.contract"].create({
            "partner_id": self.customer.id, "date_start": "2026-01-01", "payment_method_id": card.id,
            "auto_sync": True, "auto_charge": True,
            "subscription_ids": [Command.create(self._subscription_vals({"price_unit": 1.0}))]})
        self.assertMethod(contract, card, self.token)
