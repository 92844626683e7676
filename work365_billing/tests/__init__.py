from . import test_changes
from . import test_cycles
from . import test_generate
from . import test_invoices
from . import test_reasons
