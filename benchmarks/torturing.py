"""The command `benchmarks/torture`: everything goes wrong at once, and in the end every invoice is there once.

Runs twice: with the system's Python to set up, then inside the virtual environment, see `tests/processes/torture.py`.
"""

import argparse
import os
import random
import subprocess

from tools import setup
from tools.env import variables
from tools.settings import CHECKOUT
from tools.steps import exit_with

INSIDE = "BILLING_TEMPLATE_DB"  # what the second time finds in its environment


def main():
    """Do what the arguments say; return the exit code: 1 when something is wrong in the end."""
    options = _parse()
    return _torment(options) if INSIDE in os.environ else _set_up(options)


def _parse():
    parser = argparse.ArgumentParser(
        prog="benchmarks/torture", description="Bill contracts while processes are killed and the database crashes.")
    parser.add_argument("--contracts", type=int, default=2000, help="how many (2000); one in twenty is broken")
    parser.add_argument("--lanes", type=int, default=3, help="processes beside the hourly job (3)")
    parser.add_argument("--seconds", type=int, default=300, help="how long (300), without the end in peace")
    parser.add_argument("--seed", type=int, default=random.randrange(10**6), help="what happens; printed at the end")
    return parser.parse_args()


def _set_up(options):
    with setup.ready() as databases:
        arguments = [f"--{name}={value}" for name, value in vars(options).items()]
        found = variables(databases, databases.addons(demo=False))
        return subprocess.run(
            [databases.python, "-B", "-m", "benchmarks.torturing", *arguments], cwd=CHECKOUT,
            env=databases.variables() | found | {"PYTHONPATH": str(CHECKOUT / "tests")}).returncode


def _torment(options):
    from processes.torture import Torture  # needs the virtual environment

    torture = Torture(os.environ[INSIDE], options.contracts, options.lanes, options.seconds, options.seed)
    report, faults = torture.run()
    print(*report, *(faults or ["Nothing is lost, and nothing is billed twice."]), sep="\n")
    return 1 if faults else 0


if __name__ == "__main__":
    exit_with(main)
