"""Print shell exports that lead to the project's own Odoo and PostgreSQL: eval "$(python3 -m tools.env)".

The embedded PostgreSQL then stays until `./run --stop`.
"""

import contextlib
import shlex
import sys

from . import postgres, setup
from .steps import StepFailed


def variables(databases, template):
    """Return what tests need that start processes of their own.

    :param template: name of a database with both addons, to be copied and never opened
    """
    mine = databases.variables()
    names = ("PATH", "PYTHONPYCACHEPREFIX", *postgres.connection())
    return {name: mine[name] for name in names} | {
        "BILLING_ODOO_PYTHON": str(databases.python),
        "BILLING_ODOO": str(databases.odoo),
        "BILLING_ODOO_CONF": str(databases.conf),
        "BILLING_TEMPLATE_DB": template,
    }


def main():
    """Set everything up, tell about it on the error channel, and print the exports."""
    with contextlib.redirect_stdout(sys.stderr), setup.ready() as databases:
        postgres.KEEP.touch()
        exports = {**variables(databases, ""), "BILLING_CORE_DB": databases.core(demo=False)}
    for name, value in exports.items():
        print(f"export {name}={shlex.quote(value)}")


if __name__ == "__main__":
    try:
        main()
    except StepFailed as failure:
        sys.exit(str(failure))
