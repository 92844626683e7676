"""What subscriptions are worth a month, and until when: the facts of the recurring revenue."""

from functools import partial

from odoo import api, models
from odoo.fields import Domain

from ..engine.money import exact, round_to
from ..engine.revenue import monthly_amount
from .billing_facts import line_discount


class BillingSubscription(models.Model):
    _inherit = "billing.subscription"

    @api.model
    def _get_revenue_domain(self):
        """Return the domain of what is, or was, recurring revenue: prices without usage, and not only on paper."""
        invoiced = Domain("contract_id.schedule_ids", "any", [("state", "=", "invoiced")])
        return Domain([("billable", "=", True), ("pricing", "!=", "usage")]) & (
            Domain("contract_id.state", "in", ("active", "suspended"))
            | (Domain("contract_id.state", "=", "closed") & Domain("contract_id.date_end", "!=", False) & invoiced))

    def _get_last_revenue_day(self):
        """Return the last day on which the subscription counts, or None."""
        contract = self.contract_id
        days = [self.date_end]
        # The end of a contract that renews itself is none.
        days += [contract.date_end] if not contract.auto_renew or contract.state == "closed" else []
        return min(filter(None, days), default=None)

    def _get_revenue_discount(self):
        """Return the discount in percent, compounded with that of the contract, exact."""
        return line_discount(self.contract_id, self.discount, self.price_unit)

    def _get_monthly_amount(self):
        """Return what it costs a month with the quantity and price of now, in the contract's currency, exact."""
        return monthly_amount(
            exact(self.quantity), exact(self.price_unit), self._get_price_months(),
            self._get_revenue_discount())

    @api.model
    def _get_revenue_rate(self, company, memo, currency, day):
        """Return how much of the money of ``company`` one unit of ``currency`` is on ``day``, exact.

        :param memo: a dict that keeps the rates, so that each is read once
        """
        if currency == company.currency_id:
            return 1
        if (currency, day) not in memo:
            memo[currency, day] = exact(self.env["res.currency"]._get_conversion_rate(
                currency, company.currency_id, company, day))
        return memo[currency, day]

    @api.model
    def _read_mrr(self, company):
        """Return the MRR of ``company`` today, in its currency: the sum of its movements in ``billing.revenue``."""
        today = company._billing_today()
        rate = partial(self._get_revenue_rate, company, {}, day=today)
        found = self.search(
            Domain([("company_id", "=", company.id), ("quantity", ">", 0), ("date_start", "<=", today),
                    ("contract_id.date_start", "<=", today), ("contract_id.state", "in", ("active", "suspended"))])
            & self._get_revenue_domain())
        return float(sum(
            round_to(sub._get_monthly_amount() * rate(sub.contract_id.currency_id), company.currency_id.rounding)
            for sub in found if not (last := sub._get_last_revenue_day()) or last >= today))
