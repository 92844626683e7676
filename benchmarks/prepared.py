"""The prepared database: our addons, OCA's `contract`, and the same contracts for both. Every way gets a copy of it."""

from dataclasses import dataclass
from pathlib import Path

from tools import oca
from tools.databases import Databases
from tools.settings import digest
from tools.steps import call, one_at_a_time, step

from . import dataset

HERE = Path(__file__).resolve().parent
FILLING = ("clone.py", "dataset.py", "fill.py", "ways.py")  # what the content of the database depends on


@dataclass(frozen=True)
class BenchDatabases(Databases):
    """Databases that know OCA's addon, too, and in which workers measure."""

    def worker(self, database, *args):
        """Return the command for a process of its own inside Odoo, see `worker.py`."""
        return [str(part) for part in (self.python, "-m", "benchmarks.worker", self.conf, database, *args)]


def connect(databases):
    """Return the databases with OCA's `contract` in the addons path, and its version."""
    connected, addons = oca.connect(databases, oca.CONTRACT)
    return BenchDatabases(connected.python, connected.odoo, connected.conf), oca.version(addons)


def build(databases, version, customers, planned):
    """Return the name of the prepared database, made if need be.

    :param version: of OCA's addon
    :param customers: how many have a contract in both addons
    :param planned: how many contracts ours has in all
    """
    template = databases.addons(demo=False)
    texts = [(HERE / name).read_text() for name in FILLING]
    name = f"billing_bench_{digest(template, version, customers, planned, dataset.start_date(), *texts)}"
    with one_at_a_time(name):
        if databases.exists(name):
            return name
        _forget_old(databases)
        with step("OCA's contract installed"):
            databases.copy(template, f"{name}_new")
            databases.install(f"{name}_new", ["contract"], False, "bench-install")
        with step(f"{planned} contracts of ours, {customers} of OCA's, invoices of last month"):
            call(
                databases.worker(f"{name}_new", "fill", customers, planned), "bench-fill",
                "See benchmarks/fill.py.", env=databases.variables(),
            )
        databases.mark(f"{name}_new")  # with ANALYZE: without statistics PostgreSQL plans hopelessly
        databases.rename(f"{name}_new", name)
    return name


def _forget_old(databases):
    """Drop what an earlier state of the addons, or an earlier day, has left; what is being used stays."""
    for name in databases.sql(
            "SELECT datname FROM pg_database WHERE datname LIKE 'billing\\_bench\\_%' AND NOT EXISTS"
            " (SELECT FROM pg_stat_activity activity WHERE activity.datname = pg_database.datname)"):
        databases.drop(name)
