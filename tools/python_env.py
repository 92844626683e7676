"""The virtual environment: what requirements.txt pins, plus the way to Odoo."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

from .settings import CACHE, CHECKOUT, digest
from .steps import StepFailed, call, environment, step

ADVICE = "The Python packages could not be installed. Check the network (or pip's settings) and start again."


def create(odoo):
    """Return the environment's Python, making the environment first if need be.

    :param odoo: folder that holds the package `odoo`; a .pth file names it, so that pip sees Odoo, too
    """
    requirements = CHECKOUT / "requirements.txt"
    minor = sys.version_info[:2]  # the rest may change under our hands: installing venv updates Python, too
    target = CACHE / "venv" / digest(requirements.read_text(), minor, sys.base_prefix, odoo)
    python = target / "bin" / "python"
    if not (target / "complete").exists():
        with step("Python packages"):
            shutil.rmtree(target, ignore_errors=True)
            _make(target)
            _install(python, requirements)
            _link(python, odoo)
            (target / "complete").touch()
    return python


def _make(target):
    """Make an empty environment. Debian keeps the means for it in a package of its own."""
    if subprocess.run([sys.executable, "-c", "import ensurepip, venv"], capture_output=True).returncode:
        package = f"python{sys.version_info[0]}.{sys.version_info[1]}-venv"
        advice = f"Python's venv module is missing: install {package} (apt-get install {package}) and start again."
        if os.geteuid() or not shutil.which("apt-get"):
            raise StepFailed(advice)
        call(["apt-get", "-q", "update"], "apt-update", advice)
        call(["apt-get", "-q", "-y", "install", "--no-install-recommends", package], "apt-venv", advice)
    call([sys.executable, "-m", "venv", target], "venv", "The virtual environment could not be made.")


def _install(python, requirements):
    pip = [python, "-m", "pip", "install", "-q", "--disable-pip-version-check"]
    call([*pip, "-r", requirements], "pip", ADVICE, env=environment())


def _link(python, odoo):
    where = subprocess.run(
        [python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))"],
        capture_output=True, text=True, check=True,
    )
    Path(where.stdout.strip(), "odoo.pth").write_text(f"{odoo}\n")
