"""Exact amounts, and the one place where they are rounded to a currency.

DESIGN section 4: a line's amount is the rounded exact total of its period as now known, less what is already
billed of it; so pieces always add up, and rounding happens once. Discounts compound without loss.
"""

from collections.abc import Sequence
from decimal import Context, Decimal, Inexact
from fractions import Fraction
from functools import lru_cache
from itertools import accumulate, pairwise
from math import floor, prod

Number = int | float | str | Decimal | Fraction

_HALF = Fraction(1, 2)
# Arithmetic on amounts may never lose a digit, however the caller's decimal context is set.
_LOSSLESS = Context(prec=200, traps=[Inexact])


def exact(value: Number) -> Fraction:
    """Return `value` as a fraction, without loss. A float counts as what it prints: 0.1 is 1/10.

    :raises ValueError: on text that is no number, and on infinities and NaN of any type
    :raises TypeError: on another type
    """
    try:
        return Fraction(repr(float(value)) if isinstance(value, float) else value)
    except OverflowError as error:
        raise ValueError(f"{value!r} is not a finite number") from error


def _decimal(value: Number) -> Decimal:
    """Return `value` as a decimal, keeping the digits of decimals and text; Inexact when it has no end."""
    if isinstance(value, Fraction):
        return _LOSSLESS.divide(Decimal(value.numerator), Decimal(value.denominator))
    return Decimal(repr(float(value)) if isinstance(value, float) else value)


def round_to(amount: Number, rounding: Number) -> Decimal:
    """Return the multiple of `rounding` that is nearest to `amount`, halves away from zero.

    :param amount: in the currency, exact
    :param rounding: smallest unit of the currency: Decimal('0.01'), 1, Decimal('0.05'), or a currency's float
    :return: with the digits of `rounding` (304.00, not 304); never -0
    :raises ValueError: when `rounding` is zero or less
    """
    amount, unit = exact(amount), exact(rounding)
    if unit <= 0:
        raise ValueError(f"cannot round to {rounding!r}: a rounding is above zero")
    units = floor(abs(amount) / unit + _HALF)
    return _LOSSLESS.multiply(Decimal(units if amount >= 0 else -units), _decimal(rounding))


def cumulative(parts: Sequence[Number], already: Number, rounding: Number, base: Number = Fraction(0)) -> list[Decimal]:
    """Return one rounded amount per part, such that the running total is always the rounded exact total.

    With T(i) = `base` + the first i parts: piece 1 is round(T(1)) - `already`, every later piece is
    round(T(i)) - round(T(i-1)). So the pieces add up to round(base + all parts) - already, whatever was billed
    before: the first piece carries the difference between `already` and round(base), if there is one.
    No parts, no pieces.

    :param parts: exact amounts in order, negative for credits
    :param already: what is billed of the same line and period so far; it was rounded when billed, and is
        rounded again here only to shed the noise of floats
    :param rounding: as for `round_to`
    :param base: exact total of which `already` is the billed part
    """
    totals = accumulate(map(exact, parts), initial=exact(base))
    next(totals)
    billed = [round_to(already, rounding), *(round_to(total, rounding) for total in totals)]
    return [_LOSSLESS.subtract(after, before) for before, after in pairwise(billed)]


def compound_discount(*percents: Number) -> Fraction:
    """Return the one percentage that equals the discounts taken one after another: 10 and 5 give 14.5.

    :param percents: percent values, up to 100; negative for a surcharge
    :raises ValueError: above 100
    """
    shares = [exact(percent) / 100 for percent in percents]
    if any(share > 1 for share in shares):
        raise ValueError(f"a discount above 100 percent in {percents!r}")
    return 100 * (1 - prod((1 - share for share in shares), start=Fraction(1)))


@lru_cache(maxsize=1024)
def shown_percent(percent: Fraction, digits: int) -> Fraction:
    """Return a discount as the invoice shows it, with ``digits`` decimals."""
    return exact(round_to(percent, Fraction(1, 10 ** digits)))


def settle_price(amount, gross, quantity, discount, rounding) -> Fraction:
    """Return the exact unit price with which Odoo's own arithmetic arrives at ``amount``.

    The rounded gross ÷ quantity, as a clerk would expect it; where rounding the gross first would lose a cent
    after the discount, the price that gives the amount.
    """
    shown = exact(round_to(gross, rounding))
    factor = 1 - discount / 100
    if factor and round_to(shown * factor, rounding) != amount:
        shown = exact(amount) / factor
    return shown / quantity


def unit_price(amount: Number, quantity: Number) -> Fraction:
    """Return `amount` ÷ `quantity`, unrounded. Raises ValueError when the quantity is zero."""
    quantity = exact(quantity)
    if not quantity:
        raise ValueError("no unit price for a quantity of zero")
    return exact(amount) / quantity
