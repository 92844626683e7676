"""OCA's `contract` from PyPI, in a folder of its own in the cache: never in the checkout or the virtual environment."""

import shutil

from tools.settings import CACHE, digest
from tools.steps import call, environment, step

REQUIREMENT = "odoo-addon-contract==19.0.*"
ADVICE = "OCA's contract comes from PyPI: check the network (or pip's settings) and start again."


def install(python):
    """Return the folder with the addon `contract`, downloaded if need be."""
    target = CACHE / "oca" / digest(REQUIREMENT)
    if not (target / "complete").exists():
        with step(f"{REQUIREMENT} from PyPI"):
            shutil.rmtree(target, ignore_errors=True)
            # Its one dependency is odoo itself, which Debian's package provides.
            command = [python, "-m", "pip", "install", "-q", "--disable-pip-version-check", "--no-deps"]
            call([*command, "--target", target, REQUIREMENT], "oca", ADVICE, env=environment())
            (target / "complete").touch()
    return target / "odoo" / "addons"


def version(folder):
    """Return the version that pip installed, such as 19.0.1.2.1."""
    [info] = folder.parents[1].glob("odoo_addon_contract-*.dist-info")
    return info.name.removeprefix("odoo_addon_contract-").removesuffix(".dist-info")
