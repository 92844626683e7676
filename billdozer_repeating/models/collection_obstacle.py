"""What stops the collection of an invoice, in the user's words, each with the next step."""

from odoo.tools import LazyTranslate

from ..engine import obstacles

_lt = LazyTranslate(__name__)

# code: (what stops it, what to do)
OBSTACLES = {
    obstacles.NOT_POSTED: (_lt("The invoice is not posted."), _lt("Post it.")),
    obstacles.REPLACED: (
        _lt("Another invoice has replaced this one."), _lt("Delete it, or credit it if it was sent."),
    ),
    obstacles.BLOCKED: (_lt("Its payment is blocked."), _lt("Unblock it on the invoice.")),
    obstacles.NOTHING_OPEN: (_lt("Nothing is left to collect."), _lt("Nothing to do.")),
    obstacles.ON_ITS_WAY: (_lt("A payment is on its way."), _lt("Wait for its answer, or cancel it first.")),
    obstacles.EXPORTED: (
        _lt("Its debit is in a file for the bank."),
        _lt("Wait for the bank's answer; if it was rejected, choose Rejected by the Bank in Ready for Collection."),
    ),
    obstacles.CLIENT_INACTIVE: (_lt("The client is inactive."), _lt("Restore the client, or collect by other means.")),
    obstacles.NO_METHOD: (_lt("The contract has no payment method."), _lt("Choose one on the contract.")),
    obstacles.METHOD_ARCHIVED: (_lt("The payment method is archived."), _lt("Choose another on the contract.")),
    obstacles.OTHER_CLIENT: (
        _lt("The payment method belongs to another client than the invoice."),
        _lt("Choose a payment method of the client on the contract."),
    ),
    obstacles.NO_MANDATE: (
        _lt("There is no mandate for the contract."), _lt("Make a new one and have the client sign it."),
    ),
    obstacles.MANDATE_NOT_ACTIVE: (_lt("The mandate is not active."), _lt("Activate it once it is signed.")),
    obstacles.MANDATE_OTHER_METHOD: (
        _lt("The mandate is for another bank account."), _lt("Have a new one signed for the account of the contract."),
    ),
    obstacles.MANDATE_PERIOD: (
        _lt("The collection date lies outside the dates of the mandate."), _lt("Have a new mandate signed."),
    ),
    obstacles.MANDATE_CURRENCY: (
        _lt("The mandate is for another currency."), _lt("Collect by other means, or invoice in its currency."),
    ),
    obstacles.MANDATE_MAXIMUM: (
        _lt("Above the maximum of the mandate."), _lt("Have a new mandate signed, or collect by other means."),
    ),
    obstacles.TOKEN_ARCHIVED: (_lt("The card is archived."), _lt("Choose another payment method on the contract.")),
    obstacles.CARD_REFUSED: (
        _lt("The card cannot be charged."), _lt("Press Charge on the invoice to read why."),
    ),
}


def choices(env):
    """Return the obstacles as the choices of a selection field, in the user's language."""
    return [(code, env._(OBSTACLES[code][0])) for code in obstacles.ALL_CODES]


def explain(env, code):
    """Return what stops it and the next step for ``code``, in the user's language, as one text."""
    what, step = OBSTACLES[code]
    return f"{env._(what)} {env._(step)}"
