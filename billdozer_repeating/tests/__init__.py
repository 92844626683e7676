from . import test_escalation
from . import test_repeating_actions
from . import test_repeating_invoice
