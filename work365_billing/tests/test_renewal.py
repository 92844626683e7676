from datetime import timedelta

from odoo import fields
from odoo.exceptions import UserError
from odoo.tests import Form, new_test_user, tagged

from .common import BillingCommon

NOTICE = "work365_billing.mail_activity_billing_notice"


@tagged("post_install", "-at_install")
class TestRenewal(BillingCommon):
    """A term that renews itself before its end, the notice of it, and what is billed around the old end."""

    def make(self, *subscriptions, **vals):
        return self.make_contract(
            *(subscriptions or [{"quantity": 1, "price_unit": 100.0}]), auto_renew=True, **vals)

    def spans(self, contract):
        return [
            (str(move.invoice_date), line.price_subtotal, str(line.billing_period_start), str(line.billing_period_end))
            for move in self.invoices(contract) for line in move.invoice_line_ids.sorted("sequence")]

    def said(self, contract):
        return [str(message.body) for message in contract.message_ids.sorted("id") if "Renewed" in (message.body or "")]

    # ---- the end moves ----------------------------------------------------------------------------------------------

    def test_off_by_default_and_a_year_long(self):
        contract = self.make_contract({"quantity": 1, "price_unit": 1.0}, date_start="2026-01-01")
        self.assertRecordValues(contract, [{
            "auto_renew": False, "renewal_months": 12, "renewal_date": False, "term_notice_date": False}])

    def test_three_terms_from_the_31st_do_not_drift(self):
        contract = self.make(date_start="2026-01-31", date_end="2026-02-27", renewal_months=1)
        ends = []
        for day in ("2026-02-26", "2026-02-27", "2026-03-30", "2026-04-29", "2026-05-29"):
            self.bill(contract, day)
            ends.append(str(contract.date_end))
        self.assertEqual(ends, ["2026-02-27", "2026-03-30", "2026-04-29", "2026-05-30", "2026-05-30"])
        self.bill(contract, "2026-06-01")
        self.assertEqual(self.spans(contract), [
            ("2026-02-01", 100.0, "2026-01-31", "2026-02-27"), ("2026-03-01", 100.0, "2026-02-28", "2026-03-30"),
            ("2026-04-01", 100.0, "2026-03-31", "2026-04-29"), ("2026-05-01", 100.0, "2026-04-30", "2026-05-30"),
            ("2026-06-01", 100.0, "2026-05-31", "2026-06-29")])
        self.assertEqual([len(self.said(contract)), self.said(contract)[0]], [
            4, "<p>Renewed: a new term from 02/28/2026 to 03/30/2026.</p>"])
        self.assertEqual(
            [str(contract._get_term_start(fields.Date.to_date(day)))
             for day in ("2026-02-27", "2026-02-28", "2026-03-31", "2026-12-31")],
            ["2026-01-31", "2026-02-28", "2026-03-31", "2026-05-31"])

    def test_a_job_that_stood_still_for_years_renews_as_often_as_needed(self):
        contract = self.make(date_start="2022-03-01", date_end="2022-08-31", renewal_months=12, frequency="annual")
        self.bill(contract, "2025-10-15")
        self.assertRecordValues(contract, [{"state": "active", "date_end": fields.Date.to_date("2026-08-31")}])
        self.assertEqual(self.said(contract), ["<p>" + "<br>".join(
            f"Renewed: a new term from 09/01/{year} to 08/31/{year + 1}." for year in range(2022, 2026)) + "</p>"])
        self.assertEqual(self.spans(contract), [
            (f"{year}-03-02", 1200.0, f"{year}-03-01", f"{year + 1}-02-{28 + (year == 2023)}")
            for year in range(2022, 2026)])
        before = self.said(contract)
        self.run_job("2025-10-15", time="06:00:00")
        self.assertEqual(self.said(contract), before)

    def test_in_time_for_a_schedule_that_is_due_before_the_end(self):
        contract = self.make(date_start="2026-01-01", date_end="2026-03-31", billing_offset=-10, today="2025-12-01")
        self.assertEqual(str(contract.renewal_date), "2026-03-22")
        self.bill(contract, "2025-12-22", "2026-01-22", "2026-02-19", "2026-03-21")
        self.assertEqual(str(contract.date_end), "2026-03-31")
        self.bill(contract, "2026-03-22")
        self.assertEqual(str(contract.date_end), "2027-03-31")
        self.assertEqual(self.spans(contract)[-1], ("2026-03-22", 100.0, "2026-04-01", "2026-04-30"))

    def test_arrears_and_the_schedules_of_the_new_term(self):
        contract = self.make(
            date_start="2026-01-01", date_end="2026-03-31", billing_policy="arrears", renewal_months=3)
        self.bill(contract, "2026-02-01", "2026-03-01", "2026-03-31", "2026-04-01", "2026-05-01")
        self.assertEqual(str(contract.date_end), "2026-06-30")
        self.assertEqual([str(row.cycle_start) for row in contract.schedule_ids.sorted("cycle_start")], [
            f"2026-0{month}-01" for month in range(1, 7)])
        self.assertEqual(self.spans(contract), [
            ("2026-02-01", 100.0, "2026-01-01", "2026-01-31"), ("2026-03-01", 100.0, "2026-02-01", "2026-02-28"),
            ("2026-04-01", 100.0, "2026-03-01", "2026-03-31"), ("2026-05-01", 100.0, "2026-04-01", "2026-04-30")])

    # ---- a cycle that the end cuts ----------------------------------------------------------------------------------

    def test_a_cut_cycle_that_is_not_billed_becomes_full(self):
        contract = self.make(
            date_start="2026-01-01", date_end="2026-02-10", billing_policy="arrears", renewal_months=1)
        self.bill(contract, "2026-02-01", "2026-02-10", "2026-02-11", "2026-03-01")
        self.assertEqual(self.spans(contract), [
            ("2026-02-01", 100.0, "2026-01-01", "2026-01-31"), ("2026-03-01", 100.0, "2026-02-01", "2026-02-28")])

    def test_a_cut_cycle_that_is_billed_is_billed_to_its_end(self):
        contract = self.make(date_start="2026-01-01", date_end="2026-02-10", renewal_months=1)
        with self.today("2026-01-02"):
            plan = contract.plan("2026-03-20")
        self.assertEqual([(str(one["schedule_date"]), one["amount"]) for one in plan], [
            ("2026-01-02", 100.0), ("2026-02-02", 35.71), ("2026-02-12", 64.29), ("2026-03-02", 32.26),
            ("2026-03-12", 67.74)])
        self.bill(contract, "2026-01-02", "2026-02-02", "2026-02-10", "2026-02-12", "2026-03-02", "2026-03-10",
                  "2026-03-12")
        self.assertEqual(self.spans(contract), [
            ("2026-01-02", 100.0, "2026-01-01", "2026-01-31"), ("2026-02-02", 35.71, "2026-02-01", "2026-02-10"),
            ("2026-02-12", 64.29, "2026-02-11", "2026-02-28"), ("2026-03-02", 32.26, "2026-03-01", "2026-03-10"),
            ("2026-03-12", 67.74, "2026-03-11", "2026-03-31")])
        self.assertEqual([(str(one["schedule_date"]), one["amount"]) for one in plan], [
            (span[0], span[1]) for span in self.spans(contract)])

    def test_a_forecast_is_what_the_daily_job_bills(self):
        for policy, offset in (("advance", 1), ("advance", -20), ("arrears", 3)):
            contract = self.make(
                date_start="2026-01-20", date_end="2026-03-05", renewal_months=2, billing_policy=policy,
                billing_offset=offset, frequency="quarterly", today="2025-12-20", name=f"{policy} {offset}")
            with self.today("2025-12-20"):
                plan = contract.plan("2026-12-31")
            day = fields.Date.to_date("2025-12-20")
            while str(day) <= "2026-12-31":
                if {day, day - timedelta(days=1)} & {
                        contract.next_invoice_date, contract.renewal_date, contract.date_end}:
                    self.run_job(day)
                day += timedelta(days=1)
            self.assertEqual(
                [(one["cycle_start"], one["cycle_end"], one["amount"]) for one in plan],
                [(row.cycle_start, row.cycle_end, row.resulting_invoice_id.amount_untaxed)
                 for row in contract.schedule_ids.sorted("cycle_start") if row.resulting_invoice_id])
            self.assertGreaterEqual(len(plan), 3)

    # ---- what does not renew ----------------------------------------------------------------------------------------

    def test_without_it_the_contract_closes_after_its_last_cycle(self):
        contract = self.make(date_start="2026-01-01", date_end="2026-01-31")
        contract.auto_renew = False
        self.bill(contract, "2026-01-02", "2026-02-01")
        self.assertRecordValues(contract, [{"state": "closed", "date_end": fields.Date.to_date("2026-01-31")}])

    def test_a_suspended_contract_renews_when_it_goes_on(self):
        contract = self.make(date_start="2026-01-01", date_end="2026-03-31", renewal_months=3)
        self.bill(contract, "2026-01-02")
        with self.today("2026-03-01"):
            contract.action_suspend()
        self.run_job("2026-04-20")
        self.assertEqual(str(contract.date_end), "2026-03-31")
        with self.today("2026-04-20"):
            contract.action_activate()
        self.run_job("2026-04-20", time="06:00:00")
        self.assertRecordValues(contract, [{"state": "active", "date_end": fields.Date.to_date("2026-06-30")}])

    def test_one_that_is_refused_harms_no_other_and_is_told(self):
        contracts = [
            self.make(date_start="2026-01-01", date_end="2026-01-31", renewal_months=1, name=name)
            for name in ("bad", "good")]
        bad, good = contracts
        self.run_job("2026-01-02")
        self.env.cr.execute(  # a ledger row that reaches beyond the new term
            "UPDATE billing_schedule SET cycle_end = '2026-06-30' WHERE contract_id = %s", [bad.id])
        self.env.invalidate_all()
        self.run_job("2026-01-31")
        self.run_job("2026-02-02")
        self.assertRecordValues(bad + good, [
            {"state": "active", "date_end": fields.Date.to_date("2026-01-31")},
            {"state": "active", "date_end": fields.Date.to_date("2026-02-28")}])
        self.assertRecordValues(bad.activity_ids.filtered(lambda one: one.activity_type_id.name == "Billing error"), [
            {"summary": "The contract could not be renewed"}])
        self.assertEqual(self.spans(good)[-1], ("2026-02-02", 100.0, "2026-02-01", "2026-02-28"))

    # ---- by hand ----------------------------------------------------------------------------------------------------

    def test_the_window_shows_the_new_end_and_moves_it(self):
        contract = self.make_contract(
            {"quantity": 1, "price_unit": 100.0}, date_start="2026-01-31", date_end="2026-02-27", renewal_months=6)
        clerk = new_test_user(self.env, "clerk", groups="work365_billing.billing_group_user",
                              company_id=self.company.id, company_ids=self.company.ids)
        action = contract.with_user(clerk).action_open_renewal()
        wizard = self.env[action["res_model"]].with_user(clerk).browse(action["res_id"])
        self.assertRecordValues(wizard, [{"months": 6, "new_end": fields.Date.to_date("2026-08-30")}])
        with Form(wizard) as window:
            window.months = 1
            self.assertEqual(str(window.new_end), "2026-03-30")
        wizard.action_proceed()
        self.assertEqual(str(contract.date_end), "2026-03-30")
        self.assertEqual(len(self.said(contract)), 1)

    def test_what_cannot_be_renewed_is_refused(self):
        contract = self.make_contract({"quantity": 1, "price_unit": 100.0}, date_start="2026-01-01")
        with self.assertRaisesRegex(UserError, "has no end"):
            contract.action_renew()
        contract.date_end = "2026-12-31"
        with self.assertRaisesRegex(UserError, "one or more"):
            contract.action_renew(0)
        self.bill(contract, "2026-01-02")
        contract.sudo().state = "closed"
        with self.assertRaisesRegex(UserError, "duplicate it"):
            contract.action_renew()

    # ---- notice -----------------------------------------------------------------------------------------------------

    def notices(self, contract):
        return contract.activity_ids.filtered(lambda activity: activity.activity_type_id == self.env.ref(NOTICE))

    def test_the_salesperson_is_told_once_for_each_term(self):
        self.company.billing_notice_days = 10
        contract = self.make(
            {"quantity": 10, "price_unit": 12.0, "discount": 10.0},
            {"quantity": 1, "price_unit": 120.0, "sales_unit": "annual"},
            {"quantity": 5, "price_unit": 1.0, "billable": False},
            date_start="2026-01-01", date_end="2026-01-31", renewal_months=1)
        self.assertEqual(str(contract.term_notice_date), "2026-01-21")
        self.run_job("2026-01-20")
        self.assertFalse(self.notices(contract))
        self.run_job("2026-01-21")
        self.run_job("2026-01-22")
        notice = self.notices(contract)
        self.assertRecordValues(notice, [{
            "summary": "Renews on 01/31/2026", "user_id": contract.user_id.id,
            "date_deadline": fields.Date.to_date("2026-01-31")}])
        note = str(notice.note).replace("&nbsp;", " ")
        self.assertIn("renews on 01/31/2026 until 02/28/2026, for $ 118.00 a month", note)
        self.run_job("2026-01-31")
        self.run_job("2026-02-18")
        self.assertEqual(self.notices(contract).mapped("summary"), ["Renews on 02/28/2026"])

    def test_the_notice_of_an_end_and_none_when_it_is_off(self):
        for days, summaries in ((30, ["Ends on 03/31/2026"]), (0, [])):
            self.company.billing_notice_days = days
            contract = self.make_contract(
                {"quantity": 1, "price_unit": 100.0}, date_start="2026-01-01", date_end="2026-03-31")
            self.run_job("2026-03-15")
            self.assertEqual(self.notices(contract).mapped("summary"), summaries)
            self.assertEqual(contract in self.env["billing.contract"].search([
                ("term_notice_date", "<=", "2026-03-15"), ("date_end", ">=", "2026-03-15")]), bool(days))
        contract.date_end = "2026-04-10"
        self.company.billing_notice_days = 30
        self.run_job("2026-03-16")
        self.assertEqual(self.notices(contract).mapped("summary"), ["Ends on 04/10/2026"])
        self.run_job("2026-04-11")
        self.assertEqual((contract.state, self.notices(contract).mapped("summary")), ("closed", []))
