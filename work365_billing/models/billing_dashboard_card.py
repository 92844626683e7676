from datetime import timedelta

from odoo import api, fields, models
from odoo.fields import Domain

from ..engine import reasons
from ..engine.revenue import MONTHS_A_YEAR

ENDING_DAYS = 90  # how far ahead contracts that end are shown
DRAFT_DAYS = 7  # how long an invoice may be a draft

# Pending rows with these reasons were looked at, and wait for something else than the next run.
LOOKED_AT = (reasons.NOTHING_TO_BILL, reasons.APPROVAL)

# kind: the list that the card opens, and what it adds up
TARGETS = {
    "missed": ("billing_schedule_action", None),
    "approval": ("billing_run_action", None),
    "on_hold": ("billing_schedule_action", None),
    "failed_jobs": ("billing_job_action", None),
    "missing_data": ("billing_missing_data_action", None),
    "change_logs": ("billing_change_log_action", None),
    "ending": ("billing_contract_action", None),
    "drafts": ("account.action_move_out_invoice_type", "amount_total_signed:sum"),
    "replaced": ("account.action_move_out_invoice_type", "amount_total_signed:sum"),
}
REVENUE = {"mrr": 1, "arr": MONTHS_A_YEAR}  # figures of money, as multiples of a month's
# kind of figure: the report that the card opens
REPORTS = {**dict.fromkeys(REVENUE, "billing_revenue_action_open"), "forecast": "billing_forecast_action_open"}


