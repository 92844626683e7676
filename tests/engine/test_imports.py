"""An engine needs the standard library, itself and the engine below it, nothing else, and never asks a clock."""

import ast
import sys
from pathlib import Path

import billing_engine
import pytest
from plain.billdozer_repeating import engine as repeating_engine

BELOW = "work365_billing.engine."
FILES = {
    engine: sorted(Path(engine.__path__[0]).glob("*.py")) for engine in (billing_engine, repeating_engine)}
MODULES = {engine: {path.stem for path in paths} for engine, paths in FILES.items()}
ALL = [pytest.param(engine, path, id=f"{path.parent.parent.name}-{path.stem}")
       for engine, paths in FILES.items() for path in paths]


def _nodes(path, *kinds):
    return [node for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, kinds)]


def test_the_engines_were_found():
    assert {"steps", "periods", "cycles", "proration", "money"} <= MODULES[billing_engine]
    assert {"collection", "escalation", "terms"} <= MODULES[repeating_engine]


@pytest.mark.parametrize(("engine", "path"), ALL)
def test_absolute_imports_are_of_the_standard_library(engine, path):
    names = [alias.name for node in _nodes(path, ast.Import) for alias in node.names]
    names += [node.module for node in _nodes(path, ast.ImportFrom) if not node.level]
    assert {name.split(".")[0] for name in names} <= sys.stdlib_module_names


@pytest.mark.parametrize(("engine", "path"), ALL)
def test_own_imports_are_relative_and_stay_in_the_engines(engine, path):
    for node in _nodes(path, ast.ImportFrom):
        if node.level == 3:
            assert engine is repeating_engine
            assert node.module.startswith(BELOW)
            assert node.module.removeprefix(BELOW) in MODULES[billing_engine]
        elif node.level:
            assert node.level == 1
            assert {(node.module or alias.name).split(".")[0] for alias in node.names} <= MODULES[engine]


@pytest.mark.parametrize(("engine", "path"), ALL)
def test_no_clock(engine, path):
    assert not {node.attr for node in _nodes(path, ast.Attribute)} & {"today", "now", "utcnow"}


@pytest.mark.parametrize("engine", FILES)
def test_loading_an_engine_does_not_load_the_addon_or_odoo(engine):
    code = [node for node in _nodes(Path(engine.__file__), ast.stmt) if not isinstance(node, ast.Expr)]
    assert code == [], "engine/__init__.py holds a docstring and nothing else"
