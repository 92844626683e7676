"""When an amount is to be checked: it differs from an earlier one by more than a percentage."""

from odoo.tools import float_compare


def unusual_percent(amount, earlier, limit):
    """Return by how many percent ``amount`` differs from ``earlier``, or None when that is ``limit`` or less.

    :param earlier: not zero, in the same currency
    :param limit: percent, compared to the second digit
    """
    difference = (amount - earlier) / abs(earlier) * 100
    return difference if float_compare(abs(difference), limit, precision_digits=2) > 0 else None
