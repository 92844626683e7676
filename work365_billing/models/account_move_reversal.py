from odoo import models


class AccountMoveReversal(models.TransientModel):
    _inherit = "account.move.reversal"

    def reverse_moves(self, is_modify=False):
        """*Reverse and Create Invoice* moves the billed period to the new invoice."""
        billed = self.move_ids.filtered("billing_row_ids") if is_modify else self.env["account.move"]
        rows = [(move, move.sudo().billing_row_ids, move._get_billing_links()) for move in billed]
        billed.sudo()._billing_detach()
        result = super().reverse_moves(is_modify=is_modify)
        for move, own_rows, (move_vals, lines_vals) in rows:
            self._move_period(move, own_rows, move_vals, lines_vals)
        return result

    def _move_period(self, move, rows, move_vals, lines_vals):
        """Let the copy of ``move`` hold its ledger rows ``rows``."""
        position = list(self.move_ids).index(move)
        copy = self.new_move_ids.filtered(lambda new: new.move_type == move.move_type)[position:position + 1]
        copy.write(move_vals)
        lines = copy.invoice_line_ids.sorted(lambda line: (line.sequence, line.id))
        for line, vals in zip(lines, lines_vals, strict=True):
            line.write(vals)
        rows.write({"resulting_invoice_id": copy.id})
        self.env["billing.change.log"].sudo().search([("billing_move_id", "=", move.id)]).billing_move_id = copy
        copy._billing_settle_sources()
        move.billing_contract_id.message_post(body=self.env._(
            "%(old)s was credited and its period moved to %(new)s.", old=move.name, new=copy.display_name))
