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
        TRIED.touch()
        _try("update")
        for _names, packages, _cost in missing:
            with step(f"System package {packages[0]}"):
                _try("install", "-y", "--no-install-recommends", *packages)
    for names, packages, cost in missing:
        if not _present(names):
            why = f"apt could not install it ({LOGS}/apt-install.log)" if can_install else "to have it, as root"
            print(f"! {packages[0]} is missing: {cost}; {why}: apt-get install {' '.join(packages)}", flush=True)


def _present(names):
    return any(map(shutil.which, names))


def _try(action, *arguments):
    """The set-up goes on without these programs, so a failure is told by the line at the end."""
    command = ["apt-get", "-q", action, *arguments]
    try:
        call(command, f"apt-{action}", "", env={**os.environ, "DEBIAN_FRONTEND": "noninteractive"})
    except StepFailed:
        return
