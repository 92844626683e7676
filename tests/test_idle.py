"""The hourly job among thousands of contracts reads those that are due and no other one."""

import threading
from contextlib import contextmanager

from odoo import fields
from odoo.tests import tagged
from odoo.tools import SQL

from odoo.addons.work365_billing.tests.common import BillingCommon

from benchmarks.clone import multiply

CONTRACTS = 3000
DUE = 20
ENDS = 4  # rows at the ends of indexes that PostgreSQL itself looks up when it plans a query
# The ledger of a year, of which all changes are billed.
HISTORY = """
    UPDATE billing_change_log SET state = 'archived';
    INSERT INTO billing_schedule (contract_id, company_id, partner_id, source_key, kind, cycle_start, cycle_end,
                                  schedule_date, state, active, attempts)
    SELECT id, company_id, partner_id, 'billing.contract,' || id, 'regular', day, day + 29, day, 'invoiced', FALSE, 0
      FROM billing_contract, (SELECT DATE '2026-01-31' - 30 * number FROM generate_series(1, 12) number) AS past(day);
    ANALYZE;
"""
TABLES = ("billing_contract", "billing_subscription", "billing_change_log", "repeating_invoice", "billing_schedule")


@tagged("post_install", "-at_install")
class TestIdle(BillingCommon):
    """Contracts of three kinds, with a ledger of 24 cycles each: the next ones are due on 1 February."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        for values in (
            {}, {"contract_type": "item_based"}, {"date_end": "2026-12-15", "auto_renew": True, "renewal_months": 12},
        ):
            cls.make_contract({"price_unit": 10.0}, date_start="2026-01-31", today="2026-01-01", **values)
        multiply(cls.env, CONTRACTS)
        cls.env.cr.execute(HISTORY)

    def read(self):
        """Return how many rows of each table this transaction has read; Odoo's cursor keeps its own result."""
        with self.env.cr._cnx.cursor() as cr:
            cr.execute(
                "SELECT relname, COALESCE(seq_tup_read, 0) + COALESCE(idx_tup_fetch, 0) FROM pg_stat_xact_user_tables "
                "WHERE relname IN %s", [TABLES])
            return dict(cr.fetchall())

    @contextmanager
    def queries(self):
        """Yield the queries of the block that have read rows of one of the tables, with the number of rows."""
        thread, found, before = threading.current_thread(), [], self.read()

        def look(cr, query, params, _start, _delay):
            nonlocal before
            thread.query_hooks.remove(look)
            text, after = cr._format(query, params), self.read()
            rows = {table: after[table] - before[table] for table in TABLES if after[table] > before[table]}
            if rows or 'FROM "billing_schedule"' in text:
                found.append((rows, text))
            before = after
            thread.query_hooks.append(look)

        thread.query_hooks = [*getattr(thread, "query_hooks", ()), look]
        try:
            yield found
        finally:
            thread.query_hooks.remove(look)

    def make_due(self, count):
        """Let the next cycle of the last contracts be due on 14 January, and return them."""
        contracts = self.env["billing.contract"].search(
            [("company_id", "=", self.company.id)], order="id desc", limit=count)
        self.env.cr.execute(SQL(
            "UPDATE billing_schedule SET schedule_date = '2026-01-14' WHERE contract_id IN %s "
            "AND cycle_start = '2026-01-31'", tuple(contracts.ids)))
        self.env.cr.execute("ANALYZE billing_schedule")
        self.env.invalidate_all()
        return contracts

    def test_with_nothing_due_the_job_reads_no_contract(self):
        with self.queries() as queries:
            self.run_job("2026-01-15")
        self.assertTrue(queries)
        self.assertEqual([(rows, query) for rows, query in queries if max(rows.values(), default=0) > ENDS], [])
        self.assertFalse(self.env["billing.run"].search([("date", "=", "2026-01-15")]))

    def test_what_is_due_is_found_by_an_index_and_nothing_else_is_read(self):
        contracts = self.make_due(DUE)
        executor = self.env["billing.executor"].with_company(self.company)
        with self.queries() as queries:
            due = executor._search_due_contracts(self.company, fields.Date.to_date("2026-01-15"))
        self.assertEqual(due, contracts.sorted("id"))
        self.assertEqual(len(queries), 2)  # those that are due, and those of them that wait for another try
        for rows, query in queries:
            self.assertEqual(rows["billing_schedule"], DUE)
            self.assertLessEqual(rows.get("billing_contract", 0), DUE)
            self.env.cr.execute(f"EXPLAIN {query}")
            plan = "\n".join(row[0] for row in self.env.cr.fetchall())
            self.assertIn("billing_schedule_due_idx", plan)
            self.assertNotIn("Seq Scan", plan)

    def test_what_is_due_among_many_is_billed(self):
        contracts = self.make_due(DUE)
        self.run_job("2026-01-15")
        run = self.env["billing.run"].search([("date", "=", "2026-01-15")])
        self.assertRecordValues(run, [{"contract_count": DUE, "invoiced_count": DUE, "state": "done"}])
        self.assertEqual(run.job_ids.contract_id, contracts)
