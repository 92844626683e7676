from . import billing_audit
from . import billing_missing_data
from . import billing_run_report
