"""The journal items of new invoices, complete from the start: products, taxes and payment terms."""

from dataclasses import dataclass
from datetime import date

from odoo import Command, fields
from odoo.models import BaseModel

WITHOUT_AMOUNT = ("line_section", "line_subsection", "line_note")
# What Odoo computes once the records exist, whatever the values for ``create`` say.
RESULTS = {
    "account.move": frozenset((
        "amount_untaxed", "amount_tax", "amount_total", "amount_residual", "amount_untaxed_signed",
        "amount_tax_signed", "amount_total_signed", "amount_residual_signed", "amount_untaxed_in_currency_signed",
        "amount_total_in_currency_signed")),
    "account.move.line": frozenset((
        "price_subtotal", "price_total", "amount_residual", "amount_residual_currency", "reconciled", "parent_state",
        "date", "invoice_date", "ref")),
}
WITHOUT_PRODUCT = {"quantity": 0.0, "price_unit": 0.0, "product_uom_id": False}
TAX_LINE = {**WITHOUT_PRODUCT, "sequence": 10000}
TERM_LINE = {**WITHOUT_PRODUCT, "sequence": 12000, "tax_ids": [Command.set([])]}


class Known(float):
    """An amount of a complete journal item, as opposed to what a caller gives, who passes on plain numbers."""


NO_TOTALS = {"price_subtotal": Known(), "price_total": Known()}


@dataclass(frozen=True)
class Head:
    """What all journal items of one invoice share.

    :param sign: -1 for an invoice, whose products are credited, +1 for a credit note
    :param rate: how much of the invoice's currency one unit of the company's is
    :param day: invoice date, from which the payment terms count
    :param due: due date where there are no payment terms
    """

    company: BaseModel
    currency: BaseModel
    partner: BaseModel
    term: BaseModel
    sign: int
    rate: float
    day: date
    due: date | None


