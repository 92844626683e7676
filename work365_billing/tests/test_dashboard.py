from odoo import Command
from odoo.exceptions import AccessError
from odoo.fields import Domain
from odoo.tests import new_test_user, tagged

from ..report.billing_missing_data import PROBLEMS
from .common import BillingCommon


class DashboardCommon(BillingCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.viewer = cls.make_user("dashboard_viewer", cls.company)
        cls.cron.lastcall = "2026-05-10 03:00:00"

    @classmethod
    def make_user(cls, login, company, group="viewer"):
        return new_test_user(
            cls.env, login=login, groups=f"work365_billing.billing_group_{group}", company_id=company.id,
            company_ids=[Command.set(company.ids)], tz="UTC")

    def run_job(self, day, time="05:00:00"):
        result = super().run_job(day, time)
        self.cron.lastcall = f"{day} {time}"  # Odoo keeps the real time
        return result

    def cards(self, user=None):
        """Return the cards by kind, as ``user`` sees them (default a viewer of the company)."""
        user = user or self.viewer
        self.env.flush_all()
        self.env.invalidate_all()
        cards = self.env["billing.dashboard.card"].with_user(user).with_context(
            allowed_company_ids=user.company_ids.ids).search([])
        return {card.kind: card for card in cards}

    def counts(self, user=None, today="2026-05-10"):
        """Return the counters that are not zero."""
        with self.today(today):
            return {kind: card.count for kind, card in self.cards(user).items() if card.count}

    def listed(self, kind, today="2026-05-10"):
        """Return the records of the list that a click on the card opens."""
        with self.today(today):
            action = self.cards()[kind].action_open()
            model = self.env[action["res_model"]].with_user(self.viewer)
            return model.search(Domain(action["domain"])).with_env(self.env)


@tagged("post_install", "-at_install")
class TestDashboard(DashboardCommon):
    """Each card counts what its list shows, for the companies and the rights of the viewer."""

    def test_without_anything_to_do_every_card_is_zero(self):
        self.make_contract({"quantity": 1, "price_unit": 5.0}, date_start="2026-06-01")
        self.assertEqual(self.counts(), {"change_logs": 1})  # the first bill of the new contract is still to come
        self.assertEqual(len(self.cards()), 12)

    def test_missed_and_errored_schedules(self):
        due = self.make_contract({"price_unit": 5.0}, date_start="2026-05-09", name="Due")  # on the 10th
        later = self.make_contract({"price_unit": 5.0}, date_start="2026-05-10", name="Later")
        broken = self.make_contract({"price_unit": 5.0}, date_start="2026-05-10", name="Broken")
        broken.schedule_ids.sorted("cycle_start")[0].sudo()._set_error("no_journal", "No journal")
        empty = self.make_contract({"quantity": 0}, date_start="2026-05-01", name="Empty")
        empty.schedule_ids.sorted("cycle_start")[0].sudo()._set_nothing("nothing_to_bill", "Nothing")
        suspended = self.make_contract({"price_unit": 5.0}, date_start="2026-05-01", name="Suspended")
        suspended.action_suspend()
        first = {contract: contract.schedule_ids.sorted("cycle_start")[0] for contract in due + broken + later}
        self.assertEqual(self.listed("missed"), first[due] + first[broken])
        self.cron.lastcall = "2026-05-09 23:00:00"
        self.assertEqual(self.listed("missed"), first[broken])
        self.assertEqual(self.listed("missed", today="2026-05-11"), first[due] + first[broken])
        self.assertEqual(self.listed("missed", today="2026-05-12"), first[due] + first[later] + first[broken])
        self.assertEqual(self.counts(today="2026-05-12")["missed"], 3)
        self.cron.lastcall = False
        self.assertEqual(self.counts()["missed"], 1)

    def test_the_day_of_the_last_run_is_that_of_the_company(self):
        self.company.billing_tz = "Africa/Johannesburg"
        contract = self.make_contract({"price_unit": 5.0}, date_start="2026-05-09")
        self.cron.lastcall = "2026-05-09 21:59:00"
        self.assertNotIn("missed", self.counts())
        self.cron.lastcall = "2026-05-09 22:00:00"  # midnight of the 10th
        self.assertEqual(self.listed("missed"), contract.schedule_ids.sorted("cycle_start")[0])

    def test_a_retry_from_the_list_bills_the_period(self):
        clerk = self.make_user("dashboard_clerk", self.company, "user")
        contract = self.make_contract({"price_unit": 5.0}, date_start="2026-05-09")
        self.licence.active = False
        self.run_job("2026-05-10", "05:00:00")
        rows = self.listed("missed")
        self.assertRecordValues(rows, [{"contract_id": contract.id, "state": "error", "reason": "product_archived"}])
        self.licence.active = True
        rows.with_user(clerk).action_retry()
        self.run_job("2026-05-10", "05:01:00")
        self.assertEqual(contract.invoice_ids.mapped("amount_untaxed"), [5.0])
        self.assertNotIn("missed", self.counts())

    def test_uninvoiced_change_logs(self):
        contract = self.make_contract({"quantity": 5, "price_unit": 30.0}, date_start="2026-05-01")
        self.run_job("2026-05-02")
        self.make_contract({"price_unit": 5.0}, date_start="2026-05-01", activate=False)
        with self.today("2026-05-10"):
            changed = contract.subscription_ids.change_quantity(8, "2026-05-05")
            contract.subscription_ids.change_quantity(9, "2026-06-05")
        self.assertEqual(self.listed("change_logs"), changed)
        self.assertEqual(self.counts()["change_logs"], 1)

    def test_contracts_that_end(self):
        last, soon, *_others = [
            self.make_contract({"price_unit": 5.0}, date_start="2026-01-01", date_end=end, today="2026-05-01")
            for end in ("2026-08-08", "2026-05-10", "2026-05-09", "2026-08-09", False)]
        self.assertEqual(self.listed("ending"), last + soon)

    def test_failed_jobs_that_nothing_has_settled(self):
        contract = self.make_contract({"price_unit": 5.0}, date_start="2026-05-01", auto_sync=True)
        self.run_job("2026-05-02")
        Job = self.env["billing.job"].sudo()
        invoice_job = Job.search([("contract_id", "=", contract.id), ("job_type", "=", "invoice")])
        values = {
            "contract_id": contract.id, "run_id": invoice_job.run_id.id, "job_type": "post", "state": "failed",
            "invoice_id": contract.invoice_ids.id}
        Job.search([("contract_id", "=", contract.id), ("job_type", "=", "post")]).unlink()
        old, failed = Job.create([values, values])
        self.assertEqual(self.listed("failed_jobs"), failed)
        self.assertRecordValues(old + failed + invoice_job, [
            {"unsolved": False}, {"unsolved": True}, {"unsolved": False}])
        Job.create({**values, "state": "succeeded"})
        self.assertNotIn("failed_jobs", self.counts())
        whole = Job.create({"contract_id": contract.id, "job_type": "invoice", "state": "failed"})
        self.assertEqual(self.listed("failed_jobs"), whole)
        contract.action_close()
        self.assertNotIn("failed_jobs", self.counts())

    def test_a_failed_period_counts_once(self):
        self.make_contract({"price_unit": 5.0}, date_start="2026-05-01")
        self.licence.active = False
        for time in ("05:00:00", "06:00:00"):
            self.run_job("2026-05-10", time)
        counts = self.counts()
        self.assertEqual((counts["missed"], counts.get("failed_jobs"), counts["missing_data"]), (1, None, 1))
        unsolved = self.env["billing.job"].search([("unsolved", "=", True), ("company_id", "=", self.company.id)])
        self.assertEqual(len(unsolved), 1)

    def test_drafts_and_replaced_invoices(self):
        contract = self.make_contract({"price_unit": 5.0}, date_start="2026-05-01")
        self.run_job("2026-05-02")
        old = contract.invoice_ids
        with self.today("2026-05-03"):
            window = self.env["billing.generate"].create({
                "contract_id": contract.id, "schedule_id": contract.schedule_ids.sorted("cycle_start")[0].id,
                "replace_existing": True})
            window.action_proceed()
        new = window.invoice_id
        new.invoice_date = "2026-05-02"
        self.assertEqual(self.listed("replaced"), old)
        self.assertEqual(self.listed("drafts", today="2026-05-10"), new)
        self.assertFalse(self.listed("drafts", today="2026-05-09"))
        with self.today("2026-05-10"):
            self.assertEqual(self.cards()["drafts"].amount, 5.0)
        old.unlink()
        new.action_post()
        self.assertEqual(self.counts(), {})

    def test_periods_on_hold(self):
        contract = self.make_contract({"price_unit": 5.0}, date_start="2026-05-01")
        self.run_job("2026-05-02")
        contract.invoice_ids.action_post()
        contract.invoice_ids._reverse_moves(cancel=True)
        self.assertEqual(self.listed("on_hold"), contract.schedule_ids.sorted("cycle_start")[0])
        self.assertNotIn("missed", self.counts(today="2026-05-20"))

    def test_other_companies_are_not_counted(self):
        other = self.setup_other_company(name="Company B")["company"]
        self.make_contract({"price_unit": 0.0}, date_start="2026-05-01")
        foreign = self.make_user("dashboard_foreign", other, "admin")
        self.assertEqual(self.counts(), {"missed": 1, "missing_data": 1, "change_logs": 1})
        self.assertEqual(self.counts(foreign), {})

    def test_the_number_of_queries_does_not_depend_on_the_number_of_contracts(self):
        def read():
            self.env.flush_all()
            self.env.invalidate_all()
            before = self.env.cr.sql_log_count
            self.counts()
            return self.env.cr.sql_log_count - before
        self.make_contract({"price_unit": 0.0}, date_start="2026-05-01")
        read()
        few = read()
        for number in range(20):
            self.make_contract({"price_unit": 0.0}, date_start="2026-05-01", name=str(number))
        self.assertEqual(read(), few)

    def test_nobody_changes_the_cards(self):
        admin = self.make_user("dashboard_admin", self.company, "admin")
        with self.assertRaises(AccessError):
            self.cards(admin)["missed"].write({"name": "x"})


@tagged("post_install", "-at_install")
class TestMissingData(DashboardCommon):
    """What keeps active subscriptions from being billed rightly, each with the way to mend it."""

    def found(self, contract, today="2026-05-10"):
        """Return the problems of ``contract`` as (subscription, problem)."""
        self.env.flush_all()
        with self.today(today):
            rows = self.env["billing.missing.data"].with_user(self.viewer).search([("contract_id", "=", contract.id)])
            self.assertTrue(all(row.how for row in rows))
            return [(row.subscription_id.name or "", row.problem) for row in rows]

    def test_every_problem_has_words(self):
        for problem, (what, how) in PROBLEMS.items():
            self.assertTrue(str(what).endswith(".") and str(how).endswith("."), problem)

    def test_nothing_is_missing(self):
        self.assertEqual(self.found(self.make_contract({"price_unit": 5.0}, date_start="2026-05-01")), [])

    def test_problems_of_subscriptions(self):
        tax = self.company_data["default_tax_sale"]
        taxed = self._create_product(name="Taxed", lst_price=1.0, taxes_id=[Command.set(tax.ids)])
        gone = self._create_product(name="Gone", lst_price=1.0, taxes_id=False)
        other_tax = tax.copy({"name": "Old tax"})
        contract = self.make_contract(
            {"name": "A price", "price_unit": 0.0},
            {"name": "B quantity", "price_unit": 1.0, "quantity": 0},
            {"name": "C quantity later", "price_unit": 1.0, "quantity": 0},
            {"name": "D tax", "price_unit": 1.0, "product_id": taxed.id},
            {"name": "E taxed", "price_unit": 1.0, "product_id": taxed.id, "tax_ids": [Command.set(tax.ids)]},
            {"name": "F old tax", "price_unit": 1.0, "tax_ids": [Command.set(other_tax.ids)]},
            {"name": "G product", "price_unit": 1.0, "product_id": gone.id},
            {"name": "H not billable", "price_unit": 0.0, "billable": False},
            {"name": "I over", "price_unit": 0.0, "date_end": "2026-05-09"},
            {"name": "J both", "price_unit": 0.0, "quantity": 0},
            date_start="2026-05-01")
        gone.active = False
        other_tax.active = False
        with self.today("2026-05-10"):
            contract.subscription_ids.filtered(lambda sub: sub.name.startswith("C")).change_quantity(2, "2026-06-01")
        self.assertEqual(self.found(contract), [
            ("A price", "no_price"), ("B quantity", "no_quantity"), ("D tax", "no_tax"), ("F old tax", "tax_missing"),
            ("G product", "product_archived"), ("J both", "no_price"), ("J both", "no_quantity")])
        contract.subscription_ids[0].with_context(tracking_disable=True).deactivate("2026-05-10")
        self.assertNotIn(("A price", "no_price"), self.found(contract))

    def test_contracts_that_are_not_active(self):
        values = {"date_start": "2026-05-01", "today": "2026-05-02"}
        draft = self.make_contract({"price_unit": 1.0}, activate=False, **values)
        ahead = self.make_contract({"price_unit": 1.0}, activate=False, date_start="2026-06-01")
        suspended = self.make_contract({"price_unit": 1.0}, **values)
        suspended.action_suspend()
        written = self.make_contract({"price_unit": 1.0}, **values)
        written.sudo().state = "closed"  # as other code may: its subscriptions were not ended
        closed = self.make_contract({"price_unit": 1.0}, **values)
        closed.action_close()
        ended = self.make_contract({"price_unit": 1.0}, date_end="2026-05-09", **values)
        ended.action_close()
        self.assertEqual(
            [self.found(contract) for contract in (draft, ahead, suspended, written, closed, ended)],
            [[("", "contract_inactive")], [], [("", "contract_inactive")], [("", "contract_inactive")], [], []])

    def test_customers_that_cannot_be_billed(self):
        customer = self.env["res.partner"].create({"name": "Nobody", "email": "a@example.com"})
        contract = self.make_contract(
            {"price_unit": 1.0}, date_start="2026-05-01", partner_id=customer.id, auto_sync=True, auto_send=True)
        self.assertEqual(self.found(contract), [])
        customer.email = False
        self.assertEqual(self.found(contract), [("", "no_email")])
        invoicing = self.env["res.partner"].create({
            "name": "Invoices", "parent_id": customer.id, "type": "invoice", "email": "b@example.com"})
        self.assertEqual(self.found(contract), [])
        self.assertFalse(contract._get_automation_problem())
        invoicing.email = False
        self.assertEqual(self.found(contract), [("", "no_email")])
        self.assertTrue(contract._get_automation_problem())
        customer.write({"email": "a@example.com", "active": False})
        self.assertEqual(self.found(contract), [("", "partner_archived")])

    def test_no_income_account(self):
        contract = self.make_contract({"price_unit": 1.0}, date_start="2026-05-01")
        self.licence.product_tmpl_id.property_account_income_id = False
        self.licence.categ_id.property_account_income_categ_id = False
        self.company.income_account_id = False
        journal = self.company_data["default_journal_sale"]
        account = journal.default_account_id
        self.assertEqual(self.found(contract), [])
        self.env["account.journal"].search([("type", "=", "sale")]).default_account_id = False
        self.assertEqual(self.found(contract), [("Business Premium", "no_account")])
        self.run_job("2026-05-10")
        self.assertEqual(contract.schedule_ids.sorted("cycle_start")[0].reason, "no_account")
        contract.journal_id = journal.copy({"default_account_id": account.id})
        self.assertEqual(self.found(contract), [])

    def test_a_row_opens_what_is_to_be_mended(self):
        contract = self.make_contract({"price_unit": 0.0}, date_start="2026-05-01")
        contract.action_suspend()
        self.env.flush_all()
        with self.today("2026-05-10"):
            rows = self.env["billing.missing.data"].search([("contract_id", "=", contract.id)])
            opened = [(row.action_open_record()["res_model"], row.action_open_record()["res_id"]) for row in rows]
        self.assertEqual(opened, [
            ("billing.subscription", contract.subscription_ids.id), ("billing.contract", contract.id)])
