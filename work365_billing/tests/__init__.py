from . import test_cycles
