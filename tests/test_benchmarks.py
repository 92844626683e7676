"""`benchmarks/run` works: it makes the same invoices in every way and writes all figures. Their size is not tested."""

import json
import subprocess
import tempfile
import unittest
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parent.parent
WAYS = ["plain", "plain, no tracking", "OCA contract", "ours", "plain, no tracking + post", "ours + post"]


class TestBenchmarks(unittest.TestCase):
    def test_quick_run(self):
        with tempfile.TemporaryDirectory() as folder:
            target = Path(folder, "figures.json")
            done = subprocess.run(
                [CHECKOUT / "benchmarks" / "run", "--quick", "--json", target], capture_output=True, text=True,
                timeout=600)
            self.assertFalse(done.returncode, done.stdout + done.stderr)
            result = json.loads(target.read_text())
        self.assertEqual([one["way"] for one in result["invoicing"]], WAYS)
        for one in result["invoicing"]:
            self.assertEqual(one["content"]["total"], result["invoicing"][0]["content"]["total"])
            self.assertGreater(one["figures"]["per_second"], 0)
        self.assertEqual(set(result["window"]), {"n", "open", "total"})
        self.assertEqual(set(result["bulk"]), {"n", "proceed", "total"})
        self.assertEqual(set(result["planning"]), {"n", "none due", "all due"})
        self.assertIn("to OCA", done.stdout)
