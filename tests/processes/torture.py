"""Everything goes wrong at once, and in the end every invoice is there once: what `benchmarks/torture` runs.

Several lanes, the hourly job, bulk operations and users work on the same contracts, while processes are killed, the
database server crashes, and one contract in twenty is broken. What each of them does is drawn from a seed; when it
comes to pass is up to the machine, so a seed replays the attempt, not each moment of it.
"""

import json
import os
import random
import re
import shutil
import signal
import subprocess
import tempfile
import threading
import time
from collections import Counter
from contextlib import suppress
from datetime import date
from pathlib import Path

import psycopg2
from processes.case import Listener
from processes.own_postgres import OwnPostgres

SCRIPT = Path(__file__).parent / "torture_actor.py"
NAME = "billing_torture"
PATIENCE = 200  # seconds in which all that waits for its next try must have had it
# What a process may say while the server is down: its work is gone, and somebody does it again.
SERVER_GONE = re.compile(
    r"OperationalError|InterfaceError|AdminShutdown|CrashShutdown|CannotConnectNow|server closed the connection|"
    r"connection already closed|the database system is|terminating connection|PoolError|cursor already closed")


class Copy(Listener):
    """A copy of the process that has loaded Odoo."""

    def __init__(self, breeder, folder, name):
        paths = [folder / f"{name}.in", folder / f"{name}.out"]
        for path in paths:
            os.mkfifo(path)
        self.pid = breeder.breed(*paths)
        super().__init__(paths[0].open("w"), paths[1].open())

    def _get_end(self):
        return ProcessLookupError()

    def kill(self):
        with suppress(ProcessLookupError):
            os.kill(self.pid, signal.SIGKILL)
        for pipe in (self._in, self._out):
            with suppress(OSError, ValueError):
                pipe.close()


class Breeder:
    """The process that has loaded Odoo. Nobody kills it."""

    def __init__(self, log, variables):
        self._lock = threading.Lock()
        with log.open("w") as stream:
            self._process = subprocess.Popen(
                [os.environ["BILLING_ODOO_PYTHON"], SCRIPT, NAME], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                stderr=stream, text=True, env=os.environ | variables)
        if not self._process.stdout.readline():
            raise AssertionError(f"Odoo did not start:\n{log.read_text()}")

    def breed(self, *paths):
        """Return the number of a new process that reads its commands from the first of two pipes."""
        with self._lock:
            self._process.stdin.write(json.dumps(list(map(str, paths))) + "\n")
            self._process.stdin.flush()
            return int(self._process.stdout.readline())

    def stop(self):
        self._process.kill()
        self._process.communicate()


class Player(threading.Thread):
    """Someone at work in a process of his own, begun anew whenever that dies."""

    def __init__(self, torture, name, command, arguments):
        super().__init__(name=name, daemon=True)
        self._torture, self._command, self._arguments = torture, command, arguments
        self._rng = random.Random(f"{torture.seed}-{name}")
        self._process = None
        self.at_work = False
        self.done = Counter()

    def run(self):
        while not self._torture.over.is_set():
            try:
                self._play()
            except Exception as error:  # told at the end, whatever it is
                self._torture.faults.append(f"{self.name}: {error!r}")
        self._end_process()

    def _play(self):
        if not self._process:
            self._start_process()
        else:
            arguments = {name: value() for name, value in self._arguments(self._rng).items()}
            self._count(self._ask(self._command, **arguments))

    def _start_process(self):
        self._process = self._torture.start(self.name)
        self.at_work = self._ask(None) == "ready"
        self.done["started"] += self.at_work

    def _ask(self, command, **arguments):
        """Return the answer of the process, None when it is dead or could do nothing because the server is down."""
        try:
            if command:
                self._process.begin(command, **arguments)
            return self._process.answer()
        except (OSError, ValueError):  # it is dead, perhaps in the middle of a line
            self._end_process()
        except AssertionError as error:
            if SERVER_GONE.search(str(error)):
                self.done["server gone"] += 1
                time.sleep(0.3)
            else:
                self._torture.faults.append(f"{self.name}: {error}")
        return None

    def _count(self, answer):
        refused = isinstance(answer, dict) and answer.get("refused")
        self.done["refused" if refused else "lost" if answer is None else "done"] += 1

    def kill(self):
        """Kill the process in the middle of what it does."""
        self.at_work = False
        with suppress(ProcessLookupError, AttributeError):  # it may have ended by itself
            os.kill(self._process.pid, signal.SIGKILL)
            self.done["killed"] += 1

    def _end_process(self):
        self.at_work = False
        process, self._process = self._process, None
        if process:
            process.kill()


