"""Inside Odoo: measure how the window *Generate Invoice* opens for many contracts, until it shows all amounts."""

from .meter import Meter

ROW = ("contract_id", "schedule_id", "status", "amount", "last_amount", "anomaly", "message", "trigger_tasks")
PAGE = {  # what the browser reads: the line on top and the first rows
    "mode": {}, "summary": {}, "planning_count": {}, "row_count": {},
    "row_ids": {"fields": {name: {} for name in ROW}, "limit": 40},
}


def measure(env, count):
    """Return the figures of opening the window, of the amounts that it then asks for part by part, and of both.

    :raise ValueError: when it does not show ``count`` invoices in the end
    """
    contracts = env["billing.contract"].search([("state", "=", "active")], order="id")
    contracts[:2].action_generate_invoice()  # what Odoo loads once
    env.cr.rollback()
    with Meter() as total:
        with Meter() as opening:
            window = env["billing.bulk.generate"].browse(contracts.action_generate_invoice()["res_id"])
            env.cr.commit()
            window.web_read(PAGE)
        while window.planning_count:
            window.plan_next()
            env.cr.commit()
        window.web_read(PAGE)
    if window.bill_count != count:
        raise ValueError(f"The window of {count} rows shows {window.summary}")
    return {"open": opening.figures(count), "total": total.figures(count)}
