from contextlib import contextmanager

from odoo import models

from .plain_way import SYNCHRONISATION, find_extension
from .res_partner_rank import RANKS, Ranks

# The one way through Odoo's ``_post``, which calls what is extended here: what is known of the numbers of this batch.
NUMBERS = "billing_numbers"
NUMBERING = {"account.move": (
    "_get_next_sequence_format", "_get_last_sequence", "_get_last_sequence_domain", "_get_starting_sequence",
    "_get_sequence_format_param", "_deduce_sequence_number_reset", "_locked_increment", "_set_next_sequence")}
SETTLED = "billing_settled"
# What ``_post`` writes in the end, and what it writes on each invoice that has the next number, which is of this batch.
SETTLING_NOTHING = ({"state": "posted", "posted_before": True}, {"made_sequence_gap": False})
# Nobody else may have a hand in that: he might change lines before Odoo looks at them.
SETTLING = SYNCHRONISATION | {"account.move": (*SYNCHRONISATION["account.move"], "write")}


class Once(list):
    """Says something once. A context that comes in over the web API holds none: nobody skips anything with it."""


class AccountMove(models.Model):
    """Many invoices posted at once: what Odoo looks up for each of them is looked up once."""

    _name = "account.move"
    _inherit = ["account.move", "billing.tracking.mixin"]

    def _billing_post(self):
        """Post these drafts, checked as the button checks them, and told in their chatter as ever."""
        self.line_ids.mapped("tax_ids")  # read for all of them: Odoo goes from invoice to invoice
        numbers = {} if find_extension(self.env, NUMBERING) is None else None
        ranks = Ranks()
        # As the button does: a mandatory analytic plan holds for the job as well.
        self.with_context(validate_analytic=True, **{NUMBERS: numbers, RANKS: ranks})._post(soft=False)
        self.env["res.partner"]._set_ranks(ranks)

    def write(self, vals):
        """The state alone alters no journal item: Odoo would compute them all, before and after, to find no difference.

        Nor does a gap before a number. Whatever else is changed meanwhile is synchronised by itself.
        """
        if vals in SETTLING_NOTHING and NUMBERS in self.env.context and not find_extension(self.env, SETTLING):
            return super(AccountMove, self.with_context(**{SETTLED: Once(vals)})).write(vals)
        return super().write(vals)

    @contextmanager
    def _sync_dynamic_lines(self, container):
        settled = self.env.context.get(SETTLED)
        if isinstance(settled, Once) and settled:
            settled.clear()
            yield
            return
        with super()._sync_dynamic_lines(container):
            yield

    def _tells_together(self):
        return NUMBERS in self.env.context and super()._tells_together()

    def _get_next_sequence_format(self):
        """Look up the last number only for the first invoice of a sequence: the next ones are counted from there.

        Odoo locks the sequence with its first number, and counts on by itself from then on.
        """
        numbers = self.env.context.get(NUMBERS)
        is_debit_note = "debit_origin_id" in self._fields and self.debit_origin_id
        if numbers is None or is_debit_note or not self.is_sale_document():
            return super()._get_next_sequence_format()
        key = self._get_sequence_key()
        if key not in numbers:
            numbers[key] = super()._get_next_sequence_format()
        template, values = numbers[key]
        return template, dict(values)

    def _get_sequence_key(self):
        """Return what decides in which sequence an invoice is numbered."""
        return (
            self.journal_id, self.date, self.journal_id.refund_sequence and self.move_type,
            self.journal_id.is_self_billing and self.commercial_partner_id)
