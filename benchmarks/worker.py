"""Inside Odoo: the process of one job; peaks of memory can be compared because each has its own.

    python -m benchmarks.worker CONF DATABASE fill CUSTOMERS PLANNED
    python -m benchmarks.worker CONF DATABASE invoice WAY COUNT
    python -m benchmarks.worker CONF DATABASE window COUNT
    python -m benchmarks.worker CONF DATABASE bulk COUNT
    python -m benchmarks.worker CONF DATABASE plan COUNT
    python -m benchmarks.worker CONF DATABASE idle COUNT DUE
    python -m benchmarks.worker CONF DATABASE import NAME COUNT

The last line of the output is the result as JSON.
"""

import json
import sys

from odoo import SUPERUSER_ID, api
from odoo.modules.registry import Registry
from odoo.tools import config


def main(conf, database, job, *arguments):
    config.parse_config(["-c", conf, "-d", database, "--log-level=warn"], setup_logging=True)
    with Registry(database).cursor() as cr:
        env = api.Environment(cr, SUPERUSER_ID, {"lang": "en_US", "tz": "UTC"})
        print(json.dumps(JOBS[job](env, *arguments)))


def fill(env, customers, planned):
    from .fill import fill

    fill(env, int(customers), int(planned))


def invoice(env, way, count):
    from .invoicing import measure

    return measure(env, way, int(count))


def window(env, count):
    from .window import measure

    return measure(env, int(count))


def bulk(env, count):
    from .bulk import measure

    return measure(env, int(count))


def plan(env, count):
    from .planning import measure

    return measure(env, int(count))


def idle(env, count, due):
    from .idle import measure

    return measure(env, int(count), int(due))


def import_(env, name, count):
    from .importing import measure

    return measure(env, name, int(count))


JOBS = {"fill": fill, "invoice": invoice, "window": window, "bulk": bulk, "plan": plan, "idle": idle, "import": import_}


if __name__ == "__main__":
    main(*sys.argv[1:])
