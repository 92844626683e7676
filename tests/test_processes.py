"""Real processes on committed data: two at once, one killed in the middle, one that stands in the way."""

import json
import os
import signal
import subprocess
import tempfile
import time
import unittest
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import psycopg2

ACTOR = Path(__file__).parent / "processes" / "actor.py"
PATIENCE = 120  # seconds after which a process counts as stuck
EXPECTED_ERRORS = ("odoo.sql_db: bad query", "canceling statement due to lock timeout")


class Process:
    """An Odoo process that is told what to do; ``begin`` does not wait for the answer, ``answer`` does."""

    def __init__(self, database, log, **variables):
        self._log = log
        with log.open("w") as stream:
            self._process = subprocess.Popen(
                [os.environ["BILLING_ODOO_PYTHON"], str(ACTOR), database], stdin=subprocess.PIPE,
                stdout=subprocess.PIPE, stderr=stream, text=True, env=os.environ | variables)

    def begin(self, command, **arguments):
        self._process.stdin.write(json.dumps({"command": command, **arguments}) + "\n")
        self._process.stdin.flush()

    def answer(self):
        line = self._process.stdout.readline()
        if not line:
            raise AssertionError(f"The process has ended:\n{self.read_log()}")
        answer = json.loads(line)
        if isinstance(answer, dict) and "failure" in answer:
            raise AssertionError(answer["failure"])
        return answer

    def do(self, command, **arguments):
        self.begin(command, **arguments)
        return self.answer()

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


