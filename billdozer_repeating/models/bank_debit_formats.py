"""The files in which bank debits leave the system: a registry of formats, each one small class. Plain Python."""

import csv
import io
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

FORMATS = {}  # code: format


@dataclass(frozen=True)
class Debit:
    """One amount to be taken from one bank account on one day; all that any format may need."""

    collection_date: date
    amount: Decimal  # rounded to the currency
    currency: str
    reference: str  # the number of the invoice
    client: str
    contract: str
    mandate: str
    signed_on: date
    statement_name: str
    holder: str
    bank: str
    branch_code: str
    account_number: str  # the full one
    account_type: str


def register(code):
    """Make the class below a format that users can choose, under ``code``.

    A format has a ``label``, an ``extension`` and ``render(debits) -> bytes``.
    """
    def keep(cls):
        FORMATS[code] = cls()
        return cls
    return keep


@register("csv")
class CsvFormat:
    """A line per debit, for people and spreadsheets."""

    label = "CSV"
    extension = "csv"
    columns = {
        "Collection Date": "collection_date", "Invoice": "reference", "Client": "client", "Contract": "contract",
        "Mandate": "mandate", "Signed On": "signed_on", "Statement Name": "statement_name",
        "Account Holder": "holder", "Bank": "bank", "Branch Code": "branch_code", "Account Number": "account_number",
        "Account Type": "account_type", "Currency": "currency", "Amount": "amount"}

    def render(self, debits):
        """Return the file, UTF-8 with the mark by which spreadsheets know it."""
        file = io.StringIO()
        writer = csv.writer(file, lineterminator="\r\n")
        writer.writerow(self.columns)
        writer.writerows([_as_text(getattr(debit, name)) for name in self.columns.values()] for debit in debits)
        return file.getvalue().encode("utf-8-sig")


def _as_text(value):
    """Return the value as text that a spreadsheet never takes for a formula."""
    text = str(value)
    return f"'{text}" if isinstance(value, str) and text.startswith(("=", "+", "-", "@", "\t", "\r")) else text
