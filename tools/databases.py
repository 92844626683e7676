"""Databases: made once under a temporary name, kept by what went into them, copied for use.

    core            Odoo's own modules that the addons need, with and without demo data
    addons          a copy of core plus both addons, with and without demo data; what Odoo logged meanwhile is kept
                    (both also for other sets of addons: their core is a copy of the first one and what they need more)
    working copies  what `./run` serves, and what a test run works on

A database that is complete carries a comment; one without is the leftover of an interrupted run.
"""

import ast
import contextlib
import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from . import odoo_source, postgres
from .settings import ADDONS, CACHE, CHECKOUT, CONF, DATA_DIR, EXTRA_MODULES, LOGS, digest
from .steps import StepFailed, call, environment, one_at_a_time, step

ADVICE = (
    "Mend what the log shows and start again: what is complete is kept. If it is the data of `./run`'s own database"
    " that stands in the way, `./run --reset` makes a new one."
)
PROGRAM = CHECKOUT / "tools" / "bin" / "odoo"
KEEP_LAST = 16  # several checkouts share the cache
CHART = """
if not env.company.chart_template:
    env["account.chart.template"].try_loading("generic_coa", company=env.company, install_demo=False)
env.cr.commit()
"""
ASSETS = """
for name in ("web.assets_web", "web.assets_frontend", "web.assets_frontend_minimal", "web.assets_frontend_lazy",
             "web.assets_tests", "web.report_assets_common"):
    bundle = env["ir.qweb"]._get_asset_bundle(name)
    bundle.js()
    bundle.css()
env.cr.commit()
"""


