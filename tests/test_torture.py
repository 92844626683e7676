"""The torture in small; `benchmarks/torture` runs it with 2,000 contracts."""

import os
import random
import unittest

from processes.torture import Torture


class TestTorture(unittest.TestCase):
    def test_nothing_is_lost_and_nothing_is_billed_twice(self):
        template = os.environ.get("BILLING_TEMPLATE_DB")
        if not template:
            raise AssertionError("BILLING_TEMPLATE_DB is not set: start these tests with ./test")
        seed = random.randrange(10**6)
        torture = Torture(template, count=200, lanes=2, seconds=40, seed=seed)
        report, faults = torture.run()
        self.assertEqual(faults, [], "\n".join(report))
        self.assertGreater(torture.events["kill -9"], 2, report)
        self.assertEqual(torture.events["crashes of the database server"], 2, report)
