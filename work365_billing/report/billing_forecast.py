from odoo import api, fields, models

from ..engine.periods import add_months
from ..models.selections import FREQUENCIES, KINDS

MONTHS = 12


class BillingForecast(models.TransientModel):
    """An invoice to come: what the planner says that the hourly job makes in this month and the 12 after it.

    Confirmed usage, changes that wait, ends, renewals and suspensions count; usage and changes that nobody has entered
    yet do not.
    """

    _name = "billing.forecast"
    _inherit = ["billing.snapshot"]
    _description = "Billing Forecast"
    _order = "date, contract_id, id"
    _rec_name = "contract_id"

    date = fields.Date("Invoice Date", required=True, readonly=True)
    kind = fields.Selection(KINDS, "Invoice Type", required=True, readonly=True)
    period_start = fields.Date("Cycle Start", readonly=True)
    period_end = fields.Date("Cycle End", readonly=True)
    subscription_id = fields.Many2one(
        "billing.subscription", readonly=True, ondelete="cascade",
        help="Whose cycle it is, where it is not the contract's.")
    frequency = fields.Selection(
        FREQUENCIES, "Billing Frequency", readonly=True, help="How often it is billed. Empty: once.")
    amount = fields.Monetary(
        "Amount (company currency)", currency_field="company_currency_id", readonly=True,
        help="Before tax, at the exchange rate that is known today for the date of the invoice.")
    currency_id = fields.Many2one("res.currency", readonly=True, ondelete="cascade")
    amount_currency = fields.Monetary(
        "Amount (invoice currency)", readonly=True, aggregator=None,
        help="Before tax, in the currency of the contract.")

    @api.model
    def _get_until(self, company):
        """Return the last day of the forecast: the end of the twelfth month after this one."""
        return add_months(company._billing_today(), MONTHS, last_day=True)

    def _prepare_rows(self, contracts):
        contract_of = {contract.id: contract for contract in contracts}
        for company, own in contracts.grouped("company_id").items():
            for planned in self.env["billing.planner"]._plan_forecast(own, self._get_until(company)):
                yield self._prepare_row(contract_of[planned.contract_id], planned)

    def _prepare_row(self, contract, planned):
        owner = contract.subscription_ids.browse(planned.owner_vals.get("subscription_id")) or contract
        return {
            **self._prepare_contract_vals(contract), "date": planned.invoice_date, "kind": planned.kind,
            "period_start": planned.cycle_start, "period_end": planned.cycle_end,
            "subscription_id": planned.owner_vals.get("subscription_id"),
            "frequency": self._get_frequency(contract, owner),
            "amount": planned.amount_company, "currency_id": contract.currency_id.id,
            "amount_currency": planned.amount_untaxed}

    def _get_frequency(self, contract, owner):
        """Return how often ``owner`` is billed, False for what has no cycles."""
        is_owner = owner != contract or contract.contract_type == "recurring"
        return is_owner and owner._get_cycle_frequency()
