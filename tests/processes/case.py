"""Odoo processes on a database of their own, and what must hold whatever they do to each other."""

import json
import os
import signal
import subprocess
import tempfile
import time
import unittest
from contextlib import contextmanager
from pathlib import Path

import psycopg2

ACTOR = Path(__file__).parent / "actor.py"
PATIENCE = 120  # seconds after which a process counts as stuck
EXPECTED_ERRORS = ("odoo.sql_db: bad query", "canceling statement due to lock timeout")


class Listener:
    """A process that is told what to do, a line each way; ``begin`` does not wait for the answer, ``answer`` does."""

    def __init__(self, pipe_in, pipe_out):
        self._in, self._out = pipe_in, pipe_out

    def begin(self, command, **arguments):
        self._in.write(json.dumps({"command": command, **arguments}) + "\n")
        self._in.flush()

    def answer(self):
        """Return the answer.

        :raises AssertionError: the command has failed
        """
        line = self._out.readline()
        if not line:
            raise self._get_end()
        answer = json.loads(line)
        if isinstance(answer, dict) and "failure" in answer:
            raise AssertionError(answer["failure"])
        return answer

    def do(self, command, **arguments):
        self.begin(command, **arguments)
        return self.answer()

    def _get_end(self):
        """Return what is raised when the process has ended."""
        raise NotImplementedError


class Process(Listener):
    """An Odoo process of its own."""

    def __init__(self, database, log, **variables):
        self._log = log
        with log.open("w") as stream:
            self._process = subprocess.Popen(
                [os.environ["BILLING_ODOO_PYTHON"], str(ACTOR), database], stdin=subprocess.PIPE,
                stdout=subprocess.PIPE, stderr=stream, text=True, env=os.environ | variables)
        super().__init__(self._process.stdin, self._process.stdout)

    @property
    def pid(self):
        return self._process.pid

    def _get_end(self):
        return AssertionError(f"The process has ended:\n{self.read_log()}")

    def kill(self):
        """End the process as a power cut would; nothing happens when it has ended already."""
        if self._process.poll() is None:
            self._process.send_signal(signal.SIGKILL)
            self._process.wait(timeout=PATIENCE)
        self._process.stdin.close()
        self._process.stdout.close()

    def stop(self):
        """End the process and return what it has complained about."""
        self._process.stdin.close()
        self._process.wait(timeout=PATIENCE)
        return [
            line for line in self.read_log().splitlines()
            if (" WARNING " in line or " ERROR " in line) and not any(text in line for text in EXPECTED_ERRORS)]

    def read_log(self):
        return self._log.read_text()


class ProcessCase(unittest.TestCase):
    """Two processes, ``one`` and ``two``, on a copy of the template."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        template = os.environ.get("BILLING_TEMPLATE_DB")
        if not template:
            raise AssertionError("BILLING_TEMPLATE_DB is not set: start these tests with ./test")
        cls.database = f"billing_test_{os.getpid()}_{cls.__name__.lower()}"
        subprocess.run(["dropdb", "--if-exists", "--force", cls.database], check=True, stderr=subprocess.DEVNULL)
        subprocess.run(["createdb", "-T", template, cls.database], check=True)
        cls.addClassCleanup(subprocess.run, ["dropdb", "--force", cls.database], check=True)
        # The zone of the server must not matter: one process lives a day ahead of the other.
        folder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(folder.cleanup)
        cls.folder = Path(folder.name)
        cls.one = Process(cls.database, cls.folder / "one.log", TZ="Pacific/Kiritimati")
        cls.two = Process(cls.database, cls.folder / "two.log", TZ="Pacific/Niue")
        for process in (cls.one, cls.two):
            cls.addClassCleanup(process.kill)
            assert process.answer() == "ready"

    @classmethod
    def tearDownClass(cls):
        complaints = cls.one.stop() + cls.two.stop()
        super().tearDownClass()
        assert not complaints, complaints

    def setUp(self):
        self.connection = psycopg2.connect(dbname=self.database)
        self.addCleanup(self.connection.close)

    def tearDown(self):
        """Whatever has happened: nothing was billed twice, nothing is left half done."""
        self.connection.rollback()
        self.assertEqual(self.sql("""
            SELECT line.billing_subscription_id, line.billing_cycle_start, count(*) FROM account_move_line line
              JOIN account_move move ON move.id = line.move_id
             WHERE line.billing_subscription_id IS NOT NULL AND move.state != 'cancel' GROUP BY 1, 2 HAVING count(*) > 1
        """), [])
        self.assertEqual(self.sql("""
            SELECT move.id FROM account_move move LEFT JOIN billing_schedule row ON row.resulting_invoice_id = move.id
             WHERE move.billing_contract_id IS NOT NULL
               AND (row.id IS NULL OR row.state != 'invoiced' OR row.id != move.billing_schedule_id)
        """), [])
        self.assertEqual(self.sql(
            "SELECT id FROM billing_schedule WHERE state = 'invoiced' AND resulting_invoice_id IS NULL"), [])
        self.assertEqual(self.sql("SELECT id FROM billing_run WHERE state = 'running'"), [])

    # ---- helpers ----------------------------------------------------------------------------------------------------

    def sql(self, statement, *values):
        """Return what a statement finds now."""
        with psycopg2.connect(dbname=self.database) as connection, connection.cursor() as cr:
            cr.execute(statement, values)
            rows = cr.fetchall()
        connection.close()
        return rows

    def invoices(self, contracts):
        return self.sql(
            "SELECT billing_contract_id, id, state, name FROM account_move WHERE billing_contract_id = ANY(%s)",
            contracts)

    def outcomes(self, contracts):
        """Return the outcomes of the newest run that has looked at one of ``contracts``."""
        return self.sql("""
            SELECT contract_id, outcome, reason FROM billing_job WHERE job_type = 'invoice' AND contract_id = ANY(%s)
               AND run_id = (SELECT max(run_id) FROM billing_job WHERE contract_id = ANY(%s)) ORDER BY contract_id
        """, contracts, contracts)

    @contextmanager
    def holding(self, table, id_, how="FOR UPDATE"):
        """Hold a row in a connection of our own, or change it; commit at the end."""
        with self.connection.cursor() as cr:
            if how == "change":
                cr.execute(f"UPDATE {table} SET write_date = now() WHERE id = %s", [id_])
            else:
                cr.execute(f"SELECT id FROM {table} WHERE id = %s {how}", [id_])
        try:
            yield
        finally:
            self.connection.commit()

    def wait_for(self, condition, what):
        end = time.monotonic() + PATIENCE
        while not condition():
            self.assertLess(time.monotonic(), end, f"waited in vain for {what}")
            time.sleep(0.02)

    def somebody_waits(self):
        return self.sql("SELECT 1 FROM pg_stat_activity WHERE datname = %s AND wait_event_type = 'Lock'", self.database)

    def sessions(self):
        """Return the sessions of the database but the one that asks."""
        return {pid for [pid] in self.sql(
            "SELECT pid FROM pg_stat_activity WHERE datname = %s AND pid != pg_backend_pid()", self.database)}

    def first_row(self, contract):
        [[row]] = self.sql(
            "SELECT id FROM billing_schedule WHERE contract_id = %s ORDER BY cycle_start LIMIT 1", contract)
        return row