class JournalItems:
    """Completes the values of invoices, so that Odoo has nothing to add once they exist.

    The amounts come from Odoo's own functions, in the order in which its synchronisation calls them. Which invoices may
    be completed is for ``plain_way`` to say.
    """

    def __init__(self, env):
        self._env = env
        self._tax = env["account.tax"]
        self._line = env["account.move.line"]

    def complete(self, vals_list):
        """Put all journal items into the values of these invoices, in place.

        :param vals_list: values for ``create``, precomputed fields included
        """
        heads = [self._read_head(vals) for vals in vals_list]
        lines_list = [
            [self._complete_line(head, line) for _command, _id, line in vals.pop("invoice_line_ids")]
            for head, vals in zip(heads, vals_list, strict=True)]
        self._distribute(heads, lines_list)
        for head, vals, lines in zip(heads, vals_list, lines_list, strict=True):
            taxes = self._add_taxes(head, lines)
            terms = self._prepare_terms(head, lines, taxes)
            vals["line_ids"] = [
                Command.create(line | {"balance": Known(line["balance"])} if "balance" in line else line)
                for line in (*lines, *taxes, *terms)]
            vals["invoice_date_due"] = head.due or max(term["date_maturity"] for term in terms)
            vals |= self._add_up(head, filter(is_product, lines), taxes, terms)

    def _read_head(self, vals):
        env = self._env
        is_refund = vals["move_type"] == "out_refund"
        return Head(
            company=env["res.company"].browse(vals["company_id"]),
            currency=env["res.currency"].browse(vals["currency_id"]),
            partner=env["res.partner"].browse(vals["partner_id"]).commercial_partner_id,
            term=env["account.payment.term"].browse(vals["invoice_payment_term_id"] or ()),
            sign=1 if is_refund else -1,
            rate=vals["invoice_currency_rate"],
            day=fields.Date.to_date(vals["invoice_date"]),
            due=fields.Date.to_date(vals.get("invoice_date_due")))

    # ---- what is invoiced -------------------------------------------------------------------------------------------

    def _complete_line(self, head, line):
        if line.get("display_type") in WITHOUT_AMOUNT:
            return {**line, "currency_id": head.currency.id, "partner_id": head.partner.id}
        product = self._env["product.product"].browse(line["product_id"])
        return {
            "display_type": "product", "product_uom_id": product.uom_id.id, **line,
            "currency_id": head.currency.id, "partner_id": head.partner.id}

    def _distribute(self, heads, lines_list):
        """Give the lines without an analytic distribution the one of Odoo's distribution models."""
        open_lines = [
            (head, line) for head, lines in zip(heads, lines_list, strict=True) for line in lines
            if is_product(line) and "analytic_distribution" not in line]
        records = self._line.concat(*(
            self._line.new({**line, "company_id": head.company.id}) for head, line in open_lines))
        for record, (_head, line) in zip(records, open_lines, strict=True):
            line["analytic_distribution"] = record.analytic_distribution

    def _prepare_base_line(self, head, line):
        numbers = {name: self._round(line, name) for name in ("price_unit", "quantity", "discount")}
        return self._tax._prepare_base_line_for_taxes_computation(
            line, product_id=self._env["product.product"].browse(line["product_id"]),
            product_uom_id=self._env["uom.uom"].browse(line["product_uom_id"]),
            tax_ids=self._tax.browse(get_ids(line["tax_ids"])),
            account_id=self._env["account.account"].browse(line["account_id"]),
            partner_id=head.partner, currency_id=head.currency, rate=head.rate, sign=head.sign,
            is_refund=head.sign > 0, **numbers)

    def _round(self, line, name):
        """Return the number as the field is going to hold it."""
        return self._line._fields[name].convert_to_cache(line.get(name), self._line)

    # ---- what follows from it ---------------------------------------------------------------------------------------

    def _add_taxes(self, head, lines):
        """Give the product lines their amounts and tags, and return the values of the tax lines."""
        products = [line for line in lines if is_product(line)]
        base_lines = [self._prepare_base_line(head, line) for line in products]
        self._tax._add_tax_details_in_base_lines(base_lines, head.company)
        self._tax._round_base_lines_tax_details(base_lines, head.company)
        self._tax._add_accounting_data_in_base_lines_tax_details(base_lines, head.company, include_caba_tags=False)
        result = self._tax._prepare_tax_lines(base_lines, head.company)
        for line, (base_line, amounts) in zip(products, result["base_lines_to_update"], strict=True):
            line.update(amounts | read_totals(base_line))
        return [{**line, **NO_TOTALS, "display_type": "tax"} for line in result["tax_lines_to_add"]]

    def _prepare_terms(self, head, lines, taxes):
        """Return the values of the payment-term lines: one per due date."""
        untaxed = self._sum(head, filter(is_product, lines))
        tax = self._sum(head, taxes)
        if not head.term:
            return [self._prepare_term(head, head.due, untaxed[0] + tax[0], untaxed[1] + tax[1])]
        computed = head.term._compute_terms(
            date_ref=head.day, currency=head.currency, company=head.company, tax_amount_currency=tax[0],
            tax_amount=tax[1], untaxed_amount_currency=untaxed[0], untaxed_amount=untaxed[1], sign=-head.sign)
        discount = {
            "discount_date": computed.get("discount_date"),
            "discount_balance": computed.get("discount_balance") or 0.0,
            "discount_amount_currency": computed.get("discount_amount_currency") or 0.0}
        by_date = {}
        for part in computed["line_ids"]:
            term = by_date.setdefault(part["date"], self._prepare_term(head, part["date"], 0.0, 0.0, **discount))
            term["amount_currency"] += part["foreign_amount"]
            term["balance"] += part["company_amount"]
        return list(by_date.values())

    def _add_up(self, head, products, taxes, terms):
        """Return the totals of the invoice, as Odoo computes them from its journal items: nothing has been paid."""
        untaxed, tax, rest = (self._sum(head, lines) for lines in (products, taxes, terms))
        in_currency = {"untaxed": untaxed[0], "tax": tax[0], "total": untaxed[0] + tax[0]}
        in_company = {"untaxed": untaxed[1], "tax": tax[1], "total": untaxed[1] + tax[1]}
        return {
            **{f"amount_{name}": -head.sign * amount for name, amount in in_currency.items()},
            **{f"amount_{name}_signed": amount for name, amount in in_company.items()},
            "amount_untaxed_in_currency_signed": in_currency["untaxed"],
            "amount_total_in_currency_signed": in_currency["total"],
            "amount_residual": head.sign * rest[0], "amount_residual_signed": -rest[1]}

    def _sum(self, head, lines):
        """Return what the counterpart of ``lines`` comes to, in the currency of the invoice and of the company."""
        lines = list(lines)
        currencies = {"amount_currency": head.currency, "balance": head.company.currency_id}
        return tuple(
            currency.round(-sum(currency.round(line[name]) for line in lines)) for name, currency in currencies.items())

    def _prepare_term(self, head, day, amount_currency, balance, **discount):
        return {
            **NO_TOTALS, "display_type": "payment_term", "date_maturity": day, "amount_currency": amount_currency,
            "balance": balance, "currency_id": head.currency.id, "partner_id": head.partner.id, "discount_date": False,
            "discount_balance": 0.0, "discount_amount_currency": 0.0, **discount}


