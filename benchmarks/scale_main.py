"""The command `benchmarks/scale`: lanes as processes of a real server, and the hourly job with hardly anything due."""

import argparse
import json
from pathlib import Path

from tools import setup
from tools.settings import CACHE
from tools.steps import exit_with, step

from . import lanes, prepared, report, runner

DEFAULT_JSON = CACHE / "benchmarks" / "scale.json"
TEMPLATE = 2_000  # contracts of the prepared database that other benchmarks share


def main():
    """Do what the arguments say; return the exit code."""
    options = _parse()
    with setup.ready() as base:
        databases, oca_version = prepared.connect(base)
        customers = options.n if options.quick else max(options.n, TEMPLATE)
        template = prepared.build(databases, oca_version, customers, customers)
        result = {"machine": report.machine(databases), "lanes": _lanes(databases, template, options)}
        if options.idle:
            with step(f"Hourly job among {options.idle} contracts"):
                result["idle"] = runner.idle(databases, template, options.idle, options.due)
    print(_text(result))
    options.json.parent.mkdir(parents=True, exist_ok=True)
    options.json.write_text(json.dumps(result, indent=2) + "\n")
    print(f"\nJSON: {options.json}")
    return 0


def _parse():
    parser = argparse.ArgumentParser(
        prog="benchmarks/scale", description="Measure parallel lanes, and the hourly job among very many contracts.")
    parser.add_argument("--n", type=int, default=2000, help="number of invoices (default 2000)")
    parser.add_argument("--lanes", type=_numbers, default=[1, 2], metavar="N,N", help="numbers of lanes (default 1,2)")
    parser.add_argument(
        "--repeat", type=int, default=2, help="measure all in turn so often, and take the fastest of each (default 2)")
    parser.add_argument(
        "--idle", type=int, default=100_000, metavar="N", help="number of active contracts, 0: none (default 100000)")
    parser.add_argument("--due", type=int, default=1000, metavar="N", help="number of them that are due (default 1000)")
    parser.add_argument("--json", type=Path, default=DEFAULT_JSON, metavar="FILE", help=f"default {DEFAULT_JSON}")
    parser.add_argument("--quick", action="store_true", help="a few of everything: shows that it works")
    options = parser.parse_args()
    if options.quick:
        options.n, options.lanes, options.repeat, options.idle, options.due = 120, [2], 1, 600, 60
    return options


def _numbers(text):
    return [int(part) for part in text.split(",")]


def _lanes(databases, template, options):
    """Measure drafts, and drafts with posting, with each number of lanes: all in turn, so often as is asked for."""
    kinds = [(posts, number) for posts in (False, True) for number in options.lanes]
    runs = {kind: [] for kind in kinds}
    for turn in range(options.repeat):
        for posts, number in kinds:
            about = f"{options.n} invoices{' and posted' if posts else ''}, lanes: {number}"
            with step(f"{about}, {turn + 1} of {options.repeat}"):
                runs[posts, number].append(lanes.measure(databases, template, options.n, number, posts))
    return [
        {"lanes": number, "posts": posts, "n": options.n, "runs": runs[posts, number],
         **max(runs[posts, number], key=lambda run: run["per_second"])}
        for posts, number in kinds]


def _text(result):
    parts = [_lanes_table(result["lanes"])]
    if "idle" in result:
        parts += [_idle_table(result["idle"]), _plans(result["idle"])]
    return "\n\n".join(parts)


def _lanes_table(measured):
    about = f"\n{measured[0]['n']} invoices by the hourly job of a server with --workers, the fastest of "
    lines = [f"{about}{len(measured[0]['runs'])}; each lane is a process", _row(
        "", "seconds", "per second", "to 1st row", "CPU ms each", "busiest CPU s", "to 1st row", "lots by each")]
    for one in measured:
        first = next(other for other in measured if other["posts"] == one["posts"])
        lines.append(_row(
            f"{one['lanes']} lanes{', posted' if one['posts'] else ''}", one["seconds"], one["per_second"],
            f"{one['per_second'] / first['per_second']:.2f}", one["cpu_ms_each"], one["busiest_cpu"],
            f"{first['busiest_cpu'] / one['busiest_cpu']:.2f}", " + ".join(map(str, one["shares"]))))
    return "\n".join(lines)


def _idle_table(idle):
    lines = [f"{idle['n']} active contracts: the search for what is due, and the whole hourly job when nothing is",
             _row("", "seconds", "CPU seconds", "queries", "contracts read", "schedules read")]
    lines += [
        _row(f"{one['what']}, {one['due']} due", one["seconds"], one["cpu_seconds"], one["queries"],
             one["read"]["billing_contract"], one["read"]["billing_schedule"])
        for one in idle["jobs"]]
    return "\n".join(lines)


def _plans(idle):
    return "\n\n".join(
        f"{one['what']}, {one['due']} due, {title}:\n{plan}" for one in idle["jobs"]
        for title, plan in one["plans"].items())


def _row(name, *cells):
    texts = [f"{cell:.2f}" if isinstance(cell, float) else cell for cell in cells]
    return f"{name:<26}" + "".join(f"{text:>16}" for text in texts)


if __name__ == "__main__":
    exit_with(main)
