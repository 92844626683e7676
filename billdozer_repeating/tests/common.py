"""Shared ground of the tests of repeating invoices: a South African company."""

from odoo.addons.work365_billing.tests.common import BillingCommon


class BilldozerCommon(BillingCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.south_africa = cls.env.ref("base.za")
        cls.company.country_id = cls.south_africa
        cls.company.partner_id.lang = "en_US"
        cls.Holiday = cls.env["billdozer.holiday"]

    @classmethod
    def make_holiday(cls, date, name="Election Day", **vals):
        return cls.Holiday.create({"date": date, "name": name, "company_id": cls.company.id, **vals})

    def collected(self, collect_on, invoice_date, company=None):
        """Return the date of a collection as ISO string."""
        return str((company or self.company)._billdozer_collection(collect_on, invoice_date).date)