class Torture:
    """``count`` contracts, ``lanes`` lanes beside the hourly job, for ``seconds``; ``seed`` decides what happens."""

    def __init__(self, template, count, lanes, seconds, seed):
        self.template, self.count, self.lanes, self.seconds, self.seed = template, count, lanes, seconds, seed
        self.over, self.faults, self.events = threading.Event(), [], Counter()
        self._numbers = iter(range(1, 1_000_000))
        self._breeder = None

    def run(self):
        """Do it all and return the report and what is wrong, as two lists of lines."""
        folder = Path(tempfile.mkdtemp(prefix="billing-torture-"))
        folder.chmod(0o755)
        self.folder, self.server = folder, OwnPostgres(folder / "postgres")
        try:
            self.server.make()
            self.server.copy(self.template, NAME)
            self._write_conf()
            self._breeder = Breeder(
                folder / "odoo.log", {"BILLING_ODOO_CONF": str(self.conf), **self.server.connection()})
            return self._torment()
        finally:
            self.over.set()
            if self._breeder:
                self._breeder.stop()
            self.server.remove()
            shutil.rmtree(folder, ignore_errors=True)

    def _write_conf(self):
        text = Path(os.environ["BILLING_ODOO_CONF"]).read_text()
        here = self.server.connection()
        for name, variable in (("db_host", "PGHOST"), ("db_port", "PGPORT"), ("db_user", "PGUSER")):
            text = re.sub(rf"^{name} = .*$", f"{name} = {here[variable]}", text, flags=re.M)
        self.conf = self.folder / "odoo.conf"
        self.conf.write_text(text)

    def start(self, name):
        """Start a process that does what it is told."""
        return Copy(self._breeder, self.folder, f"{name}-{next(self._numbers)}")

    def sql(self, statement, *values):
        with psycopg2.connect(dbname=NAME, **self._connection()) as connection, connection.cursor() as cr:
            cr.execute(statement, values)
            rows = cr.fetchall()
        connection.close()
        return rows

    def _connection(self):
        here = self.server.connection()
        return {"host": here["PGHOST"], "port": here["PGPORT"], "user": here["PGUSER"]}

    # ---- the course of things ---------------------------------------------------------------------------------------

    def _torment(self):
        judge = self.start("judge")
        judge.answer()
        scene = judge.do("scene", count=self.count, seed=self.seed, lanes=self.lanes + 1)
        self.healthy, self.broken = scene["healthy"], {int(id_): code for id_, code in scene["broken"].items()}
        planned = judge.do("plan", contracts=self.healthy)
        judge.kill()
        self.players = [
            Player(self, "job", "job", lambda _rng: {}),
            *(Player(self, f"lane{number}", "lane", lambda _rng: {"seconds": lambda: 2})
              for number in range(1, self.lanes + 1)),
            Player(self, "user", "user", self._choose), Player(self, "bulk", "bulk_of", self._choose)]
        began = time.monotonic()
        for player in self.players:
            player.start()
        self._cause_chaos(began + self.seconds)
        self.over.set()
        for player in self.players:
            player.join(120)
        billed_meanwhile = self.sql("SELECT count(*) FROM account_move WHERE billing_contract_id IS NOT NULL")[0][0]
        self._settle()
        return self._report(billed_meanwhile, time.monotonic() - began), self.faults + self._judge(planned)

    def _choose(self, rng):
        seed = rng.random()
        return {"contracts": lambda: self.healthy, "seed": lambda: seed}

    def _cause_chaos(self, end):
        """Kill somebody every now and then, and crash the server twice."""
        rng = random.Random(f"{self.seed}-chaos")
        begin = time.monotonic()
        crashes = [begin + (end - begin) * part for part in (rng.uniform(0.3, 0.5), rng.uniform(0.6, 0.8))]
        while time.monotonic() < end:
            time.sleep(rng.uniform(2, 6))
            at_work = [player for player in self.players if player.at_work]
            if crashes and time.monotonic() > crashes[0]:
                crashes.pop(0)
                self.server.crash()
                self.events["crashes of the database server"] += 1
            elif at_work:
                rng.choice(at_work).kill()
                self.events["kill -9"] += 1

    def _settle(self):
        """Let the hourly job work in peace until nothing is left that it could bill."""
        [[self.last_run]] = self.sql("SELECT COALESCE(max(id), 0) FROM billing_run")
        process = self.start("settler")
        process.answer()
        end = time.monotonic() + PATIENCE
        for number in range(1, 100):
            process.do("job")
            waiting = self.sql("SELECT 1 FROM billing_job WHERE state = 'waiting' AND job_type = 'invoice' LIMIT 1")
            if (number > 2 and not waiting) or time.monotonic() > end:
                break
            time.sleep(1)  # a bulk operation tries a contract that somebody has held again after a pause
        process.kill()
        end = time.monotonic() + 30  # for the server to notice who has gone
        while self.sql("SELECT 1 FROM pg_stat_activity WHERE datname = %s AND pid != pg_backend_pid()", NAME):
            if time.monotonic() > end:
                break
            time.sleep(0.2)

    def _report(self, billed_meanwhile, seconds):
        done = ", ".join(f"{player.name} {dict(player.done)}" for player in self.players)
        [[runs, interrupted]] = self.sql(
            "SELECT count(*), count(*) FILTER (WHERE state = 'interrupted') FROM billing_run")
        return [
            f"seed {self.seed}: {self.count} contracts, {self.lanes} lanes, {seconds:.0f} s; {dict(self.events)}",
            f"invoices: {billed_meanwhile} under fire; runs: {runs}, {interrupted} of them interrupted",
            f"players: {done}"]

    # ---- the judgement ----------------------------------------------------------------------------------------------

    def _judge(self, planned):
        """Return what is wrong, as a list of lines."""
        left = {row[0] for row in self.sql("SELECT id FROM billing_contract")}
        return [
            *self._judge_periods({tuple(one[:2]): one[2] for one in planned if one[0] in left}, left),
            *self._judge_broken(left), *self._judge_leftovers(), *self._judge_runs(self.count - len(left))]

    def _judge_periods(self, planned, left):
        """Each due period of a healthy contract has one live invoice, of the planner's amount."""
        found = {}
        for contract, start, move, amount in self.sql("""
                SELECT row.contract_id, row.cycle_start, move.id, move.amount_untaxed
                  FROM billing_schedule row JOIN account_move move ON move.billing_schedule_id = row.id
                 WHERE move.state != 'cancel' AND row.contract_id = ANY(%s) ORDER BY 1, 2""", self.healthy):
            found.setdefault((contract, start.isoformat()), []).append((move, float(amount)))
        for key, amount in sorted(planned.items()):
            if [one[1] for one in found.get(key, [])] != [amount]:
                yield f"period {key}: planned {amount}, billed {found.get(key)}"
        for key in sorted(found.keys() - planned.keys()):
            yield f"period {key} was not due and is billed: {found[key]}"
        for contract, start, state, message in self.sql("""
                SELECT contract_id, cycle_start, state, message FROM billing_schedule
                 WHERE contract_id = ANY(%s) AND schedule_date <= %s AND state != 'invoiced'""",
                self.healthy, date.today()):
            yield f"period {start} of contract {contract} is left {state}: {message}"

    def _judge_broken(self, left):
        """Each broken contract has no invoice and is parked with its reason."""
        reasons = dict(self.sql("""
            SELECT DISTINCT ON (contract_id) contract_id, reason FROM billing_schedule
             WHERE state = 'error' ORDER BY contract_id, cycle_start"""))
        billed = {row[0] for row in self.sql(
            "SELECT billing_contract_id FROM account_move WHERE billing_contract_id IS NOT NULL")}
        for contract, code in self.broken.items():
            if contract in left and (reasons.get(contract) != code or contract in billed):
                yield (f"broken contract {contract}: parked with {reasons.get(contract)} instead of {code}"
                       f"{', and billed' if contract in billed else ''}")

    def _judge_leftovers(self):
        """Nothing is in progress, waits, or is locked for ever."""
        for name, statement in {
                "advisory lock": "SELECT classid, objid FROM pg_locks WHERE locktype = 'advisory'",
                "lot": "SELECT id, run_id FROM billing_lot",
                "running run": "SELECT id, name FROM billing_run WHERE state = 'running'",
                "job in progress": "SELECT id, job_type FROM billing_job WHERE state = 'in_progress'",
                "invoicing that waits": "SELECT id FROM billing_job WHERE state = 'waiting' AND job_type = 'invoice'",
                "posting that waits": """
                    SELECT job.id FROM billing_job job JOIN account_move move ON move.id = job.invoice_id
                     WHERE job.job_type = 'post' AND job.state = 'waiting' AND move.state = 'draft'""",
                "number given twice": """
                    SELECT name, count(*) FROM account_move WHERE state = 'posted' AND billing_contract_id IS NOT NULL
                     GROUP BY name, journal_id HAVING count(*) > 1""",
                "invoice that no period knows": """
                    SELECT move.id FROM account_move move
                      LEFT JOIN billing_schedule row ON row.resulting_invoice_id = move.id
                     WHERE move.billing_contract_id IS NOT NULL AND move.state != 'cancel' AND row.id IS NULL""",
                "period that is billed without an invoice": """
                    SELECT id FROM billing_schedule WHERE state = 'invoiced' AND resulting_invoice_id IS NULL""",
        }.items():
            yield from (f"{name}: {row}" for row in self.sql(statement))

    def _judge_runs(self, deleted):
        """Each run accounts for every contract: an outcome, or left to the next run.

        Only of contracts that were ``deleted`` since nothing is left; in peace none is.
        """
        for run, state, count, left, told in self.sql("""
                SELECT run.id, run.state, run.contract_count, run.left_count, count(DISTINCT job.contract_id)
                  FROM billing_run run LEFT JOIN billing_job job ON job.run_id = run.id AND job.job_type = 'invoice'
                 WHERE run.run_type = 'automatic' GROUP BY run.id"""):
            missing = count - told - left
            if not 0 <= missing <= (deleted if run <= self.last_run else 0):
                yield f"run {run} ({state}): {count} contracts, but {told} outcomes and {left} left"
