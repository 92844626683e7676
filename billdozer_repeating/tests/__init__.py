from . import test_repeating_invoice
