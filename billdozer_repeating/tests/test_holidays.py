from psycopg2.errors import CheckViolation, UniqueViolation

from odoo.exceptions import ValidationError
from odoo.tests import Form, tagged
from odoo.tools import mute_logger

from .common import BilldozerCommon


@tagged("post_install", "-at_install")
class TestHolidays(BilldozerCommon):
    """The company's business days: public holidays, days of its own, settings."""

    def test_the_table_of_the_design(self):
        self.assertEqual(self.collected("last", "2026-05-01"), "2026-06-01")
        self.assertEqual(self.collected("10", "2026-08-01"), "2026-08-11")
        self.company.billdozer_direction = "previous"
        self.assertEqual(self.collected("last", "2026-05-01"), "2026-05-29")
        self.assertEqual(self.collected("10", "2026-08-10"), "2026-08-11")

    def test_saturday_is_a_setting(self):
        self.assertEqual(self.collected("issued", "2026-05-30"), "2026-06-01")
        self.company.billdozer_saturday = True
        self.assertEqual(self.collected("issued", "2026-05-30"), "2026-05-30")
        self.assertEqual(self.collected("issued", "2026-05-31"), "2026-06-01")

    def test_the_chosen_country_comes_before_the_company_s(self):
        self.assertEqual(self.collected("issued", "2026-07-03"), "2026-07-03")
        self.company.billdozer_holiday_country_id = self.env.ref("base.us")
        self.assertEqual(self.collected("issued", "2026-07-03"), "2026-07-06")  # Independence Day, observed
        self.assertEqual(self.collected("issued", "2026-08-10"), "2026-08-10")

    def test_a_company_without_a_country_moves_off_weekends_only(self):
        self.company.country_id = False
        self.assertEqual(self.collected("issued", "2026-12-25"), "2026-12-25")
        self.assertEqual(self.collected("issued", "2026-12-26"), "2026-12-28")

    def test_the_settings_tell_when_no_public_holidays_are_known(self):
        settings = self.env["res.config.settings"].create({"company_id": self.company.id})
        self.assertFalse(settings.billdozer_holiday_hint)
        settings.billdozer_holiday_country_id = self.env.ref("base.xk")
        self.assertEqual(
            settings.billdozer_holiday_hint,
            "The public holidays of Kosovo are not known: enter them yourself under Configuration > Holidays.")
        settings.billdozer_holiday_country_id = False
        self.company.country_id = False
        self.assertIn("enter the country in the company's address", settings.billdozer_holiday_hint)
        self.assertEqual(self.collected("issued", "2026-12-25"), "2026-12-25")

    def test_names_are_in_the_company_s_language_or_the_country_s(self):
        germany = self.env.ref("base.de")
        self.company.billdozer_holiday_country_id = germany
        Move = self.env["account.move"]
        self.assertEqual(
            Move._prepare_collection_vals(self.company, "issued", "2026-04-03")["collection_reason"],
            "Good Friday, Saturday, Sunday, Easter Monday")
        self.company.partner_id.lang = False
        self.assertIn(
            "Karfreitag", Move._prepare_collection_vals(self.company, "issued", "2026-04-03")["collection_reason"])

    def test_an_own_day_counts_at_once_and_until_it_is_deleted(self):
        self.assertEqual(self.collected("issued", "2026-11-04"), "2026-11-04")
        day = self.make_holiday("2026-11-04")
        self.assertEqual(self.collected("issued", "2026-11-04"), "2026-11-05")
        day.date = "2026-11-05"
        self.assertEqual(self.collected("issued", "2026-11-04"), "2026-11-04")
        self.assertEqual(self.collected("issued", "2026-11-05"), "2026-11-06")
        day.unlink()
        self.assertEqual(self.collected("issued", "2026-11-05"), "2026-11-05")

    def test_an_own_day_beside_public_ones(self):
        self.make_holiday("2026-12-24")
        self.make_holiday("2026-12-28", "Bridge Day")
        self.assertEqual(self.collected("24", "2026-12-01"), "2026-12-29")
        self.company.billdozer_direction = "previous"
        self.assertEqual(self.collected("28", "2026-12-01"), "2026-12-23")

    def test_a_public_holiday_may_be_a_business_day(self):
        self.make_holiday("2026-09-24", "Open on Heritage Day", business_day=True)
        self.assertEqual(self.collected("issued", "2026-09-24"), "2026-09-24")
        self.make_holiday("2026-12-26", "Open", business_day=True)  # a Saturday all the same
        self.assertEqual(self.collected("issued", "2026-12-26"), "2026-12-28")

    def test_a_business_day_needs_no_entry(self):
        with self.assertRaisesRegex(ValidationError, "11/04/2026 is no public holiday in South Africa"):
            self.make_holiday("2026-11-04", business_day=True)

    def test_the_list_tells_the_public_holiday_while_a_day_is_entered(self):
        form = Form(self.Holiday, "billdozer_repeating.billdozer_holiday_view_list")
        form.date = "2026-08-10"
        self.assertEqual(form.public_holiday, "National Women's Day (observed)")
        form.date = "2026-08-11"
        self.assertFalse(form.public_holiday)

    def test_a_day_is_entered_once_per_company(self):
        self.make_holiday("2026-11-04")
        with mute_logger("odoo.sql_db"), self.assertRaises(UniqueViolation), self.cr.savepoint():
            self.make_holiday("2026-11-04", "Again")
        other = self.setup_other_company(name="Company B")["company"]
        self.make_holiday("2026-11-04", company_id=other.id)

    def test_another_company_keeps_its_own_days(self):
        other = self.setup_other_company(name="Company B")["company"]
        other.country_id = self.south_africa
        self.make_holiday("2026-11-04")
        self.assertEqual(self.collected("issued", "2026-11-04", other), "2026-11-04")
        self.assertEqual(self.collected("issued", "2026-11-04"), "2026-11-05")

    def test_thousands_of_invoices_cost_no_queries(self):
        self.make_holiday("2026-11-04")
        self.collected("10", "2026-08-01")
        self.collected("10", "2026-11-01")
        with self.assertQueryCount(0):
            for day in range(1, 29):
                for collect_on in ("10", "last", "issued", "30"):
                    self.collected(collect_on, f"2026-11-{day:02}")

    def test_defaults_and_limits(self):
        company = self.setup_other_company(name="Company B")["company"]
        self.assertRecordValues(company, [{
            "billdozer_days_in_advance": 15, "billdozer_contracts_per_client": "single", "billdozer_approve": False,
            "billdozer_escalation_notice_days": 60, "billdozer_direction": "next", "billdozer_saturday": False,
            "billdozer_holiday_country_id": False}])
        with mute_logger("odoo.sql_db"), self.assertRaises(CheckViolation), self.cr.savepoint():
            company.billdozer_days_in_advance = -1
            company.flush_recordset()
