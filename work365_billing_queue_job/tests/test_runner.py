"""The real runner of OCA's queue on a real server, beside the hourly job in a process of its own."""

import contextlib
import os
import signal
import subprocess
import time
import urllib.request

from processes.case import PATIENCE, ProcessCase

from tools.databases import PROGRAM
from tools.server import free_port

COUNT = 400  # contracts: long enough for the runner to take part


class TestRunner(ProcessCase):
    def serve(self):
        """Start a server whose workers do what is queued and nothing else."""
        port, gevent_port = free_port(18769), free_port(18869)
        with (self.folder / "server.log").open("w") as log:
            server = subprocess.Popen(
                [os.environ["BILLING_ODOO_PYTHON"], PROGRAM, "server", "-c", os.environ["BILLING_ODOO_CONF"],
                 "-d", self.database, f"--http-port={port}", f"--gevent-port={gevent_port}", "--workers=2",
                 "--max-cron-threads=0", "--load=base,web,queue_job", "--log-level=warn"],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True,
                env=os.environ | {"ODOO_QUEUE_JOB_CHANNELS": "root:2"})
        self.addCleanup(self.kill, server)
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end and server.poll() is None:
            with contextlib.suppress(OSError), urllib.request.urlopen(f"http://127.0.0.1:{port}/web/login", timeout=60):
                self.wait_for(
                    lambda: self.sql("SELECT 1 FROM pg_stat_activity WHERE datname = %s AND query LIKE %s",
                                     self.database, "%queue_job%"), "the runner")
                return server
            time.sleep(0.3)
        raise AssertionError("The server did not start.")

    def kill(self, server):
        if server.poll() is None:
            os.killpg(server.pid, signal.SIGKILL)
            server.wait(PATIENCE)

    def queued(self):
        return self.sql("SELECT state, result FROM queue_job WHERE model_name = 'billing.lot' ORDER BY id")

    def assertBilledOnce(self, contracts):
        self.assertEqual(sorted(row[0] for row in self.invoices(contracts)), contracts)
        self.assertEqual(self.sql("SELECT id FROM billing_lot"), [])

    def wait_until_done(self):
        self.wait_for(lambda: {state for state, _result in self.queued()} == {"done"}, "all jobs of the queue")

    def test_the_queue_shares_the_lots_and_a_killed_server_takes_nothing_along(self):
        server = self.serve()
        contracts = self.one.do("make", name="queued", days_ago=[2] * COUNT)
        self.assertEqual(self.one.do("job"), "done")
        self.wait_until_done()
        self.assertBilledOnce(contracts)
        by_queue = [result for _state, result in self.queued() if result.endswith(" contracts")]
        self.assertGreater(len(by_queue), 0)
        self.assertLess(len(by_queue), len(self.queued()))
        self.assertEqual(self.sql(
            "SELECT state, contract_count, left_count FROM billing_run ORDER BY id DESC LIMIT 1"), [("done", COUNT, 0)])

        contracts = self.one.do("make", name="killed", days_ago=[2] * COUNT)
        before = len(self.queued())
        self.one.begin("job")
        self.wait_for(lambda: {state for state, _result in self.queued()[before:]} & {"started", "done"}, "the queue")
        self.kill(server)
        self.assertEqual(self.one.answer(), "done")
        self.assertBilledOnce(contracts)
        self.serve()  # what the queue still believes to be in work finds that it is done
        self.wait_until_done()
        self.assertBilledOnce(contracts)
