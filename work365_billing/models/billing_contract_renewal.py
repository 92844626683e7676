"""The term of a contract: it renews itself before its end is reached, and the salesperson is told in time."""

from datetime import timedelta

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import format_date, plaintext2html

from ..engine.renewal import renewal_day, renewals, renewed_end

NOTICE = "work365_billing.mail_activity_billing_notice"


class BillingContract(models.Model):
    _inherit = "billing.contract"

    auto_renew = fields.Boolean(
        tracking=True, help="Before the end date is reached it moves by the renewal months, again and again.")
    renewal_months = fields.Integer(
        default=12, tracking=True, help="Length of each new term, counted from the start of the contract.")
    renewal_date = fields.Date(
        "Renews On", compute="_compute_renewal_date", store=True, index="btree_not_null",
        help="Day on which the end date moves: the last day of the term, or earlier if the next invoice is due before.")
    renewal_starts = fields.Json(copy=False, readonly=True)  # first day of each term that a renewal began
    term_notice_date = fields.Date(
        "Notice On", compute="_compute_term_notice_date", store=True, index="btree_not_null",
        help="Day on which the salesperson is told that the term is about to end or to renew.")
    term_notice_given = fields.Boolean(
        compute="_compute_term_notice_given", store=True, readonly=False, copy=False,
        help="The salesperson was told of this end.")
    renewal_message = fields.Char(compute="_compute_renewal_message")

    _renewal_idx = models.Index("(company_id, renewal_date) WHERE state = 'active' AND auto_renew IS TRUE")
    _notice_idx = models.Index(
        "(company_id, term_notice_date) WHERE state = 'active' AND term_notice_given IS NOT TRUE")
    _renewal_months_positive = models.Constraint(
        "CHECK (renewal_months > 0)", "A renewal lasts a month at least: enter a number of months above zero.")

    @api.depends(
        "auto_renew", "date_start", "date_end", "frequency", "alignment", "last_day_anchor", "billing_policy",
        "billing_offset", "billed_through", "day_change_ids.cycle_start")
    def _compute_renewal_date(self):
        for contract in self:
            is_term = contract.auto_renew and contract.date_start and contract.date_end
            contract.renewal_date = is_term and contract.date_end >= contract.date_start and renewal_day(
                contract._billing_terms(), contract.billing_policy, contract.billing_offset)

    @api.depends("date_end", "renewal_date", "company_id.billing_notice_days")
    def _compute_term_notice_date(self):
        for contract in self:
            day, days = contract.renewal_date or contract.date_end, contract.company_id.billing_notice_days
            contract.term_notice_date = day and days and day - timedelta(days=days)

    @api.depends("date_end")
    def _compute_term_notice_given(self):
        """A new end asks for a notice of its own."""
        self.term_notice_given = False

    @api.depends("renewal_date", "renewal_months", "state")
    def _compute_renewal_message(self):
        for contract in self:
            is_open = contract.renewal_date and contract.renewal_months > 0 and contract.state != "closed"
            contract.renewal_message = is_open and self.env._(
                "Renews on %(day)s until %(end)s", day=format_date(self.env, contract.renewal_date),
                end=format_date(self.env, contract._get_renewed_end(contract.renewal_months)))

    # ---- the ends to come -----------------------------------------------------------------------------------------

    def _get_renewed_end(self, months):
        """Return the last day of the contract, which has an end, when it goes on for ``months``."""
        self.ensure_one()
        return renewed_end(self._billing_terms(), months)

    def _get_renewals(self, day, series=None):
        """Return the automatic renewals up to ``day`` as (day, new end), oldest first.

        :param series: the engine's terms without an end; default those in force
        """
        self.ensure_one()
        if not self.auto_renew or not self.date_end:
            return []
        terms = self._cut_terms(series or self._billing_series(), self._get_last_day())
        return renewals(
            terms, self.billing_policy, self.billing_offset, self.renewal_months, day)

    def _get_term_start(self, day):
        """Return the first day of the term that ``day`` lies in: the start of the contract, or its last renewal."""
        self.ensure_one()
        starts = [fields.Date.to_date(start) for start in self.renewal_starts or ()]
        return max([self.date_start, *(start for start in starts if start <= day)])

    def _get_monthly_amount(self):
        """Return what the active subscriptions cost a month, discounts taken off, in the contract's currency."""
        self.ensure_one()
        return float(sum(
            sub._get_monthly_amount() for sub in self.subscription_ids if sub.state == "active" and sub.billable))

    # ---- renewing -------------------------------------------------------------------------------------------------

    @api.model
    def _get_renewal_domain(self, company, day):
        """Return the domain of the contracts of ``company`` that the job renews on ``day``."""
        return [
            ("company_id", "=", company.id), ("state", "=", "active"), ("auto_renew", "=", True),
            ("renewal_date", "<=", day)]

    def _renew_due(self, day):
        """Renew the contracts as often as it takes for their end to lie ahead of ``day``."""
        ends = {contract: [end for _day, end in contract._get_renewals(day)] for contract in self}
        self._extend({contract: own for contract, own in ends.items() if own})

    def action_renew(self, months=None):
        """Let the contracts go on after their end.

        :param months: length of the new term, by default the contract's own
        :raises UserError: where there is no end, or it is past for good
        """
        self.check_access("write")
        for contract in self:
            if contract.state == "closed":
                contract._refuse_closed()
            if not contract.date_end:
                raise UserError(self.env._(
                    "%(contract)s has no end: there is nothing to renew.", contract=contract.display_name))
            if months is not None and months < 1:
                raise UserError(self.env._("Enter the number of months for which the contract goes on, one or more."))
        self._extend({
            contract: [contract._get_renewed_end(months or contract.renewal_months)] for contract in self})

    def _extend(self, ends_of):
        """Move the end of each contract to the last of its new ``ends`` and tell each; the schedules follow.

        A last cycle that the old end has cut and that is not billed is made anew, in full.
        """
        contracts = self.browse([contract.id for contract in ends_of])
        told = {}
        for contract, ends in ends_of.items():
            starts = [end + timedelta(days=1) for end in (contract.date_end, *ends[:-1])]
            contract.renewal_starts = [*(contract.renewal_starts or ()), *map(fields.Date.to_string, starts)]
            told[contract.id] = plaintext2html("\n".join(
                self.env._("Renewed: a new term from %(start)s to %(end)s.", start=format_date(self.env, start),
                           end=format_date(self.env, end))
                for start, end in zip(starts, ends, strict=True)))
        for end, own in contracts.grouped(lambda contract: ends_of[contract][-1]).items():
            own.date_end = end
        contracts._message_log_batch(bodies=told)
        contracts._close_notices(self.env._("The contract was renewed."))

    def action_open_renewal(self):
        """Open the window *Renew* for this contract."""
        self.ensure_one()
        return self.env["billing.contract.renew"].create({"contract_id": self.id})._action_open()

    # ---- notice ---------------------------------------------------------------------------------------------------

    @api.model
    def _get_notice_domain(self, company, day):
        """Return the domain of the contracts of ``company`` of whose end the salesperson is to be told on ``day``."""
        return [
            ("company_id", "=", company.id), ("state", "=", "active"), ("term_notice_given", "=", False),
            ("term_notice_date", "<=", day), ("date_end", ">=", day)]

    def _give_notice(self):
        """Leave the salesperson an activity for the coming end or renewal, once for each term."""
        self.env["mail.activity"].create([contract._prepare_notice() for contract in self])
        self.term_notice_given = True

    def _close_notices(self, feedback):
        """Close the activities that a renewal or the end of the contract has settled."""
        if self:
            self.sudo().activity_feedback([NOTICE], feedback=feedback)  # the system closes what the system has opened

    def _prepare_notice(self):
        day = self.renewal_date or self.date_end
        values = {
            "contract": self.name, "day": format_date(self.env, day),
            "amount": self.currency_id.format(self._get_monthly_amount())}
        if self.renewal_date:
            summary = self.env._("Renews on %(day)s", **values)
            note = self.env._(
                "%(contract)s renews on %(day)s until %(end)s, for %(amount)s a month. To let it end, switch Auto "
                "Renew off before.", **values,
                end=format_date(self.env, self._get_renewed_end(self.renewal_months)))
        else:
            summary = self.env._("Ends on %(day)s", **values)
            note = self.env._(
                "%(contract)s ends on %(day)s, it bills %(amount)s a month. To go on, use Renew before.", **values)
        return {
            "activity_type_id": self.env.ref(NOTICE).id, "automated": True,
            "summary": summary, "note": plaintext2html(note),
            "res_model_id": self.env["ir.model"]._get_id(self._name), "res_id": self.id, "date_deadline": day,
            "user_id": (self.user_id or self.env.user).id}
