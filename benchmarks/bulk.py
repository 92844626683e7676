"""Inside Odoo: measure a bulk operation from *Proceed* in its window to the outcome of its last row."""

from decimal import Decimal

from odoo import Command
from odoo.tools import SQL

from . import dataset
from .invoicing import content, warm_up
from .meter import Meter


def measure(env, count):
    """Return the figures of *Proceed* itself, after which the user goes on, and of all until the run is done.

    :raise ValueError: when other invoices were made than there should be
    """
    warm_up(env)
    contracts = env["billing.contract"].search([("state", "=", "active")], order="id", limit=count)
    window = env["billing.bulk.generate"].create({
        "row_ids": [Command.create({"contract_id": contract.id}) for contract in contracts]})
    [[last]] = env.execute_query(SQL("SELECT MAX(id) FROM account_move"))
    env.cr.commit()
    with Meter() as total:
        with Meter() as proceed:
            window.action_proceed()
            env.cr.commit()
        _work(env, window.row_ids.job_id.run_id)
    made = content(env, last)
    if made["invoices"] != count or Decimal(made["untaxed"]) != dataset.untaxed(count):
        raise ValueError(f"The bulk operation of {count} rows made {made}")
    return {"proceed": proceed.figures(count), "total": total.figures(count)}


def _work(env, run):
    """Call the background job again and again, as the scheduler does when the job asks for it."""
    job = env.ref("work365_billing.ir_cron_run_bulk")
    while run.state == "running":
        job.method_direct_trigger()
        env.cr.commit()
    if run.state != "done":
        raise ValueError(f"The bulk operation is {run.state}")
