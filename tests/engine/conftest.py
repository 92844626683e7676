"""Load the plain-Python engine by path, as package `billing_engine`, without Odoo and without its addon.

Property tests are repeatable by default; `--hypothesis-profile=explore` looks for new counterexamples.
"""

import sys
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path

from hypothesis import settings

ENGINE = Path(__file__).parents[2] / "work365_billing" / "engine"

if "billing_engine" not in sys.modules:
    _spec = spec_from_file_location("billing_engine", ENGINE / "__init__.py", submodule_search_locations=[str(ENGINE)])
    _package = sys.modules["billing_engine"] = module_from_spec(_spec)
    _spec.loader.exec_module(_package)

settings.register_profile("engine", database=None, deadline=None, derandomize=True, max_examples=80)
settings.register_profile("explore", database=None, deadline=None, max_examples=2000)
settings.load_profile("engine")
