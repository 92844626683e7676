"""An automation that cannot work is refused when it is switched on, not at night."""

from odoo.exceptions import UserError, ValidationError
from odoo.tests import Form, tagged

from .charge_common import ChargeCommon


@tagged("post_install", "-at_install")
class TestAutomations(ChargeCommon):
    def make(self, **vals):
        return self.make_contract({"price_unit": 100.0}, date_start="2026-01-01", **vals)

    def assertRefused(self, words, contract, **vals):
        with self.assertRaisesRegex(UserError, words), self.env.cr.savepoint():
            contract.write(vals)
        contract.invalidate_recordset()

    def test_charge_and_send_need_sync(self):
        contract = self.make(payment_token_id=self.token.id)
        self.assertRefused("switch Auto Sync Invoice on", contract, auto_charge=True)
        self.assertRefused("switch Auto Sync Invoice on", contract, auto_send=True)
        contract.write({"auto_sync": True, "auto_charge": True, "auto_send": True})
        contract.auto_sync = False
        self.assertRecordValues(contract, [{"auto_charge": False, "auto_send": False}])

    def test_charge_needs_a_payment_method_that_works(self):
        contract = self.make(auto_sync=True)
        other = self.env["res.partner"].create({"name": "Tailspin"})
        archived = self.make_token("done", active=False)
        contact = self.env["res.partner"].create({"name": "Ann", "parent_id": self.customer.id})
        foreign = self.make_token("done", partner=other)
        self.assertRefused("Choose a payment method", contract, auto_charge=True)
        self.assertRefused("is archived", contract, auto_charge=True, payment_token_id=archived.id)
        self.assertRefused("belongs to Tailspin", contract, payment_token_id=foreign.id)
        contract.write({"auto_charge": True, "payment_token_id": self.make_token("done", partner=contact).id})
        self.assertRefused("Choose a payment method", contract, payment_token_id=False)
        self.assertRefused("belongs to Blue Yonder, Ann", contract, partner_id=other.id)

    def test_charge_needs_a_provider_that_works(self):
        contract = self.make(auto_sync=True, payment_token_id=self.token.id)
        self.provider.available_currency_ids = self.env.ref("base.CHF")
        self.assertRefused("does not take", contract, auto_charge=True)
        self.provider.available_currency_ids = False
        self.provider.state = "disabled"
        self.assertRefused("is disabled", contract, auto_charge=True)

    def test_charge_needs_a_journal(self):
        company = self.env["res.company"].create({"name": "Without a bank"})
        provider = self.env.ref("payment.payment_provider_demo").sudo().copy({"company_id": company.id})
        provider.state = "test"
        contract = self.env["billing.contract"].with_company(company).sudo().create({
            "partner_id": self.customer.id, "company_id": company.id, "auto_sync": True,
            "payment_token_id": self.make_token("done", provider=provider).id})
        self.assertRefused("has no payment journal", contract, auto_charge=True)

    def test_a_payment_method_of_another_company_is_refused(self):
        other = self.setup_other_company(name="Company B")
        token = self.make_token("done", provider=self.make_provider(other))
        self.assertRefused("(?i)compan", self.make(auto_sync=True), payment_token_id=token.id)

    def test_send_needs_an_address(self):
        self.customer.email = "nobody"
        contract = self.make(auto_sync=True)
        self.assertRefused("Nobody has an e-mail address: enter that of Blue Yonder", contract, auto_send=True)
        office = self.env["res.partner"].create({"name": "Office", "email": "office@example.com"})
        contract.write({"auto_send": True, "invoice_partner_ids": office.ids})
        self.assertRefused("Nobody has an e-mail address", contract, invoice_partner_ids=[(5,)])

    def test_recipients_are_the_invoice_address_and_those_added(self):
        contract = self.make()
        self.assertEqual(contract._get_invoice_recipients(self.customer), self.customer)
        accounts = self.env["res.partner"].create(
            {"name": "Accounts", "type": "invoice", "parent_id": self.customer.id, "email": "a@example.com"})
        office = self.env["res.partner"].create({"name": "Office", "email": "office@example.com"})
        contract.invoice_partner_ids = office
        self.assertEqual(contract._get_invoice_recipients(self.customer), accounts | office)
        accounts.email = False
        self.assertEqual(contract._get_invoice_recipients(self.customer), self.customer | office)

    def test_refused_through_an_import(self):
        self.customer.email = False
        fields = ["name", "partner_id/.id", "date_start", "auto_sync", "auto_charge", "auto_send"]
        rows = [["A", str(self.customer.id), "2026-01-01", *flags] for flags in (
            ("1", "1", "0"), ("1", "0", "1"), ("0", "0", "1"))]
        for row, words in zip(rows, ("Choose a payment method", "Nobody has an e-mail", "Auto Sync"), strict=True):
            result = self.env["billing.contract"].load(fields, [row])
            self.assertFalse(result["ids"])
            self.assertIn(words, result["messages"][0]["message"])

    def test_a_copy_keeps_what_can_work(self):
        contract = self.make(
            auto_sync=True, auto_charge=True, auto_send=True, payment_token_id=self.token.id,
            mail_template_id=self.env.ref("account.email_template_edi_invoice").id)
        self.assertRecordValues(contract.copy(), [{
            "payment_token_id": False, "auto_sync": True, "auto_charge": False, "auto_send": True,
            "mail_template_id": contract.mail_template_id.id}])
        self.customer.email = False
        self.assertRecordValues(contract.copy(), [{"auto_sync": True, "auto_charge": False, "auto_send": False}])

    def test_what_stopped_working_is_shown_and_refused_on_activation(self):
        contract = self.make(auto_sync=True, auto_charge=True, payment_token_id=self.token.id, activate=False)
        self.assertFalse(contract.automation_problem)
        self.token.active = False
        contract.invalidate_recordset(["automation_problem"])
        self.assertIn("is archived: choose another", contract.automation_problem)
        with self.assertRaisesRegex(ValidationError, "is archived"):
            contract.action_activate()

    def test_the_form_switches_off_what_needs_sync(self):
        contract = self.make(auto_sync=True, auto_send=True)
        with Form(contract) as form:
            form.auto_sync = False
            self.assertFalse(form.auto_send)
        self.assertFalse(contract.auto_send)
