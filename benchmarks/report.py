"""The table, and the checks without which its figures would mean nothing."""

import os
import platform
from decimal import Decimal

from tools.steps import StepFailed

from . import dataset
from .runner import IMPORTS, WAYS

REFERENCES = ("plain", "plain, no tracking", "OCA contract")  # ratios are to these
POSTED_REFERENCES = ("plain + post", "plain, no tracking + post")  # OCA's job does not post
JOURNAL_ITEMS = len(dataset.PRODUCTS) + 2  # one tax, one receivable


def check_equal(measured, count):
    """Every way must have made the same invoices.

    :raise StepFailed: when one has not
    """
    for one in measured:
        _check(one, measured[0]["content"], count)


def check_own(measured):
    """The invoices that only one way has made must be right.

    :raise StepFailed: when they are not
    """
    _check(measured, measured["content"], measured["n"])


def _check(measured, content, count):
    posts = {way.name: way.posts for way in WAYS}
    untaxed, found = dataset.untaxed(count), measured["content"]
    wanted = content | {
        "invoices": count, "journal_items": count * JOURNAL_ITEMS, "posted": count if posts[measured["way"]] else 0}
    if found != wanted or Decimal(found["untaxed"]) != untaxed or found["debit"] != found["total"]:
        raise StepFailed(
            f"“{measured['way']}” made other invoices than it should:\n{found}\ninstead of\n{wanted}\n"
            f"with {untaxed} before tax. The figures would not be comparable.")


def fastest(rounds):
    """Return of each way what was measured when it was fastest; every round has all ways in the same order."""
    return [max(of_way, key=lambda one: one["figures"]["per_second"]) for of_way in zip(*rounds, strict=True)]


def machine(databases):
    """Return what the figures depend on."""
    [postgres] = databases.sql("SHOW server_version")
    return {"cores": os.cpu_count(), "system": platform.platform(), "python": platform.python_version(),
            "postgresql": postgres, "load": [round(load, 2) for load in os.getloadavg()]}


def text(result):
    """Return the tables for the screen."""
    sizes = sorted({one["n"] for one in result["invoicing"]})
    parts = [_machine_line(result)]
    for size in sizes:
        rows = {one["way"]: one["figures"] for one in result["invoicing"] if one["n"] == size}
        parts.append(_invoicing_table(size, rows, result["repeat"]))
    parts += [
        _large_table(result["large"]), _window_table(result["window"]), _bulk_table(result["bulk"]),
        _planning_table(result["planning"]), _import_table(result["importing"])]
    return "\n\n".join(parts)


def _machine_line(result):
    about = result["machine"]
    seconds = result["seconds"]
    return (
        f"\n{about['cores']} cores, load {about['load'][0]}, Python {about['python']},"
        f" PostgreSQL {about['postgresql']}, OCA contract {result['oca_version']}\n"
        f"Preparation {seconds['preparation']} s, measuring {seconds['measuring']} s."
        " Compare ratios, not absolute figures.")


def _invoicing_table(size, rows, repeat):
    fastest = f", the fastest of {repeat}" if repeat > 1 else ""
    lines = [f"{size} invoices, {len(dataset.PRODUCTS)} lines, one tax of {dataset.TAX_PERCENT} %{fastest}"]
    lines.append(_row(
        "", "per second", "to plain", "untracked", "to OCA", "CPU ms each", "queries each", "memory MB"))
    for way in WAYS:
        figures = rows[way.name]
        references = POSTED_REFERENCES if way.posts else REFERENCES
        ratios = [f"{figures['per_second'] / rows[name]['per_second']:.2f}" for name in references]
        lines.append(_row(
            way.name, figures["per_second"], *(*ratios, "")[:3], figures["cpu_ms_each"], figures["queries_each"],
            figures["memory_mb"]))
    return "\n".join(lines)


def _large_table(large):
    title = f"{large['n']} invoices: ours alone, whose memory must not grow with their number"
    return _steps_table(title, large, ((large["way"], "figures"),))


def _window_table(window):
    title = f"{window['n']} rows: the window Generate Invoice"
    return _steps_table(title, window, (("open", "open"), ("open to all amounts", "total")))


def _bulk_table(bulk):
    title = f"{bulk['n']} rows: a bulk operation from Proceed to done"
    return _steps_table(title, bulk, (("Proceed", "proceed"), ("Proceed to done", "total")))


def _steps_table(title, measured, steps):
    lines = [title, _row("", "seconds", "per second", "CPU ms each", "queries each", "memory MB")]
    for label, name in steps:
        figures = measured[name]
        lines.append(_row(
            label, figures["seconds"], figures["per_second"], figures["cpu_ms_each"], figures["queries_each"],
            figures["memory_mb"]))
    return "\n".join(lines)


def _planning_table(planning):
    lines = [f"{planning['n']} contracts: search for what is due, then plan"]
    lines.append(_row("", "search s", "plan s", "plan /s", "CPU ms each", "queries each", "memory MB"))
    for name in ("none due", "all due"):
        search, plan = planning[name]["search"], planning[name]["plan"]
        lines.append(_row(
            name, search["seconds"], plan["seconds"], plan["per_second"], plan["cpu_ms_each"], plan["queries_each"],
            plan["memory_mb"]))
    return "\n".join(lines)


def _import_table(importing):
    title = f"{importing['n']} repeating invoices from a CSV file by Odoo's importer"
    steps = {
        f"{name}: {label}": importing[name][step] for name in IMPORTS
        for label, step in (("the import", "request"), ("to the last one", "total"))}
    return _steps_table(title, steps, [(label, label) for label in steps])


def _row(name, *cells):
    texts = [f"{cell:.1f}" if isinstance(cell, float) else cell for cell in cells]
    return f"{name:<26}" + "".join(f"{text:>14}" for text in texts)
