from functools import partial

from odoo import fields, models
from odoo.fields import Domain

from ..engine.money import exact
from ..engine.revenue import MONTHS_A_YEAR, Change, Stream, movements


class BillingRevenue(models.TransientModel):
    """A movement of the recurring revenue up to today; all of a subscription add up to what it is worth a month (MRR).

    It follows the change logs on the day from which each counts, whenever it was entered: a price too, although it is
    billed from the next cycle on. What bills nothing counts nothing: a pause takes revenue away and a resume brings it
    back, but a pause or suspension that is billed in full leaves it. Usage is not recurring. Discounts count as they
    are now, for the past too.
    """

    _name = "billing.revenue"
    _inherit = ["billing.snapshot"]
    _description = "Recurring Revenue"
    _order = "date desc, contract_id, subscription_id, id desc"
    _rec_name = "subscription_id"

    date = fields.Date(required=True, readonly=True, help="First day on which it counts.")
    subscription_id = fields.Many2one("billing.subscription", required=True, readonly=True, ondelete="cascade")
    product_id = fields.Many2one("product.product", readonly=True, ondelete="cascade")
    kind = fields.Selection(
        [
            ("new", "New"),
            ("expansion", "Expansion"),
            ("contraction", "Contraction"),
            ("churn", "Churn"),
            ("reactivation", "Reactivation"),
            ("exchange", "Exchange Difference"),
        ],
        "Movement", required=True, readonly=True,
        help="New: the first revenue of a customer. Churn: the customer has none any more, or only for the time of a "
             "pause. Reactivation: a customer of before. Exchange Difference: what rates alone have made of it, at the "
             "end of each month.")
    mrr = fields.Monetary(
        "MRR", currency_field="company_currency_id", readonly=True,
        help="Monthly recurring revenue before tax, at the exchange rate of the day.")
    arr = fields.Monetary(
        "ARR", currency_field="company_currency_id", readonly=True, help="Annual recurring revenue: twelve times MRR.")

    def _begin_rows(self):
        """All at once: whether a customer is new, or lost, is told by all contracts of the customer."""
        self._add_rows(self._prepare_rows(self.env["billing.contract"]))
        return []

    def _prepare_rows(self, contracts):
        for company in self.env.companies:
            subscriptions = self._search_subscriptions(company)
            of = {subscription.id: subscription for subscription in subscriptions}
            today, currency = company._billing_today(), company.currency_id
            rate = partial(self.env["billing.subscription"]._get_revenue_rate, company, {})
            for movement in movements(self._get_streams(subscriptions), today, rate, exact(currency.rounding)):
                subscription, mrr = of[movement.stream], float(movement.amount)
                yield {
                    **self._prepare_contract_vals(subscription.contract_id), "date": movement.day,
                    "partner_id": subscription.contract_id.commercial_partner_id.id,
                    "subscription_id": subscription.id, "product_id": subscription.product_id.id,
                    "kind": movement.kind, "mrr": mrr, "arr": currency.round(MONTHS_A_YEAR * mrr)}

    def _search_subscriptions(self, company):
        """Return what has been revenue of ``company``: not drafts, nor what was closed before its first invoice."""
        return self.env["billing.subscription"].search(
            Domain("company_id", "=", company.id) & self.env["billing.subscription"]._get_revenue_domain())

    def _get_streams(self, subscriptions):
        """Return the engine's form of ``subscriptions``, with the changes that have taken effect."""
        logs = self.env["billing.change.log"].search_fetch(
            [("subscription_id", "in", subscriptions.ids), ("applied", "=", True)],
            ["subscription_id", "effective_date", "quantity", "price_unit", "sets_price"]).grouped("subscription_id")
        return [
            Stream(
                id=subscription.id, customer=subscription.contract_id.commercial_partner_id.id,
                currency=subscription.contract_id.currency_id,
                changes=tuple(map(self._get_change, logs.get(subscription, ()))),
                start=max(subscription.date_start, subscription.contract_id.date_start),
                last=subscription._get_last_revenue_day(), unit_months=subscription._get_price_months(),
                discount=subscription._get_revenue_discount())
            for subscription in subscriptions]

    @staticmethod
    def _get_change(log):
        return Change(
            log.id, log.effective_date, exact(log.quantity), exact(log.price_unit) if log.sets_price else None)
