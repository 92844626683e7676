"""What pytest does here beyond running tests.

- A WARNING that one of our addons causes in Odoo's log fails the test during which it came.
- A browser test that is skipped although there is a browser fails.
- The numbers of the run go to the file BILLING_TEST_NUMBERS, from which `./test` makes its last line.

`./test` exports for tests that start processes of their own, on committed data:

    BILLING_ODOO_PYTHON   Python that imports odoo:
                          `$BILLING_ODOO_PYTHON tools/bin/odoo server -c $BILLING_ODOO_CONF -d NAME`
    BILLING_ODOO_CONF     Odoo's configuration: addons path, files, database server
    BILLING_TEMPLATE_DB   database with both addons and a chart of accounts, no demo data; never open it, copy it:
                          `createdb -T $BILLING_TEMPLATE_DB NAME`, and `dropdb --force NAME` in the end
    PGHOST PGPORT PGUSER  the database server; createdb, dropdb and psql are on the PATH
"""

import json
import logging
import os
import shutil
import traceback
import warnings
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent
ADDONS = ("work365_billing", "work365_billing_timesheet", "work365_billing_queue_job", "billdozer_repeating")
BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")


class OwnWarnings(logging.Handler):
    """Collects the warnings that our addons cause, whoever logs them."""

    def __init__(self):
        super().__init__(logging.WARNING)
        self.found = []

    def emit(self, record):
        if self._is_ours(record):
            self.found.append(f"{record.levelname} {record.name}: {record.getMessage()}")

    def take(self):
        """Return what has come since the last time."""
        found, self.found = self.found, []
        return found

    @staticmethod
    def _is_ours(record):
        if ".tests" in record.name:
            return False
        if record.name.startswith(tuple(f"odoo.addons.{name}" for name in ADDONS)):
            return True
        if any(name in record.getMessage() for name in ADDONS):
            return True
        return any(map(_is_own_code, (frame.filename for frame in traceback.extract_stack())))


def _is_own_code(filename):
    """Tell whether a file belongs to an addon of ours and is not one of its tests."""
    path = Path(filename)
    if not path.is_relative_to(ROOT):
        return False
    parts = path.relative_to(ROOT).parts
    return parts[0] in ADDONS and parts[1] != "tests"


OWN_WARNINGS = OwnWarnings()


def pytest_configure(config):
    if config.pluginmanager.hasplugin("odoo"):
        logging.getLogger().addHandler(OWN_WARNINGS)
        warnings.simplefilter("always")  # by default a repeated one shows once only
        warnings.simplefilter("ignore", ResourceWarning)  # by default ignored, and Odoo's server leaves sockets open


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item, call):
    report = yield
    if report.skipped and not hasattr(report, "wasxfail") and _is_browser_test(item) and _has_browser():
        _fail(report, f"A browser test was skipped although there is a browser: {call.excinfo.value}")
    found = [] if report.when == "setup" else OWN_WARNINGS.take()  # those of the set-up count for the test
    if found and report.passed:
        _fail(report, "Our addons caused warnings in Odoo's log:\n" + "\n".join(found))
    return report


def _fail(report, reason):
    report.outcome = "failed"
    report.longrepr = reason


def _is_browser_test(item):
    bases = getattr(getattr(item, "cls", None), "__mro__", ())
    return any(base.__name__ == "HttpCase" for base in bases)


def _has_browser():
    return any(map(shutil.which, BROWSERS))


def pytest_terminal_summary(terminalreporter):
    """Write the numbers down; only the process that has the terminal gets here, never a worker."""
    target = os.environ.get("BILLING_TEST_NUMBERS")
    if not target:
        return
    counted = {name: len(reports) for name, reports in terminalreporter.stats.items()}
    numbers = {
        "passed": counted.get("passed", 0) + counted.get("xpassed", 0),
        "failed": counted.get("failed", 0) + counted.get("error", 0),
        "skipped": counted.get("skipped", 0) + counted.get("xfailed", 0),
    }
    Path(target).write_text(json.dumps(numbers))
