"""What stops the collection of an invoice: a closed list of codes.

The words that a user reads, and the next step for each code, stand in ``models/collection_obstacle.py``.
"""

# about the invoice
NOT_POSTED = "not_posted"
REPLACED = "replaced"
BLOCKED = "blocked"
NOTHING_OPEN = "nothing_open"
ON_ITS_WAY = "on_its_way"
EXPORTED = "exported"

# about the client and how he pays
CLIENT_INACTIVE = "client_inactive"
NO_METHOD = "no_method"
METHOD_ARCHIVED = "method_archived"
OTHER_CLIENT = "other_client"

# about the mandate for a bank account
NO_MANDATE = "no_mandate"
MANDATE_NOT_ACTIVE = "mandate_not_active"
MANDATE_OTHER_METHOD = "mandate_other_method"
MANDATE_PERIOD = "mandate_period"
MANDATE_CURRENCY = "mandate_currency"
MANDATE_MAXIMUM = "mandate_maximum"

# about the card
TOKEN_ARCHIVED = "token_archived"
CARD_REFUSED = "card_refused"

ALL_CODES = (
    NOT_POSTED, REPLACED, BLOCKED, NOTHING_OPEN, ON_ITS_WAY, EXPORTED, CLIENT_INACTIVE, NO_METHOD, METHOD_ARCHIVED,
    OTHER_CLIENT, NO_MANDATE, MANDATE_NOT_ACTIVE, MANDATE_OTHER_METHOD, MANDATE_PERIOD, MANDATE_CURRENCY,
    MANDATE_MAXIMUM, TOKEN_ARCHIVED, CARD_REFUSED,
)
