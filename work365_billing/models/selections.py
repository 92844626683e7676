"""Selection lists that several models share."""

FREQUENCIES = [
    ("monthly", "Monthly"),
    ("quarterly", "Quarterly"),
    ("semi_annual", "Semi-annual"),
    ("annual", "Annual"),
    ("triennial", "Triennial"),
]
KINDS = [("regular", "Regular"), ("change_log", "Change Log")]
RUN_TYPES = [("manual", "Manual"), ("automatic", "Automatic")]
REFUND_POLICIES = [("global", "Use Global Setting"), ("yes", "Yes"), ("no", "No")]
