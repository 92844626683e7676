"""Prices that are going to rise are told some days ahead, once per anniversary."""

from datetime import timedelta

from markupsafe import Markup

from odoo import api, fields, models
from odoo.fields import Domain
from odoo.tools import float_repr, format_date, formatLang


class RepeatingInvoice(models.Model):
    _inherit = "repeating.invoice"

    escalation_told_date = fields.Date(
        "Escalation Told Up To", copy=False, readonly=True, help="The last anniversary of which notice was given.")
    escalation_notice_date = fields.Date(
        "Next Escalation", compute="_compute_escalation_notice_date", store=True, index="btree_not_null",
        help="The next anniversary on which prices rise and of which no notice was given yet.")

    @api.depends(
        "escalation_told_date", "next_escalation_date", "date_end", "state", "price_log_ids.effective_date",
        "price_log_ids.applied", "price_log_ids.escalation_percent")
    def _compute_escalation_notice_date(self):
        for invoice in self:
            days = [*invoice._get_waiting_escalations().mapped("effective_date"), invoice.next_escalation_date]
            days = [day for day in days if day and invoice._is_to_be_told(day)]
            invoice.escalation_notice_date = min(days, default=False)

    def _get_waiting_escalations(self):
        """Return the prices that escalation has entered ahead and that are not in force yet."""
        return self.price_log_ids.sudo().filtered(  # the field is computed for whoever saves
            lambda log: log.escalation_percent and not log.applied)

    def _is_to_be_told(self, day):
        told, end = self.escalation_told_date, self.date_end
        return self.state == "active" and (not told or day > told) and (not end or day <= end)

    # ---- the notice -------------------------------------------------------------------------------------------------

    @api.model
    def _get_escalation_notice_domain(self, company):
        """Return the domain of the repeating invoices of ``company`` of whose next escalation notice is to be given."""
        today = company._billing_today()
        last = today + timedelta(days=company.billdozer_escalation_notice_days)
        if last == today:
            return Domain.FALSE
        return (
            Domain("company_id", "=", company.id) & Domain("state", "=", "active")
            & Domain("escalation_notice_date", ">", today) & Domain("escalation_notice_date", "<=", last))

    def _give_escalation_notice(self):
        """Leave an activity for the sales consultant of each, due on the anniversary on which its prices rise."""
        rows = self._prepare_escalation_rows(max(self.mapped("escalation_notice_date")))
        for invoice in self:
            day = invoice.escalation_notice_date
            own = [row for row in rows if row["repeating_invoice_id"] == invoice.id and row["date"] == day]
            if own:
                invoice.activity_schedule(
                    "mail.mail_activity_data_todo", date_deadline=day, user_id=invoice._get_user_to_tell().id,
                    summary=self.env._("Prices rise on %(date)s", date=format_date(self.env, day)),
                    note=Markup("<ul>%s</ul>") % Markup().join(invoice._tell_escalation(row) for row in own))
            invoice.escalation_told_date = day

    def _get_user_to_tell(self):
        users = (self.user_id, self.contract_id.user_id, self.create_uid)
        return next((user for user in users if user.active and not user.share), self.env.user)

    def _tell_escalation(self, row):
        return Markup("<li>%s</li>") % self.env._(
            "%(line)s: from %(before)s to %(after)s (%(percent)s %%)",
            line=self.env["repeating.invoice.line"].browse(row["line_id"]).name,
            before=formatLang(self.env, row["price_before"], currency_obj=self.currency_id),
            after=formatLang(self.env, row["price_after"], currency_obj=self.currency_id),
            percent=float_repr(row["percent"], 4).rstrip("0").rstrip("."))
