"""How many processes bill at the same time."""

LANES_PARAMETER = "work365_billing.lanes"
DEFAULT_LANES = 2  # as many scheduled jobs as a server runs at a time unless told otherwise
MAX_LANES = 16  # as many as data/ir_cron_lanes.xml has, with the hourly job


def is_number_of_lanes(value):
    """Tell whether ``value``, a number or what somebody has typed, can be the number of lanes.

    >>> [is_number_of_lanes(value) for value in (1, "16", 0, "17", "two", "1.5", "")]
    [True, True, False, False, False, False, False]
    """
    text = str(value).strip()
    return text.isascii() and text.isdigit() and 1 <= int(text) <= MAX_LANES
