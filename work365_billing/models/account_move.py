from markupsafe import Markup

from odoo import api, fields, models
from odoo.exceptions import UserError

from .selections import KINDS


class AccountMove(models.Model):
    """Invoices that billing made: they hold their ledger row, and undoing them frees it."""

    _inherit = "account.move"

    billing_contract_id = fields.Many2one(
        "billing.contract", "Billing Contract", index="btree_not_null", copy=False, readonly=True, ondelete="restrict",
        check_company=True)
    billing_schedule_id = fields.Many2one(
        "billing.schedule", "Billing Schedule", index="btree_not_null", copy=False, readonly=True, ondelete="set null")
    billing_run_id = fields.Many2one("billing.run", index="btree_not_null", copy=False, readonly=True, ondelete="set null")
    billing_kind = fields.Selection(KINDS, "Billing Type", copy=False, readonly=True)
    billing_replaced_by_id = fields.Many2one(
        "account.move", "Replaced by", copy=False, readonly=True, index="btree_not_null", ondelete="set null")
    billing_row_ids = fields.One2many(
        "billing.schedule", "resulting_invoice_id", "Billed Periods", context={"active_test": False}, readonly=True)

    # ---- undo: the ledger follows the invoice -----------------------------------------------------------------------

    def write(self, vals):
        result = super().write(vals)
        if vals.get("state") == "cancel":
            self._billing_cancelled()
        return result

    def _billing_cancelled(self):
        self.filtered("billing_row_ids")._billing_release(self.env._("was cancelled"))
        self._billing_restore_credited()

    @api.ondelete(at_uninstall=False)
    def _unlink_except_billed_number(self):
        """An invoice that had a number is cancelled, never deleted."""
        numbered = self.filtered(lambda move: move.billing_contract_id and move.posted_before)
        if numbered:
            raise UserError(self.env._(
                "%(invoice)s of a billing contract had a number: cancel it instead of deleting it.",
                invoice=numbered[0].display_name))

    def unlink(self):
        self.filtered("billing_row_ids")._billing_release(self.env._("was deleted"))
        credited = self._billing_get_credited()
        result = super().unlink()
        credited.exists()._billing_reattach()
        return result

    def _billing_release(self, what, on_hold=False):
        """Free the ledger rows of these invoices, and all that they had used, and tell it on the contract."""
        for move in self:
            rows = move.sudo().billing_row_ids  # the ledger follows the invoice, whoever undoes it
            move._billing_free_sources(rows)
            rows._release(on_hold=on_hold)
            move._billing_cancel_tasks()
            for row in rows:
                body = self.env._(
                    "%(invoice)s %(what)s: period %(start)s – %(end)s is to be billed again, or skipped.",
                    invoice=move.name or move.display_name, what=what, start=row.cycle_start, end=row.cycle_end)
                row.contract_id._reopen_for_billing()
                row.contract_id.message_post(body=body)
            # A freed row of the final change-log invoice is not a period: the job makes it anew when something is left.
            rows.filtered(lambda row: row.kind == "change_log").unlink()

    def _billing_free_sources(self, rows):
        """Return the change logs and items that this invoice used to what is still to be billed."""
        Log = self.env["billing.change.log"].sudo()
        logs = Log.search([("billing_move_id", "=", self.id)])
        for row in rows.filtered(lambda row: row.kind == "regular"):
            logs |= Log.search([  # left out without an invoice: see billing.change.log._exclude_invoiced
                ("contract_id", "=", row.contract_id.id), ("counts_from", "!=", False), ("billing_move_id", "=", False),
                ("effective_date", "<=", row.cycle_end)])
        logs._release()
        self.env["billing.item"].sudo().search([("invoice_line_id.move_id", "=", self.id)]).invoice_line_id = False

    def _billing_cancel_tasks(self):
        self.env["billing.job"].sudo().search([
            ("invoice_id", "in", self.ids), ("state", "in", ("waiting", "in_progress")),
        ]).write({"state": "cancelled"})

    # ---- credit notes -----------------------------------------------------------------------------------------------

    def _billing_credited_in_full(self):
        """Free, on hold, the periods of the invoices that a credit note of the user has reversed in full.

        Credits that billing itself made are part of the ledger and free nothing.
        """
        for move in self.filtered("billing_row_ids"):
            if move.payment_state == "reversed" and not any(move.reversal_move_ids.mapped("billing_schedule_id")):
                move._billing_release(self.env._("was credited in full"), on_hold=True)

    def _billing_get_credited(self):
        """Return the invoices that these credit notes had freed."""
        return self.reversed_entry_id.filtered(
            lambda move: move.billing_schedule_id and not move.sudo().billing_row_ids and not move.billing_replaced_by_id)

    @api.ondelete(at_uninstall=False)
    def _unlink_except_credit_of_billed_again(self):
        self._billing_refuse_second_life()

    def _billing_refuse_second_life(self):
        for move in self.filtered(lambda move: move.move_type == "out_refund"):
            for credited in move._billing_get_credited():
                again = credited.billing_schedule_id.resulting_invoice_id
                if again and credited.state == "posted":
                    raise UserError(self.env._(
                        "The period of %(invoice)s was billed again by %(again)s: without this credit note it would be "
                        "billed twice. Cancel %(again)s first.",
                        invoice=credited.name, again=again.display_name))

    def button_cancel(self):
        self._billing_refuse_second_life()
        return super().button_cancel()

    def _billing_restore_credited(self):
        self._billing_get_credited().filtered(lambda move: move.payment_state != "reversed")._billing_reattach()

    def _billing_reattach(self):
        """An invoice whose credit note is gone holds its period again."""
        for move in self.filtered(lambda move: move.state == "posted" and not move.sudo().billing_row_ids):
            row = move.sudo().billing_schedule_id
            if row.state != "pending" or row.resulting_invoice_id:
                continue
            row._set_invoiced(move, "manual", row.last_log_id)
            move._billing_settle_sources()
            row.contract_id.message_post(body=self.env._(
                "The credit of %(invoice)s is gone: period %(start)s – %(end)s is invoiced again.",
                invoice=move.name, start=row.cycle_start, end=row.cycle_end))

    def _billing_settle_sources(self):
        """Mark the change logs and items on the lines of this invoice as billed by it."""
        for line in self.sudo().invoice_line_ids:
            line.billing_change_log_id.write(
                {"state": "archived", "billing_move_id": self.id, "invoice_line_id": line.id})
            line.billing_item_id.invoice_line_id = line

    # ---- replacement ------------------------------------------------------------------------------------------------

    def _billing_detach(self):
        """Take the ledger rows off this invoice without freeing them: another invoice takes its place."""
        self.billing_row_ids.write({"resulting_invoice_id": False})

    def _billing_mark_replaced(self, by):
        """Mark this invoice as replaced: it stays, is not collected, and somebody is asked to delete or credit it."""
        self.ensure_one()
        old = self.sudo()  # marking the old invoice is part of generating the new one
        old.billing_replaced_by_id = by
        old._billing_cancel_tasks()
        old.no_followup = True
        old.message_post(body=Markup("%s") % self.env._("Replaced by %s", by._get_html_link()))
        old.activity_schedule(
            "mail.mail_activity_data_todo", user_id=(old.billing_contract_id.user_id or self.env.user).id,
            summary=self.env._("Replaced invoice: delete it, or credit it if it was sent"))

    def _get_billing_links(self):
        """Return, for a copy that takes the place of this invoice, its billing values and those of its lines by order."""
        self.ensure_one()
        names = [name for name in self.env["account.move.line"]._fields if name.startswith("billing_")]
        lines = self.invoice_line_ids.sorted(lambda line: (line.sequence, line.id))
        move_names = ("billing_contract_id", "billing_schedule_id", "billing_run_id", "billing_kind")
        return (
            {name: self[name].id if self._fields[name].relational else self[name] for name in move_names},
            [{name: line[name].id if line._fields[name].relational else line[name] for name in names} for line in lines],
        )
