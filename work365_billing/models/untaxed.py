"""What planned invoices come to before tax, as Odoo is going to book them: in their currency and in the company's."""


class UntaxedAmounts:
    """Gives the planned invoices of one ``LineWriter`` their ``amount_untaxed`` and ``amount_company``.

    The company's amount uses the rate that is known for the date of the invoice: the last one entered up to it. A
    credit note that gives back one invoice keeps the rate of that invoice. Nothing is written.
    """

    def __init__(self, env, writer):
        self._env = env
        self._writer = writer
        self._rates = {}

    def needs_lines(self, planned):
        """Tell whether what is planned does not say it all: taxes are in the price, or an invoice is given back."""
        return any(
            line.credits or any(tax.price_include for tax in self._writer.taxes_of(planned, line))
            for line in planned.lines)

    def complete(self, planned, contract):
        """Complete an invoice of ``contract`` that has its date and, where it ``needs_lines``, their values."""
        company, currency = contract.company_id, contract.currency_id
        amounts = self.of_lines(planned, contract)
        rate = self._get_rate(planned, company, currency)
        planned.amount_untaxed = currency.round(sum(amounts))
        planned.amount_company = company.currency_id.round(sum(
            company.currency_id.round(amount / rate) for amount in amounts))

    def of_lines(self, planned, contract):
        """Return what each line of an invoice of ``contract`` comes to that has their values where it needs them."""
        if planned.vals_list:
            return self._without_taxes(planned, contract.company_id, contract.currency_id)
        return [float(line.amount) for line in planned.lines]

    def _without_taxes(self, planned, company, currency):
        Tax = self._env["account.tax"]
        sign = -1 if planned.invoice.is_credit else 1
        lines = [
            Tax._prepare_base_line_for_taxes_computation(
                None, currency_id=currency, rate=1.0, is_refund=planned.invoice.is_credit,
                product_id=self._env["product.product"].browse(vals["product_id"]),
                tax_ids=Tax.browse(vals["tax_ids"]), quantity=vals["quantity"], price_unit=vals["price_unit"],
                discount=vals["discount"])
            for vals in planned.vals_list]
        Tax._add_tax_details_in_base_lines(lines, company)
        Tax._round_base_lines_tax_details(lines, company)
        details = [line["tax_details"] for line in lines]
        return [sign * (one["total_excluded_currency"] + one["delta_total_excluded_currency"]) for one in details]

    def _get_rate(self, planned, company, currency):
        """Return how much of ``currency`` one unit of the company's is."""
        if planned.reversed_move_id:
            return self._env["account.move"].browse(planned.reversed_move_id).invoice_currency_rate
        key = company, currency, planned.invoice_date
        if key not in self._rates:
            self._rates[key] = self._env["res.currency"]._get_conversion_rate(
                company.currency_id, currency, company, planned.invoice_date)
        return self._rates[key]
