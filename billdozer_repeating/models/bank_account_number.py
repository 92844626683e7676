"""How bank account numbers are written, masked and validated. Plain Python.

*Validated* means that format and check digits fit, as far as a public rule exists. Whether the account exists, and
whose it is, only its bank can verify.
"""

import re

from stdnum import luhn
from stdnum.es import ccc
from stdnum.iso7064 import mod_97_10
from stdnum.no import kontonr

# The check digits of national account numbers, by country. South Africa has no public rule.
CHECK_DIGITS = {"ES": ccc.is_valid, "NO": kontonr.is_valid}
# Country code: what a number and a branch code look like.
NUMBERS = {"ZA": re.compile(r"\d{6,16}")}
BRANCHES = {"ZA": re.compile(r"\d{6}")}
ANY_NUMBER = re.compile(r"[0-9A-Z]{5,34}")
IBAN = re.compile(r"[A-Z]{2}\d{2}[0-9A-Z]{11,30}")
CARD = re.compile(r"[2-6]\d{12,18}")
SHOWN = 4

BY_CHECK_DIGITS = "check_digits"
BY_FORMAT = "format"

WRONG_FORMAT = "wrong_format"
WRONG_CHECK_DIGITS = "wrong_check_digits"
CARD_NUMBER = "card_number"


def clean(number):
    """Return the number without the spaces, dots, dashes and slashes that people write in it.

    >>> clean(" 62-001 234.567 ")
    '62001234567'
    """
    return re.sub(r"[\s./\-\u2010-\u2015]+", "", number or "").upper()


def mask(number):
    """Return what may be shown of a number to everybody: its end, never more than half of it.

    >>> mask("62001234567")
    '•••• 4567'
    """
    return f"•••• {number[-min(SHOWN, len(number) // 2):]}" if number else ""


def find_fault(number, country):
    """Return what is wrong with a clean number: a code of this file, or None.

    :param country: ISO code of the country of its bank, or False
    """
    if CARD.fullmatch(number) and luhn.is_valid(number):
        return CARD_NUMBER
    if not NUMBERS.get(country, ANY_NUMBER).fullmatch(number) and not IBAN.fullmatch(number):
        return WRONG_FORMAT
    is_valid = _get_rule(number, country)
    return WRONG_CHECK_DIGITS if is_valid and not is_valid(number) else None


def get_validation(number, country):
    """Return how far a number without fault is validated: by its check digits, or by its format only."""
    return BY_CHECK_DIGITS if _get_rule(number, country) else BY_FORMAT


def is_branch(code, country):
    """Tell whether a branch code looks like one of the country; where no form is known, any code does."""
    return country not in BRANCHES or bool(BRANCHES[country].fullmatch(code))


def _get_rule(number, country):
    return _is_valid_iban if IBAN.fullmatch(number) else CHECK_DIGITS.get(country)


def _is_valid_iban(number):
    """Tell whether the check digits of ISO 13616 fit. Not ``stdnum.iban``: its data files cannot be read in Odoo."""
    return mod_97_10.is_valid(number[4:] + number[:4])
