"""Tiered prices: the total quantity decides which tier it falls in, and the tier prices all of it."""

from dataclasses import dataclass
from fractions import Fraction

BLOCK_UNIT = "block_unit"
BLOCK = "block"


@dataclass(frozen=True)
class Tier:
    """A range of quantities that ends with ``up_to``, inclusive, and begins above the tier before."""

    up_to: Fraction
    price: Fraction


@dataclass(frozen=True)
class RateCard:
    """Prices by quantity.

    :param kind: ``BLOCK_UNIT``, the price of a tier is per unit, or ``BLOCK``, it is the price of the whole range
    :param tiers: by rising ``up_to``
    :param default: price above the last tier, of the same kind
    """

    kind: str
    tiers: tuple[Tier, ...] = ()
    default: Fraction = Fraction(0)

    def price(self, quantity: Fraction) -> Fraction:
        """Return the price of the tier in which ``quantity`` falls."""
        return next((tier.price for tier in self.tiers if quantity <= tier.up_to), self.default)

    def amount(self, quantity: Fraction) -> Fraction:
        """Return the exact price of ``quantity``; nothing costs nothing."""
        if not quantity:
            return Fraction(0)
        return self.price(quantity) * (quantity if self.kind == BLOCK_UNIT else 1)
