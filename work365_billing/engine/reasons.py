"""Why something is not billed: a closed list of codes.

The words that a user reads, and the next step for each code, stand in ``models/billing_reason.py``.
"""

# about one subscription, change log or item
NOT_BILLABLE = "not_billable"
STARTS_LATER = "starts_later"
ENDED = "ended"
NO_QUANTITY = "no_quantity"
ON_PAUSE = "on_pause"
REFUND_OFF = "refund_off"
ITEM_LATER = "item_later"
NOTHING_LEFT = "nothing_left"
NOT_OVER = "not_over"
UNCONFIRMED = "unconfirmed"
NO_USAGE = "no_usage"
UNAPPROVED = "unapproved"

# about one schedule
ALREADY_INVOICED = "already_invoiced"
SKIPPED = "skipped"
ON_HOLD = "on_hold"
PAUSED = "paused"
EARLIER_OPEN = "earlier_open"
NOT_IN_PERIOD = "not_in_period"
NOTHING_TO_BILL = "nothing_to_bill"
CATCH_UP = "catch_up"
APPROVAL = "approval"
CYCLE_GONE = "cycle_gone"

# about the contract
NOT_ACTIVE = "not_active"
NO_CYCLE = "no_cycle"
COMPANY_ARCHIVED = "company_archived"
LOCKED = "locked"
NO_JOURNAL = "no_journal"
NO_ACCOUNT = "no_account"
NO_RATE = "no_rate"
CURRENCY_INACTIVE = "currency_inactive"
TAX_MISSING = "tax_missing"
PARTNER_COMPANY = "partner_company"
PARTNER_ARCHIVED = "partner_archived"
PRODUCT_ARCHIVED = "product_archived"
LOCK_DATE = "lock_date"
REFUSED = "refused"

LINE_CODES = (
    NOT_BILLABLE, STARTS_LATER, ENDED, NO_QUANTITY, ON_PAUSE, REFUND_OFF, ITEM_LATER, NOTHING_LEFT, NOT_OVER,
    UNCONFIRMED, NO_USAGE, UNAPPROVED,
)
SCHEDULE_CODES = (
    ALREADY_INVOICED, SKIPPED, ON_HOLD, PAUSED, EARLIER_OPEN, NOT_IN_PERIOD, NOTHING_TO_BILL, CATCH_UP, APPROVAL,
    CYCLE_GONE,
)
CONTRACT_CODES = (
    NOT_ACTIVE, NO_CYCLE, COMPANY_ARCHIVED, LOCKED, NO_JOURNAL, NO_ACCOUNT, NO_RATE, CURRENCY_INACTIVE, TAX_MISSING,
    PARTNER_COMPANY, PARTNER_ARCHIVED, PRODUCT_ARCHIVED, LOCK_DATE, REFUSED,
)
ALL_CODES = LINE_CODES + SCHEDULE_CODES + CONTRACT_CODES
