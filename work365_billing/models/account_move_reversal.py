from odoo import models


class AccountMoveReversal(models.TransientModel):
    _inherit = "account.move.reversal"

    def reverse_moves(self, is_modify=False):
        """*Reverse and Create Invoice* moves the billed period to the new invoice."""
        billed = self.move_ids.sudo().filtered("billing_row_ids") if is_modify else self.env["account.move"]
        periods = {move: (move.billing_row_ids, move._get_billing_line_links()) for move in billed}
        billed._billing_detach()
        result = super(AccountMoveReversal, self._with_links(is_modify)).reverse_moves(is_modify=is_modify)
        for move, (rows, links) in periods.items():
            self._move_period(move, rows, links)
        return result

    def _with_links(self, is_modify):
        """Return this wizard, where it is to tie new invoices to periods as the system, which alone may."""
        if not is_modify or not self.move_ids.sudo().billing_contract_id:
            return self
        self.env["account.move"].check_access("create")
        self.move_ids.check_access("write")
        return self.sudo()

    def _modify_default_reverse_values(self, origin_move):
        values = super()._modify_default_reverse_values(origin_move)
        origin = origin_move.sudo()  # whoever corrects an invoice of a contract
        return {**values, **origin._get_billing_links()} if origin.billing_contract_id else values

    def _move_period(self, move, rows, links):
        """Let the new invoice in the place of ``move`` hold its ledger rows ``rows``.

        :param links: billing values of the lines, in their order
        """
        new = self.new_move_ids.sudo().filtered(lambda other: other.billing_schedule_id == move.billing_schedule_id)
        for line, vals in zip(new._get_billing_lines(), links, strict=True):
            line.write(vals)
        rows.write({"resulting_invoice_id": new.id})
        logs = self.env["billing.change.log"].sudo().search([("billing_move_id", "=", move.id)])
        logs.write({"billing_move_id": new.id, "invoice_line_id": False})
        new._billing_settle_sources(move.billing_schedule_id)
        move._billing_cancel_tasks()
        move.billing_contract_id.message_post(body=self.env._(
            "%(old)s was credited and its period moved to %(new)s.", old=move.name, new=new._get_html_link()))
