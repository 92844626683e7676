"""What is billed in every way: one customer, one contract, one invoice of three lines with one tax."""

from datetime import date, timedelta
from decimal import Decimal

TAX_PERCENT = 15
PRODUCTS = (  # name, unit price
    ("Business Premium", Decimal("20.60")),
    ("Exchange Online Archiving", Decimal("2.80")),
    ("Managed Services", Decimal("149.99")),
)
HISTORY = 200  # posted invoices of last month: no company bills with an empty database
LARGE = 5_000  # invoices that ours makes alone
BULK = 1_000  # rows of the bulk operation
WINDOW = 5_000  # rows of its window
IMPORTED = 2_000  # repeating invoices from a CSV file
PLANNED = 10_000  # contracts of the planning figures


def start_date():
    """Return the first day of all contracts: due in every time zone, and one cycle only."""
    return date.today() - timedelta(days=1)  # noqa: DTZ011  one day more or less does not matter


def lines(customer):
    """Return the lines of a customer's invoice as (name, unit price, quantity).

    >>> [quantity for _name, _price, quantity in lines(8)]
    [9, 1, 2]
    """
    return [(name, price, 1 + (customer + number) % 9) for number, (name, price) in enumerate(PRODUCTS)]


def untaxed(customers):
    """Return the sum before tax of one invoice for each of the first ``customers``."""
    return sum(price * quantity for customer in range(customers) for _name, price, quantity in lines(customer))
