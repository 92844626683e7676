"""Runs inside `odoo shell`: do the hourly job once and print what the database held before and after it, as JSON."""

import json


def count(env):
    """Return the numbers that a user wants to see: contracts, schedules by state, invoices and their amounts."""
    schedules = env["billing.schedule"].with_context(active_test=False)._read_group([], ["state"], ["__count"])
    of_contracts = [("billing_contract_id", "!=", False)]
    aggregates = ["__count", "amount_total_in_currency_signed:sum"]
    amounts = env["account.move"]._read_group(of_contracts, ["currency_id"], aggregates)
    return {
        "contracts": env["billing.contract"].search_count([]),
        "schedules": dict(schedules),
        "invoices": sum(number for _currency, number, _amount in amounts),
        "amounts": {currency.name: round(amount, currency.decimal_places) for currency, _number, amount in amounts},
    }


def main(env):
    before = count(env)
    cron = env.ref("work365_billing.ir_cron_generate_invoices")
    cron.method_direct_trigger()
    env.cr.commit()  # the job worked in transactions of its own: look at a new snapshot
    env.invalidate_all()
    print("RESULT", json.dumps({"before": before, "after": count(env), "failures": cron.failure_count}))


main(env)  # noqa: F821  the shell provides `env`
