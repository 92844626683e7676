"""The planner reads in batches and writes nothing."""

import re
from contextlib import contextmanager
from unittest.mock import patch

from odoo import Command
from odoo.sql_db import Cursor
from odoo.tests import freeze_time, tagged

from ..models.billing_facts import FactsReader
from .common import BillingCommon

WRITING = re.compile(
    r"^\s*(INSERT|UPDATE|DELETE|CREATE|ALTER|DROP|TRUNCATE)|FOR (NO KEY )?UPDATE|nextval", re.IGNORECASE)


class StatementsMixin:
    @contextmanager
    def statements(self):
        """Collect the statements that are sent to the database."""
        found = []
        execute = Cursor.execute

        def spy(cursor, query, params=None, log_exceptions=True):
            found.append(query.code if hasattr(query, "code") else query)
            return execute(cursor, query, params, log_exceptions)

        with patch.object(Cursor, "execute", spy):
            yield found


@tagged("post_install", "-at_install")
class TestPlanner(StatementsMixin, BillingCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.country = cls.env.ref("base.be")
        cls.env["account.fiscal.position"].create([
            {"name": "Belgium", "auto_apply": True, "country_id": cls.country.id},
            {"name": "Group", "auto_apply": True, "country_group_id": cls.env.ref("base.europe").id}])

    def make_many(self, count):
        """Return contracts that share neither customer nor product, with changes, items and taxes, partly billed."""
        contracts = self.env["billing.contract"]
        for number in range(count):
            tax = self.company_data["default_tax_sale"].copy({"name": f"Tax {number}"})
            partner = self.env["res.partner"].create({"name": f"Customer {number}", "country_id": self.country.id})
            product = self._create_product(name=f"Service {number}", lst_price=100.0)
            contracts |= self.make_contract(
                {"product_id": product.id, "name": product.name, "price_unit": 100.0,
                 "tax_ids": [Command.set(tax.ids)]},
                {"price_unit": 3.0, "quantity": 0}, name=str(number), partner_id=partner.id, date_start="2026-01-01",
                refund_policy="yes", item_ids=[Command.create({
                    "product_id": product.id, "price_unit": 5.0, "invoice_on": "2026-02-01", "tax_ids": False})])
        self.run_job("2026-01-02")
        for contract in contracts:
            with self.today("2026-01-20"):
                contract.subscription_ids[0].change_quantity(5, "2026-01-16")
                contract.subscription_ids[0].change_quantity(2, "2026-02-10")
        return contracts

    def starts(self, contract):
        """Return the first days and states of the rows that the engine gets when the first open one is planned."""
        reader = FactsReader(contract)
        [planned, *_later] = [row for row in map(reader.engine_row, reader.rows_of(contract)) if row.state == "pending"]
        return [(str(row.start), row.state) for row in reader.engine_contract(contract, [planned]).rows]

    def test_rows_to_come_are_left_out(self):
        """All but those into which a change reaches, and the first of the rest: from there on nothing is invoiced."""
        contract = self.make_contract({"price_unit": 10.0}, date_start="2026-01-01")
        self.run_job("2026-01-02")
        self.assertGreater(len(contract.schedule_ids), 10)
        self.assertEqual(self.starts(contract), [("2026-02-01", "pending"), ("2026-03-01", "pending")])
        with self.today("2026-01-20"):
            contract.subscription_ids.change_quantity(5, "2026-01-16")
            contract.subscription_ids.change_quantity(2, "2026-04-10")
        self.assertEqual(self.starts(contract), [
            ("2026-01-01", "invoiced"), ("2026-02-01", "pending"), ("2026-03-01", "pending"),
            ("2026-04-01", "pending"), ("2026-05-01", "pending")])

    def plan(self, contracts):
        self.env.flush_all()
        self.env.invalidate_all()
        with freeze_time("2026-03-02 05:00:00"), self.statements() as found:
            planned = self.env["billing.planner"]._plan_due(contracts, self.company._billing_today())
            self.env.flush_all()
        self.assertEqual(len(planned), 2 * len(contracts))
        self.assertTrue(all(one.lines and one.vals_list and not one.code for one in planned))
        return found

    def test_the_number_of_queries_does_not_depend_on_the_number_of_contracts(self):
        contracts = self.make_many(30)
        self.plan(contracts[:1])  # fills the caches of the registry
        few, many = self.plan(contracts[:5]), self.plan(contracts)
        self.assertEqual(len(few), len(many), "\n".join(statement[:200] for statement in many))

    def make_mixed(self, count):
        """Return contracts of every type, with two subscriptions or three items each that are due on 2 March."""
        contracts = self.env["billing.contract"]
        for number in range(count):
            product = self._create_product(name=f"Service {number}", lst_price=100.0)
            subs = [{"product_id": product.id, "price_unit": 9.0}, {"price_unit": 3.0, "date_start": "2026-02-01"}]
            items = [Command.create({"product_id": product.id, "price_unit": 5.0, "invoice_on": f"2026-02-{day}"})
                     for day in (10, 11, 12)]
            for contract_type in ("recurring", "item_based", "non_recurring"):
                contracts |= self.make_contract(
                    *(subs if contract_type != "non_recurring" else ()), contract_type=contract_type, item_ids=items,
                    name=f"{contract_type} {number}", date_start="2026-01-01", date_end="2026-12-31")
            with self.today("2026-01-01"):
                contracts[-3].move_billing_day(15, effective_date="2026-05-01")
        return contracts

    def test_the_number_of_queries_does_not_depend_on_the_number_of_contracts_of_any_type(self):
        contracts = self.make_mixed(12)

        def run(chosen):
            self.env.flush_all()
            self.env.invalidate_all()
            with freeze_time("2026-03-02 05:00:00"), self.statements() as found:
                chosen._top_up_schedules()
                planned = self.env["billing.planner"]._plan_due(chosen, self.company._billing_today())
                self.env.flush_all()
            lines = sum(len(one.lines) for one in planned)
            self.assertEqual(lines, len(chosen) // 3 * (5 + 3 + 5 + 3 + 3))
            return found

        run(contracts[:3])
        few, many = run(contracts[:6]), run(contracts)
        self.assertEqual(len(few), len(many), "\n".join(statement[:200] for statement in many))

    def test_planning_writes_nothing(self):
        contracts = self.make_many(3)
        self.env.flush_all()
        planner = self.env["billing.planner"]
        with freeze_time("2026-03-02 05:00:00"), self.statements() as found:
            day = self.company._billing_today()
            row = contracts[0].schedule_ids.sorted("cycle_start")[1]
            planner._plan_due(contracts, day)
            planner._plan_until(contracts, day.replace(year=2028))
            planner._plan_schedule(row, day)
            planner._plan_change_log(contracts[1], day, day)
            planner._plan_next(contracts)
            contracts[2].plan("2027-01-01")
            self.env.flush_all()
        self.assertTrue(found)
        self.assertEqual([statement for statement in found if WRITING.search(statement)], [])
