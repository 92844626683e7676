from markupsafe import Markup

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import format_date

from .selections import KINDS


class AccountMove(models.Model):
    """Invoices that billing made: they hold their ledger row, and undoing them frees it."""

    _name = "account.move"
    _inherit = ["account.move", "billing.guarded.mixin"]

    billing_contract_id = fields.Many2one(
        "billing.contract", "Billing Contract", index="btree_not_null", copy=False, readonly=True, ondelete="restrict",
        check_company=True)
    billing_schedule_id = fields.Many2one(
        "billing.schedule", "Billing Schedule", index="btree_not_null", copy=False, readonly=True, ondelete="set null")
    billing_run_id = fields.Many2one(
        "billing.run", index="btree_not_null", copy=False, readonly=True, ondelete="set null")
    billing_kind = fields.Selection(KINDS, "Billing Type", copy=False, readonly=True)
    billing_replaced_by_id = fields.Many2one(
        "account.move", "Replaced by", copy=False, readonly=True, index="btree_not_null", ondelete="set null")
    billing_row_ids = fields.One2many(
        "billing.schedule", "resulting_invoice_id", "Billed Periods", context={"active_test": False}, readonly=True)

    # ---- undo: the ledger follows the invoice -----------------------------------------------------------------------

    def write(self, vals):
        revived = self._billing_get_revived(vals)
        result = super().write(vals)
        if vals.get("state") == "cancel":
            self._billing_release(self.env._("was cancelled"))
        revived._billing_reattach(self.env._("is no longer cancelled"))
        return result

    @api.ondelete(at_uninstall=False)
    def _unlink_except_billed_number(self):
        """An invoice that had a number is cancelled, never deleted."""
        numbered = self.filtered(lambda move: move.billing_contract_id and move.posted_before)
        if numbered:
            raise UserError(self.env._(
                "%(invoice)s of a billing contract had a number: cancel it instead of deleting it.",
                invoice=numbered[0].display_name))

    def unlink(self):
        self._unlink_except_billed_number()  # before the ledger is touched
        self._billing_release(self.env._("was deleted"))
        return super().unlink()

    def _billing_release(self, what):
        """Free the ledger rows that these invoices hold, and all that they had used, and tell it on the contract."""
        for move in self.sudo().filtered("billing_row_ids"):  # the ledger follows the invoice, whoever undoes it
            rows = move.billing_row_ids
            move._billing_free_sources(rows)
            move._billing_cancel_tasks()
            rows._release()
            for row in rows:
                row.contract_id._reopen_for_billing()
                row.contract_id.message_post(body=self.env._(
                    "%(invoice)s %(what)s: period %(period)s is to be billed again, or skipped.",
                    invoice=move._get_billing_name(), what=what, period=row._get_period_name()))
            contracts = rows.contract_id
            # A freed row of a change-log invoice is not a period: it is made anew when something is left to bill.
            rows.filtered(lambda row: row.kind == "change_log").unlink()
            contracts._sync_item_schedules()

    def _billing_free_sources(self, rows):
        """Return the change logs and items that this invoice used to what is still to be billed."""
        Log = self.env["billing.change.log"].sudo()
        logs = Log.search([("billing_move_id", "=", self.id)])
        for row in rows.filtered(lambda row: row.kind == "regular" and not row._is_for_items()):
            logs |= Log.search([  # stops that gave nothing back: see billing.subscription._exclude
                *row._get_log_domain(), ("counts_from", ">", row.cycle_start), ("billing_move_id", "=", False),
                ("effective_date", "<=", row.cycle_end), ("archive_reason", "=", False)])
        logs._release()
        for source in self.env["billing.planner"]._get_sources().values():
            source.sudo().search([("invoice_line_id.move_id", "=", self.id)])._set_unbilled()

    def _billing_cancel_tasks(self):
        self.env["billing.job"].sudo().search([
            ("invoice_id", "in", self.ids), ("state", "in", ("waiting", "in_progress")),
        ]).write({"state": "cancelled"})

    # ---- the undo undone --------------------------------------------------------------------------------------------

    def _billing_get_revived(self, vals):
        """Return the cancelled invoices that ``vals`` make drafts again and that hold a period then.

        :raises UserError: when the period was billed again meanwhile
        """
        if vals.get("state") != "draft":
            return self.browse()
        revived = self.sudo().filtered(lambda move: move.state == "cancel" and move.billing_contract_id)
        revived._billing_check_free(self.env._("This invoice stays cancelled; make a new one with Generate Invoice."))
        return revived

    def _billing_check_free(self, way_out):
        for move in self:
            again = move.billing_schedule_id.resulting_invoice_id or move._billing_get_other_invoice()
            if again or not move.billing_schedule_id:
                raise UserError(self.env._(
                    "What %(invoice)s had billed is billed by %(again)s: it would be billed twice. %(way_out)s",
                    invoice=move._get_billing_name(), way_out=way_out,
                    again=again._get_billing_name() if again else self.env._("a later invoice")))

    def _billing_get_other_invoice(self):
        """Return an invoice that has billed, since this one was undone, what stands on its lines as entered."""
        for source in self.env["billing.planner"]._get_sources().values():
            records = self.invoice_line_ids[source._billing_line_field]
            other = records.invoice_id - self
            if other:
                return other[0]
        return self.browse()

    def _get_billing_name(self):
        """Return the number of the invoice, or what a draft can be told by."""
        return self.name or self.env._("The draft of %(date)s", date=format_date(self.env, self.invoice_date))

    def _billing_reattach(self, what):
        """Let these invoices hold their periods, which are still open, and tell it on the contract."""
        for move in self.sudo():  # the ledger follows the invoice, whoever revives it
            row = move.billing_schedule_id
            row._set_invoiced(move, move.billing_run_id.run_type or "manual", row.last_log_id)
            move._billing_settle_sources(row)
            row.contract_id.message_post(body=self.env._(
                "%(invoice)s %(what)s: period %(period)s is invoiced again.",
                invoice=move._get_billing_name(), what=what, period=row._get_period_name()))

    def _billing_settle_sources(self, row):
        """Mark the change logs of the period, and those and the items on the lines of this invoice, as billed by it."""
        logs = self.env["billing.change.log"].sudo().search([
            *row._get_log_domain(), ("state", "!=", "archived"), ("id", "<=", row.last_log_id),
            ("effective_date", ">=", row.cycle_start), ("effective_date", "<=", row.cycle_end)])
        logs.write({"state": "archived", "billing_move_id": self.id})
        for line in self.sudo().invoice_line_ids:
            line.billing_change_log_id.write(
                {"state": "archived", "billing_move_id": self.id, "invoice_line_id": line.id})
            for source in self.env["billing.planner"]._get_sources().values():
                line[source._billing_line_field]._set_billed(line)

    # ---- credit notes -----------------------------------------------------------------------------------------------

    def _billing_credited_in_full(self):
        """Put the periods of the invoices that a credit note of the user has reversed in full on hold.

        What they had billed waits with the period. Credits that billing itself made are part of the ledger and free
        nothing.
        """
        for move in self.sudo().filtered("billing_row_ids"):  # the ledger follows the invoice, whoever credits it
            if move.payment_state != "reversed" or move.reversal_move_ids.billing_schedule_id:
                continue
            rows = move.billing_row_ids
            move._billing_cancel_tasks()
            rows._release(on_hold=True)
            for row in rows:
                row.contract_id._reopen_for_billing()
                row.contract_id.message_post(body=self.env._(
                    "%(invoice)s was credited in full: period %(period)s is on hold until its invoice is "
                    "generated again or the period is skipped.",
                    invoice=move.name, period=row._get_period_name()))

    def _billing_get_credited(self):
        """Return those of these invoices whose period is free because they are credited in full.

        :raises UserError: when the period was billed again: then the credit has to stay
        """
        credited = self.sudo().filtered(
            lambda move: move.state == "posted" and move.payment_state == "reversed" and move.billing_schedule_id
            and not move.billing_row_ids and not move.billing_replaced_by_id)
        credited._billing_check_free(self.env._("Cancel that invoice first, or leave the credit note as it is."))
        return credited

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
        """Return the billing values that an invoice in the place of this one takes over."""
        self.ensure_one()
        return {
            "billing_contract_id": self.billing_contract_id.id, "billing_schedule_id": self.billing_schedule_id.id,
            "billing_run_id": self.billing_run_id.id, "billing_kind": self.billing_kind}

    def _get_billing_lines(self):
        return self.invoice_line_ids.sorted(lambda line: (line.sequence, line.id))

    def _get_billing_line_links(self):
        """Return the billing values of each line, in the order of ``_get_billing_lines``."""
        names = [name for name in self.env["account.move.line"]._fields if name.startswith("billing_")]
        return [
            {name: line._fields[name].convert_to_write(line[name], line) for name in names}
            for line in self._get_billing_lines()]
