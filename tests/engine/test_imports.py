"""The engine needs the standard library and itself, nothing else, and never asks a clock."""

import ast
import sys
from pathlib import Path

import billing_engine
import pytest

FILES = sorted(Path(billing_engine.__path__[0]).glob("*.py"))
MODULES = {path.stem for path in FILES}


def _nodes(path, *kinds):
    return [node for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, kinds)]


def test_the_engine_was_found():
    assert {"steps", "periods", "cycles", "proration", "money"} <= MODULES


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_absolute_imports_are_of_the_standard_library(path):
    names = [alias.name for node in _nodes(path, ast.Import) for alias in node.names]
    names += [node.module for node in _nodes(path, ast.ImportFrom) if not node.level]
    assert {name.split(".")[0] for name in names} <= sys.stdlib_module_names


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_own_imports_are_relative_and_stay_inside(path):
    for node in _nodes(path, ast.ImportFrom):
        if node.level:
            assert node.level == 1
            assert {(node.module or alias.name).split(".")[0] for alias in node.names} <= MODULES


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_no_clock(path):
    assert not {node.attr for node in _nodes(path, ast.Attribute)} & {"today", "now", "utcnow"}


def test_loading_the_engine_does_not_load_the_addon_or_odoo():
    code = [node for node in _nodes(Path(billing_engine.__file__), ast.stmt) if not isinstance(node, ast.Expr)]
    assert code == [], "engine/__init__.py holds a docstring and nothing else"
