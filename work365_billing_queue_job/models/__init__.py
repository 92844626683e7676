from . import billing_lot
from . import billing_run