def is_product(line):
    return line.get("display_type", "product") == "product"


def read_totals(base_line):
    """Return what a line shows as its totals: no cent is moved to them from another line, as to its balance."""
    details = base_line["tax_details"]
    return {
        "price_subtotal": Known(details["total_excluded_currency"]),
        "price_total": Known(details["total_included_currency"])}


def is_complete(line):
    """Tell whether the values of a journal item come from here, and not from a caller."""
    return isinstance(line.get("balance"), Known)


def find_precomputed(env, line):
    """Return what Odoo would compute before it creates a complete journal item, and not the values that are given.

    The account and the name of payment terms are left to Odoo: they follow from their invoice and its partner.

    :param line: values of the journal item, with its ``move_id``
    """
    move = env["account.move"].browse(line["move_id"])
    tax = env["account.tax.repartition.line"].browse(line.get("tax_repartition_line_id") or ()).tax_id
    found = {
        "journal_id": move.journal_id.id, "company_id": move.company_id.id,
        "company_currency_id": move.company_id.currency_id.id, "is_storno": False,
        "debit": max(line["balance"], 0.0), "credit": max(-line["balance"], 0.0),
        "tax_line_id": tax.id, "tax_group_id": tax.tax_group_id.id,
        "no_followup": move.journal_id.type == "general",
        **{"tax": TAX_LINE, "payment_term": TERM_LINE}.get(line["display_type"], {})}
    return {name: value for name, value in found.items() if name not in line}


def find_results(env, line):
    """Return what Odoo would compute once a complete journal item of a draft exists: it would be written once more.

    :param line: values of the journal item, with its ``move_id`` and all that is computed before
    """
    move = env["account.move"].browse(line["move_id"])
    account = env["account.account"].browse(line["account_id"])
    is_open = account.reconcile or account.account_type in ("asset_cash", "liability_credit_card")
    residual = {
        "amount_residual": move.company_id.currency_id.round(line["balance"]) if is_open else 0.0,
        "amount_residual_currency": move.currency_id.round(line["amount_currency"]) if is_open else 0.0}
    return {
        **residual, "reconciled": is_open and not any(residual.values()), "parent_state": move.state,
        "date": move.date, "invoice_date": move.invoice_date, "ref": move.ref}


def get_ids(value):
    """Return the ids that a many2many is set to by ``value``: a list of ids, or one command *set*; None by others."""
    if not value or isinstance(value[0], int):
        return value or []
    (command, _id, ids), *more = value
    return ids if command == Command.SET and not more else None
