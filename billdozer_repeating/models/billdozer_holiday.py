from odoo import api, fields, models
from odoo.exceptions import ValidationError
from odoo.tools import format_date

from .public_holidays import public_holidays


class BilldozerHoliday(models.Model):
    """A day that a company adds to the public holidays of its country, or takes off them."""

    _name = "billdozer.holiday"
    _description = "Holiday"
    _order = "date desc, id desc"
    _check_company_auto = True

    name = fields.Char(required=True)
    date = fields.Date(required=True)
    business_day = fields.Boolean(
        "Business Day", help="Money is collected on this day, although it is a public holiday.")
    public_holiday = fields.Char(
        compute="_compute_public_holiday", help="What the country of the settings celebrates on this day.")
    company_id = fields.Many2one(
        "res.company", required=True, default=lambda self: self.env.company, index=True, ondelete="cascade")

    _date_uniq = models.UniqueIndex("(company_id, date)", "This day is in the list already: change its entry there.")

    @api.depends("date", "company_id")
    @api.depends_context("lang")
    def _compute_public_holiday(self):
        for day in self:
            country = day.company_id._billdozer_holiday_country() if day.company_id else day.env["res.country"]
            found = public_holidays(country.code, day.date.year, self.env.lang).get(day.date) if day.date else None
            day.public_holiday = found or False

    @api.constrains("date", "business_day", "company_id")
    def _check_business_day(self):
        for day in self.filtered("business_day"):
            if not day.public_holiday:
                raise ValidationError(self.env._(
                    "%(date)s is no public holiday in %(country)s, so it needs no entry to be a business day.",
                    date=format_date(self.env, day.date),
                    country=day.company_id._billdozer_holiday_country().name or self.env._("the company's country")))

    # ---- the days are cached per company and year --------------------------------------------------------------------

    @api.model_create_multi
    def create(self, vals_list):
        days = super().create(vals_list)
        self.env.registry.clear_cache()
        return days

    def write(self, vals):
        result = super().write(vals)
        self.env.registry.clear_cache()
        return result

    def unlink(self):
        result = super().unlink()
        self.env.registry.clear_cache()
        return result
