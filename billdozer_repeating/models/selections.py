"""Selection lists of repeating invoices."""

INTERVALS = [("weekly", "Weekly"), ("monthly", "Monthly"), ("annually", "Annually"), ("other", "Other")]
COLLECT_ON = [
    *((str(day), str(day)) for day in range(1, 31)), ("last", "Last Day"), ("issued", "On Date Issued")]
STATES = [("awaiting", "Awaiting Approval"), ("active", "Active"), ("inactive", "Inactive")]
MONTHS = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November",
    "December")
WEEKDAYS = [
    ("0", "Monday"), ("1", "Tuesday"), ("2", "Wednesday"), ("3", "Thursday"), ("4", "Friday"), ("5", "Saturday"),
    ("6", "Sunday")]
