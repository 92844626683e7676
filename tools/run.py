"""`./run`: Odoo with both addons and demo data, and invoices that the hourly job has made."""

import argparse
import contextlib
import json
import os
import signal
import sys
import time
from pathlib import Path

from . import postgres, setup
from .databases import installed_addons
from .server import Server, free_port
from .settings import CACHE, CHECKOUT_ID, CONF, PORT
from .steps import StepFailed, exit_with, one_at_a_time, step

DATABASE = f"billing_run_{CHECKOUT_ID}"
STATE = CACHE / f"run-{CHECKOUT_ID}.json"


def main():
    """Do what the arguments say; return the exit code."""
    options = _parse()
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda *_args: sys.exit(0))
    if options.stop:
        return stop()
    if options.reset:
        stop_server()
    elif running() and not options.check:
        print(f"Odoo runs already: {running()['url']}   (./run --stop ends it)")
        return 0
    with setup.ready() as databases:
        if options.setup_only:
            databases.addons(demo=False)
            databases.addons(demo=True)
            return 0
        if options.reset:
            databases.drop(DATABASE)
        prepare_database(databases)
        with server(databases, cron_threads=0) as odoo:
            print(describe(do_hourly_job(databases, odoo.url)))
            if options.check:
                return check(databases, odoo)
        return serve(databases)


def _parse():
    parser = argparse.ArgumentParser(prog="./run", description="Start Odoo with both addons and demo data.")
    what = parser.add_mutually_exclusive_group()
    what.add_argument("--check", action="store_true", help="start, log in, run the job again, stop; tell by exit code")
    what.add_argument("--stop", action="store_true", help="stop Odoo and the embedded PostgreSQL")
    what.add_argument("--setup-only", action="store_true", help="download and build everything, start nothing")
    parser.add_argument("--reset", action="store_true", help="drop the database and start anew")
    return parser.parse_args()


# -- the database ------------------------------------------------------------------------------------------------------


def prepare_database(databases):
    """Make this checkout's database, or bring it up to date with the addons; what the user entered is kept."""
    with one_at_a_time(DATABASE):
        core = databases.core_name(demo=True)
        wanted = f"{core} {databases.addons_name(demo=True)}"
        note = databases.note(DATABASE) if databases.exists(DATABASE) else ""
        if note == wanted:
            return
        if note:
            with step("Database brought up to date"):
                ours = installed_addons()
                update = ours if note.startswith(f"{core} ") else ["base"]
                databases.install(DATABASE, ours, True, DATABASE, update=update)
        else:
            template = databases.addons(demo=True)
            with step("Database with demo data"):
                databases.copy(template, DATABASE)
        databases.mark(DATABASE, wanted)


def do_hourly_job(databases, url):
    """Run the hourly job beside the server at ``url`` and return what it found and left, see `hourly_job.py`."""
    with step("Hourly job"):
        script = f"URL = {url!r}\n{Path(__file__).with_name('hourly_job.py').read_text()}"
        output = databases.shell(DATABASE, script, "hourly-job")
        [result] = [line for line in output.splitlines() if line.startswith("RESULT ")]
        made = json.loads(result.removeprefix("RESULT "))
        if made["failures"]:
            raise StepFailed("The hourly job failed; its log: " + str(CACHE / "logs/hourly-job.log"))
    return made


def describe(made):
    """Say in a sentence or two what the hourly job has made and what there is now."""
    before, after = made["before"], made["after"]
    new = {name: amount - before["amounts"].get(name, 0) for name, amount in after["amounts"].items()}
    states = _numbers(after["schedules"])
    tasks = "; ".join(f"{kind}: {_numbers(found)}" for kind, found in sorted(after["tasks"].items()))
    return (
        f"  The hourly job made {after['invoices'] - before['invoices']} invoices{_amounts(new)}.\n"
        f"  The database holds {after['contracts']} contracts, {sum(after['schedules'].values())} schedules ({states})"
        f" and {after['invoices']} invoices from contracts{_amounts(after['amounts'])}.\n"
        f"  What followed them: {tasks or 'nothing'}."
    )


def _numbers(found):
    return ", ".join(f"{number} {state.lower()}" for state, number in sorted(found.items()))


def _amounts(amounts):
    text = ", ".join(f"{amount:,.2f} {name}" for name, amount in sorted(amounts.items()) if amount)
    return f" ({text})" if text else ""


# -- the server --------------------------------------------------------------------------------------------------------


@contextlib.contextmanager
def server(databases, cron_threads):
    """Run an Odoo server for the length of the block."""
    port = free_port(PORT)
    if port != PORT:
        print(f"! Port {PORT} is taken, using {port}", flush=True)
    started = Server(databases, DATABASE, port, cron_threads)
    try:
        with step(f"Odoo on port {port}"):
            started.wait_until_ready()
        yield started
    finally:
        started.stop()


def check(databases, odoo):
    """Prove that the server serves, that one can log in, and that a second run of the job makes nothing."""
    with step("Login as admin"):
        odoo.log_in("admin", "admin")
    again = do_hourly_job(databases, odoo.url)
    print(describe(again))
    before, after = again["before"]["invoices"], again["after"]["invoices"]
    if not after:
        raise StepFailed("There are no invoices from contracts: the demo data has nothing due, or the job is broken.")
    if after != before:
        raise StepFailed(f"The second run of the hourly job made {after - before} more invoices; it must make none.")
    print("OK: the server answers, admin can log in, the second run of the job made nothing.")
    return 0


def serve(databases):
    """Serve until Ctrl-C or `./run --stop`."""
    with server(databases, cron_threads=2) as odoo:
        STATE.write_text(json.dumps({"url": odoo.url, "pids": [os.getpid(), odoo.process.pid]}))
        print(f"\nOdoo: {odoo.url}   user admin, password admin   (log: {odoo.log})")
        print("Ctrl-C or ./run --stop ends it.", flush=True)
        try:
            code = odoo.process.wait()
        except KeyboardInterrupt:
            code = 0
        finally:
            STATE.unlink(missing_ok=True)
    return code


def running():
    """Return what is known of this checkout's server, None if it does not run."""
    with contextlib.suppress(OSError, ValueError):
        state = json.loads(STATE.read_text())
        return state if any(map(_is_ours, state["pids"])) else None
    return None


def _is_ours(pid):
    """Tell whether a process is `./run` or its server, for process ids are used again."""
    with contextlib.suppress(OSError):
        command = Path(f"/proc/{pid}/cmdline").read_bytes().decode(errors="replace")
        return "tools.run" in command or str(CONF) in command
    return False


def stop_server():
    """Stop this checkout's server if it runs, and wait for its end."""
    state = running()
    if not state:
        return
    with step("Stopping Odoo"):
        for patience, number in ((20, signal.SIGTERM), (5, signal.SIGKILL)):
            for pid in filter(_is_ours, state["pids"]):
                os.kill(pid, number)
            end = time.monotonic() + patience
            while any(map(_is_ours, state["pids"])) and time.monotonic() < end:
                time.sleep(0.2)
    STATE.unlink(missing_ok=True)


def stop():
    """Stop what `./run` has started, the embedded PostgreSQL included unless another run needs it."""
    stop_server()
    postgres.KEEP.unlink(missing_ok=True)
    if not postgres.stop():
        print("The embedded PostgreSQL stays: another run uses it.")
    return 0


if __name__ == "__main__":
    exit_with(main, "Interrupted; the next start goes on from here.")
