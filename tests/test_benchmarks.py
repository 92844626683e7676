"""The benchmarks work: they make the invoices that they should and write all figures. Their size is not tested."""

import json
import subprocess
import tempfile
import unittest
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parent.parent
WAYS = [
    "plain", "plain, no tracking", "OCA contract", "ours", "plain + post", "plain, no tracking + post", "ours + post"]


class TestBenchmarks(unittest.TestCase):
    def run_quickly(self, command):
        """Return what a benchmark prints and what it writes."""
        with tempfile.TemporaryDirectory() as folder:
            target = Path(folder, "figures.json")
            done = subprocess.run(
                [CHECKOUT / "benchmarks" / command, "--quick", "--json", target], capture_output=True, text=True,
                timeout=600)
            self.assertFalse(done.returncode, done.stdout + done.stderr)
            return done.stdout, json.loads(target.read_text())

    def test_lanes_on_a_real_server_and_many_contracts(self):
        printed, result = self.run_quickly("scale")
        self.assertEqual([(one["lanes"], one["posts"], one["n"]) for one in result["lanes"]], [
            (2, False, 120), (2, True, 120)])
        for one in result["lanes"]:
            self.assertGreater(one["per_second"], 0)
            self.assertEqual(len(one["shares"]), 2)  # the hourly job and a lane, each in a process of its own
        self.assertEqual([(one["what"], one["due"]) for one in result["idle"]["jobs"]], [
            ("search", 60), ("hourly job", 0)])
        self.assertIn("Index Scan using billing_schedule_due_idx", printed)

    def test_quick_run(self):
        printed, result = self.run_quickly("run")
        self.assertEqual([one["way"] for one in result["invoicing"]], WAYS)
        for one in result["invoicing"]:
            self.assertEqual(one["content"]["total"], result["invoicing"][0]["content"]["total"])
            self.assertGreater(one["figures"]["per_second"], 0)
        self.assertEqual(result["large"]["content"]["posted"], 20)
        self.assertEqual(set(result["window"]), {"n", "open", "total"})
        self.assertEqual(set(result["bulk"]), {"n", "proceed", "total"})
        self.assertEqual(set(result["planning"]), {"n", "none due", "all due"})
        self.assertIn("to OCA", printed)
