from dataclasses import replace

from odoo import api, models

from odoo.addons.work365_billing.engine import reasons


def total_without_tax(base_line):
    """Return what one of Odoo's rounded base lines comes to before tax, in the currency of the document."""
    details = base_line["tax_details"]
    return details["total_excluded_currency"] + details["delta_total_excluded_currency"]


def total_with_tax(base_line):
    """Return what one of Odoo's rounded base lines comes to with tax, in the currency of the document."""
    return total_without_tax(base_line) + sum(
        tax["tax_amount_currency"] for tax in base_line["tax_details"]["taxes_data"])


class BillingPlanner(models.AbstractModel):
    _inherit = "billing.planner"

    def _plan_chosen(self, reader, choose, day):
        """No run or immediate line of a client who is archived is invoiced: it is left out, and nobody need mend it."""
        planned = super()._plan_chosen(reader, choose, day)
        for one in planned:
            if one.code == reasons.PARTNER_ARCHIVED and self._is_repeating(one):
                one.invoice, one.vals_list, one.problem = replace(one.invoice, lines=()), [], False
        return planned

    def _is_repeating(self, planned):
        """Tell whether a planned invoice is of a run, or of the immediate lines, of repeating invoices alone."""
        group = self.env["billing.item"]._billing_group
        items = self.env["billing.item"].browse(
            record for line in planned.lines if line.group == group for record in line.records)
        immediate = all(line.group == group for line in planned.lines) and all(
            item.repeating_invoice_id for item in items)
        return bool(planned.owner_vals.get("repeating_invoice_id")) or immediate

    @api.model
    def _get_totals(self, planned):
        """Return what each line of a planned invoice comes to with tax, by Odoo's own arithmetic.

        In the currency of the contract; negative where it credits. The lines sum to the total of the invoice.
        """
        sign = -1 if planned.invoice.is_credit else 1
        return [sign * total_with_tax(line) for line in self._get_base_lines(planned)]

    @api.model
    def _get_total_excl(self, planned):
        """Return what a planned invoice comes to before tax: less than its prices where these include it."""
        sign = -1 if planned.invoice.is_credit else 1
        return sign * sum(total_without_tax(line) for line in self._get_base_lines(planned))

    def _get_base_lines(self, planned):
        """Return Odoo's rounded base lines of a planned invoice."""
        Tax, contract = self.env["account.tax"], self.env["billing.contract"].browse(planned.contract_id)
        lines = [Tax._prepare_base_line_for_taxes_computation(
            {}, product_id=self.env["product.product"].browse(vals["product_id"]),
            tax_ids=Tax.browse(vals["tax_ids"]), price_unit=vals["price_unit"], quantity=vals["quantity"],
            discount=vals["discount"], currency_id=contract.currency_id, partner_id=contract.partner_id)
            for vals in planned.vals_list]
        Tax._add_tax_details_in_base_lines(lines, contract.company_id)
        Tax._round_base_lines_tax_details(lines, contract.company_id)
        return lines
