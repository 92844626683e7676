from psycopg2.errors import UniqueViolation

from odoo import Command
from odoo.exceptions import AccessError, UserError
from odoo.tests import Form, new_test_user, tagged
from odoo.tools import mute_logger

from odoo.addons.work365_billing.tests.common import BillingCommon


@tagged("post_install", "-at_install")
class TestServices(BillingCommon):
    """Approved time of projects and tasks, through the hourly job."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.consulting = cls._create_product(name="Consulting", lst_price=120.0, taxes_id=False)
        cls.project = cls.env["project.project"].create({"name": "Migration", "allow_timesheets": True})
        cls.task = cls.env["project.task"].create({"name": "Mailboxes", "project_id": cls.project.id})
        cls.ada, cls.ben = cls.env["hr.employee"].create([{"name": "Ada"}, {"name": "Ben"}])
        cls.contract = cls.make_contract(
            {"quantity": 2, "price_unit": 30.0}, date_start="2026-01-01",
            service_ids=[Command.create({"product_id": cls.consulting.id, "project_id": cls.project.id})])
        cls.service = cls.contract.service_ids

    @classmethod
    def get_default_groups(cls):
        groups = ("project.group_project_manager", "hr_timesheet.group_timesheet_manager", "hr.group_hr_manager")
        found = [cls.env.ref(group, raise_if_not_found=False) for group in groups]
        return super().get_default_groups().union(*filter(None, found))

    def log(self, day, hours, employee=None, approved=True, **vals):
        with self.today(day):
            return self.env["account.analytic.line"].create({
                "project_id": self.project.id, "employee_id": (employee or self.ada).id, "date": day, "name": "Work",
                "unit_amount": hours, "billing_approved": approved, **vals})

    def lines(self, move):
        """Return name, quantity, price, subtotal and period of the lines of services."""
        return [
            (line.name.split("\n")[0], line.quantity, line.price_unit, line.price_subtotal,
             str(line.billing_period_start), str(line.billing_period_end))
            for line in move.invoice_line_ids.filtered("billing_time_ids").sorted("sequence")]

    def make_user(self, *groups):
        return new_test_user(
            self.env, login="time_user", groups=",".join(groups), company_id=self.company.id,
            company_ids=[Command.set(self.company.ids)], tz="UTC")

    def test_approved_time_is_on_the_next_invoice(self):
        self.assertEqual(self.service.price_unit, 120.0)
        times = self.log("2026-01-10", 1.5) | self.log("2026-01-20", 2.25, self.ben)
        waiting = self.log("2026-01-21", 8.0, approved=False)
        self.bill(self.contract, "2026-01-02", "2026-02-02")
        move = self.invoices(self.contract)[1]
        self.assertEqual(self.lines(move), [("Consulting", 3.75, 120.0, 450.0, "2026-01-10", "2026-01-20")])
        self.assertEqual(move.amount_untaxed, 510.0)
        self.assertEqual(times.invoice_id, move)
        self.assertEqual(move.invoice_line_ids.billing_time_ids, times)
        waiting.action_approve_for_billing()
        self.log("2026-03-02", 4.0)  # on the schedule date: the next one
        self.bill(self.contract, "2026-03-02")
        self.assertEqual(self.lines(self.invoices(self.contract)[2]), [
            ("Consulting", 8.0, 120.0, 960.0, "2026-01-21", "2026-01-21")])

    def test_rollups(self):
        expected = {
            "none": [("Consulting: Plan", 1.0, 120.0, 120.0, "2026-01-10", "2026-01-10"),
                     ("Consulting: Move", 2.0, 120.0, 240.0, "2026-01-11", "2026-01-11"),
                     ("Consulting: Test", 4.0, 120.0, 480.0, "2026-01-12", "2026-01-12")],
            "employee": [("Consulting: Ada", 3.0, 120.0, 360.0, "2026-01-10", "2026-01-11"),
                         ("Consulting: Ben", 4.0, 120.0, 480.0, "2026-01-12", "2026-01-12")],
            "service": [("Consulting", 7.0, 120.0, 840.0, "2026-01-10", "2026-01-12")],
        }
        self.log("2026-01-10", 1.0, name="Plan")
        self.log("2026-01-11", 2.0, name="Move")
        self.log("2026-01-12", 4.0, self.ben, name="Test")
        for rollup, lines in expected.items():
            with self.subTest(rollup):
                self.service.rollup = rollup
                self.bill(self.contract, "2026-02-02")
                move = self.invoices(self.contract)[-1]
                self.assertEqual(sorted(self.lines(move), key=lambda line: line[4]), lines)
                move.unlink()

    def test_a_task_has_its_own_rate_and_discounts_compound(self):
        self.contract.write({"discount": 10.0, "service_ids": [Command.create({
            "product_id": self.consulting.id, "project_id": self.project.id, "task_id": self.task.id,
            "name": "Mailbox moves", "price_unit": 80.0, "discount": 5.0})]})
        self.log("2026-01-10", 1.0)
        self.log("2026-01-11", 2.0, task_id=self.task.id)
        self.bill(self.contract, "2026-02-02")
        self.assertEqual(sorted(self.lines(self.invoices(self.contract)[-1])), [
            ("Consulting", 1.0, 120.0, 108.0, "2026-01-10", "2026-01-10"),
            ("Mailbox moves", 2.0, 80.0, 136.8, "2026-01-11", "2026-01-11")])

    def test_undo_and_bill_again_gives_the_same_lines(self):
        time = self.log("2026-01-10", 1.5)
        self.bill(self.contract, "2026-02-02")
        first = self.invoices(self.contract)[-1]
        lines = self.lines(first)
        first.button_cancel()
        self.assertFalse(time.invoice_line_id)
        self.bill(self.contract, "2026-02-03")
        again = self.invoices(self.contract)[-1]
        self.assertEqual((self.lines(again), time.invoice_id), (lines, again))

    def test_the_window_groups_services_and_says_what_is_missing(self):
        self.log("2026-01-10", 1.0)
        self.log("2026-01-11", 2.0, approved=False)
        self.log("2026-01-12", 2.0, approved=False)
        self.bill(self.contract, "2026-01-02")
        with self.today("2026-02-02"):
            window = self.env["billing.generate"].create({"contract_id": self.contract.id})
            self.assertEqual(window.preview_line_ids.mapped("group"), ["full_cycle", "service"])
            self.assertRecordValues(window.ineligible_line_ids, [{
                "name": "Consulting", "record_model": "billing.service", "record_id": self.service.id}])
            self.assertIn("not approved", window.ineligible_line_ids.reason)
            self.assertEqual(window.preview_line_ids[1].action_open_record()["res_id"], self.service.id)

    def test_late_approval_reopens_an_ended_contract(self):
        self.contract.date_end = "2026-01-31"
        time = self.log("2026-01-31", 1.0, approved=False)
        self.run_daily("2026-01-02", "2026-01-02")
        self.run_daily("2026-02-01", "2026-02-02")
        self.assertEqual(self.contract.state, "closed")
        with self.today("2026-02-05"):
            time.action_approve_for_billing()
        self.assertEqual(self.contract.state, "active")
        self.run_job("2026-02-05")
        self.assertEqual(self.lines(self.invoices(self.contract)[-1]), [
            ("Consulting", 1.0, 120.0, 120.0, "2026-01-31", "2026-01-31")])
        self.assertEqual(self.contract.state, "closed")

    def test_a_contract_of_services_alone_is_activated(self):
        project = self.env["project.project"].create({"name": "Support", "allow_timesheets": True})
        with Form(self.env["billing.contract"]) as form:
            form.partner_id = self.customer
            form.date_start = "2026-01-01"
            with form.service_ids.new() as line:
                line.product_id = self.consulting
                line.project_id = project
        form.record.action_activate()
        self.assertEqual((form.record.state, form.record.service_ids.price_unit), ("active", 120.0))

    def test_a_project_is_billed_once(self):
        with mute_logger("odoo.sql_db"), self.assertRaises(UniqueViolation):
            self.env["billing.service"].create({
                "contract_id": self.contract.id, "product_id": self.consulting.id, "project_id": self.project.id})

    def test_billed_time_stays_as_it_is(self):
        time = self.log("2026-01-10", 1.5)
        self.bill(self.contract, "2026-02-02")
        for values in ({"unit_amount": 2.0}, {"date": "2026-01-11"}, {"billing_approved": False}):
            with self.assertRaisesRegex(UserError, "is billed by"):
                time.write(values)
        with self.assertRaisesRegex(UserError, "stays as its proof"):
            time.unlink()
        time.name = "Better words"

    def test_only_approvers_approve(self):
        employee = self.make_user("base.group_user", "hr_timesheet.group_hr_timesheet_user")
        self.ada.user_id = employee
        time = self.log("2026-01-10", 1.5, approved=False)
        own = time.with_user(employee)
        own.unit_amount = 1.0
        with self.assertRaises(AccessError):
            own.billing_approved = True
        with self.assertRaises(AccessError):
            self.env["account.analytic.line"].with_user(employee).create({
                "project_id": self.project.id, "name": "x", "unit_amount": 1.0, "billing_approved": True})
        time.action_approve_for_billing()
        with self.assertRaises(AccessError):
            own.unit_amount = 9.0
        self.assertEqual(time.unit_amount, 1.0)

    def test_a_billing_clerk_approves_without_rights_on_timesheets(self):
        clerk = self.make_user("work365_billing.billing_group_user")
        time = self.log("2026-01-10", 1.5, approved=False)
        time.with_user(clerk).action_approve_for_billing()
        self.assertTrue(time.billing_approved)
        self.assertEqual(
            self.env["account.analytic.line"].with_user(clerk).search(self.service.action_view_time()["domain"]), time)

    def test_companies(self):
        other = self.setup_other_company(name="Company B")["company"]
        foreign = new_test_user(
            self.env, login="foreign", groups="work365_billing.billing_group_admin", company_id=other.id,
            company_ids=[Command.set(other.ids)], tz="UTC")
        self.assertFalse(self.env["billing.service"].with_user(foreign).search([("id", "=", self.service.id)]))
        with self.assertRaises(AccessError):
            self.service.with_user(foreign).read(["name"])