class TestProcesses(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        template = os.environ.get("BILLING_TEMPLATE_DB")
        if not template:
            raise AssertionError("BILLING_TEMPLATE_DB is not set: start these tests with ./test")
        cls.database = f"billing_test_{os.getpid()}_processes"
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

    # ---- two windows ------------------------------------------------------------------------------------------------

    def test_the_second_of_two_windows_is_refused_while_the_first_works(self):
        [contract] = self.one.do("make", name="windows", days_ago=[2])
        invoice = self.one.do("press_and_wait", contract=contract)
        start = time.monotonic()
        answer = self.two.do("press", contract=contract)
        self.assertLess(time.monotonic() - start, 2)
        self.assertIn("Somebody else is billing this contract right now", answer["error"])
        self.one.do("commit")
        self.assertEqual([row[1] for row in self.invoices([contract])], [invoice["invoice"]])

    def test_a_window_that_was_opened_before_the_other_finished_is_told_so(self):
        [contract] = self.one.do("make", name="stale", days_ago=[2])
        self.one.do("press_and_wait", contract=contract)
        self.two.do("look")
        self.one.do("commit")
        answer = self.two.do("press", contract=contract)
        self.assertIn("already invoiced", answer["error"])
        self.assertEqual(len(self.invoices([contract])), 1)

    def test_two_windows_at_the_same_moment_make_one_invoice(self):
        contracts = self.one.do("make", name="moment", days_ago=[2] * 5)
        for contract in contracts:
            self.one.begin("press", contract=contract)
            self.two.begin("press", contract=contract)
            answers = [self.one.answer(), self.two.answer()]
            self.assertEqual(len(self.invoices([contract])), 1)
            [error] = [answer["error"] for answer in answers if "error" in answer]
            self.assertRegex(error, "already invoiced|right now")

    # ---- the job and others -----------------------------------------------------------------------------------------

    def test_a_button_is_refused_at_once_while_the_job_works_on_the_contract(self):
        contracts = self.one.do("make", name="button", days_ago=[2] * 3)
        with self.holding("billing_schedule", self.first_row(contracts[1]), "change"):
            self.one.begin("job")
            self.wait_for(self.somebody_waits, "the job to reach the row")
            start = time.monotonic()
            answer = self.two.do("press", contract=contracts[2])
            self.assertLess(time.monotonic() - start, 2)
            self.assertIn("Somebody else is billing this contract right now", answer["error"])
        self.assertEqual(self.one.answer(), "done")  # the changed row made the job begin the chunk anew
        self.assertEqual(sorted(row[0] for row in self.invoices(contracts)), contracts)
        self.assertEqual(self.outcomes(contracts), [(contract, "invoiced", None) for contract in contracts])

    def test_a_contract_that_somebody_holds_is_skipped_and_billed_by_the_next_run(self):
        contracts = self.one.do("make", name="held", days_ago=[2] * 3)
        with self.holding("billing_contract", contracts[0], "FOR NO KEY UPDATE"):
            self.assertEqual(self.one.do("job"), "done")
            self.assertEqual(sorted(row[0] for row in self.invoices(contracts)), contracts[1:])
        self.assertEqual(self.outcomes(contracts), [
            (contracts[0], "skipped", "locked"), (contracts[1], "invoiced", None), (contracts[2], "invoiced", None)])
        self.assertEqual(
            self.sql("SELECT state, retry_at FROM billing_schedule WHERE id = %s", self.first_row(contracts[0])),
            [("pending", None)])
        self.one.do("job")
        self.assertEqual(sorted(row[0] for row in self.invoices(contracts)), contracts)

    def test_a_row_that_a_stuck_session_holds_does_not_stop_the_job(self):
        self.two.do("impatient")
        for table, how, outcome in (
            ("billing_schedule", "FOR NO KEY UPDATE", "skipped"), ("billing_schedule", "FOR UPDATE", "skipped"),
            ("billing_contract", "FOR UPDATE", None),  # whoever wants to delete it forbids even to refer to it
        ):
            contracts = self.two.do("make", name="stuck", days_ago=[2] * 3)
            held = contracts[1] if table == "billing_contract" else self.first_row(contracts[1])
            with self.holding(table, held, how):
                self.assertEqual(self.two.do("job"), "done")
            outcomes = [
                (contracts[0], "invoiced", None), (contracts[1], "skipped", "locked"), (contracts[2], "invoiced", None)]
            self.assertEqual(self.outcomes(contracts), [row for row in outcomes if outcome or row[1] != "skipped"])
            self.two.do("job")
            self.assertEqual(sorted(row[0] for row in self.invoices(contracts)), contracts)

    def test_two_jobs_at_once_share_the_work(self):
        contracts = self.one.do("make", name="shared", days_ago=[2, 35, 65] * 40, auto_sync=True)
        self.one.begin("job")
        self.two.begin("job")
        self.assertEqual([self.one.answer(), self.two.answer()], ["done", "done"])
        moves = self.invoices(contracts)
        self.assertEqual(len(moves), 40 * (1 + 2 + 3))
        self.assertEqual({row[0] for row in moves}, set(contracts))
        self.assertEqual({row[2] for row in moves}, {"posted"})
        self.assertEqual(len({row[3] for row in moves}), len(moves))
        self.assertEqual(
            self.sql("""
                SELECT job_type, state, count(*) FROM billing_job
                 WHERE contract_id = ANY(%s) AND state != 'nothing_to_bill' GROUP BY 1, 2 ORDER BY 1
            """, contracts),
            [("invoice", "succeeded", len(moves)), ("post", "succeeded", len(moves))])
        self.one.do("job")
        self.assertEqual(self.invoices(contracts), moves)

    def test_the_scheduler_starts_one_job_at_a_time(self):
        contracts = self.one.do("make", name="scheduler", days_ago=[2] * 3)
        with self.holding("billing_schedule", self.first_row(contracts[1]), "change"):
            self.one.begin("cron")
            self.wait_for(self.somebody_waits, "the job to reach the row")
            self.assertIn("already executing", self.two.do("cron")["error"])
        self.assertEqual(self.one.answer(), {"done": True})
        self.assertEqual(sorted(row[0] for row in self.invoices(contracts)), contracts)

    # ---- kill -9 ----------------------------------------------------------------------------------------------------

    def test_a_job_that_is_killed_is_completed_by_the_next(self):
        contracts = self.one.do("make", name="killed", days_ago=[2] * 150, auto_sync=True)
        others = self.sessions()
        victim = Process(self.database, self.folder / "victim.log")
        self.addCleanup(victim.kill)
        self.assertEqual(victim.answer(), "ready")
        victim.begin("cron")
        self.wait_for(lambda: self.invoices(contracts), "the first chunk")
        victim.kill()
        self.wait_for(lambda: self.sessions() <= others, "the database to notice")
        saved = self.invoices(contracts)
        self.assertTrue(0 < len(saved) < 150)
        [(run, state)] = self.sql(
            "SELECT id, state FROM billing_run WHERE id = (SELECT max(billing_run_id) FROM account_move)")
        self.assertEqual(state, "running")

        self.assertEqual(self.two.do("cron"), {"done": True})
        moves = self.invoices(contracts)
        self.assertEqual(sorted(row[0] for row in moves), contracts)
        self.assertEqual({row[2] for row in moves}, {"posted"})
        self.assertLessEqual({row[1] for row in saved}, {row[1] for row in moves})
        self.assertEqual(
            self.sql("""
                SELECT run.state, run.ended_at IS NOT NULL, count(job.id) FROM billing_run run
                  JOIN billing_job job ON job.run_id = run.id AND job.outcome = 'invoiced'
                 WHERE run.id >= %s GROUP BY run.id ORDER BY run.id
            """, run),
            [("interrupted", True, len(saved)), ("done", True, 150 - len(saved))])

    # ---- time zones -------------------------------------------------------------------------------------------------

    def test_the_zone_of_the_server_does_not_matter(self):
        for zone in ("Pacific/Kiritimati", "Pacific/Niue", "UTC"):
            before = datetime.now(ZoneInfo(zone)).date()
            answers = {self.one.do("today", zone=zone), self.two.do("today", zone=zone)}
            after = datetime.now(ZoneInfo(zone)).date()
            self.assertLessEqual(answers, {before.isoformat(), after.isoformat()})
