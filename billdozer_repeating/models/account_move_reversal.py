from odoo import models


class AccountMoveReversal(models.TransientModel):
    _inherit = "account.move.reversal"

    def _modify_default_reverse_values(self, origin_move):
        """*Reverse and Create Invoice* on a run: the new invoice is dated and collected like one of that run.

        Its date is that of the reversal, or of the run if that lies ahead.
        """
        values = super()._modify_default_reverse_values(origin_move)
        origin = origin_move.sudo()  # whoever corrects an invoice of a repeating invoice
        repeating = origin.repeating_invoice_id
        if not repeating or origin.move_type != "out_invoice":
            return values
        values.update(move_type=origin.move_type, invoice_date=max(self.date, origin.invoice_date))
        if not origin.invoice_payment_term_id:
            values["invoice_date_due"] = values["invoice_date"]
        return {**values, **self.env["billing.executor"]._prepare_collection_vals(repeating, values)}
