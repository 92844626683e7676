"""The two programs that only the system's package manager has: a browser and a maker of PDF files."""

import os
import shutil

from .settings import CACHE, LOGS
from .steps import StepFailed, call, step

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
NEEDED = (  # names of the program, its packages, what it costs to be without
    (BROWSERS, ("chromium", "fonts-liberation"), "browser tests are skipped"),
    (("wkhtmltopdf",), ("wkhtmltopdf",), "invoices cannot be printed or sent as PDF"),
)
TRIED = CACHE / "system-packages-tried"  # Debian 13 has no wkhtmltopdf: do not ask again at every start


def ensure():
    """Install what is missing where that is possible; otherwise say what it costs."""
    missing = [needed for needed in NEEDED if not _present(needed[0])]
    can_install = os.geteuid() == 0 and shutil.which("apt-get")
    if missing and can_install and not TRIED.exists():
        _try("apt-update", "update")
        for _names, packages, _cost in missing:
            with step(f"System package {packages[0]}"):
                _try(f"apt-{packages[0]}", "install", "-y", "--no-install-recommends", *packages)
        TRIED.touch()
    for names, packages, cost in missing:
        if not _present(names):
            wish = f"apt-get install {' '.join(packages)}"
            advice = f"`{wish}` failed, see {LOGS}/apt-{packages[0]}.log" if can_install else f"as root: {wish}"
            print(f"! {packages[0]} is missing: {cost}; {advice}", flush=True)


def _present(names):
    return any(map(shutil.which, names))


def _try(log, *arguments):
    """The set-up goes on without these programs, so a failure is told by the line at the end."""
    try:
        call(["apt-get", "-q", *arguments], log, "", env={**os.environ, "DEBIAN_FRONTEND": "noninteractive"})
    except StepFailed:
        return