@dataclass(frozen=True)
class Databases:
    """Makes, copies and drops databases.

    :param python: the virtual environment's Python
    :param odoo: folder that holds the package `odoo`
    :param conf: Odoo's configuration
    """

    python: Path
    odoo: Path
    conf: Path = CONF

    @property
    def bin_dir(self):
        return postgres.programs(self.python)

    def variables(self):
        """Return the environment in which Odoo, createdb and psql find the server."""
        path = f"{self.bin_dir}{os.pathsep}{os.environ['PATH']}"
        return environment(**postgres.connection(), PATH=path)

    # -- the server's view ---------------------------------------------------------------------------------------------

    def sql(self, statement, database="postgres"):
        """Run one SQL statement and return its rows as lines of text."""
        done = subprocess.run(
            [self.bin_dir / "psql", "-XqAt", "-v", "ON_ERROR_STOP=1", "-d", database, "-c", statement],
            capture_output=True, text=True, env=self.variables(),
        )
        if done.returncode:
            raise StepFailed(f"PostgreSQL refused: {done.stderr.strip()}")
        return done.stdout.splitlines()

    def note(self, name):
        """Return the comment of a complete database, None if there is no such database."""
        rows = self.sql(
            f"SELECT COALESCE(shobj_description(oid, 'pg_database'), '') FROM pg_database WHERE datname = '{name}'"
        )
        return rows[0] if rows else None

    def exists(self, name):
        """Tell whether a database is complete and its files are there."""
        return bool(self.note(name)) and filestore(name).exists()

    def mark(self, name, note="complete"):
        """Declare a database complete. Fresh statistics keep PostgreSQL from hopeless plans."""
        self.sql("ANALYZE", database=name)
        self.sql(f"COMMENT ON DATABASE \"{name}\" IS '{note}'")

    def drop(self, name):
        self.sql(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
        shutil.rmtree(filestore(name), ignore_errors=True)

    def copy(self, source, name):
        """Copy a database and its files; the files are never changed in place, so links will do."""
        self.drop(name)
        self._createdb(name, source)
        if filestore(source).exists():
            shutil.copytree(filestore(source), filestore(name), copy_function=os.link)

    def rename(self, name, new):
        self.drop(new)
        self.sql(f'ALTER DATABASE "{name}" RENAME TO "{new}"')
        if filestore(name).exists():
            filestore(name).rename(filestore(new))

    def _createdb(self, name, template="template0"):
        """Odoo itself would ask for extensions that the embedded server lacks, and warn."""
        args = [self.bin_dir / "createdb", "-T", template, name]
        call(args, "createdb", "The database could not be made: is its template in use?", env=self.variables())

    @contextlib.contextmanager
    def scratch(self, source, name):
        """Lend a copy of a database for the length of the block."""
        self.copy(source, name)
        try:
            yield name
        finally:
            self.drop(name)

    # -- Odoo's view ---------------------------------------------------------------------------------------------------

    def odoo_command(self, database, *args):
        return [self.python, PROGRAM, *args[:1], "-c", self.conf, "-d", database, *args[1:]]

    def install(self, database, modules, demo, log, update=()):
        """Install and update modules; return Odoo's complaints: its lines of WARNING and above."""
        complaints = LOGS / f"{log}.warnings"
        complaints.unlink(missing_ok=True)
        args = ["-i", ",".join(modules), "--with-demo" if demo else "--without-demo"]
        args += ["-u", ",".join(update)] if update else []
        args += ["--stop-after-init", "--no-http", "--log-level=warn", f"--logfile={complaints}"]
        call(
            self.odoo_command(database, "server", *args), log, f"{ADVICE}\nOdoo's log: {complaints}",
            env=self.variables(), cwd=CHECKOUT,
        )
        return complaints.read_text()

    def shell(self, database, script, log):
        """Run the text of a script in `odoo shell`."""
        done = subprocess.run(
            self.odoo_command(database, "shell", "--shell-interface=python", "--no-http", "--log-level=warn"),
            input=script, capture_output=True, text=True, env=self.variables(), cwd=CHECKOUT,
        )
        (LOGS / f"{log}.log").write_text(done.stdout + done.stderr)
        if done.returncode or "Traceback (most recent call last)" in done.stderr:
            raise StepFailed(f"{done.stderr[-3000:]}\nThe script failed; all of its output: {LOGS / log}.log\n{ADVICE}")
        return done.stdout

    # -- what is kept --------------------------------------------------------------------------------------------------

    def core_name(self, demo, addons=ADDONS):
        release = (self.odoo / "odoo/release.py").read_text()
        key = digest(CACHE, self.odoo, release, core_modules(addons), CHART, ASSETS)
        return f"billing_core{'_demo' if demo else ''}_{key}"

    def addons_name(self, demo, addons=ADDONS):
        key = digest(self.core_name(demo, addons), addons_digest(addons))
        return f"billing_addons{'_demo' if demo else ''}_{key}"

    def core(self, demo, addons=ADDONS):
        """Return the name of the database with the modules that ``addons`` need, made if need be."""
        modules, name = core_modules(addons), self.core_name(demo, addons)
        basis = None if addons == ADDONS else self.core(demo)
        with one_at_a_time(name):
            if self.exists(name):
                return name
            with step(f"Database with {', '.join(modules)}{' and demo data' if demo else ''}"):
                self.drop(f"{name}_new")
                self.copy(basis, f"{name}_new") if basis else self._createdb(f"{name}_new")
                self.install(f"{name}_new", modules, demo, "core-demo" if demo else "core")
                self.shell(f"{name}_new", CHART + ASSETS, "chart")
                self.mark(f"{name}_new")
                self.rename(f"{name}_new", name)
        return name

    def addons(self, demo, addons=ADDONS):
        """Return the name of the database with ``addons``, made if need be.

        What Odoo complained about during the installation is in `installation_log`.
        """
        core, name = self.core(demo, addons), self.addons_name(demo, addons)
        with one_at_a_time(name):
            if self.exists(name) and installation_log(name).exists():
                return name
            with step(f"Installed: {', '.join(addons)}{', with demo data' if demo else ''}"):
                self.copy(core, f"{name}_new")
                complaints = self.install(f"{name}_new", installed_addons(addons), demo, name)
                if self.addons_name(demo, addons) != name:
                    raise StepFailed("The addons were edited while they were being installed: start again.")
                installation_log(name).write_text(complaints)
                self.shell(f"{name}_new", ASSETS, "assets")
                self.mark(f"{name}_new")
                self.rename(f"{name}_new", name)
            self._forget_old()
        return name

    def _forget_old(self):
        """Drop the addons' databases but the newest ones: every change of the addons makes new ones."""
        names = self.sql("SELECT datname FROM pg_database WHERE datname LIKE 'billing_addons_%' ORDER BY oid DESC")
        for name in names[KEEP_LAST:]:
            self.drop(name)
            installation_log(name).unlink(missing_ok=True)


def filestore(name):
    return DATA_DIR / "filestore" / name


def installation_log(name):
    """Return the file with Odoo's complaints during the installation of a kept database."""
    return LOGS / f"{name}.complaints"


def installed_addons(addons=ADDONS):
    """Return the names of our addons that can be installed."""
    return [name for name in addons if (CHECKOUT / name / "__manifest__.py").is_file()]


def core_modules(addons=ADDONS):
    """Return Odoo's modules that the addons depend on, and those that only the tests and the demo data need."""
    depends = set(EXTRA_MODULES)
    for name in installed_addons(addons):
        manifest = ast.literal_eval((CHECKOUT / name / "__manifest__.py").read_text())
        depends.update(manifest.get("depends", ()))
    return sorted(depends - set(addons))


def addons_digest(addons=ADDONS):
    """Return a hash of all that an installation reads: neither tests nor documentation."""
    parts = []
    for name in addons:
        for path in sorted((CHECKOUT / name).rglob("*")):
            inside = path.relative_to(CHECKOUT).parts[1:]
            if path.is_file() and inside[0] not in ("tests", "README.md", "README.rst") and "__pycache__" not in inside:
                parts += [path.relative_to(CHECKOUT), path.read_bytes().hex()]
    return digest(*parts)


def write_conf(odoo):
    """Write the configuration of this checkout: addons, files, server."""
    paths = [*odoo_source.addons_paths(odoo), CHECKOUT]
    server = postgres.connection()
    CONF.parent.mkdir(parents=True, exist_ok=True)
    DATA_DIR.mkdir(parents=True, exist_ok=True)
    text = "\n".join([
        "[options]",
        f"addons_path = {','.join(map(str, paths))}",
        "http_interface = 127.0.0.1",
        f"data_dir = {DATA_DIR}",
        f"db_host = {server['PGHOST']}",
        f"db_port = {server['PGPORT']}",
        f"db_user = {server['PGUSER']}",
        "",
    ])
    new = CONF.with_suffix(f".{os.getpid()}")
    new.write_text(text)
    new.rename(CONF)
