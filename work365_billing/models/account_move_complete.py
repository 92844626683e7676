from contextlib import contextmanager

from odoo import api, models

from .billing_complete_mixin import COMPLETE
from .journal_items import JournalItems
from .plain_way import PlainWay


class AccountMove(models.Model):
    """Many invoices at once: they get all their journal items when they are created, not one by one afterwards.

    The items are added after everything that other addons do with the values, and only what is created here is left
    alone by Odoo's synchronisation: whatever others change on the new invoices is synchronised as always.
    """

    _name = "account.move"
    _inherit = ["account.move", "billing.complete.mixin"]

    @api.model
    def _billing_create(self, vals_list):
        """Create customer invoices and credit notes, equal to those of ``create`` and in half of its time.

        Those that ``plain_way`` names are completed by Odoo, as ever.

        :param vals_list: values as for ``create``, with ``invoice_line_ids``
        :return: the drafts, in the environment of the caller
        """
        return self.with_context(**{COMPLETE: True}).create(vals_list).with_env(self.env)

    @api.model
    def _add_precomputed_values(self, vals_list):
        result = super()._add_precomputed_values(vals_list)
        if self.env.context.get(COMPLETE):
            plain = PlainWay(self.env)
            JournalItems(self.env).complete([vals for vals in vals_list if not plain.find_reason(vals)])
        return result

    @contextmanager
    def _sync_dynamic_lines(self, container):
        is_complete_create = self.env.context.get(COMPLETE) and not self
        with super()._sync_dynamic_lines(container):
            yield
            created = container["records"]
            if is_complete_create:
                container["records"] = created.filtered(lambda move: not move._has_all_items())
        container["records"] = created

    def write(self, vals):
        if self.env.context.get(COMPLETE) and vals == {"is_manually_modified": False}:
            # The last thing that Odoo's ``create`` does, and nothing to synchronise.
            return super(AccountMove, self.with_context(skip_invoice_sync=True)).write(vals)
        return super().write(vals)

    def _compute_reconciled_payment_ids(self):
        """Nothing has paid an invoice that is just being created: Odoo joins all payments there are to find out."""
        new = self.filtered(lambda move: move.state == "draft") if self.env.context.get(COMPLETE) else self.browse()
        for move in new:
            move.reconciled_payment_ids = move.matched_payment_ids
        others = self - new
        return super(AccountMove, others)._compute_reconciled_payment_ids() if others else None

    def _has_all_items(self):
        """Tell whether this invoice, just created, needs no more items: the payment terms come last."""
        return "payment_term" in self.line_ids.mapped("display_type")
