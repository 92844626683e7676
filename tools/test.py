"""`./test`: lint, tests without Odoo, the installation's log, tests on Odoo; one line of numbers at the end.

With arguments only pytest runs, with these arguments; paths decide whether that is with or without Odoo.
"""

import contextlib
import json
import os
import signal
import subprocess
import sys
import tempfile
from collections import Counter
from pathlib import Path

from . import oca, postgres, setup
from .databases import installation_log
from .env import variables
from .settings import ADDON_SETS, CACHE, CHECKOUT, CHECKOUT_ID, WITH_QUEUE_JOB
from .steps import StepFailed, exit_with, step

WITHOUT_ODOO = ("tests/engine", "tests/tooling")
EVERY_ADDON = tuple(dict.fromkeys(sum(ADDON_SETS, ())))
WORKERS = int(os.environ.get("BILLING_TEST_WORKERS") or 1)
WITH_VALUE = ("-k", "-m", "-n", "-o", "-p", "-r", "-c", "-W")  # pytest's options whose value may look like a path
OK_CODES = (0, 5)  # pytest: all passed, nothing collected


def main(arguments):
    """Run what the arguments ask for; return the exit code."""
    signal.signal(signal.SIGTERM, lambda *_args: sys.exit(1))
    results = Counter(passed=0, failed=0, skipped=0)
    try:
        with setup.ready() as databases:
            run_all(databases, arguments, results)
    except StepFailed as failure:
        print(f"\n{failure}\n")
        results["failed"] += 1
    print(f"{results['passed']} passed, {results['failed']} failed, {results['skipped']} skipped")
    return 1 if results["failed"] else 0


def run_all(databases, arguments, results):
    """Run every part in turn and add its numbers to the results."""
    plain, odoo = split(arguments)
    if not arguments:
        lint(databases, results)
    if plain is not None:
        title("Tests without Odoo")
        results.update(pytest(databases, ["-p", "no:odoo", *plain]))
    if odoo is None:
        return
    suites = by_database(odoo)
    servers = {addons: connected(databases, addons) for addons in suites}
    templates = {addons: own.addons(demo=False, addons=addons) for addons, own in servers.items()}
    if not arguments:
        check_installations([*templates.values(), databases.addons(demo=True)], results)
    drop_leftovers(databases)
    for addons, own in suites.items():
        title(f"Tests on Odoo: {', '.join(addons)}")
        test_on_odoo(servers[addons], templates[addons], own, results)


def connected(databases, addons):
    """Return the databases with what ``addons`` need from OCA."""
    return oca.connect(databases, oca.QUEUE_JOB)[0] if addons == WITH_QUEUE_JOB else databases


def test_on_odoo(databases, template, arguments, results):
    """Run pytest on a copy of the database ``template``."""
    with databases.scratch(template, f"billing_test_{os.getpid()}") as database:
        options = [
            f"--odoo-config={databases.conf}", f"--odoo-database={database}", "--odoo-log-level=warn", "--odoo-http",
            *(["-n", str(WORKERS), "--dist", "loadscope"] if WORKERS > 1 else []),
        ]
        results.update(pytest(databases, [*options, *arguments], **variables(databases, template)))


def title(text):
    print(f"\n== {text}", flush=True)


def split(arguments):
    """Return the arguments for pytest without Odoo and for pytest with it, None for one that is not to run.

    >>> split(["tests/engine/test_cycles.py", "-x"])
    (['tests/engine/test_cycles.py', '-x'], None)
    """
    options, given = [], []
    for before, argument in zip(["", *arguments], arguments, strict=False):
        (given if is_path(argument) and before not in WITH_VALUE else options).append(argument)
    paths = given or present((*EVERY_ADDON, "tests"))
    odoo = [path for path in paths if not needs_no_odoo(path)]
    plain = [path for path in paths if needs_no_odoo(path)]
    plain += [folder for folder in present(WITHOUT_ODOO) if any(lies_in(folder, path) for path in odoo)]
    ignored = [f"--ignore={folder}" for folder in WITHOUT_ODOO]
    return [*plain, *options] if plain else None, [*odoo, *ignored, *options] if odoo else None


