"""Inside Odoo: measure the planner and the search for what is due, without making invoices."""

from datetime import timedelta

from odoo.tools import split_every

from odoo.addons.work365_billing.models.billing_executor_job import CHUNK

from . import dataset
from .meter import Meter


def measure(env, count):
    """Return the figures of planning ``count`` contracts on a day when none is due, and on one when all are."""
    ids = env["billing.contract"].search([("state", "=", "active")], order="id").ids
    plan(env, ids[:CHUNK], dataset.start_date())  # what Odoo loads once
    result = {}
    for name, day, due in (
            ("none due", dataset.start_date() - timedelta(days=1), 0), ("all due", dataset.start_date(), count)):
        with Meter() as meter:
            found = search_due(env, day)
        searched = meter.figures(count)
        with Meter() as meter:
            planned, lines = plan(env, ids, day)
        if (found, planned, lines) != (due, due, due * len(dataset.PRODUCTS)):
            raise ValueError(f"{name}: {found} found, {planned} planned with {lines} lines, expected {due}")
        result[name] = {"search": searched, "plan": meter.figures(count)}
    return result


def search_due(env, day):
    """Return the number of contracts that the job finds due on ``day``, over all companies."""
    executor = env["billing.executor"]
    companies = env["res.company"].search([])
    return sum(len(executor.with_company(company)._search_due_contracts(company, day)) for company in companies)


def plan(env, ids, day):
    """Plan the contracts in the executor's chunks; return the numbers of invoices and lines."""
    invoices = lines = 0
    for chunk in split_every(CHUNK, ids):
        planned = env["billing.planner"]._plan_due(env["billing.contract"].browse(chunk), day)
        invoices += sum(bool(one.lines) and not one.problem for one in planned)
        lines += sum(len(one.vals_list) for one in planned)
        env.cr.commit()  # as the executor does; it empties the cache, too
    return invoices, lines
