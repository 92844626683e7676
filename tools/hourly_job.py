"""Runs inside `odoo shell`: do the hourly job once and print what the database held before and after it, as JSON.

`URL`, the address of a server that runs meanwhile, stands before this text.
"""

import contextlib
import json


def count(env):
    """Return the numbers that a user wants to see: contracts, schedules by state, invoices, amounts, what followed."""
    schedules = env["billing.schedule"].with_context(active_test=False)._read_group([], ["state"], ["__count"])
    of_contracts = [("billing_contract_id", "!=", False)]
    aggregates = ["__count", "amount_total_in_currency_signed:sum"]
    amounts = env["account.move"]._read_group(of_contracts, ["currency_id"], aggregates)
    return {
        "contracts": env["billing.contract"].search_count([]),
        "schedules": dict(schedules),
        "invoices": sum(number for _currency, number, _amount in amounts),
        "amounts": {currency.name: round(amount, currency.decimal_places) for currency, _number, amount in amounts},
        "tasks": count_tasks(env["billing.job"]),
    }


def count_tasks(jobs):
    """Return how many tasks of each kind that followed the invoices are in which state, in the words of the screen."""
    kinds, states = (dict(jobs._fields[name]._description_selection(jobs.env)) for name in ("job_type", "state"))
    tasks = {}
    for kind, state, number in jobs._read_group([("job_type", "!=", "invoice")], ["job_type", "state"], ["__count"]):
        tasks.setdefault(kinds[kind], {})[states[state]] = number
    return tasks


@contextlib.contextmanager
def printed_by(env, url):
    """Let the PDF files of the block's invoices take their styles from the server at ``url``."""
    parameters = env["ir.config_parameter"]
    before = parameters.get_param("report.url")
    parameters.set_param("report.url", url)
    env.cr.commit()
    try:
        yield
    finally:
        parameters.set_param("report.url", before)
        env.cr.commit()


def main(env, url):
    before = count(env)
    cron = env.ref("work365_billing.ir_cron_generate_invoices")
    with printed_by(env, url):
        cron.method_direct_trigger()
        env.cr.commit()  # the job worked in transactions of its own: look at a new snapshot
    env.invalidate_all()
    print("RESULT", json.dumps({"before": before, "after": count(env), "failures": cron.failure_count}))


main(env, URL)  # noqa: F821  the shell provides `env`
