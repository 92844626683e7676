from datetime import date

from odoo import Command
from odoo.exceptions import AccessError
from odoo.tests import new_test_user, tagged

from .common import BillingCommon

FIGURES = ("planned_date", "planned_start", "planned_end", "planned_amount", "planned_count", "planned_difference")


@tagged("post_install", "-at_install")
class TestImportCheck(BillingCommon):
    """The next invoice of imported contracts beside the last one of the old system: the planner's, nothing written."""

    def make(self, through="2026-03-31", previous=200.0, today="2026-04-01", subscription=None, **vals):
        return self.make_contract(
            {"quantity": 10, "price_unit": 20.0, **(subscription or {})}, today=today,
            **{"date_start": "2025-01-01", "billed_through": through, "previous_amount": previous, **vals})

    def check(self, contract, *figures, problem=False, today="2026-04-01"):
        """Compare the FIGURES and the problem of ``contract`` on ``today``."""
        with self.today(today):
            self.env.invalidate_all()
            expected = dict(zip(FIGURES, figures, strict=True))
            self.assertRecordValues(contract, [{
                **expected, "planned_problem": problem, "planned_to_check": bool(problem)}])

    def test_a_draft_that_bills_what_was_billed(self):
        contract = self.make(activate=False)
        self.check(contract, date(2026, 4, 2), date(2026, 4, 1), date(2026, 4, 30), 200.0, 0, 0.0)
        self.assertFalse(contract.schedule_ids)

    def test_active_or_draft_the_same(self):
        for activate in (True, False):
            with self.subTest(activate):
                contract = self.make(previous=150.0, activate=activate)
                self.check(contract, date(2026, 4, 2), date(2026, 4, 1), date(2026, 4, 30), 200.0, 0, 50.0,
                           problem="+33.3 % against the old system")

    def test_the_percentage_is_the_companys(self):
        figures = (date(2026, 4, 2), date(2026, 4, 1), date(2026, 4, 30), 200.0, 0, 40.0)
        contract = self.make(previous=160.0)
        self.check(contract, *figures)  # 25 % is not more than 25 %
        self.company.billing_anomaly_percent = 24.99
        self.check(contract, *figures, problem="+25.0 % against the old system")

    def test_without_an_amount_nothing_is_compared(self):
        contract = self.make(previous=0.0)
        self.check(contract, date(2026, 4, 2), date(2026, 4, 1), date(2026, 4, 30), 200.0, 0, 0.0)

    def test_the_rest_of_a_cycle(self):
        contract = self.make("2026-04-15")
        self.check(contract, date(2026, 4, 17), date(2026, 4, 16), date(2026, 4, 30), 100.0, 0, -100.0,
                   problem="-50.0 % against the old system (part of a cycle)")
        self.bill(contract, "2026-04-17")
        self.assertEqual(self.invoices(contract).amount_untaxed, 100.0)
        self.check(contract, date(2026, 5, 2), date(2026, 5, 1), date(2026, 5, 31), 200.0, 0, 0.0, today="2026-04-18")

    def test_periods_that_the_job_would_catch_up(self):
        contract = self.make("2026-01-31")
        figures = (date(2026, 2, 2), date(2026, 2, 1), date(2026, 2, 28), 200.0)
        problem = "3 invoices are due: $\N{NO-BREAK SPACE}600.00 in all"
        self.check(contract, *figures, 3, 0.0, problem=problem, today="2026-04-10")
        self.run_job("2026-04-10")
        self.assertEqual(self.invoices(contract).mapped("amount_untaxed"), [200.0] * 3)
        draft = self.make("2026-01-31", activate=False)
        self.check(draft, *figures, 3, 0.0, problem=problem, today="2026-04-10")

    def test_only_the_current_period_is_caught_up(self):
        for activate in (True, False):
            with self.subTest(activate):
                contract = self.make("2026-01-31", catch_up="current", activate=activate)
                self.check(contract, date(2026, 4, 2), date(2026, 4, 1), date(2026, 4, 30), 200.0, 1, 0.0,
                           problem="1 invoice is due: $\N{NO-BREAK SPACE}200.00", today="2026-04-10")

    def test_cycles_of_their_own(self):
        contract = self.make_contract(
            {"quantity": 1, "price_unit": 30.0, "date_start": "2025-01-11", "billed_through": "2026-04-10"},
            {"quantity": 1, "price_unit": 50.0, "date_start": "2025-01-06", "billed_through": "2026-04-05"},
            contract_type="item_based", date_start="2025-01-01", previous_amount=50.0, activate=False)
        self.check(contract, date(2026, 4, 7), date(2026, 4, 6), date(2026, 5, 5), 50.0, 0, 0.0)

    def test_items_of_a_contract_without_cycles(self):
        contract = self.make_contract(
            contract_type="non_recurring", date_start="2026-04-01", activate=False,
            item_ids=[Command.create({"product_id": self.licence.id, "name": "Set-up", "price_unit": 500.0,
                                      "tax_ids": False, "invoice_on": "2026-04-10"})])
        self.check(contract, date(2026, 4, 11), date(2026, 4, 10), date(2026, 4, 10), 500.0, 0, 0.0)

    def test_what_cannot_be_billed(self):
        nothing = self.make(subscription={"billable": False})
        self.check(nothing, False, False, False, 0.0, 0, 0.0, problem="Nothing is planned")
        contract = self.make()
        self.licence.active = False
        self.check(contract, date(2026, 4, 2), date(2026, 4, 1), date(2026, 4, 30), 200.0, 0, 0.0,
                   problem="A product is archived. Restore the product, or deactivate its subscription.")

    def test_a_closed_contract_has_nothing_to_check(self):
        contract = self.make()
        contract.action_close()
        self.check(contract, False, False, False, 0.0, 0, 0.0)

    def test_the_filter(self):
        Contract = self.env["billing.contract"]
        fine, differs, late = self.make(), self.make(previous=100.0), self.make("2026-01-31", previous=0.0)
        uncompared = self.make(False, previous=0.0, date_start="2026-05-01")
        everything = fine | differs | late | uncompared
        with self.today("2026-04-01"):
            for value, expected in ((True, differs | late), (False, fine | uncompared)):
                found = Contract.search([("id", "in", everything.ids), ("planned_to_check", "=", value)])
                self.assertEqual(found, expected)

    def test_it_only_reads_and_the_number_of_queries_does_not_grow(self):
        few = self.make(activate=False) | self.make("2026-01-31")
        many = few.browse([self.make(through, activate=active).id for active in (True, False)
                           for through in ("2026-03-31", "2026-01-31", "2026-04-15") for _number in range(5)])
        counts = []
        with self.today("2026-04-01"):
            for contracts in (few, few, many):
                self.env.flush_all()
                self.env.invalidate_all()
                before = self.env.cr.sql_log_count
                with self.env.cr.savepoint(flush=False):
                    self.env.cr.execute("SET TRANSACTION READ ONLY")
                    contracts.mapped("planned_problem")
                counts.append(self.env.cr.sql_log_count - before)
        self.assertLessEqual(counts[2], counts[1] + 2)

    def test_a_viewer_sees_it_and_enters_nothing(self):
        contract = self.make(previous=150.0)
        viewer = new_test_user(
            self.env, login="check_viewer", groups="work365_billing.billing_group_viewer", company_id=self.company.id,
            company_ids=[Command.set(self.company.ids)])
        seen = contract.with_user(viewer)
        with self.today("2026-04-01"):
            self.assertEqual(seen.planned_problem, "+33.3 % against the old system")
        with self.assertRaises(AccessError):
            seen.previous_amount = 200.0
