"""Selection lists that several models share."""

FREQUENCIES = [
    ("monthly", "Monthly"),
    ("quarterly", "Quarterly"),
    ("semi_annual", "Semi-annual"),
    ("annual", "Annual"),
    ("triennial", "Triennial"),
]
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
