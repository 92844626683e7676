"""An Odoo server of our own: start it on a free port, wait for it, log in to it, stop it."""

import contextlib
import http.cookiejar
import json
import re
import socket
import subprocess
import time
import urllib.error
import urllib.parse
import urllib.request

from .settings import CHECKOUT, LOGS
from .steps import StepFailed, tail

START_SECONDS = 180


def free_port(first):
    """Return the first free port from a number on."""
    for port in range(first, first + 100):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            with contextlib.suppress(OSError):
                probe.bind(("127.0.0.1", port))
                return port
    raise StepFailed(f"No free port between {first} and {first + 99}: set BILLING_PORT to another one.")


class Server:
    """A running Odoo server.

    :param cron_threads: how many scheduled jobs the server runs at a time by itself
    """

    def __init__(self, databases, database, port, cron_threads):
        self.url = f"http://127.0.0.1:{port}"
        self.log = LOGS / f"{database}.log"
        options = [f"--http-port={port}", f"--max-cron-threads={cron_threads}"]
        with self.log.open("w") as output:
            self.process = subprocess.Popen(
                databases.odoo_command(database, "server", *options),
                stdin=subprocess.DEVNULL, stdout=output, stderr=output,
                env=databases.variables(), cwd=CHECKOUT, start_new_session=True,
            )

    def wait_until_ready(self):
        """Return when the login page answers."""
        end = time.monotonic() + START_SECONDS
        while time.monotonic() < end and self.process.poll() is None:
            with contextlib.suppress(OSError), urllib.request.urlopen(f"{self.url}/web/login", timeout=60):
                return
            time.sleep(0.3)
        raise StepFailed(f"{tail(self.log)}\n\nThe Odoo server did not start; all of its output: {self.log}")

    def log_in(self, login, password):
        """Log in as a browser would, by the form, and return the name of the user of the session."""
        cookies = urllib.request.HTTPCookieProcessor(http.cookiejar.CookieJar())
        browser = urllib.request.build_opener(cookies)
        with browser.open(f"{self.url}/web/login", timeout=60) as page:
            token = re.search(r'name="csrf_token" value="([^"]+)"', page.read().decode())
        if not token:
            raise StepFailed(f"The login page has no form; the server's log: {self.log}")
        form = {"login": login, "password": password, "csrf_token": token[1]}
        browser.open(f"{self.url}/web/login", urllib.parse.urlencode(form).encode(), timeout=60).close()
        question = urllib.request.Request(
            f"{self.url}/web/session/get_session_info", b'{"params": {}}', {"Content-Type": "application/json"}
        )
        with browser.open(question, timeout=60) as answer:
            session = json.load(answer)
        if session.get("result", {}).get("username") != login:
            raise StepFailed(f"The login as {login} was refused; the server's log: {self.log}")
        return session["result"]["name"]

    def stop(self):
        """Stop the server; one that does not listen within ten seconds is killed."""
        self.process.terminate()
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
