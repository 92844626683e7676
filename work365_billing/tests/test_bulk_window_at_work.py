"""The window that generates many invoices, in the hands of people: many rows, rights, companies, refusals."""


from odoo import Command
from odoo.exceptions import AccessError
from odoo.tests import Form, new_test_user, tagged
from odoo.tools import mute_logger

from .bulk_window_common import WindowCommon


@tagged("post_install", "-at_install")
class TestBulkWindowAtWork(WindowCommon):
    """How it is opened and edited, by whom, and at what cost."""

    def test_the_list_opens_the_window_that_fits_the_selection(self):
        contracts = self.make_many(2)
        with self.today("2026-01-10"):
            self.assertEqual(contracts[0].action_generate_invoice()["res_model"], "billing.generate")
            action = contracts.action_generate_invoice()
            window = self.env[action["res_model"]].browse(action["res_id"])
            self.assertEqual((window._name, window.row_ids.contract_id), ("billing.bulk.generate", contracts))
            server_action = self.env.ref("work365_billing.billing_contract_action_generate")
            action = server_action.with_context(active_model="billing.contract", active_ids=contracts.ids).run()
        self.assertEqual(self.env["billing.bulk.generate"].browse(action["res_id"]).row_ids.contract_id, contracts)
        page = window.action_open_rows()
        self.assertEqual(self.env[page["res_model"]].search(page["domain"]), window.row_ids)
        self.assertEqual(page["context"]["default_bulk_id"], window.id)

    def test_changing_a_row_plans_that_row_alone(self):
        contracts = self.make_many(3)
        window = self.open(contracts)
        with self.today("2026-01-10"):
            contracts[0].subscription_ids.change_quantity(100)  # only a row that is planned anew shows it
            with Form(window) as form:
                with form.row_ids.edit(1) as row:
                    row.schedule_id = self.cycle(contracts[1], 1)
                    self.assertEqual((row.status, row.amount), ("future", 11.0))
                self.assertEqual((form.bill_count, form.summary.split(" · ")[1:]), (2, ["1 in the future"]))
                form.row_ids.remove(2)
                self.assertEqual(form.bill_count, 1)
        self.assertRows(window, [
            (contracts[0], "bill", 10.0, 0.0, False), (contracts[1], "future", 11.0, 0.0, False)])

    def test_many_rows_are_planned_part_by_part(self):
        self.patch(self.registry["billing.bulk.generate.row"], "_plan_part", 2)
        contracts = self.make_many(5)
        with self.today("2026-01-10"):
            action = contracts.action_generate_invoice()
            window = self.env["billing.bulk.generate"].browse(action["res_id"])
            self.env.flush_all()
            self.assertRecordValues(window, [{"planning_count": 5, "bill_count": 0, "row_count": 5}])
            self.assertEqual([window.plan_next(), window.planning_count, window.bill_count], [3, 3, 2])
            self.assertEqual([window.plan_next(), window.plan_next(), window.planning_count], [1, 0, 0])
            self.assertEqual(window.row_ids.mapped("amount"), [10.0, 11.0, 12.0, 13.0, 14.0])
            window.mode = "change_log"
            self.env.flush_all()
            self.assertEqual(window.planning_count, 5)
            window.mode = "regular"
        run = self.proceed(window)  # what is not planned yet is planned first
        self.assertRecordValues(run, [{"job_count": 5, "invoiced_count": 5}])

    def test_the_number_of_queries_does_not_grow_with_the_rows(self):
        counts = []
        contracts = self.make_many(40)
        self.run_job("2026-01-02")
        for number in (4, 40, 4, 40):
            self.env.invalidate_all()
            before = self.env.cr.sql_log_count
            window = self.open(contracts[:number], "2026-02-10")
            self.assertEqual(window.bill_count, number)
            counts.append(self.env.cr.sql_log_count - before)
        self.assertEqual(counts[2], counts[3])

    def test_a_run_for_each_company(self):
        other = self.setup_other_company(name="Company B")["company"]
        self.env.user.company_ids |= other
        own = self.make_many(1)
        foreign = self.env["billing.contract"].with_company(other).create({
            "partner_id": self.customer.id, "name": "foreign", "date_start": "2026-01-01", "company_id": other.id,
            "subscription_ids": [Command.create(self._subscription_vals({"price_unit": 7.0}))]})
        foreign.action_activate()
        both = self.env(context={"allowed_company_ids": [self.company.id, other.id]})
        with self.today("2026-01-10"):
            window = both["billing.bulk.generate"].create(
                {"row_ids": [Command.create({"contract_id": contract.id}) for contract in own | foreign]})
            action = window.action_proceed()
        runs = window.row_ids.job_id.run_id
        self.assertEqual((len(runs), action["domain"]), (2, [("id", "in", runs.ids)]))
        self.assertEqual(runs.company_id, self.company | other)

    def test_a_clerk_of_another_company_gets_nothing(self):
        contract = self.make_many(1)
        other = self.setup_other_company(name="Company B")["company"]
        for login, group, company in (("bulk_foreign", "user", other), ("bulk_viewer", "viewer", self.company)):
            user = new_test_user(
                self.env, login=login, groups=f"work365_billing.billing_group_{group}", company_id=company.id,
                company_ids=[Command.set(company.ids)])
            Window = self.env["billing.bulk.generate"].with_user(user).with_context(allowed_company_ids=company.ids)
            self.env.invalidate_all()
            with self.assertRaises(AccessError, msg=login), mute_logger("odoo.models"), self.env.cr.savepoint():
                Window.create({"row_ids": [Command.create({"contract_id": contract.id})]})
                self.env.flush_all()

    def test_a_clerk_generates_many(self):
        clerk = new_test_user(
            self.env, login="bulk_clerk", groups="work365_billing.billing_group_user", company_id=self.company.id,
            company_ids=[Command.set(self.company.ids)])
        contracts = self.make_many(2)
        with self.today("2026-01-10"):
            action = contracts.with_user(clerk).action_generate_invoice()
            window = self.env["billing.bulk.generate"].with_user(clerk).browse(action["res_id"])
            window.action_proceed()
        self.run_bulk()
        self.assertRecordValues(window.row_ids.job_id.run_id.sudo(), [{
            "user_id": clerk.id, "state": "done", "invoiced_count": 2}])
