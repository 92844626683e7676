"""All set-up in its order; what is there already costs nothing."""

import contextlib
import os

from . import odoo_source, postgres, python_env, system_packages
from .databases import Databases, write_conf
from .steps import one_at_a_time


@contextlib.contextmanager
def ready():
    """Provide Odoo, its Python and a running PostgreSQL for the length of the block; yields Databases."""
    os.umask(0o022)
    with contextlib.ExitStack() as stack:
        with one_at_a_time():
            odoo = odoo_source.locate()
            python = python_env.create(odoo)
            system_packages.ensure()
            databases = Databases(python, odoo)
            stack.enter_context(postgres.in_use(databases.bin_dir))
            write_conf(odoo)
        yield databases
