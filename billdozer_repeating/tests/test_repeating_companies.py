"""Repeating invoices of two companies are apart, whoever looks and whatever is tried."""

from odoo import Command
from odoo.exceptions import AccessError, UserError
from odoo.tests import freeze_time, tagged

from .test_repeating_rights import RightsCommon


@tagged("post_install", "-at_install")
class TestRepeatingCompanies(RightsCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.other = cls.setup_other_company(name="Company B")["company"]
        cls.escalation = cls.env["repeating.escalation"].create({
            "name": "CPI", "percent": 6.0, "company_id": cls.company.id,
            "year_ids": [Command.create({"year": 1, "percent": 4.0})]})
        cls.repeating = cls.make_repeating(
            {"price_unit": 100.0}, run_date="2026-01-01", term=12, commission=1200.0, escalation_id=cls.escalation.id)
        with freeze_time("2026-02-20 08:00:00"):
            cls.repeating.cancel("2026-02-28", clawback=True)
        cls.records = (
            cls.repeating, cls.repeating.line_ids, cls.escalation, cls.escalation.year_ids,
            cls.repeating.clawback_ids)
        cls.foreign = cls.make_user("admin", cls.other, login="repeating_foreign")
        cls.foreign.group_ids |= cls.env.ref("billdozer_repeating.billdozer_group_approver")
        cls.both = cls.make_user("admin", cls.company | cls.other, login="repeating_both")

    def test_another_company_sees_and_changes_nothing(self):
        for record in self.records:
            own = record.with_user(self.foreign)
            self.assertTrue(record)
            self.assertFalse(own.search([("id", "in", record.ids)]), record)
            for attempt in (
                    lambda own=own: own.read(["display_name"]), lambda own=own: own.write({"create_date": False}),
                    own.unlink):
                self.env.invalidate_all()
                with self.assertRaises(AccessError):
                    attempt()

    def test_another_company_acts_on_nothing(self):
        own = self.repeating.with_user(self.foreign)
        for attempt in (
                lambda: own.cancel("2026-02-01"), lambda: own.reactivate("2026-05-01"),
                lambda: own.change_run_date("2026-05-01", confirm=True),
                lambda: own.calculate("2026-01-01", "2026-12-31"),
                lambda: own.reverse_escalation("2027-01-01"), own.action_approve, own.action_calculate,
                own.action_view_history, self.repeating.clawback_ids.with_user(self.foreign).action_waive):
            self.env.invalidate_all()
            with self.assertRaises(AccessError):
                attempt()
        self.env.invalidate_all()
        self.assertRecordValues(self.repeating, [{"restart_date": False, "anchor_date": False}])
        self.assertEqual(self.repeating.clawback_ids.state, "open")

    def test_windows_of_another_company_s_repeating_invoice_do_nothing(self):
        for model, vals in (
                ("repeating.invoice.cancel", {}), ("repeating.invoice.refuse", {"reason": "x"}),
                ("repeating.invoice.reactivate", {"date": "2026-05-01"}),
                ("repeating.invoice.change.run.date", {"new_date": "2026-05-01", "confirm": True})):
            self.env.invalidate_all()
            with self.assertRaises(AccessError, msg=model):
                self.env[model].with_user(self.foreign).create(
                    {"repeating_invoice_id": self.repeating.id, **vals}).action_confirm()
            self.env.invalidate_all()
        with self.assertRaises(AccessError):
            self.env["repeating.invoice.calculate"].with_user(self.foreign).create(
                {"repeating_invoice_ids": self.repeating.ids}).action_calculate()

    def test_a_window_belongs_to_who_has_opened_it(self):
        repeating = self.make_repeating({"price_unit": 100.0}, run_date="2026-02-01")
        with self.today("2026-02-20"):
            window = self.env["repeating.invoice.calculate"].with_user(self.both).browse(
                repeating.with_user(self.both).action_calculate()["res_id"])
            window.action_calculate()
        for record in (window, window.line_ids):
            self.env.invalidate_all()
            self.assertTrue(record)
            self.assertFalse(record.with_user(self.foreign).search([("id", "in", record.ids)]))
            with self.assertRaises(AccessError):
                record.with_user(self.foreign).read(["display_name"])

    def test_an_empty_list_names_the_companies_that_are_not_chosen(self):
        def shown(user, companies):
            action = self.env.ref("billdozer_repeating.repeating_invoice_action").with_user(user).sudo()
            [values] = action.with_context(allowed_company_ids=companies.ids).read(["help", "res_model", "context"])
            return values["help"]

        hint = f"Repeating invoices of {self.company.name} are shown once you choose that company"
        self.assertIn("Enter the first repeating invoice", shown(self.both, self.other))
        self.assertIn(hint, shown(self.both, self.other))
        for user, companies in ((self.both, self.company), (self.foreign, self.other)):
            self.assertNotIn("at the top right", shown(user, companies))

    def test_the_chosen_companies_decide(self):
        for record in self.records:
            records = record.with_user(self.both)
            domain = [("id", "in", record.ids)]
            self.assertFalse(records.with_context(allowed_company_ids=self.other.ids).search(domain))
            both = records.with_context(allowed_company_ids=(self.company | self.other).ids)
            self.assertEqual(both.search(domain), record)

    def test_nothing_is_mixed_between_companies(self):
        contract = self.repeating.contract_id
        with self.assertRaises(UserError), self.today("2026-01-01"):
            self.env["repeating.invoice"].with_user(self.both).with_company(self.other).create({
                **self.repeating_vals({"price_unit": 1.0}, run_date="2026-01-01"),
                "contract_id": contract.id, "company_id": self.other.id, "escalation_id": False,
                "partner_id": self.env["res.partner"].create({"name": "B", "company_id": self.other.id}).id})
        licence = self._create_product(name="Own", company_id=self.company.id)
        with self.assertRaises(UserError), self.today("2026-01-01"):
            self.env["repeating.invoice"].with_user(self.both).with_company(self.other).create(
                self.repeating_vals({"price_unit": 1.0, "product_id": licence.id}, run_date="2026-01-01"))

    def test_each_company_bills_its_own(self):
        with self.today("2026-06-01"):
            own = self.env["repeating.invoice"].with_user(self.foreign).with_company(self.other).create(
                self.repeating_vals({"price_unit": 7.0}, run_date="2026-06-01"))
        self.assertRecordValues(own, [{"company_id": self.other.id}])
        self.assertRecordValues(own.sudo().contract_id, [{"company_id": self.other.id}])
        self.assertRecordValues(own.sudo().invoice_ids, [{"company_id": self.other.id, "amount_untaxed": 7.0}])
