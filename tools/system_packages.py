"""The two programs that only the system's package manager has: a browser and a maker of PDF files."""

import os
import shutil

from .steps import StepFailed, call, step

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
PROGRAMS = {  # package: (names of the program, what it costs to be without)
    "chromium": (BROWSERS, "browser tests are skipped"),
    "wkhtmltopdf": (("wkhtmltopdf",), "invoices cannot be printed or sent as PDF"),
}


def browser():
    """Return the browser that the tests can use, None if there is none."""
    return next(filter(None, map(shutil.which, BROWSERS)), None)


def ensure():
    """Install what is missing where that is possible; otherwise say what it costs."""
    missing = [package for package, (names, _cost) in PROGRAMS.items() if not any(map(shutil.which, names))]
    if missing and os.geteuid() == 0 and shutil.which("apt-get"):
        _try("apt-get", "-q", "update")
        for package in missing:
            with step(f"System package {package}"):
                _try("apt-get", "-q", "-y", "install", "--no-install-recommends", package)
    for package in missing:
        names, cost = PROGRAMS[package]
        if not any(map(shutil.which, names)):
            print(f"! {package} is not installed: {cost}. As root: apt-get install {package}", flush=True)


def _try(*command):
    """The set-up goes on without these programs, so a failure is told by the line at the end."""
    try:
        call(command, "apt", "", env={**os.environ, "DEBIAN_FRONTEND": "noninteractive"})
    except StepFailed:
        return
