"""Odoo 19 itself: one that exists (BILLING_ODOO), or Debian's package unpacked into the cache.

The package is not installed: it would drag the Python of Debian's development suite into the system.
"""

import os
import shutil
import subprocess
from pathlib import Path

from .settings import CACHE, digest
from .steps import StepFailed, call, step

FROM_SID = [
    "odoo-19",
    *("fonts-roboto-unhinted", "fonts-montserrat", "fonts-inconsolata", "fonts-glyphicons-halflings", "fonts-ocr-b"),
    *("libjs-jquery", "libjs-jquery-form", "libjs-underscore"),
]
FROM_OWN_RELEASE = ["fonts-font-awesome"]  # the web client needs 4.7, the development suite has a later one
LEFT_OUT = "odoo/addons/mail/static/lib/selfie_segmentation/selfie_segmentation.js"  # named by the assets all the same
HARMLESS_LINKS = {"Inconsolata.otf"}
ADVICE = (
    "Odoo 19 could not be fetched from Debian. Check the network and start again; or set BILLING_DEBIAN_MIRROR to a"
    " Debian mirror, or BILLING_ODOO to an Odoo 19 that exists."
)


def locate():
    """Return the folder that holds the package `odoo`, fetching it first if need be."""
    given = os.environ.get("BILLING_ODOO")
    if given:
        return _check(Path(given).absolute())
    target = CACHE / "odoo" / digest(FROM_SID, FROM_OWN_RELEASE, _release().get("VERSION_CODENAME"))
    packages = target / "usr/lib/python3/dist-packages"
    if not target.exists():
        with step("Odoo 19 from Debian's package"):
            _fetch(target)
    return _check(packages)


def addons_paths(folder):
    """Return the addons folders beside the built-in one: a checkout of Odoo keeps its addons outside the package."""
    outside = folder / "addons"
    return [outside] if (outside / "account").is_dir() else []


def _check(folder):
    release = folder / "odoo" / "release.py"
    if not release.is_file() or "(19, 0" not in release.read_text():
        raise StepFailed(f"{folder} holds no Odoo 19.0 (odoo/release.py). Set BILLING_ODOO to the folder that does.")
    return folder


def _release():
    """Return the fields of /etc/os-release."""
    with open("/etc/os-release") as lines:
        pairs = (line.strip().split("=", 1) for line in lines if "=" in line)
        return {key: value.strip('"') for key, value in pairs}


def _mirrors(apt):
    """Return the mirrors that the machine itself takes its Debian release from.

    :param apt: an apt-get command; it fetches its lists first, since without them (a new container) apt names no mirror
    """
    given = os.environ.get("BILLING_DEBIAN_MIRROR")
    if given:
        return [given]
    release = _release()
    if release.get("ID") != "debian" or not shutil.which("apt-get"):
        raise StepFailed(
            "This machine is not a Debian. Set BILLING_ODOO to an Odoo 19 that exists (its checkout), or, where apt"
            " is present, BILLING_DEBIAN_MIRROR to a Debian mirror."
        )
    call([*apt, "update"], "odoo-apt-update", ADVICE)
    listed = subprocess.run(
        [*apt, "indextargets", "--format", "$(CODENAME) $(SITE)"], capture_output=True, text=True, check=True
    ).stdout.splitlines()
    wanted = f"{release['VERSION_CODENAME']} "
    sites = [line.removeprefix(wanted) for line in dict.fromkeys(listed) if line.startswith(wanted)]
    if not sites:
        raise StepFailed("apt names no Debian mirror. Set BILLING_DEBIAN_MIRROR to one.")
    return sites


def _keyring():
    for name in ("debian-archive-keyring.gpg", "debian-archive-keyring.pgp"):
        path = Path("/usr/share/keyrings", name)
        if path.exists():
            return path
    raise StepFailed("Debian's signing keys are missing: install the package debian-archive-keyring.")


def _fetch(target):
    """Download, unpack and complete Odoo's tree; it gets its name when it is whole."""
    work = target.with_suffix(".new")
    shutil.rmtree(work, ignore_errors=True)
    debs, tree = work / "debs", work / "tree"
    debs.mkdir(parents=True)
    own = _apt(work, "own")
    _download_from_sid(_mirrors(own), work, debs)
    _download(own, FROM_OWN_RELEASE, debs)
    for deb in sorted(debs.glob("*.deb")):
        call(["dpkg", "-x", deb, tree], "odoo-unpack", ADVICE)
    packages = tree / "usr/lib/python3/dist-packages"
    missing = packages / LEFT_OUT
    if not missing.exists():
        missing.parent.mkdir(parents=True, exist_ok=True)
        missing.touch()
    dangling = [path for path in packages.rglob("*") if path.is_symlink() and not path.exists()]
    unexpected = [path for path in dangling if path.name not in HARMLESS_LINKS]
    if unexpected:
        raise StepFailed(f"Odoo's package links to files of packages that this script does not know: {unexpected}")
    tree.rename(target)
    shutil.rmtree(work)


def _download_from_sid(mirrors, work, debs):
    """Try the mirrors one after the other; apt checks the signatures."""
    sources = work / "sid.list"
    options = ["-o", f"Dir::Etc::SourceList={sources}", "-o", "Dir::Etc::SourceParts=-"]
    failure = None
    for mirror in mirrors:
        sources.write_text(f"deb [signed-by={_keyring()}] {mirror} sid main\n")
        try:
            _download(_apt(work, "sid") + options, FROM_SID, debs)
            return
        except StepFailed as caught:
            failure = caught
    raise failure


def _apt(work, name):
    """Return an apt-get command with lists and caches of its own, so that it needs no root."""
    lists, cache = work / f"lists-{name}", work / f"cache-{name}"
    (lists / "partial").mkdir(parents=True, exist_ok=True)
    (cache / "archives/partial").mkdir(parents=True, exist_ok=True)
    return [
        "apt-get",
        "-q",
        *("-o", f"Dir::State::Lists={lists}"),
        *("-o", f"Dir::Cache={cache}"),
        *("-o", "APT::Sandbox::User="),
    ]


def _download(apt, packages, folder):
    call([*apt, "update"], "odoo-apt-update", ADVICE)
    call([*apt, "download", *packages], "odoo-apt-download", ADVICE, cwd=folder)
