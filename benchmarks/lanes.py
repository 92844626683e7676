"""Runs the hourly job on a real server with several cron workers and measures it from outside."""

import os
import signal
import subprocess
import time
import urllib.request
from decimal import Decimal
from pathlib import Path

from tools.server import START_SECONDS, free_port
from tools.settings import CHECKOUT, LOGS, PORT
from tools.steps import StepFailed, tail

from . import dataset
from .runner import LEAVE

PATIENCE = 1800  # seconds after which the job counts as stuck
TICKS = os.sysconf("SC_CLK_TCK")
JOB = "(SELECT res_id FROM ir_model_data WHERE module = 'work365_billing' AND name = 'ir_cron_generate_invoices')"
# Only what bills is to run, and only when it is asked to.
QUIET = """
UPDATE ir_cron SET nextcall = '2100-01-01', active = active AND id IN (
    SELECT res_id FROM ir_model_data WHERE module = 'work365_billing' AND model = 'ir.cron');
DELETE FROM ir_cron_trigger;
DELETE FROM ir_config_parameter WHERE key = 'work365_billing.lanes';
INSERT INTO ir_config_parameter (key, value) VALUES ('work365_billing.lanes', '{lanes}');
UPDATE billing_contract SET auto_sync = {posts};
"""
# Looked at inside PostgreSQL: a program started for each look would take the lanes' time.
WAIT = f"""
DO $$ BEGIN
    FOR look IN 1..100 LOOP
        EXIT WHEN (SELECT lastcall FROM ir_cron WHERE id = {JOB}) IS NOT NULL;
        PERFORM pg_sleep(0.05);
    END LOOP;
END $$;
SELECT 1 FROM ir_cron WHERE id = {JOB} AND lastcall IS NULL
"""
CONTENT = """
SELECT COUNT(*), COUNT(*) FILTER (WHERE state = 'posted'), SUM(amount_untaxed),
       COUNT(DISTINCT name) FILTER (WHERE state = 'posted')
  FROM account_move WHERE billing_run_id IS NOT NULL
"""


def measure(databases, template, count, lanes, posts):
    """Return the figures of the hourly job for ``count`` invoices with so many lanes on as many cron workers.

    :raise StepFailed: when other invoices were made than there should be
    """
    with databases.scratch(template, f"{template}_{os.getpid()}") as database:
        databases.sql(f"{LEAVE.format(count=count)}{QUIET.format(lanes=lanes, posts=posts)}; ANALYZE", database)
        with _Server(databases, database, max(lanes, 2)) as server:
            computed = server.cpu()
            started = time.monotonic()
            _start_job(databases, database)
            while databases.sql(WAIT, database):
                if time.monotonic() > started + PATIENCE or server.process.poll() is not None:
                    raise StepFailed(f"{tail(server.log)}\nThe hourly job does not end; the log: {server.log}")
            seconds = time.monotonic() - started
            computed = {pid: own - computed.get(pid, 0) for pid, own in server.cpu().items()}
        _check(databases, database, count, posts)
        shares = _shares(databases, database)
    return {"seconds": round(seconds, 2), "per_second": round(count / seconds, 1),
            "cpu_ms_each": round(sum(computed.values()) / count * 1000, 2),
            "busiest_cpu": round(max(computed.values()), 2), "shares": shares}


def _start_job(databases, database):
    databases.sql(f"INSERT INTO ir_cron_trigger (cron_id, call_at) SELECT {JOB}, now() AT TIME ZONE 'UTC'", database)
    databases.sql(f"NOTIFY cron_trigger, '{database}'")


def _check(databases, database, count, posts):
    [row] = databases.sql(CONTENT, database)
    made, posted, untaxed, numbers = row.split("|")
    wanted = (count, count * posts, dataset.untaxed(count), count * posts)
    if (int(made), int(posted), Decimal(untaxed), int(numbers)) != wanted:
        raise StepFailed(f"The lanes made {row} (invoices, posted, before tax, numbers) instead of {wanted}")


def _shares(databases, database):
    """Return how many lots each process has billed."""
    rows = databases.sql(
        "SELECT SUM(done) FROM ir_cron_progress WHERE done > 0 GROUP BY cron_id ORDER BY cron_id", database)
    return [int(row) for row in rows]


class _Server:
    """A server with processes of its own for scheduled jobs."""

    def __init__(self, databases, database, cron_workers):
        self.port = free_port(PORT + 500)
        self.log = LOGS / f"{database}.log"
        options = [
            f"--http-port={self.port}", f"--gevent-port={free_port(self.port + 1)}", "--workers=1",
            f"--max-cron-threads={cron_workers}", "--limit-time-real-cron=0", "--limit-time-cpu=100000",
            "--limit-memory-hard=0", "--log-level=warn"]
        with self.log.open("w") as output:
            self.process = subprocess.Popen(
                databases.odoo_command(database, "server", *options), stdin=subprocess.DEVNULL, stdout=output,
                stderr=output, env=databases.variables(), cwd=CHECKOUT, start_new_session=True)

    def __enter__(self):
        end = time.monotonic() + START_SECONDS
        while len(self.cpu()) < 4 or not self._listens():  # master, web, evented, cron
            if time.monotonic() > end or self.process.poll() is not None:
                self.__exit__()
                raise StepFailed(f"{tail(self.log)}\nThe server did not start; all of its output: {self.log}")
            time.sleep(0.3)
        time.sleep(3)  # until the workers have settled
        return self

    def __exit__(self, *_exc):
        self.process.terminate()
        try:
            self.process.wait(20)
        except subprocess.TimeoutExpired:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()

    def _listens(self):
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/web/health", timeout=30):
                return True
        except OSError:
            return False

    def cpu(self):
        """Return how many seconds each process of the server has computed, without PostgreSQL's, by its number."""
        found = {}
        for path in Path("/proc").glob("[0-9]*/stat"):
            try:
                fields = path.read_text().rpartition(")")[2].split()
            except OSError:  # it has just ended
                continue
            if int(fields[3]) == self.process.pid:  # the session
                found[path.parent.name] = (int(fields[11]) + int(fields[12])) / TICKS
        return found
