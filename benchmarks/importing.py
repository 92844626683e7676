"""Inside Odoo: measure the import of repeating invoices from a CSV file by Odoo's own importer."""

import csv
import io
from datetime import timedelta
from decimal import Decimal

from . import dataset
from .invoicing import warm_up
from .meter import Meter

COLUMNS = {  # heading of the file: the importer's field
    "Client": "partner_id", "Run Interval": "interval", "Run On": "run_date", "Item": "line_ids/product_id",
    "Quantity": "line_ids/quantity", "Price": "line_ids/price_unit"}
OPTIONS = {  # what the window of the importer sends along
    "has_headers": True, "advanced": True, "keep_matches": False, "limit": 5000, "skip": 0, "quoting": '"',
    "separator": ",", "encoding": "utf-8", "date_format": "%Y-%m-%d", "datetime_format": "",
    "float_thousand_separator": ",", "float_decimal_separator": ".", "fallback_values": {},
    "name_create_enabled_fields": {}, "import_set_empty_fields": [], "import_skip_records": [],
    "tracking_disable": True, "sheet": "", "sheets": []}
AHEAD = 60  # days to the first run of what is not due
DAYS = {"none due": AHEAD, "all due": 0}


def measure(env, name, count):
    """Return the figures of the user's request, and of all until the invoices that are due are made.

    :param name: of ``DAYS``: whether the first invoices are due
    :raise ValueError: when anything else came in, or was billed, than the file has
    """
    warm_up(env)
    load(env, range(2), DAYS[name])
    env.cr.rollback()
    with Meter() as total:
        with Meter() as request:
            made = load(env, range(count), DAYS[name])
            env.cr.commit()
        env.ref("work365_billing.ir_cron_generate_invoices").method_direct_trigger()
        env.cr.commit()
    check(made, count, billed=not DAYS[name])
    return {"request": request.figures(count), "total": total.figures(count)}


def load(env, numbers, days):
    """Import one repeating invoice for each of the customers ``numbers`` that starts in ``days`` days."""
    wizard = env["base_import.import"].create({
        "res_model": "repeating.invoice", "file": make_file(numbers, days), "file_name": "repeating.csv",
        "file_type": "text/csv"})
    result = wizard.with_context(tracking_disable=True).execute_import(
        list(COLUMNS.values()), list(COLUMNS), OPTIONS)
    if result["messages"]:
        raise ValueError(f"The import was refused: {result['messages'][:3]}")
    return env["repeating.invoice"].browse(result["ids"])


def make_file(numbers, days):
    """Return the content of a CSV file: of each customer the first line of the data set, monthly."""
    day = dataset.start_date() + timedelta(days=days)
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(COLUMNS)
    for number in numbers:
        name, price, quantity = dataset.lines(number)[0]
        writer.writerow([f"Customer {number:05}", "Monthly", day.isoformat(), name, quantity, price])
    return text.getvalue().encode()


def check(made, count, billed):
    """Compare what came in, and the invoices of it, with the file.

    :raise ValueError: when they differ
    """
    untaxed = sum(price * quantity for _name, price, quantity in (dataset.lines(number)[0] for number in range(count)))
    invoices = made.invoice_ids
    amounts = [sum(map(Decimal, map(str, found))) for found in (
        made.mapped("repeating_amount_excl"), invoices.mapped("amount_untaxed"))]
    wanted = [untaxed, untaxed if billed else 0]
    if (len(made), len(invoices), amounts) != (count, count if billed else 0, wanted):
        raise ValueError(f"{len(made)} came in with {len(invoices)} invoices, {amounts} instead of {wanted}")
