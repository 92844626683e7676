"""What every step shares: its line on the screen, its log, its failure, and one set-up at a time."""

import contextlib
import fcntl
import os
import subprocess
import sys
import time

from .settings import CACHE, LOGS


class StepFailed(Exception):
    """A step could not be done; the message tells the user what to do."""


@contextlib.contextmanager
def step(title):
    """Print what is being done, and how long it took when it is over."""
    print(f"- {title} ...", end=" ", flush=True)
    started = time.monotonic()
    try:
        yield
    except BaseException:
        print(f"FAILED after {time.monotonic() - started:.1f} s", flush=True)
        raise
    print(f"{time.monotonic() - started:.1f} s", flush=True)


def call(args, log, advice, **options):
    """Run a command with its output in `logs/<log>.log`.

    :param advice: what the user can do when it fails
    :raise StepFailed: with the end of the log and the advice
    """
    LOGS.mkdir(parents=True, exist_ok=True)
    path = LOGS / f"{log}.log"
    with path.open("w") as output:
        args = [str(arg) for arg in args]
        code = subprocess.run(args, stdin=subprocess.DEVNULL, stdout=output, stderr=output, **options).returncode
    if code:
        raise StepFailed(f"{tail(path)}\n\n{args[0]} ended with {code}; all of its output: {path}\n{advice}")


def tail(path):
    """Return the end of a log file, short enough for a screen."""
    lines = path.read_text(errors="replace").splitlines()[-15:]
    return "\n".join(line[:300] for line in lines)


@contextlib.contextmanager
def one_at_a_time(name="setup"):
    """Hold a lock of the cache for the length of the block: two runs at once must not build the same thing."""
    (CACHE / "locks").mkdir(parents=True, exist_ok=True)
    with (CACHE / "locks" / name).open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            print("- another run is setting up, waiting for it", flush=True)
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def environment(**more):
    """Return the environment for child processes: byte code goes to the cache, not to the checkout."""
    return {**os.environ, "PYTHONPYCACHEPREFIX": str(CACHE / "pycache"), **more}


def exit_with(main, interrupted="Interrupted."):
    """Run the ``main`` of a command and exit with its code, or with the words of what has failed."""
    try:
        sys.exit(main())
    except StepFailed as failure:
        sys.exit(f"\n{failure}\n")
    except KeyboardInterrupt:
        sys.exit(f"\n{interrupted}")
