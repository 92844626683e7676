"""Drafts that were made ahead, before an edit: they are told, and made anew on demand."""

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.fields import Domain
from odoo.tools import format_date

from .repeating_invoice_line import SHARED

# What an invoice takes over from the repeating invoice itself.
PRINTED_FIELDS = {"info", "collect_on", "user_id"}


class RepeatingInvoice(models.Model):
    _inherit = "repeating.invoice"

    outdated_message = fields.Char(
        compute="_compute_outdated_message", help="The drafts for coming runs that were made before the last change.")

    @api.depends("invoice_ids.repeating_outdated", "invoice_ids.state")
    def _compute_outdated_message(self):
        for invoice in self:
            drafts = invoice._origin._get_outdated_drafts()
            invoice.outdated_message = invoice._describe_outdated(drafts) if drafts else False

    def _describe_outdated(self, drafts):
        values = {"count": len(drafts), "dates": self._format_dates(drafts)}
        if len(drafts) > 1:
            return self.env._(
                "%(count)s drafts made ahead (%(dates)s) were made before your last change. Remake them, or leave "
                "them: what a changed quantity or price makes of them is then billed or credited on the next invoice.",
                **values)
        return self.env._(
            "The draft made ahead (%(dates)s) was made before your last change. Remake it, or leave it: what a changed "
            "quantity or price makes of it is then billed or credited on the next invoice.", **values)

    def _format_dates(self, moves):
        return ", ".join(format_date(self.env, day) for day in sorted(moves.mapped("invoice_date")))

    def _get_drafts_ahead(self):
        """Return the draft invoices of runs whose date lies ahead."""
        Move = self.env["account.move"].sudo()  # whoever edits may not see the invoices
        domain = Domain.AND([
            Domain("repeating_invoice_id", "in", self.ids), Domain("move_type", "=", "out_invoice"),
            Domain("state", "=", "draft"), Domain("billing_schedule_id.repeating_invoice_id", "!=", False)])
        return Move.search(domain).filtered(lambda move: move.invoice_date > move.company_id._billing_today())

    def _get_outdated_drafts(self):
        return self._get_drafts_ahead().filtered("repeating_outdated")

    def write(self, vals):
        """What the coming drafts take over from it is another now."""
        changed = self.filtered(lambda invoice: any(
            invoice._fields[name].convert_to_write(invoice[name], invoice) != vals[name]
            for name in PRINTED_FIELDS & set(vals)))
        result = super().write(vals)
        changed._get_drafts_ahead().repeating_outdated = True
        return result

    def action_remake_drafts(self):
        """Delete the drafts that were made ahead before the last change, and make them anew.

        :raises UserError: when nothing is invoiced at present: the drafts stay as they are then
        """
        self.ensure_one()
        self.check_access("write")
        self.env["billing.executor"]._lock(self.contract_id)
        if self.state != "active" or self.contract_id.state != "active":
            raise UserError(self.env._(
                "%(name)s is not invoiced at present, so its drafts cannot be made anew: activate it and its contract "
                "first.", name=self.name))
        drafts = self._get_outdated_drafts().with_env(self.env)
        if not drafts:
            return
        dates = self._format_dates(drafts)
        drafts.unlink()
        self._bill_at_once()
        self.message_post(body=self.env._(
            "%(user)s had the drafts made ahead (%(dates)s) made anew.", user=self.env.user.name, dates=dates))


class RepeatingInvoiceLine(models.Model):
    _inherit = "repeating.invoice.line"

    @api.model_create_multi
    def create(self, vals_list):
        lines = super().create(vals_list)
        lines.filtered(lambda line: not line._is_immediate())._outdate_drafts()
        return lines

    def write(self, vals):
        changed = self.filtered(lambda line: not line._is_immediate() and any(
            line._fields[name].convert_to_write(line[name], line) != vals[name] for name in set(SHARED) & set(vals)))
        result = super().write(vals)
        changed._outdate_drafts()
        return result

    def _outdate_drafts(self):
        """Remember of the drafts made ahead on which these lines are that they were made before a change."""
        starts = {
            invoice: min(lines.mapped("date_start")) for invoice, lines in self.grouped("repeating_invoice_id").items()}
        drafts = self.repeating_invoice_id._get_drafts_ahead()
        drafts.filtered(lambda move: move.invoice_date >= starts[move.repeating_invoice_id]).repeating_outdated = True
