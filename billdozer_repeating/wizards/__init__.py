from . import repeating_invoice_window
from . import repeating_escalation_dry_run
from . import repeating_invoice_calculate
from . import repeating_invoice_cancel
from . import repeating_invoice_change_run_date
from . import repeating_invoice_reactivate
from . import repeating_invoice_refuse
from . import billing_collection_export
