"""On which day an invoice of a company is collected: its business days, and the engine's answer."""

from datetime import date

from odoo import api, fields, models
from odoo.tools import format_date, ormcache

from ..engine.collection import HOLIDAY, BusinessDays, collect
from .public_holidays import is_known, public_holidays

DIRECTIONS = [("next", "Next Business Day"), ("previous", "Previous Business Day")]


class ResCompany(models.Model):
    _inherit = "res.company"

    billdozer_direction = fields.Selection(
        DIRECTIONS, "Collection on a Closed Day Moves to", default="next", required=True,
        help="A collection never moves before the date of its invoice: it goes to the next business day then.")
    billdozer_saturday = fields.Boolean(
        "Saturday Is a Business Day", help="Sundays and public holidays never are.")
    billdozer_holiday_country_id = fields.Many2one(
        "res.country", "Public Holidays of", help="Empty: the country of the company.")
    billdozer_holiday_ids = fields.One2many("billdozer.holiday", "company_id", "Own Holidays")

    def _billdozer_collection(self, collect_on, invoice_date):
        """Return the day on which an invoice of the company is collected, as the engine's ``Collection``.

        :param collect_on: '1' to '30', 'last' or 'issued'
        :param invoice_date: local date of the company, or its ISO string
        :raises ValueError: on another value of ``collect_on``
        """
        return collect(collect_on, fields.Date.to_date(invoice_date), self._billdozer_business_days())

    def _billdozer_business_days(self):
        """Return the days on which the company collects, as the engine's ``BusinessDays``."""
        self.ensure_one()
        code, lang = self._billdozer_holiday_country().code, self.partner_id.sudo().lang

        def name_of(day):
            own = self._billdozer_own_days(day.year)
            return own[day] if day in own else public_holidays(code, day.year, lang).get(day)

        return BusinessDays(name_of, self.billdozer_saturday, self.billdozer_direction)

    def _billdozer_holiday_country(self):
        """Return the country whose public holidays count, which may be none."""
        self.ensure_one()
        return self.billdozer_holiday_country_id or self.country_id

    @ormcache("self.id", "year")
    def _billdozer_own_days(self, year):
        """Return the days that the company has entered for ``year``: date -> name, None for a business day."""
        days = self.env["billdozer.holiday"].sudo().search_fetch([  # whoever asks, the days are the company's
            ("company_id", "=", self.id), ("date", ">=", date(year, 1, 1)), ("date", "<=", date(year, 12, 31))],
            ["date", "name", "business_day"])
        return {day.date: None if day.business_day else day.name for day in days}

    def _billdozer_get_reason(self, collection):
        """Return why ``collection`` is not on the agreed day, in the company's language; empty when it is."""
        lang = self.partner_id.sudo().lang
        names = [
            closed.name if closed.kind == HOLIDAY
            else format_date(self.env, closed.day, lang_code=lang, date_format="EEEE")
            for closed in collection.reasons]
        return ", ".join(dict.fromkeys(names))

    @api.model
    def _billdozer_get_holiday_hint(self, country):
        """Return why no public holidays are known for ``country``, which may be empty, and what to do; else False."""
        if not country:
            return self.env._(
                "No public holidays are taken into account: enter the country in the company's address, or choose one.")
        if not is_known(country.code):
            return self.env._(
                "The public holidays of %(country)s are not known: enter them yourself under Configuration > Holidays.",
                country=country.name)
        return False
