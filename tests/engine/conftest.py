"""Load the plain-Python engines by path, without Odoo and without their addons.

They are `plain.work365_billing.engine`, for short `billing_engine`, and `plain.billdozer_repeating.engine`, so that the
second reaches the first as it does inside Odoo.
Property tests are repeatable by default; `--hypothesis-profile=explore` looks for new counterexamples.
"""

import sys
from importlib import import_module
from pathlib import Path
from types import ModuleType

from hypothesis import settings

ROOT = Path(__file__).parents[2]
ADDONS = ("work365_billing", "billdozer_repeating")


def _make_package(name, folder):
    """Make a package of a folder without running its `__init__.py`."""
    package = sys.modules[name] = ModuleType(name)
    package.__path__ = [str(folder)]


if "billing_engine" not in sys.modules:
    _make_package("plain", ROOT)
    for _addon in ADDONS:
        _make_package(f"plain.{_addon}", ROOT / _addon)
        import_module(f"plain.{_addon}.engine")
    for _path in (ROOT / ADDONS[0] / "engine").glob("[!_]*.py"):
        sys.modules[f"billing_engine.{_path.stem}"] = import_module(f"plain.{ADDONS[0]}.engine.{_path.stem}")
    sys.modules["billing_engine"] = sys.modules[f"plain.{ADDONS[0]}.engine"]

settings.register_profile("engine", database=None, deadline=None, derandomize=True, max_examples=80)
settings.register_profile("explore", database=None, deadline=None, max_examples=2000)
settings.load_profile("engine")
