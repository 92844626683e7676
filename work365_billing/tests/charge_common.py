"""Customers with payment methods: the demo provider of the test company, with its journal."""

from .common import BillingCommon


class ChargeCommon(BillingCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.customer.write({"email": "ap@blueyonder.example", "lang": "en_US"})
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
