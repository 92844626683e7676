"""A PostgreSQL server of one's own, to be crashed: the one that the tests share must not be."""

import contextlib
import os
import shutil
import subprocess

from tools.postgres import INITDB, as_server_user, nobody

# Unlike the shared server it keeps what it has confirmed.
SETTINGS = """
listen_addresses = ''
fsync = off
synchronous_commit = on
max_connections = 100
shared_buffers = 128MB
jit = off
"""


class OwnPostgres:
    """A server in ``folder``, which its user must be able to enter; the programs are found on the PATH."""

    def __init__(self, folder):
        self._folder = folder
        self._data, self._socket = folder / "data", folder / "socket"

    def connection(self):
        """Return the PG* variables that lead to the server."""
        return {"PGHOST": str(self._socket), "PGPORT": "5432", "PGUSER": "odoo"}

    def make(self):
        """Make the server's files and start it."""
        for folder in (self._folder, self._socket):
            folder.mkdir(exist_ok=True)
            if os.geteuid() == 0:
                shutil.chown(folder, "nobody", nobody().pw_gid)
        self._call("initdb", "-D", self._data, *INITDB)
        with (self._data / "postgresql.conf").open("a") as settings:
            settings.write(f"{SETTINGS}unix_socket_directories = '{self._socket}'\n")
        self.start()

    def start(self):
        self._call("pg_ctl", "-w", "-D", self._data, "-l", self._folder / "server.log", "start")

    def crash(self):
        """Stop the server as a crash would, without a checkpoint, and start it again: it recovers from its log."""
        self._call("pg_ctl", "-w", "-D", self._data, "-m", "immediate", "stop")
        self.start()

    def remove(self):
        """Stop the server and delete its files."""
        with contextlib.suppress(subprocess.CalledProcessError):
            self._call("pg_ctl", "-w", "-D", self._data, "-m", "immediate", "stop")
        shutil.rmtree(self._folder, ignore_errors=True)

    def copy(self, template, name):
        """Make the database ``name``, a copy of ``template`` on the server that PG* of the environment names."""
        here = os.environ | self.connection()
        subprocess.run(["createdb", "-T", "template0", name], env=here, check=True)
        with subprocess.Popen(["pg_dump", "-Fc", "-Z0", template], stdout=subprocess.PIPE) as dump:
            subprocess.run(
                ["pg_restore", "--no-owner", "--exit-on-error", "-d", name], stdin=dump.stdout, env=here, check=True)
        if dump.returncode:
            raise AssertionError(f"pg_dump ended with {dump.returncode}")
        subprocess.run(["psql", "-XqAt", "-d", name, "-c", "ANALYZE"], env=here, check=True)

    def _call(self, program, *arguments):
        user = as_server_user()
        path = shutil.which(program)
        subprocess.run([path, *map(str, arguments)], check=True, stdout=subprocess.DEVNULL, **user)
