"""Escalations before their day: notice to the sales consultant, the dry run, and taking one back."""

from datetime import date

from odoo import Command
from odoo.exceptions import AccessError, UserError
from odoo.tests import freeze_time, new_test_user, tagged

from .repeating_common import RepeatingCommon


class AheadCommon(RepeatingCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.sally = new_test_user(
            cls.env, login="sally", groups="work365_billing.billing_group_user", company_id=cls.company.id,
            company_ids=[Command.set(cls.company.ids)], tz="UTC", name="Sally")

    def make(self, *lines, **vals):
        lines = lines or (
            {"price_unit": 100.0, "escalate": True}, {"price_unit": 50.0, "name": "Domain"},
            {"price_unit": 9.99, "name": "Backup", "escalate": True})
        return self.make_repeating(*lines, **{
            "run_date": "2026-01-01", "escalation_percent": 10.0, "user_id": self.sally.id, **vals})


@tagged("post_install", "-at_install")
class TestEscalationNotice(AheadCommon):
    def notices(self, repeating):
        return repeating.activity_ids.sorted("date_deadline")

    def test_sixty_days_ahead_once_per_anniversary(self):
        repeating = self.make()
        self.run_job("2026-11-01")  # 61 days before
        self.assertFalse(self.notices(repeating))
        self.run_daily("2026-11-02", "2026-11-05")
        self.assertRecordValues(self.notices(repeating), [{
            "date_deadline": date(2027, 1, 1), "user_id": self.sally.id, "summary": "Prices rise on 01/01/2027"}])
        note = str(self.notices(repeating).note).replace("&nbsp;", "\xa0")
        for text in ("Hosting: from $\xa0100.00 to $\xa0110.00 (10 %)", "Backup: from $\xa09.99 to $\xa010.99 (10 %)"):
            self.assertIn(text, note)
        self.assertNotIn("Domain", note)
        self.notices(repeating).action_feedback()
        self.run_daily("2026-12-28", "2027-01-03")
        self.assertFalse(self.notices(repeating))
        self.run_job("2027-11-03")
        self.assertEqual(self.notices(repeating).mapped("date_deadline"), [date(2028, 1, 1)])
        self.assertIn("121.00 (10 %)", self.notices(repeating).note)

    def test_the_number_of_days_and_none(self):
        repeating = self.make()
        self.company.billdozer_escalation_notice_days = 0
        self.run_job("2026-12-31")
        self.assertFalse(self.notices(repeating))
        self.company.billdozer_escalation_notice_days = 7
        other = self.make()
        self.run_job("2027-12-24")
        self.assertFalse(self.notices(repeating | other))
        self.run_job("2027-12-25")
        self.assertEqual(len(self.notices(repeating)), 1)
        self.assertEqual(len(self.notices(other)), 1)

    def test_nothing_rises_no_notice(self):
        ended = self.make(term=12)
        none = self.make(escalation_percent=0.0)
        unflagged = self.make({"price_unit": 100.0})
        short = self.make({"price_unit": 100.0, "escalate": True, "term": 3})
        cancelled = self.make()
        with self.today("2026-06-01"):
            cancelled.cancel("2026-12-15")
        self.run_job("2026-12-20")
        self.assertFalse(self.notices(ended | none | unflagged | short | cancelled))
        self.assertFalse((ended | none | unflagged | short).filtered("escalation_notice_date"))

    def test_before_the_prices_are_entered_and_after_a_change(self):
        self.company.billdozer_escalation_notice_days = 365
        weekly = self.make({"price_unit": 100.0, "escalate": True}, interval="weekly", weekday="3")
        self.run_job("2026-01-02")  # the runs of the ledger do not reach the anniversary
        self.assertEqual(self.notices(weekly).mapped("date_deadline"), [date(2027, 1, 1)])
        self.assertFalse(weekly.price_log_ids.filtered("escalation_percent"))
        with self.today("2026-02-01"):
            weekly.line_ids.price_unit = 200.0
        self.run_job("2026-12-01")
        self.assertEqual(len(self.notices(weekly)), 1)

    def test_another_company_and_an_archived_consultant(self):
        repeating = self.make()
        repeating.contract_id.user_id = self.env.user
        self.sally.active = False
        self.run_job("2026-11-10")
        self.assertEqual(self.notices(repeating).user_id, self.env.user)


@tagged("post_install", "-at_install")
class TestEscalationDryRun(AheadCommon):
    def dry_run(self, repeating, date_to, user=None):
        window = repeating.with_user(user or self.env.user).action_escalation_dry_run()
        window = self.env["repeating.escalation.dry.run"].with_user(user or self.env.user).browse(window["res_id"])
        window.date_to = date_to
        window.action_calculate()
        return [(line.repeating_invoice_id, line.line_id.name, str(line.date), line.price_before, line.percent,
                 line.price_after) for line in window.line_ids.sorted("id")]

    def test_what_it_shows_is_what_is_applied(self):
        many = self.make() | self.make(
            {"price_unit": 10.0, "escalate": True, "name": "Lease"}, interval="annually", run_date="2026-02-28",
            escalation_percent=7.5) | self.make({"price_unit": 1.0}) | self.make(term=12)
        with self.today("2026-03-01"):
            self.env.flush_all()
            logs = self.env["billing.change.log"].search([])
            found = self.dry_run(many, "2029-01-01")
            self.assertEqual(self.env["billing.change.log"].search([]), logs)
        first, second = many[:2]
        self.assertEqual(found, [
            (first, "Hosting", "2027-01-01", 100.0, 10.0, 110.0), (first, "Backup", "2027-01-01", 9.99, 10.0, 10.989),
            (second, "Lease", "2027-02-28", 10.0, 7.5, 10.75),
            (first, "Hosting", "2028-01-01", 110.0, 10.0, 121.0),
            (first, "Backup", "2028-01-01", 10.989, 10.0, 12.0879),
            (second, "Lease", "2028-02-28", 10.75, 7.5, 11.55625),
            (first, "Hosting", "2029-01-01", 121.0, 10.0, 133.1),
            (first, "Backup", "2029-01-01", 12.0879, 10.0, 13.29669)])
        self.run_job("2029-01-01")
        applied = [(log.repeating_invoice_id, log.subscription_id.name, str(log.effective_date), log.escalation_percent,
                    log.price_unit) for log in many.price_log_ids.filtered(
                        lambda log: log.escalation_percent and log.applied)]
        self.assertEqual(sorted(applied, key=str), sorted([
            (invoice, name, day, percent, after) for invoice, name, day, _before, percent, after in found], key=str))

    def test_another_price_and_a_table(self):
        table = self.env["repeating.escalation"].create({
            "name": "Table", "percent": 5.0, "year_ids": [Command.create({"year": 2, "percent": 20.0})]})
        repeating = self.make({"price_unit": 100.0, "escalate": True}, escalation_id=table.id, escalation_percent=5.0)
        with self.today("2026-05-01"):
            repeating.line_ids.price_unit = 200.0
            found = self.dry_run(repeating, "2028-12-31")
        self.assertEqual([row[2:] for row in found], [
            ("2027-01-01", 200.0, 5.0, 210.0), ("2028-01-01", 210.0, 20.0, 252.0)])

    def test_rights(self):
        repeating = self.make()
        viewer = new_test_user(
            self.env, login="viewer", groups="work365_billing.billing_group_viewer", company_id=self.company.id,
            company_ids=[Command.set(self.company.ids)], tz="UTC")
        plain = new_test_user(self.env, login="plain", groups="base.group_user", company_id=self.company.id,
                              company_ids=[Command.set(self.company.ids)])
        with self.today("2026-03-01"):
            self.assertEqual(len(self.dry_run(repeating, "2027-01-01", viewer)), 2)
            with self.assertRaises(AccessError):
                self.dry_run(repeating, "2027-01-01", plain)
        log = repeating.price_log_ids.filtered("escalation_percent")[:1]
        with self.assertRaises(AccessError):
            log.with_user(viewer).action_take_back()


@tagged("post_install", "-at_install")
class TestEscalationOfCompanyB(AheadCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.other = cls.setup_other_company(name="Company B")["company"]
        cls.bob = new_test_user(
            cls.env, login="bob", groups="work365_billing.billing_group_user", company_id=cls.other.id,
            company_ids=[Command.set(cls.other.ids)], tz="UTC", name="Bob")
        cls.own = cls.make(cls)
        with freeze_time("2026-01-01 08:00:00"):
            cls.foreign = cls.env["repeating.invoice"].with_user(cls.bob).create(cls.repeating_vals(
                {"price_unit": 200.0, "escalate": True, "product_id": cls.licence.id}, run_date="2026-01-01",
                escalation_percent=5.0, company_id=cls.other.id)).with_env(cls.env)

    def test_each_consultant_is_told_of_the_own_company_s(self):
        self.assertRecordValues(self.foreign, [{"company_id": self.other.id, "user_id": self.bob.id}])
        self.run_job("2026-11-10")
        self.assertEqual(self.own.activity_ids.user_id, self.sally)
        self.assertEqual(self.foreign.activity_ids.user_id, self.bob)
        self.assertIn("210.00", self.foreign.activity_ids.note)
        for user, expected in ((self.bob, self.foreign), (self.sally, self.own)):
            found = self.env["repeating.invoice"].with_user(user).search([
                ("activity_ids.summary", "=", "Prices rise on 01/01/2027"),
                ("id", "in", (self.own | self.foreign).ids)])
            self.assertEqual(found, expected.with_user(user))

    def test_the_number_of_days_is_the_company_s(self):
        self.other.billdozer_escalation_notice_days = 0
        self.run_job("2026-11-10")
        self.assertTrue(self.own.activity_ids)
        self.assertFalse(self.foreign.activity_ids)

    def test_the_dry_run_shows_the_own_company_s(self):
        Window = self.env["repeating.escalation.dry.run"].with_user(self.bob)
        with self.today("2026-03-01"):
            action = self.foreign.with_user(self.bob).action_escalation_dry_run()
            window = Window.browse(action["res_id"])
            window.action_calculate()
            self.assertRecordValues(window.line_ids, [{
                "repeating_invoice_id": self.foreign.id, "price_before": 200.0, "percent": 5.0, "price_after": 210.0}])
            self.env.invalidate_all()
            with self.assertRaises(AccessError):
                self.own.with_user(self.bob).action_escalation_dry_run()
            with self.assertRaises(AccessError):
                Window.create({"repeating_invoice_ids": self.own.ids}).action_calculate()
            with self.assertRaises(AccessError):
                self.own.with_user(self.bob).reverse_escalation("2027-01-01")


@tagged("post_install", "-at_install")
class TestTakeBack(AheadCommon):
    def test_the_button_takes_back_all_lines_of_the_anniversary(self):
        repeating = self.make()
        self.run_job("2026-06-01")
        log = repeating.price_log_ids.filtered("escalation_percent")[0]
        with self.today("2026-06-01"):
            log.with_user(self.sally).action_take_back()
        self.assertFalse(repeating.price_log_ids.filtered(lambda log: str(log.effective_date) == "2027-01-01"))
        self.run_job("2028-01-01")
        self.assertEqual(
            [move.invoice_line_ids.sorted("sequence").mapped("price_unit") for move in self.invoices_of(repeating)
             if str(move.invoice_date) in ("2026-12-01", "2027-01-01", "2028-01-01")],
            [[100.0, 50.0, 9.99], [100.0, 50.0, 9.99], [110.0, 50.0, 10.99]])

    def test_in_force_but_not_billed_is_taken_back_once(self):
        self.company.billdozer_days_in_advance = 0
        repeating = self.make({"price_unit": 100.0, "escalate": True})
        self.run_job("2026-12-02")
        with self.today("2026-12-02"):
            repeating.change_run_date("2027-01-15", confirm=True)
        self.run_job("2027-01-02")
        log = repeating.price_log_ids.filtered(lambda log: log.escalation_percent and log.applied)
        self.assertRecordValues(log, [{"effective_date": date(2027, 1, 1), "price_unit": 110.0}])
        with self.today("2027-01-02"):
            log.action_take_back()
            self.assertTrue(log.escalation_taken_back)
            with self.assertRaisesRegex(UserError, "no escalation on"):
                log.action_take_back()
        self.assertEqual(repeating.line_ids.price_unit, 100.0)
        self.run_job("2027-01-15")
        self.assertEqual(self.invoices_of(repeating)[-1:].invoice_line_ids.price_unit, 100.0)
        self.run_job("2028-01-15")
        self.assertEqual(self.invoices_of(repeating)[-1:].invoice_line_ids.price_unit, 110.0)

    def test_billed_is_refused(self):
        repeating = self.make()
        self.run_job("2026-12-17")
        log = repeating.price_log_ids.filtered("escalation_percent")[-1:]
        with self.assertRaisesRegex(UserError, "is invoiced already: enter another price"):
            log.action_take_back()
