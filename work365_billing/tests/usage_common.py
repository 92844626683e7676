"""Usage-based subscriptions, for the tests of usage and rate cards."""

from odoo import Command, fields
from odoo.tests import freeze_time

from .common import BillingCommon


class UsageCommon(BillingCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.azure = cls._create_product(name="Azure", lst_price=99.0, taxes_id=False)

    @classmethod
    def make_usage_contract(cls, date_start="2026-01-01", activate=True, today=None, contract=None, **subscription):
        """Return the usage-based subscription of a contract of its own.

        :param contract: values of the contract
        """
        values = {"product_id": cls.azure.id, "name": "Azure", "pricing": "usage", "quantity": 1, **subscription}
        made = cls.make_contract(values, date_start=date_start, activate=activate, today=today, **(contract or {}))
        return made.subscription_ids

    @classmethod
    def use(cls, subscription, period_end, period_start=None, today=None, **vals):
        """Enter usage of ``subscription`` up to ``period_end``, as on ``today`` (default that day)."""
        with freeze_time(f"{today or period_end} 12:00:00"):
            return cls.env["billing.usage"].create({
                "subscription_id": subscription.id, "period_start": period_start or period_end,
                "period_end": period_end, **vals})

    @classmethod
    def make_card(cls, *tiers, **vals):
        """Return a rate card with ``tiers``: pairs of upper limit and price."""
        return cls.env["billing.rate.card"].create({
            "name": "Storage", "tier_ids": [
                Command.create({"up_to": limit, "price": price}) for limit, price in tiers], **vals})

    def usage_lines(self, move):
        """Return name, quantity, subtotal and period of the lines of one invoice."""
        day = fields.Date.to_string
        return [
            (line.name.split("\n")[0], line.quantity, line.price_subtotal,
             line.billing_period_start and day(line.billing_period_start),
             line.billing_period_end and day(line.billing_period_end))
            for line in move.invoice_line_ids.sorted("sequence")]
