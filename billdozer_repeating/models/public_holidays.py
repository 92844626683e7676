"""Public holidays by country, as the Python package `holidays` knows them."""

from functools import lru_cache
from types import MappingProxyType

import holidays


def is_known(country_code):
    """Tell whether the public holidays of a country (ISO code, or False) are known."""
    return country_code in holidays.list_supported_countries()


@lru_cache(maxsize=256)
def public_holidays(country_code, year, lang=None):
    """Return the public holidays of a whole country in ``year`` as date -> name.

    Days of a single province are not among them. None are known for an unknown country or no country.

    :param lang: Odoo's code of the language of the names; else they are in the country's own
    """
    if not is_known(country_code):
        return MappingProxyType({})
    language = _find_language(holidays.country_holidays(country_code), lang or "")
    return MappingProxyType(dict(holidays.country_holidays(country_code, years=year, language=language)))


def _find_language(country, lang):
    """Return the language nearest to ``lang`` in which a country's holidays are named.

    One is always named: without it the package asks the environment of the process.
    """
    near = [name for name in country.supported_languages if name[:2] == lang[:2]]
    return lang if lang in near else next(iter(near), country.default_language)
