"""The closed list of reasons in the user's words, each with the next step."""

from odoo.tools import LazyTranslate

from ..engine import reasons

_lt = LazyTranslate(__name__)

# code: (what happened, what to do)
REASONS = {
    reasons.NOT_BILLABLE: (_lt("Marked as not billable."), _lt("Tick Billable to charge it from the next cycle.")),
    reasons.STARTS_LATER: (_lt("Starts after this cycle."), _lt("It is billed in the cycle of its start date.")),
    reasons.ENDED: (_lt("Ended before this cycle."), _lt("Move its end date to bill it again.")),
    reasons.NO_QUANTITY: (_lt("The quantity is zero in this cycle."), _lt("Change the quantity to bill it again.")),
    reasons.ON_PAUSE: (
        _lt("Paused: no day of this cycle is billed."), _lt("It is billed again from the day on which it is resumed."),
    ),
    reasons.REFUND_OFF: (
        _lt("The period is already invoiced and refunds are off: the reduction counts from the next cycle."),
        _lt("Set Process Refunds to Yes before you enter a reduction that is to be credited."),
    ),
    reasons.ITEM_LATER: (
        _lt("To be invoiced later."), _lt("It is billed on the first invoice from its Invoice On date."),
    ),
    reasons.NOT_OVER: (
        _lt("Its period is not over before the schedule date."), _lt("It is billed on the invoice after its period."),
    ),
    reasons.UNCONFIRMED: (_lt("Some of it is not confirmed yet."), _lt("Confirm or archive it.")),
    reasons.UNAPPROVED: (_lt("Some of its time is not approved yet."), _lt("Approve it for billing.")),
    reasons.NO_USAGE: (
        _lt("No usage is due."), _lt("Enter or import usage: it is billed on the next invoice after its period."),
    ),
    reasons.ALREADY_INVOICED: (
        _lt("This billing cycle is already invoiced."), _lt("Tick Replace existing invoice to bill it again."),
    ),
    reasons.SKIPPED: (_lt("This period was skipped."), _lt("Generate its invoice by hand if it is to be billed.")),
    reasons.ON_HOLD: (
        _lt("On hold: its invoice was credited in full."), _lt("Generate its invoice again, or skip the period."),
    ),
    reasons.PAUSED: (
        _lt("An earlier try failed; the next one waits."), _lt("Mend the cause, then use Retry Now or wait."),
    ),
    reasons.EARLIER_OPEN: (
        _lt("An earlier schedule of the contract is still open."), _lt("Invoice or skip the earlier schedule first."),
    ),
    reasons.NOT_IN_PERIOD: (
        _lt("Its changes took effect before the period."), _lt("Choose an earlier start of the period, or none."),
    ),
    reasons.NOTHING_TO_BILL: (
        _lt("No subscription, change or item falls in this cycle."), _lt("Check the reasons of each subscription."),
    ),
    reasons.CATCH_UP: (
        _lt("Missed period: the contract bills only the current one."),
        _lt("Generate its invoice by hand if it is to be billed."),
    ),
    reasons.APPROVAL: (
        _lt("Missed periods wait for your approval."), _lt("Bill them all, or only the current period."),
    ),
    reasons.CYCLE_GONE: (
        _lt("This billing cycle no longer exists: the terms of the contract were changed meanwhile."),
        _lt("Generate the next cycle of the contract."),
    ),
    reasons.NOTHING_LEFT: (_lt("Everything up to this date is billed."), _lt("Nothing to do.")),
    reasons.NOT_ACTIVE: (_lt("The contract is not active."), _lt("Activate the contract.")),
    reasons.NO_CYCLE: (_lt("The contract has no billing cycle left."), _lt("Move the end date of the contract.")),
    reasons.COMPANY_ARCHIVED: (
        _lt("The company of the contract is archived."), _lt("Restore the company, then generate again."),
    ),
    reasons.LOCKED: (
        _lt("Somebody else is billing this contract right now."), _lt("Nothing to do: the next run looks at it again."),
    ),
    reasons.NO_JOURNAL: (
        _lt("There is no active sales journal."), _lt("Restore the journal, or choose another one on the contract."),
    ),
    reasons.NO_ACCOUNT: (
        _lt("No income account is set."), _lt("Set the income account of the product, its category or the journal."),
    ),
    reasons.NO_RATE: (
        _lt("The currency has no exchange rate for the invoice date."), _lt("Enter a rate for the currency."),
    ),
    reasons.CURRENCY_INACTIVE: (_lt("The currency is archived."), _lt("Activate the currency.")),
    reasons.TAX_MISSING: (
        _lt("A tax was archived or deleted."), _lt("Choose the taxes of the subscription or item again."),
    ),
    reasons.PARTNER_COMPANY: (
        _lt("The customer belongs to another company."), _lt("Choose a customer of the contract's company."),
    ),
    reasons.PARTNER_ARCHIVED: (_lt("The customer is archived."), _lt("Restore the customer, or suspend the contract.")),
    reasons.PRODUCT_ARCHIVED: (
        _lt("A product is archived."), _lt("Restore the product, or deactivate its subscription."),
    ),
    reasons.LOCK_DATE: (
        _lt("The accounting period is closed, today included."),
        _lt("Move the lock date, or wait until it has passed."),
    ),
    reasons.REFUSED: (_lt("Odoo refused the invoice."), _lt("Read the message, mend the cause and retry.")),
}


def choices(env):
    """Return the reasons as the choices of a selection field, in the user's language."""
    return [(code, env._(REASONS[code][0])) for code in reasons.ALL_CODES]


def explain(env, code):
    """Return what happened and the next step for ``code``, in the user's language, as one text."""
    what, step = REASONS[code]
    return f"{env._(what)} {env._(step)}"
