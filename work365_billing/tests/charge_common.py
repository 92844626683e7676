"""Customers with payment methods: the demo provider of the test company, with its journal."""

from contextlib import contextmanager

from odoo.api import Environment
from odoo.tests import freeze_time

from .common import BillingCommon

ALL_DONE = [("post", "succeeded"), ("charge", "succeeded"), ("send", "succeeded")]


class ChargeCommon(BillingCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.customer.write({"email": "ap@blueyonder.example", "lang": "en_US"})
        cls.salesperson = cls.env["res.users"].create(
            {"name": "Sally", "login": "sally", "email": "sally@seller.example"})
        cls.provider = cls.make_provider(cls.company_data)
        cls.token = cls.make_token("done")

    @classmethod
    def make_provider(cls, company_data):
        """Return a demo provider of the company that is ready to charge."""
        provider = cls.env.ref("payment.payment_provider_demo").sudo().copy(
            {"company_id": company_data["company"].id, "name": "Demo"})
        provider.write({"state": "test", "journal_id": company_data["default_journal_bank"].id})
        return provider

    @classmethod
    def make_token(cls, answer, partner=None, provider=None, **vals):
        """Return a payment method whose charges are answered with ``answer``: done, pending, cancel or error."""
        return cls.env["payment.token"].sudo().create({
            "provider_id": (provider or cls.provider).id, "partner_id": (partner or cls.customer).id,
            "payment_method_id": cls.env.ref("payment_demo.payment_method_demo").id, "payment_details": "1234",
            "provider_ref": "ref", "demo_simulated_state": answer, **vals})

    @classmethod
    def make_automatic(cls, answer="done", price=100.0, **vals):
        """Return a contract over 100.00 a month from 1 January 2026 with every automation switched on.

        :param answer: that of the payment provider, or False for a contract that is not charged
        """
        values = {
            "date_start": "2026-01-01", "user_id": cls.salesperson.id, "auto_sync": True, "auto_send": True, **vals}
        if answer:
            token = cls.token if answer == "done" else cls.make_token(answer)
            values = {"auto_charge": True, "payment_token_id": token.id, **values}
        return cls.make_contract({"price_unit": price}, **values)

    # ---- by hand ----------------------------------------------------------------------------------------------------

    @contextmanager
    def request(self, day, user=None):
        """Yield an environment in which a click of ``user`` at noon of ``day`` may commit."""
        with freeze_time(f"{day} 12:00:00"), self.enter_registry_test_mode(), self.registry.cursor() as cr:
            yield Environment(cr, (user or self.env.user).id, {"allowed_company_ids": self.company.ids})

    def charge(self, move, day="2026-01-02", user=None):
        """Press Charge on the invoice and return the kind of the answer: success, info, danger."""
        with self.request(day, user) as env:
            return move.with_env(env).action_billing_charge()["params"]["type"]

    def run_now(self, job, day="2026-01-02", user=None):
        with self.request(day, user) as env:
            job.with_env(env).action_run_now()

    # ---- looking ----------------------------------------------------------------------------------------------------

    def tasks(self, contract, job_type=None):
        """Return the tasks that follow the contract's invoices, oldest first."""
        types = [job_type] if job_type else ["post", "charge", "send"]
        return self.env["billing.job"].search(
            [("contract_id", "=", contract.id), ("job_type", "in", types)], order="id")

    def transactions(self, contract):
        return contract.invoice_ids.transaction_ids.sorted("id")

    def assertTasks(self, contract, expected):
        """Compare type and state of all tasks of the contract, in the order of their making."""
        self.assertEqual([(job.job_type, job.state) for job in self.tasks(contract)], expected)

    def pay(self, move, amount):
        """Register a payment of the customer by hand."""
        self.env["account.payment.register"].with_context(active_model="account.move", active_ids=move.ids).create({
            "amount": amount, "journal_id": self.company_data["default_journal_bank"].id,
            "payment_method_line_id": self.inbound_payment_method_line.id, "payment_date": "2026-01-02",
        }).action_create_payments()

    def swap(self, contract, answer):
        """Give the contract another payment method."""
        contract.payment_token_id = self.make_token(answer)
