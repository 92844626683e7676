"""Chromium driven over its devtools: opens pages, runs script in them, takes pictures."""

import base64
import itertools
import json
import resource
import shutil
import subprocess
import tempfile
import time
from pathlib import Path

import websocket

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
PATIENCE = 60  # seconds after which something counts as missing


def find():
    """Return the path of a browser, or None."""
    return next(filter(None, map(shutil.which, NAMES)), None)


def _lift_memory_limit():
    """Odoo limits the addresses of its processes, and of their children, to less than a browser reserves."""
    _soft, hard = resource.getrlimit(resource.RLIMIT_AS)
    resource.setrlimit(resource.RLIMIT_AS, (hard, hard))


class Browser:
    """A browser with one page; ``errors`` are what the page has complained about."""

    def __init__(self, size="1400x900"):
        self._folder = tempfile.TemporaryDirectory(ignore_cleanup_errors=True)
        self._process = subprocess.Popen(
            [find(), "--headless=new", "--no-sandbox", "--disable-gpu", "--no-first-run",
             "--disable-background-networking", "--remote-debugging-port=0", "--remote-allow-origins=*",
             f"--user-data-dir={self._folder.name}", f"--window-size={size.replace('x', ',')}", "about:blank"],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True,
            preexec_fn=_lift_memory_limit)
        self.errors = []
        self._numbers = itertools.count(1)
        self._socket = websocket.create_connection(self._address(), timeout=PATIENCE, suppress_origin=True)
        [page] = [
            target for target in self._call("Target.getTargets")["targetInfos"] if target["type"] == "page"]
        self._session = None
        self._session = self._call("Target.attachToTarget", targetId=page["targetId"], flatten=True)["sessionId"]
        for domain in ("Page", "Runtime"):
            self._call(f"{domain}.enable")

    def _address(self):
        """Return the address of the devtools, which the browser writes to a file when it is ready."""
        file = Path(self._folder.name, "DevToolsActivePort")
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end:
            if file.exists() and len(lines := file.read_text().split()) == 2:
                port, path = lines
                return f"ws://127.0.0.1:{port}{path}"
            time.sleep(0.1)
        raise AssertionError("The browser did not start.")

    def _call(self, method, **params):
        number = next(self._numbers)
        message = {"id": number, "method": method, "params": params}
        if getattr(self, "_session", None):
            message["sessionId"] = self._session
        self._socket.send(json.dumps(message))
        while True:
            answer = json.loads(self._socket.recv())
            if answer.get("method") == "Runtime.exceptionThrown":
                self.errors.append(json.dumps(answer["params"]["exceptionDetails"])[:2000])
            if answer.get("id") == number:
                if "error" in answer:
                    raise AssertionError(f"{method}: {answer['error']}")
                return answer["result"]

    # ---- what a user does -----------------------------------------------------------------------------------------

    def open(self, url):
        """Go to a page."""
        self._call("Page.navigate", url=url)

    def run_before_loading(self, script):
        """Run ``script`` in every page from now on, before anything of its own."""
        self._call("Page.addScriptToEvaluateOnNewDocument", source=script)

    def run(self, script):
        """Run ``script``, the body of a function, in the page and return what it returns."""
        result = self._call(
            "Runtime.evaluate", expression=f"(async () => {{ {script} }})()", awaitPromise=True, returnByValue=True)
        if "exceptionDetails" in result:
            raise AssertionError(result["exceptionDetails"])
        return result["result"].get("value")

    def wait_for(self, expression, what=None, patience=PATIENCE):
        """Wait until the JavaScript ``expression`` is true and return its value."""
        end = time.monotonic() + patience
        while time.monotonic() < end:
            try:
                if value := self.run(f"return {expression}"):
                    return value
            except AssertionError:  # the page is being exchanged for the next one
                pass
            time.sleep(0.05)
        shown = self.run("return document.body.innerText")
        raise AssertionError(f"waited in vain for {what or expression}; the page shows:\n{shown[:3000]}")

    def log_in(self, base, login, password):
        """Log in by the form."""
        self.open(f"{base}/web/login")
        self.wait_for("document.querySelector('form.oe_login_form input[name=login]')?.name")
        self.run(f"""
            document.querySelector("input[name=login]").value = {json.dumps(login)};
            document.querySelector("input[name=password]").value = {json.dumps(password)};
            document.querySelector("form.oe_login_form").submit();
        """)
        self.wait_for("document.querySelector('.o_web_client .o_main_navbar')?.className", "the web client")

    def take_picture(self, path):
        """Save what the page shows as a PNG file."""
        Path(path).write_bytes(base64.b64decode(self._call("Page.captureScreenshot")["data"]))

    def close(self):
        """End the browser."""
        self._socket.close()
        self._process.terminate()
        self._process.wait(timeout=PATIENCE)
        self._folder.cleanup()
