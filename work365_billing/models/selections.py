"""Selection lists that several models share."""

FREQUENCIES = [
    ("monthly", "Monthly"),
    ("quarterly", "Quarterly"),
    ("semi_annual", "Semi-annual"),
    ("annual", "Annual"),
    ("triennial", "Triennial"),
]
CONTRACT_TYPES = [("recurring", "Recurring"), ("item_based", "Item Based"), ("non_recurring", "Non-Recurring")]
KINDS = [("regular", "Regular"), ("change_log", "Change Log")]
ORIGINS = [
    ("hourly", "Hourly Job"),
    ("bulk", "Bulk Operation"),
    ("single", "Single Invoice"),
    ("change_log_job", "Change-Log Job"),
]
RUN_TYPES = [("manual", "Manual"), ("automatic", "Automatic")]
REFUND_POLICIES = [("global", "Use Global Setting"), ("yes", "Yes"), ("no", "No")]
PAUSE_POLICIES = [("nothing", "Bill Nothing"), ("credit", "Credit the Pause"), ("full", "Bill in Full")]
CHANGE_LOG_RHYTHMS = [("off", "Off"), ("weekly", "Weekly"), ("monthly", "Monthly")]
WEEKDAYS = [
    ("0", "Monday"), ("1", "Tuesday"), ("2", "Wednesday"), ("3", "Thursday"), ("4", "Friday"), ("5", "Saturday"),
    ("6", "Sunday")]