class BillingDashboardCard(models.Model):
    """What somebody should look at, counted for the viewer and the companies chosen, with the way to the records."""

    _name = "billing.dashboard.card"
    _description = "Billing Dashboard Card"
    _order = "sequence, id"

    name = fields.Char(required=True, translate=True)
    text = fields.Char(required=True, translate=True, help="What is counted, and what to do about it.")
    kind = fields.Selection(
        [
            ("missed", "Missed or errored schedules"),
            ("approval", "Runs waiting for approval"),
            ("on_hold", "Periods on hold"),
            ("failed_jobs", "Failed jobs"),
            ("missing_data", "Missing data"),
            ("change_logs", "Uninvoiced change logs"),
            ("ending", "Contracts ending"),
            ("drafts", "Old drafts"),
            ("replaced", "Replaced invoices"),
            ("mrr", "Monthly recurring revenue"),
            ("arr", "Annual recurring revenue"),
            ("forecast", "Forecast"),
        ],
        required=True)
    sequence = fields.Integer(default=10)
    is_alert = fields.Boolean(help="Anything above zero is wrong, and not only worth a look.")
    is_figure = fields.Boolean(compute="_compute_is_figure", help="It shows an amount, and nothing is to be done.")
    count = fields.Integer(compute="_compute_figures")
    amount = fields.Monetary(compute="_compute_figures")
    currency_id = fields.Many2one("res.currency", compute="_compute_figures")

    _kind_uniq = models.UniqueIndex("(kind)", "There is a card of this kind already.")

    @api.depends("kind")
    def _compute_is_figure(self):
        for card in self:
            card.is_figure = card.kind in REPORTS

    @api.depends_context("uid", "allowed_company_ids")
    def _compute_figures(self):
        currency = self.env.company.currency_id
        same_currency = len(self.env.companies.currency_id) == 1
        figures = self.filtered("is_figure")
        amounts = self._read_amounts(currency) if figures else {}
        for card in figures:
            card.update({"count": 0, "amount": currency.round(amounts[card.kind]), "currency_id": currency})
        for card in self - figures:
            model, domain, total = card._get_target()
            aggregates = ["__count", *([total] if total and same_currency else [])]
            [[card.count, *totals]] = model._read_group(domain, [], aggregates)
            card.amount = totals[0] if totals else 0.0
            card.currency_id = currency

    def action_open(self):
        """Open the list of what the card counts."""
        self.ensure_one()
        if self.is_figure:
            return self.env["ir.actions.client"]._for_xml_id(f"work365_billing.{REPORTS[self.kind]}")
        _model, domain, _total = self._get_target()
        return {
            **self._get_action(), "name": self.name, "display_name": self.name, "domain": list(domain),
            "context": {"create": False}}

    def _read_amounts(self, currency):
        """Return, per kind of figure, what the chosen companies have in ``currency``."""
        Subscription = self.env["billing.subscription"]
        mrr = self._add_up({company: Subscription._read_mrr(company) for company in self.env.companies}, currency)
        forecast = dict(self.env["billing.forecast"]._read_group(
            [("company_id", "in", self.env.companies.ids)], ["company_id"], ["amount:sum"]))
        return {
            **{kind: mrr * months for kind, months in REVENUE.items()},
            "forecast": self._add_up(forecast, currency)}

    def _add_up(self, amounts, currency):
        """Return the sum of ``amounts`` by company, each in its own currency, in ``currency`` at today's rates."""
        return sum(
            company.currency_id._convert(amount, currency, company, company._billing_today())
            for company, amount in amounts.items())

    # ---- what is counted --------------------------------------------------------------------------------------------

    def _get_action(self):
        xmlid = TARGETS[self.kind][0]
        return self.env["ir.actions.act_window"]._for_xml_id(xmlid if "." in xmlid else f"work365_billing.{xmlid}")

    def _get_target(self):
        """Return the model and the domain of the records of the card, and the aggregate that it shows besides."""
        self.ensure_one()
        domain = getattr(self, f"_get_{self.kind}_domain")()
        return self.env[self._get_action()["res_model"]], Domain(domain), TARGETS[self.kind][1]

    def _get_missed_domain(self):
        """In error, or due at the last hourly run, or for a day, and still neither invoiced nor explained."""
        overdue = Domain.OR(
            Domain([("company_id", "=", company.id), ("schedule_date", "<=", self._get_last_billed_day(company))])
            for company in self.env.companies)
        told = Domain("reason", "in", LOOKED_AT)
        return Domain([("contract_id.state", "=", "active"), ("on_hold", "=", False)]) & (
            Domain("state", "=", "error") | Domain("state", "=", "pending") & overdue & ~told)

    def _get_last_billed_day(self, company):
        """Return the last day of which every schedule should be invoiced by now."""
        # Everybody may know when the job ran last; the settings of jobs are for administrators.
        last_run = self.env.ref("work365_billing.ir_cron_generate_invoices").sudo().lastcall
        yesterday = company._billing_today() - timedelta(days=1)
        return max(yesterday, company._billing_date(last_run)) if last_run else yesterday

    def _get_approval_domain(self):
        return [("state", "=", "approval")]

    def _get_on_hold_domain(self):
        return [("state", "=", "pending"), ("on_hold", "=", True)]

    def _get_failed_jobs_domain(self):
        """Generating a period that failed is among the missed and errored schedules already."""
        return Domain("unsolved", "=", True) & (Domain("job_type", "!=", "invoice") | Domain("schedule_id", "=", False))

    def _get_missing_data_domain(self):
        return []

    def _get_change_logs_domain(self):
        return [("state", "=", "active"), ("contract_id.state", "in", ("active", "suspended"))]

    def _get_ending_domain(self):
        today = self.env.company._billing_today()
        return [
            ("state", "in", ("active", "suspended")), ("date_end", ">=", today),
            ("date_end", "<=", today + timedelta(days=ENDING_DAYS))]

    def _get_drafts_domain(self):
        before = self.env.company._billing_today() - timedelta(days=DRAFT_DAYS)
        return [
            ("billing_contract_id", "!=", False), ("state", "=", "draft"), ("billing_replaced_by_id", "=", False),
            ("invoice_date", "<", before)]

    def _get_replaced_domain(self):
        return [
            ("billing_replaced_by_id", "!=", False), ("state", "!=", "cancel"), ("payment_state", "!=", "reversed")]
