"""Inside Odoo: the hourly job among very many contracts of which none or few are due: what it takes and reads."""

import re
import threading
from contextlib import contextmanager

from odoo.tools import SQL

from . import dataset
from .clone import multiply
from .meter import Meter
from .planning import search_due

TABLES = ("billing_contract", "billing_schedule", "billing_subscription", "billing_change_log")
# Before the contracts are multiplied: all changes are billed, and the next period lies ahead.
AHEAD = """
UPDATE billing_contract SET state = 'active';
UPDATE billing_change_log SET state = 'archived';
UPDATE billing_schedule SET schedule_date = schedule_date + 20;
"""
# A year that went by: every contract has twelve billed periods; a third has an end to come, a third bills each
# subscription by itself, a tenth is suspended or closed. The first ones are due.
HISTORY = """
UPDATE billing_change_log SET state = 'active' WHERE contract_id <= {last};
UPDATE billing_schedule SET schedule_date = schedule_date - 20 WHERE contract_id <= {last};
UPDATE billing_contract SET auto_renew = TRUE, renewal_months = 12, date_end = DATE '{day}' + 300 + id % 60,
    renewal_date = DATE '{day}' + 300 + id % 60, term_notice_date = DATE '{day}' + 270 + id % 60
    WHERE id > {last} AND id % 3 = 0;
UPDATE billing_contract SET contract_type = 'item_based' WHERE id > {last} AND id % 3 = 1;
UPDATE billing_contract SET state = 'suspended', suspend_on = DATE '{day}' - 5 WHERE id > {last} AND id % 20 = 7;
UPDATE billing_contract SET state = 'closed', date_end = DATE '{day}' WHERE id > {last} AND id % 20 = 9;
INSERT INTO billing_schedule (contract_id, company_id, partner_id, source_key, kind, cycle_start, cycle_end,
                              schedule_date, state, active, attempts)
SELECT contract.id, contract.company_id, contract.partner_id, 'billing.contract,' || contract.id, 'regular',
       DATE '{day}' - 30 * number, DATE '{day}' - 30 * number + 29, DATE '{day}' - 30 * number, 'invoiced', FALSE, 0
  FROM billing_contract contract, generate_series(1, 12) number;
"""
READ = """
SELECT relname, COALESCE(seq_tup_read, 0) + COALESCE(idx_tup_fetch, 0) FROM pg_stat_user_tables
 WHERE relname IN %s
"""


def measure(env, count, due):
    """Return the figures of the search for what is due, and of the hourly job when nothing is.

    :param count: number of active contracts, roughly
    :param due: how many of them are due at first
    """
    env.cr.execute(AHEAD)
    multiply(env, -(-count * 10 // 9))  # a tenth of them will not be active
    [[last]] = env.execute_query(SQL("SELECT id FROM billing_contract ORDER BY id OFFSET %s LIMIT 1", due - 1))
    env.cr.execute(HISTORY.format(last=last, day=dataset.start_date()))
    _analyze(env)
    search_due(env, dataset.start_date())  # what Odoo loads once
    jobs = [_measure(env, due, "search", lambda: _search(env, due))]
    env.cr.execute("UPDATE billing_schedule SET schedule_date = schedule_date + 20 WHERE state = 'pending'"
                   " AND contract_id <= %s", [last])
    env.cr.execute("UPDATE billing_change_log SET state = 'archived'")
    _analyze(env)
    job = env.ref("work365_billing.ir_cron_generate_invoices")
    job.method_direct_trigger()  # what Odoo loads once
    jobs.append(_measure(env, 0, "hourly job", job.method_direct_trigger))
    [[contracts]] = env.execute_query(SQL("SELECT COUNT(*) FROM billing_contract WHERE state = 'active'"))
    return {"n": contracts, "jobs": jobs}


def _analyze(env):
    env.cr.commit()
    env.cr.execute("ANALYZE")
    env.cr.commit()


def _search(env, due):
    found = search_due(env, dataset.start_date())
    if found != due:
        raise ValueError(f"{found} contracts found instead of {due}")


def _measure(env, due, what, work):
    """Return time, queries, the rows read per table and the plans of what ``work`` does."""
    before = _read(env)
    with _queries() as queries, Meter() as meter:
        work()
    env.cr.commit()
    after = _read(env)
    return {
        "due": due, "what": what, "seconds": round(meter.seconds, 3), "cpu_seconds": round(meter.cpu, 3),
        "queries": meter.queries, "read": {table: after[table] - before[table] for table in TABLES},
        "plans": _plans(env, queries)}


def _read(env):
    """Return how many rows of each table were ever read, by whomever."""
    env.cr.execute("SELECT pg_stat_force_next_flush()")
    env.cr.commit()
    found = dict(env.execute_query(SQL(READ, TABLES)))
    env.cr.commit()
    return found


@contextmanager
def _queries():
    """Yield the list of the queries of this thread that read one of the tables, each once."""
    queries, thread = {}, threading.current_thread()

    def keep(cr, query, params, _start, _delay):
        text = cr._format(query, params)
        if re.match(r"\s*SELECT", text) and re.search(rf"\b({'|'.join(TABLES)})\b", text):
            queries.setdefault(re.sub(r"'\d{4}-[^']*'", "", text), text)

    found = []
    thread.query_hooks = [*getattr(thread, "query_hooks", ()), keep]
    try:
        yield found
    finally:
        thread.query_hooks.remove(keep)
        found += queries.values()


def _plans(env, queries):
    """Return the plans by what the queries read."""
    plans = {}
    for number, query in enumerate(queries, start=1):
        env.cr.execute("EXPLAIN (ANALYZE, BUFFERS OFF, COSTS OFF, TIMING OFF, SUMMARY OFF) " + query)
        plan = "\n".join(row[0] for row in env.cr.fetchall())
        table = re.search(r"FROM .?(\w+)", query)[1]
        plans[f"{number}. {table}"] = plan
        env.cr.rollback()
    return plans