def by_database(arguments):
    """Return the arguments for pytest by the addons that its database has: what ties in another app has one of its own.

    >>> by_database(["work365_billing", "work365_billing_timesheet", "-x"])[ADDON_SETS[1]]
    ['work365_billing_timesheet', '-x']
    """
    paths = [argument for argument in arguments if is_path(argument)]
    first, *others = ADDON_SETS
    apart = {addons: [path for path in paths if lies_in(path, addons[-1])] for addons in others}
    together = [path for path in paths if not any(path in own for own in apart.values())]
    return {
        addons: [argument for argument in arguments if argument not in paths or argument in own]
        for addons, own in {first: together, **apart}.items() if own}


def present(folders):
    return [folder for folder in folders if (CHECKOUT / folder).is_dir()]


def is_path(argument):
    return not argument.startswith("-") and (CHECKOUT / argument.partition("::")[0]).exists()


def needs_no_odoo(path):
    return any(lies_in(path, folder) for folder in WITHOUT_ODOO)


def lies_in(path, folder):
    """Tell whether a path, perhaps with the name of a test, is a folder or lies in it."""
    return (CHECKOUT / path.partition("::")[0]).resolve().is_relative_to((CHECKOUT / folder).resolve())


def pytest(databases, arguments, **more):
    """Run pytest and return its numbers, which `conftest.py` writes down."""
    with tempfile.TemporaryDirectory() as folder:
        numbers = Path(folder, "numbers.json")
        environment = databases.variables() | more | {
            "BILLING_TEST_NUMBERS": str(numbers),
            "HYPOTHESIS_STORAGE_DIRECTORY": str(CACHE / "hypothesis"),
        }
        command = [databases.python, "-m", "pytest", "-o", f"cache_dir={CACHE / 'pytest' / CHECKOUT_ID}", *arguments]
        code = subprocess.run(command, env=environment, cwd=CHECKOUT).returncode
        counted = json.loads(numbers.read_text()) if numbers.exists() else {}
    if code not in OK_CODES and not counted.get("failed"):
        print(f"pytest ended with {code}")
        counted["failed"] = 1
    return counted


def lint(databases, results):
    """Run the two linters; each counts as one test."""
    title("Lint")
    bin_dir = databases.python.parent
    environment = databases.variables() | {"RUFF_CACHE_DIR": str(CACHE / "ruff"), "PYLINTHOME": str(CACHE / "pylint")}
    commands = {
        "ruff": [bin_dir / "ruff", "check", "--quiet", "."],
        "pylint-odoo": [bin_dir / "pylint", "--rcfile=.pylintrc", *EVERY_ADDON],
    }
    for name, command in commands.items():
        with step(name):
            done = subprocess.run(command, env=environment, cwd=CHECKOUT, capture_output=True, text=True)
        report(results, not done.returncode, done.stdout + done.stderr)


def check_installations(names, results):
    """The installations must not have made Odoo say anything; each counts as one test."""
    title("Log of the installations")
    for name in names:
        complaints = installation_log(name).read_text()
        print(f"- {name}: {len(complaints.splitlines())} lines")
        report(results, not complaints, complaints)


def report(results, passed, text):
    results["passed" if passed else "failed"] += 1
    if not passed:
        print(text.rstrip(), flush=True)


def drop_leftovers(databases):
    """Drop the databases of test runs that were killed. On a shared server nobody knows whose they are."""
    if postgres.is_external():
        return
    for name in databases.sql("SELECT datname FROM pg_database WHERE datname LIKE 'billing\\_test\\_%'"):
        owner = name.split("_")[2].partition("-")[0]
        if not Path("/proc", owner).exists():
            with contextlib.suppress(StepFailed):
                databases.drop(name)


if __name__ == "__main__":
    exit_with(lambda: main(sys.argv[1:]), "Interrupted; the next start goes on from here.")
