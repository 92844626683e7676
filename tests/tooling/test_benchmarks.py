"""The benchmark's own arithmetic: that it notices unequal invoices, and what it prints. It measures nothing here."""

from copy import deepcopy

import pytest

from benchmarks import dataset, report, runner
from tools.steps import StepFailed

N = 20
FIGURES = {"seconds": 2.0, "per_second": 10.0, "cpu_ms_each": 30.0, "queries_each": 5.0, "memory_mb": 1.0}


@pytest.fixture
def measured():
    """Return what the ways measure when all is well."""
    untaxed = dataset.untaxed(N)
    tax = (untaxed * dataset.TAX_PERCENT / 100).quantize(untaxed)
    return [
        {
            "n": N, "way": way.name, "figures": dict(FIGURES),
            "content": {
                "invoices": N, "posted": N if way.posts else 0, "journal_items": 5 * N, "untaxed": str(untaxed),
                "tax": str(tax), "total": str(untaxed + tax), "debit": str(untaxed + tax),
                "credit": str(untaxed + tax)},
        }
        for way in runner.WAYS]


def test_equal_invoices_pass(measured):
    report.check_equal(measured, N)


@pytest.mark.parametrize("key, value", [
    ("invoices", N - 1), ("posted", N), ("journal_items", 4 * N), ("untaxed", "1.00"), ("tax", "0.00"),
    ("total", "1.00")])
def test_one_way_that_makes_something_else_is_noticed(measured, key, value):
    other = deepcopy(measured)
    other[3]["content"][key] = value
    with pytest.raises(StepFailed, match="“ours” made other invoices"):
        report.check_equal(other, N)


def test_all_ways_that_make_the_same_wrong_thing_are_noticed(measured):
    for one in measured:
        one["content"]["untaxed"] = "1.00"
    with pytest.raises(StepFailed, match="“plain” made other invoices"):
        report.check_equal(measured, N)


def test_one_way_alone_is_checked_too(measured):
    report.check_own(measured[-1])
    measured[-1]["content"]["posted"] = 0
    with pytest.raises(StepFailed, match="“ours \\+ post” made other invoices"):
        report.check_own(measured[-1])


def test_the_fastest_time_of_each_way_counts(measured):
    other = deepcopy(measured)
    measured[0]["figures"]["per_second"] = 11.0
    other[1]["figures"]["per_second"] = 12.0
    found = report.fastest([measured, other])
    assert [one["way"] for one in found] == [one["way"] for one in measured]
    assert [one["figures"]["per_second"] for one in found] == [11.0, 12.0, *[10.0] * (len(measured) - 2)]


def test_the_table_shows_ratios(measured):
    rows = {one["way"]: one["figures"] for one in measured}
    rows["ours"]["per_second"] = 15.0
    machine = {"cores": 2, "load": [0.5], "python": "3.11", "postgresql": "18", "system": "Linux"}
    figures = {name: {"search": FIGURES, "plan": FIGURES} for name in ("none due", "all due")}
    text = report.text({
        "machine": machine, "oca_version": "19.0", "repeat": 2, "invoicing": measured,
        "planning": {"n": N, **figures},
        "large": {"n": N, "way": "ours + post", "figures": FIGURES},
        "bulk": {"n": N, "proceed": FIGURES, "total": FIGURES}, "window": {"n": N, "open": FIGURES, "total": FIGURES},
        "importing": {"n": N, **{name: {"request": FIGURES, "total": FIGURES} for name in runner.IMPORTS}},
        "seconds": {"preparation": 1.0, "measuring": 2.0}})
    assert f"{N} invoices, 3 lines, one tax of 15 %, the fastest of 2" in text
    [line] = [line for line in text.splitlines() if line.startswith("ours  ")]
    assert line.split() == ["ours", "15.0", "1.50", "1.50", "1.50", "30.0", "5.0", "1.0"]
    [line] = [line for line in text.splitlines() if line.startswith("open to all amounts")]
    assert line.split()[4:] == ["2.0", "10.0", "30.0", "5.0", "1.0"]
    [line] = [line for line in text.splitlines() if line.startswith("Proceed to done")]
    assert line.split()[3:] == ["2.0", "10.0", "30.0", "5.0", "1.0"]
    [line] = [line for line in text.splitlines() if line.startswith("all due: to the last one")]
    assert line.split()[6:] == ["2.0", "10.0", "30.0", "5.0", "1.0"]
