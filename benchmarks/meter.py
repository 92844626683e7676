"""Inside Odoo: time, queries and memory of a block of code."""

import gc
import re
import time
from pathlib import Path

from odoo import sql_db


class Meter:
    """Measures a block.

    - ``seconds``: by the clock
    - ``cpu``: seconds that this process computed, without waiting for PostgreSQL or for its turn on a busy machine
    - ``queries``: as Odoo's cursor counts them, on all cursors of the process
    - ``memory_mb``: by how much the process grew at its peak
    """

    def __enter__(self):
        gc.collect()
        Path("/proc/self/clear_refs").write_text("5")  # the kernel forgets the earlier peak
        self._memory = _memory("VmRSS")
        self._queries = sql_db.sql_counter
        self._computed = time.process_time()
        self._started = time.perf_counter()
        return self

    def __exit__(self, *_exc):
        self.seconds = time.perf_counter() - self._started
        self.cpu = time.process_time() - self._computed
        self.queries = sql_db.sql_counter - self._queries
        self.memory_mb = (_memory("VmHWM") - self._memory) / 1024

    def figures(self, count):
        """Return the figures for ``count`` things that were done."""
        return {
            "seconds": round(self.seconds, 2),
            "per_second": round(count / self.seconds, 1),
            "cpu_ms_each": round(self.cpu / count * 1000, 2),
            "queries_each": round(self.queries / count, 2),
            "memory_mb": round(self.memory_mb, 1),
        }


def _memory(key):
    """Return a figure of the kernel's about this process, in KiB."""
    return int(re.search(rf"{key}:\s+(\d+) kB", Path("/proc/self/status").read_text())[1])
