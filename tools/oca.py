"""OCA's addons from PyPI, in folders of their own in the cache: never in the checkout or the virtual environment."""

import shutil
from dataclasses import replace

from .settings import CACHE, CHECKOUT_ID, CONF, digest
from .steps import call, environment, step

CONTRACT = "odoo-addon-contract==19.0.*"  # what the benchmark compares with
QUEUE_JOB = "odoo-addon-queue_job==19.0.2.4.0.1"  # what work365_billing_queue_job is tested with
ADVICE = "OCA's addons come from PyPI: check the network (or pip's settings) and start again."


def install(python, requirement):
    """Return the folder with the addon of ``requirement``, downloaded if need be."""
    target = CACHE / "oca" / digest(requirement)
    if not (target / "complete").exists():
        with step(f"{requirement} from PyPI"):
            shutil.rmtree(target, ignore_errors=True)
            # Odoo itself is Debian's package; what else an addon needs is in requirements.txt.
            command = [python, "-m", "pip", "install", "-q", "--disable-pip-version-check", "--no-deps"]
            call([*command, "--target", target, requirement], "oca", ADVICE, env=environment())
            (target / "complete").touch()
    return target / "odoo" / "addons"


def version(folder):
    """Return the version that pip installed into the folder of an addon, such as 19.0.1.2.1."""
    [info] = folder.parents[1].glob("odoo_addon_*.dist-info")
    return info.name.removesuffix(".dist-info").rpartition("-")[2]


def connect(databases, requirement):
    """Return the databases with the addon of ``requirement`` in Odoo's addons path, and its folder."""
    addons = install(databases.python, requirement)
    conf = CONF.with_stem(f"{CHECKOUT_ID}-{digest(requirement)}")
    lines = CONF.read_text().splitlines()
    conf.write_text("".join(f"{line},{addons}\n" if line.startswith("addons_path") else f"{line}\n" for line in lines))
    return replace(databases, conf=conf), addons
