"""A client with a bank account and a card, contracts, mandates and invoices that are to be collected."""

from odoo import Command, fields
from odoo.tests import new_test_user

from odoo.addons.work365_billing.tests.charge_common import ChargeCommon

GROUPS = ("none", "invoicing", "viewer", "user", "admin")
NUMBER = "62001234567"
MASKED = "•••• 4567"


class CollectionCommon(ChargeCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.fnb = cls.env.ref("billdozer_repeating.res_bank_fnb")
        cls.account = cls.make_account()

    @classmethod
    def make_account(cls, **vals):
        return cls.env["billing.payment.method"].create({
            "partner_id": cls.customer.id, "bank_id": cls.fnb.id, "account_number": NUMBER, "account_type": "cheque",
            **vals})

    @classmethod
    def make_collected(cls, method=None, **vals):
        """Return an active contract over 100.00 a month from 1 January 2026 that is collected from ``method``."""
        values = {"date_start": "2026-01-01", "payment_method_id": (method or cls.account).id, **vals}
        return cls.make_contract({"price_unit": vals.pop("price", 100.0)}, **{
            name: value for name, value in values.items() if name != "price"})

    @classmethod
    def make_mandate(cls, contract, state="active", **vals):
        """Return a mandate that was signed on 1 January 2026, in ``state``."""
        mandate = cls.env["billing.mandate"].create(
            {"contract_id": contract.id, "date_signed": "2026-01-01", **vals})
        steps = {"draft": [], "active": ["active"], "suspended": ["active", "suspended"], "cancelled": ["cancelled"]}
        for step in steps[state]:
            mandate.state = step
        return mandate

    @classmethod
    def make_invoice(cls, contract, amount=100.0, collection_date="2026-01-15", post=True, **vals):
        """Return an invoice of ``contract`` dated 1 January 2026, without tax, to be collected."""
        move = cls.env["account.move"].sudo().create({  # as billing does: users may not tie invoices to contracts
            "move_type": "out_invoice", "partner_id": contract.partner_id.id, "invoice_date": "2026-01-01",
            "billing_contract_id": contract.id, "collection_date": collection_date,
            "invoice_line_ids": [Command.create({
                "product_id": cls.licence.id, "quantity": 1, "price_unit": amount, "tax_ids": False})], **vals,
        }).sudo(False)
        if post:
            move.action_post()
        return move

    @classmethod
    def make_user(cls, group, companies=None, login=None):
        """Return a user of one of GROUPS, or of the portal."""
        companies = companies or cls.company
        groups = {
            "portal": "base.group_portal", "none": "base.group_user", "invoicing": "account.group_account_invoice",
        }.get(group, f"work365_billing.billing_group_{group}")
        return new_test_user(
            cls.env, login=login or f"collect_{group}", groups=groups, company_id=companies[0].id,
            company_ids=[Command.set(companies.ids)], tz="UTC")

    def tracked(self, record):
        """Return ``record`` with its changes written into the chatter, which the tests of accounting switch off."""
        self.env.flush_all()
        self.cr.precommit.run()
        return record.with_context(tracking_disable=False, mail_notrack=False)

    def get_tracked(self, record):
        """Return what was written into the chatter since."""
        self.env.flush_all()
        self.cr.precommit.run()
        return record.message_ids.sudo().tracking_value_ids

    def day(self, text):
        return fields.Date.to_date(text)
