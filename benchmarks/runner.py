"""Runs one measurement: a fresh copy of the prepared database, a process of its own, its answer."""

import json
import os
import subprocess
from dataclasses import dataclass

from tools.settings import CHECKOUT
from tools.steps import StepFailed


@dataclass(frozen=True)
class Way:
    """One way to make invoices; the code behind the name is in `ways.py`.

    :param posts: whether the invoices are posted in the end
    :param prepare: SQL that the copy needs besides leaving only as many contracts active as are wanted
    """

    name: str
    posts: bool = False
    prepare: str = ""


WAYS = (
    Way("plain"),
    Way("plain, no tracking"),
    Way("OCA contract"),
    Way("ours"),
    Way("plain + post", posts=True),
    Way("plain, no tracking + post", posts=True),
    Way("ours + post", posts=True, prepare="UPDATE billing_contract SET auto_sync = TRUE"),
)
IMPORTS = ("none due", "all due")
# One process is measured: it makes no small lots, and posts no small batches, for lanes that are not there.
ONE_LANE = """
    INSERT INTO ir_config_parameter (key, value) VALUES ('work365_billing.lanes', '1')
        ON CONFLICT (key) DO UPDATE SET value = '1';
"""
LEAVE = """
UPDATE billing_contract SET state = CASE WHEN id IN (SELECT id FROM billing_contract ORDER BY id LIMIT {count})
    THEN 'active' ELSE 'suspended' END;
UPDATE contract_contract SET active = FALSE, recurring_next_date = NULL
    WHERE id NOT IN (SELECT id FROM contract_contract ORDER BY id LIMIT {count});
"""


def invoice(databases, template, way, count):
    """Return what `invoicing.measure` measured."""
    prepare = LEAVE.format(count=count) + ONE_LANE + way.prepare
    return _in_copy(databases, template, prepare, "invoice", way.name, count)


def window(databases, template, count):
    """Return what `window.measure` measured."""
    return _in_copy(databases, template, LEAVE.format(count=count), "window", count)


def bulk(databases, template, count):
    """Return what `bulk.measure` measured."""
    return _in_copy(databases, template, LEAVE.format(count=count), "bulk", count)


def plan(databases, template, count):
    """Return what `planning.measure` measured."""
    return _in_copy(databases, template, LEAVE.format(count=count), "plan", count)


def idle(databases, template, count, due):
    """Return what `idle.measure` measured."""
    return _in_copy(databases, template, "SELECT 1", "idle", count, due)


def import_(databases, template, count):
    """Return what `importing.measure` measured, by whether the first invoices are due."""
    prepare = LEAVE.format(count=0)  # nothing else is due
    return {name: _in_copy(databases, template, prepare, "import", name, count) for name in IMPORTS}


def _in_copy(databases, template, prepare, *job):
    with databases.scratch(template, f"{template}_{os.getpid()}") as database:
        databases.sql(f"{prepare}; ANALYZE", database=database)
        done = subprocess.run(
            databases.worker(database, *job), capture_output=True, text=True, env=databases.variables(), cwd=CHECKOUT)
    if done.returncode or done.stderr:
        raise StepFailed(f"{done.stderr[-3000:]}\nMeasuring {' '.join(map(str, job))} failed, or made Odoo complain.")
    return json.loads(done.stdout.splitlines()[-1])
