"""Which invoices Odoo itself has to complete after they are created, and why: see ``journal_items`` for all others.

Only what the tests compare, both ways, field by field is completed beforehand. All else goes the plain way, by what the
values say and never by what fails.
"""

from odoo import Command
from odoo.models import BaseModel

from .journal_items import WITHOUT_AMOUNT, get_ids, is_product

# What journal_items stands in for, and what it calls with values instead of records: whoever else extends it may want
# other journal items.
SYNCHRONISATION = {
    "account.move": (
        "_get_sync_stack", "_sync_dynamic_lines", "_sync_dynamic_line", "_sync_dynamic_line_needed_values",
        "_sync_tax_lines", "_sync_rounding_lines", "_sync_unbalanced_lines", "_sync_non_deductible_base_lines",
        "_sync_invoice", "_recompute_cash_rounding_lines", "_compute_needed_terms", "_compute_invoice_date_due",
        "_get_rounded_base_and_tax_lines", "_prepare_product_base_line_for_taxes_computation",
        "_get_discount_allocation_account", "_compute_direction_sign", "_compute_commercial_partner_id"),
    "account.move.line": (
        "create", "_sync_invoice", "_compute_epd_needed", "_compute_discount_allocation_needed", "_compute_partner_id",
        "_compute_currency_id", "_compute_product_uom_id", "_compute_balance", "_compute_amount_currency",
        "_compute_totals", "_compute_is_storno", "_compute_debit_credit", "_compute_quantity", "_compute_sequence"),
    "account.tax": (
        "_get_base_line_field_value_from_record", "_prepare_base_line_for_taxes_computation",
        "_add_tax_details_in_base_lines", "_add_tax_details_in_base_line", "_round_base_lines_tax_details",
        "_add_accounting_data_in_base_lines_tax_details", "_add_accounting_data_to_base_line_tax_details",
        "_prepare_base_line_grouping_key", "_prepare_base_line_tax_repartition_grouping_key", "_prepare_tax_lines"),
    "account.payment.term": ("_compute_terms",),
}
KNOWN = {"account", "work365_billing"}
# Expenses extend some of it, for entries with expenses only, which FORBIDDEN keeps out; sales for companies with
# storno accounting, which go the plain way; points of sale the totals of entries. Taxes that are withheld by payments
# are left out by what we call as well. Debit notes have numbers of their own. Analytic distributions are rounded.
# Mail tracks what is written, purchases tell of new orders in it, and Saudi Arabia keeps a time with the invoice
# date. The tests were run with each of them installed.
KNOWN_IN = {
    "account_debit_note": {"_get_last_sequence_domain", "_get_starting_sequence"},
    "analytic": {"create"},
    "hr_expense": {
        "_compute_needed_terms", "_compute_commercial_partner_id", "_compute_partner_id", "_compute_totals",
        "_prepare_product_base_line_for_taxes_computation", "_prepare_base_line_for_taxes_computation",
        "_prepare_base_line_grouping_key"},
    "l10n_account_withholding_tax": {"_add_tax_details_in_base_line"},
    "l10n_sa": {"write"},
    "mail": {"write"},
    "point_of_sale": {"_compute_amount"},
    "purchase": {"write"},
    "sale": {"_compute_is_storno"},
}

TAX_TYPES = ("percent", "fixed", "division", "group")
FORBIDDEN = ("line_ids", "invoice_cash_rounding_id", "tax_totals", "quick_edit_total_amount", "expense_ids")
FORBIDDEN_IN_LINE = (
    "extra_tax_data", "debit", "credit", "balance", "amount_currency", "tax_tag_ids", "tax_repartition_line_id",
    "group_tax_id", "date_maturity", "currency_id", "partner_id", "expense_id")
NEEDED = ("partner_id", "company_id", "currency_id", "invoice_currency_rate", "invoice_date", "invoice_line_ids")
NEEDED_IN_LINE = ("product_id", "account_id", "tax_ids", "quantity", "price_unit")


class PlainWay:
    """Knows which invoices go the plain way, and why."""

    def __init__(self, env):
        self._env = env
        self._extended_by = find_extension(env, SYNCHRONISATION)
        self._tax_reasons = {}

    def find_reason(self, vals):
        """Return why the journal items of an invoice are left to Odoo, in a few words; None when they are not.

        :param vals: values for ``create``, precomputed fields included
        """
        if self._extended_by:
            return f"extended by {self._extended_by}"
        in_lines = filter(None, map(self._find_in_command, vals.get("invoice_line_ids") or ()))
        return self._find_in_move(vals) or next(in_lines, None)

    def _find_in_move(self, vals):
        company = self._env["res.company"].browse(vals.get("company_id"))
        term = self._env["account.payment.term"].browse(vals.get("invoice_payment_term_id") or ())
        given = next((name for name in FORBIDDEN if vals.get(name)), None)
        missing = next((name for name in NEEDED if not vals.get(name)), None)
        is_mixed = term.early_discount and term.early_pay_discount_computation == "mixed"
        checks = (
            ("no customer document", vals.get("move_type") not in ("out_invoice", "out_refund")),
            (f"{given} given", given),
            (f"{missing} not given", missing),
            ("no due date", not term and not vals.get("invoice_date_due")),
            ("discount of early payment in the tax", is_mixed),
            ("storno accounting", company.account_storno),
            ("discounts on an account of their own", company.account_discount_expense_allocation_id),
        )
        return next((reason for reason, found in checks if found), None)

    def _find_in_command(self, command):
        if command[0] != Command.CREATE:
            return "lines that exist"
        line = command[2]
        if line.get("display_type") in WITHOUT_AMOUNT:
            return None
        given = next((name for name in FORBIDDEN_IN_LINE if line.get(name)), None)
        missing = next((name for name in NEEDED_IN_LINE if name not in line), None)
        checks = (
            ("journal items given", not is_product(line)),
            (f"{given} given", given),
            (f"{missing} not given", missing),
            ("no product or account", not line.get("product_id") or not line.get("account_id")),
            ("not fully deductible", line.get("deductible_amount", 100) != 100),
        )
        return next((reason for reason, found in checks if found), None) or self._find_in_taxes(line["tax_ids"])

    def _find_in_taxes(self, value):
        ids = get_ids(value)
        if ids is None:
            return "taxes given one by one"
        ids = tuple(ids)
        if ids not in self._tax_reasons:
            taxes = self._env["account.tax"].browse(ids)
            self._tax_reasons[ids] = next(filter(None, map(find_in_tax, taxes | taxes.children_tax_ids)), None)
        return self._tax_reasons[ids]


def find_in_tax(tax):
    """Return why invoices with ``tax`` go the plain way, or None."""
    if tax.amount_type not in TAX_TYPES:
        return f"tax computed as {tax.amount_type}"
    return "tax due on payment" if tax.tax_exigibility == "on_payment" else None


def find_extension(env, methods):
    """Return an addon that extends one of ``methods`` (names by model), or None."""
    for model, names in methods.items():
        for cls in type(env[model]).__mro__:
            own = {name for name in names if name in vars(cls)}
            addon = vars(cls).get("_module") or cls.__module__
            if own and cls is not BaseModel and addon not in KNOWN and not own <= KNOWN_IN.get(addon, set()):
                return addon
    return None
