"""The command `benchmarks/run`: prepare, measure every way on a copy of its own, print a table, write JSON."""

import argparse
import json
import time
from pathlib import Path

from tools import setup
from tools.settings import CACHE
from tools.steps import exit_with, step

from . import dataset, prepared, report, runner

DEFAULT_JSON = CACHE / "benchmarks" / "latest.json"
QUICK = 20


def main():
    """Do what the arguments say; return the exit code."""
    options = _parse()
    started = time.monotonic()
    with setup.ready() as base:
        databases, oca_version = prepared.connect(base)
        customers = max(options.bulk, options.large, options.imported, *options.n)
        planned = max(options.plan, options.window, customers)
        template = prepared.build(databases, oca_version, customers, planned)
        ready = time.monotonic()
        result = {
            "machine": report.machine(databases),
            "oca_version": oca_version,
            "content": {"lines": len(dataset.PRODUCTS), "tax_percent": dataset.TAX_PERCENT},
            "repeat": options.repeat,
            "invoicing": [
                measured for count in options.n for measured in _measure(databases, template, count, options.repeat)],
            "large": _large(databases, template, options.large),
            "window": _window(databases, template, options.window),
            "bulk": _bulk(databases, template, options.bulk),
            "planning": _plan(databases, template, options.plan),
            "importing": _import(databases, template, options.imported),
        }
    result["seconds"] = {
        "preparation": round(ready - started, 1), "measuring": round(time.monotonic() - ready, 1)}
    print(report.text(result))
    options.json.parent.mkdir(parents=True, exist_ok=True)
    options.json.write_text(json.dumps(result, indent=2) + "\n")
    print(f"\nJSON: {options.json}")
    return 0


def _parse():
    parser = argparse.ArgumentParser(prog="benchmarks/run", description="Compare ways to make invoices.")
    parser.add_argument(
        "--n", type=_numbers, default=[500, 2000], metavar="N,N", help="numbers of invoices (default 500,2000)")
    parser.add_argument(
        "--repeat", type=int, default=1, metavar="N",
        help="how often each way makes these, in turn; the fastest counts (default 1)")
    parser.add_argument(
        "--large", type=int, default=dataset.LARGE, metavar="N",
        help=f"number of invoices that ours makes and posts alone, for its memory (default {dataset.LARGE})")
    parser.add_argument(
        "--plan", type=int, default=dataset.PLANNED, metavar="N",
        help=f"number of contracts to plan (default {dataset.PLANNED})")
    parser.add_argument(
        "--bulk", type=int, default=dataset.BULK, metavar="N",
        help=f"number of rows of the bulk operation (default {dataset.BULK})")
    parser.add_argument(
        "--window", type=int, default=dataset.WINDOW, metavar="N",
        help=f"number of rows of the window that is opened (default {dataset.WINDOW})")
    parser.add_argument(
        "--import", type=int, default=dataset.IMPORTED, metavar="N", dest="imported",
        help=f"number of repeating invoices to import (default {dataset.IMPORTED})")
    parser.add_argument("--json", type=Path, default=DEFAULT_JSON, metavar="FILE", help=f"default {DEFAULT_JSON}")
    parser.add_argument(
        "--quick", action="store_true", help=f"{QUICK} of everything: shows that it works, not how fast it is")
    options = parser.parse_args()
    if options.quick:
        options.n = [QUICK]
        options.large = options.bulk = options.window = options.plan = options.imported = QUICK
    return options


def _numbers(text):
    return [int(part) for part in text.split(",")]


def _measure(databases, template, count, repeat):
    """Measure all ways with ``count`` invoices; their invoices must be the same.

    All take turns, and the fastest time of each counts: a slow minute of the machine hits none of them alone.
    """
    rounds = [_measure_once(databases, template, count) for _round in range(repeat)]
    return report.fastest(rounds)


def _measure_once(databases, template, count):
    measured = []
    for way in runner.WAYS:
        with step(f"{count} invoices: {way.name}"):
            measured.append({"n": count, "way": way.name, **runner.invoice(databases, template, way, count)})
    report.check_equal(measured, count)
    return measured


def _large(databases, template, count):
    """Measure ours with many invoices: every other way would take too long."""
    way = runner.WAYS[-1]
    with step(f"{count} invoices: {way.name}, for its memory"):
        measured = {"n": count, "way": way.name, **runner.invoice(databases, template, way, count)}
    report.check_own(measured)
    return measured


def _window(databases, template, count):
    with step(f"Window of {count} rows"):
        return {"n": count, **runner.window(databases, template, count)}


def _bulk(databases, template, count):
    with step(f"Bulk operation of {count} rows"):
        return {"n": count, **runner.bulk(databases, template, count)}


def _plan(databases, template, count):
    with step(f"Planning {count} contracts"):
        return {"n": count, **runner.plan(databases, template, count)}


def _import(databases, template, count):
    with step(f"Import of {count} repeating invoices"):
        return {"n": count, **runner.import_(databases, template, count)}


if __name__ == "__main__":
    exit_with(main)
