"""A bulk operation in the browser, on a real server with scheduled jobs at work: the bar moves by itself."""

import contextlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
import unittest
import urllib.request
from pathlib import Path

import psycopg2

from tools.databases import PROGRAM, filestore  # Odoo's own names the tests' folder for every database
from tools.server import free_port

HERE = Path(__file__).parent
CONTRACTS = 250  # five chunks of the background job
PATIENCE = 180  # seconds after which the server counts as stuck

sys.path.insert(0, str(HERE / "processes"))
import browser  # noqa: E402

# What the page shows is written down in the page: this also proves that it was never loaded anew.
WATCH = """
    window.seen = [];
    window.watch = setInterval(() => {
        const value = document.querySelector(".o_billing_run .o_field_widget[name=progress]")?.innerText;
        const number = parseInt(value);
        if (Number.isInteger(number) && number !== window.seen.at(-1)) {
            window.seen.push(number);
        }
    }, 20);
"""
# The slow look every three seconds is switched off: what moves now has come over the bus.
WITHOUT_POLL = """
    const setIntervalOfPage = window.setInterval;
    window.setInterval = (call, pause, ...more) => pause === 3000 ? 0 : setIntervalOfPage(call, pause, ...more);
"""


class LiveRunCommon(unittest.TestCase):
    """A copy of the database with contracts that are due and a clerk."""

    def setUp(self):
        super().setUp()
        if not browser.find():
            self.skipTest("There is no browser.")
        template = os.environ.get("BILLING_TEMPLATE_DB")
        if not template:
            raise AssertionError("BILLING_TEMPLATE_DB is not set: start these tests with ./test")
        self.database = f"billing_test_{os.getpid()}_live"
        self.drop()
        subprocess.run(["createdb", "-T", template, self.database], check=True)
        self.addCleanup(self.drop)
        if filestore(template).exists():
            shutil.copytree(filestore(template), filestore(self.database), copy_function=os.link)
        self.prepare()

    def drop(self):
        subprocess.run(
            ["dropdb", "--if-exists", "--force", self.database], check=True, stderr=subprocess.DEVNULL)
        shutil.rmtree(filestore(self.database), ignore_errors=True)

    def prepare(self):
        commands = [
            {"command": "make", "name": "live", "days_ago": [2] * CONTRACTS},
            {"command": "clerk", "login": "live_clerk"},
        ]
        done = subprocess.run(
            [os.environ["BILLING_ODOO_PYTHON"], HERE / "processes" / "actor.py", self.database], check=True, text=True,
            input="".join(json.dumps(command) + "\n" for command in commands), stdout=subprocess.PIPE)
        self.assertNotIn("failure", done.stdout)
        # Only the background job of bulk operations is to work: the hourly one would bill the same contracts.
        self.sql("UPDATE ir_cron SET active = FALSE WHERE id != (SELECT res_id FROM ir_model_data "
                 "WHERE module = 'work365_billing' AND name = 'ir_cron_run_bulk')")

    def sql(self, statement):
        with psycopg2.connect(dbname=self.database) as connection, connection.cursor() as cr:
            cr.execute(statement)
            rows = cr.fetchall() if cr.description else None
        connection.close()
        return rows

    @contextlib.contextmanager
    def serving(self, *options):
        """Run a server and yield its address; in the end ``self.output`` is what it has told.

        ``self.complaints`` are its warnings and errors.
        """
        port, gevent_port = free_port(18569), free_port(18669)
        with tempfile.NamedTemporaryFile("w+") as log:
            process = subprocess.Popen(
                [os.environ["BILLING_ODOO_PYTHON"], PROGRAM, "server", "-c", os.environ["BILLING_ODOO_CONF"],
                 "-d", self.database, f"--http-port={port}", f"--gevent-port={gevent_port}", "--log-level=warn",
                 *options],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True)
            try:
                self.wait_until_ready(f"http://127.0.0.1:{port}", process)
                yield f"http://127.0.0.1:{port}"
            finally:
                process.terminate()
                process.wait(PATIENCE)
                self.output = Path(log.name).read_text()
                self.complaints = [
                    line for line in self.output.splitlines() if " WARNING " in line or " ERROR " in line]

    def wait_until_ready(self, url, process):
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end and process.poll() is None:
            with contextlib.suppress(OSError), urllib.request.urlopen(f"{url}/web/login", timeout=60):
                return
            time.sleep(0.3)
        raise AssertionError("The server did not start.")

    # ---- what the clerk does --------------------------------------------------------------------------------------

    def generate_many(self, page):
        """Select all contracts, open the window and proceed; the run's form is open in the end."""
        def click(selector, text):
            find = (f"[...document.querySelectorAll({json.dumps(selector)})].find("
                    f"(found) => !found.disabled && found.innerText.includes({json.dumps(text)}))")
            page.wait_for(f"!!{find}", f"{text} in {selector}")
            page.run(f"{find}.click()")

        page.wait_for("document.querySelectorAll('.o_data_row').length >= 80", "the list of contracts")
        page.run("document.querySelector('thead .o_list_record_selector input').click()")
        click(".o_select_domain", str(CONTRACTS))
        click(".o_control_panel .o_work365_menu", "Work 365")
        click(".o-dropdown-item", "Generate Invoice")
        page.wait_for(
            f"document.querySelector('.modal .o_billing_bulk')?.innerText.includes('{CONTRACTS} invoices')",
            "the window with all contracts")
        click(".modal footer button", "Proceed")
        page.wait_for("!!document.querySelector('.o_billing_run .o_field_widget[name=progress]')", "the run's form")

    def watch_a_run(self, url, *scripts):
        """Start a run as the clerk and return the values that the bar has shown, until the run was done."""
        page = browser.Browser()
        self.addCleanup(page.close)
        for script in scripts:
            page.run_before_loading(script)
        page.log_in(url, "live_clerk", "live_clerk")
        page.open(f"{url}/odoo/billing-contracts")
        page.wait_for("!!document.querySelector('.o_data_row')", "the list of contracts")
        page.run(WATCH)
        self.generate_many(page)
        page.wait_for(
            "document.querySelector('.o_billing_run .o_arrow_button_current')?.innerText.includes('Done')",
            "the end of the run", PATIENCE)
        self.assertEqual(page.errors, [])
        return page.run("return window.seen")

    def assertBilledOnce(self):
        self.assertEqual(
            self.sql("SELECT count(*), count(DISTINCT billing_contract_id) FROM account_move "
                     "WHERE billing_contract_id IS NOT NULL"),
            [(CONTRACTS, CONTRACTS)])
        self.assertEqual(self.sql("SELECT state, origin FROM billing_run"), [("done", "bulk")])


class TestLiveRun(LiveRunCommon):
    def test_the_bar_moves_over_the_bus(self):
        with self.serving("--workers=0", "--max-cron-threads=2") as url:
            seen = self.watch_a_run(url, WITHOUT_POLL)
        self.assertEqual(seen, sorted(seen))
        self.assertEqual(seen[-1], 100)
        self.assertGreaterEqual(len(seen) - 1, 3, seen)  # the first value is where it began
        self.assertEqual(self.complaints, [])
        self.assertBilledOnce()

    def test_the_bar_moves_where_the_websocket_cannot_be_reached(self):
        """Processes instead of threads, and no proxy in front of them that knows the port of the websocket."""
        with self.serving("--workers=2", "--max-cron-threads=1") as url:
            seen = self.watch_a_run(url)
        self.assertEqual(seen, sorted(seen))
        self.assertEqual(seen[-1], 100)
        self.assertNotIn("ImportError", self.output)  # the evented process is not started again and again
        self.assertBilledOnce()
