from . import billing_snapshot
from . import billing_audit
from . import billing_forecast
from . import billing_missing_data
from . import billing_revenue
from . import billing_run_report
