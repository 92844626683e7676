from datetime import timedelta
from functools import partial

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.fields import Domain
from odoo.tools import SQL, format_date

from ..engine import reasons
from . import billing_reason
from .selections import KINDS, RUN_TYPES

# The first retry comes with the next hourly job, later ones after twice the pause each, once a day at most.
FIRST_PAUSE = timedelta(minutes=50)
LONGEST_PAUSE = timedelta(days=1)


class BillingSchedule(models.Model):
    """The ledger of billed periods: one row per period, unique in the database, with the invoice that it produced."""

    _name = "billing.schedule"
    _description = "Billing Schedule"
    _order = "schedule_date, cycle_start, id"

    contract_id = fields.Many2one(
        "billing.contract", "Billing Contract", required=True, index=True, ondelete="cascade", readonly=True)
    subscription_id = fields.Many2one("billing.subscription", index="btree_not_null", ondelete="cascade", readonly=True)
    company_id = fields.Many2one(related="contract_id.company_id", store=True, index=True, precompute=True)
    partner_id = fields.Many2one(related="contract_id.partner_id", store=True, index=True)
    currency_id = fields.Many2one(related="contract_id.currency_id")
    user_id = fields.Many2one(related="contract_id.user_id")
    source_key = fields.Char(
        compute="_compute_source_key", store=True, precompute=True, required=True,
        help="What the period belongs to: a contract, or a subscription with cycles of its own.")
    kind = fields.Selection(KINDS, required=True, default="regular", readonly=True)
    cycle_start = fields.Date(required=True, readonly=True)
    cycle_end = fields.Date(required=True, readonly=True, help="Last day of the cycle.")
    schedule_date = fields.Date(
        compute="_compute_schedule_date", store=True, readonly=False, precompute=True, required=True, index=True,
        help="Day on which the invoice is made.")
    state = fields.Selection(
        [("pending", "Pending"), ("error", "Error"), ("invoiced", "Invoiced"), ("skipped", "Skipped")],
        "Status Reason", required=True, default="pending", index=True, readonly=True)
    active = fields.Boolean(default=True, readonly=True)
    status = fields.Selection([("active", "Active"), ("inactive", "Inactive")], compute="_compute_status")
    on_hold = fields.Boolean(
        readonly=True, help="The invoice was credited in full: the job waits until somebody generates or skips.")
    resulting_invoice_id = fields.Many2one(
        "account.move", "Resulting Invoice", index="btree_not_null", ondelete="set null", readonly=True, copy=False)
    last_log_id = fields.Integer(
        readonly=True, help="The newest change that the invoice of this period was made with. Kept when it is undone.")
    run_type = fields.Selection(RUN_TYPES, readonly=True)
    run_date = fields.Date(
        readonly=True, help="Day on which the invoice was made, or on which there was nothing to bill.")
    reason = fields.Selection(
        "_select_reasons", readonly=True, help="Why the period is not invoiced.")
    message = fields.Text(readonly=True)
    attempts = fields.Integer(readonly=True)
    retry_at = fields.Datetime("Next Try", readonly=True)

    _period_uniq = models.UniqueIndex(
        "(source_key, kind, cycle_start)", "This period is already in the ledger: it cannot be billed twice.")
    # An expression has statistics of its own, unless the index is partial. By those of the columns PostgreSQL takes
    # many open rows to be due, as most dates are past, and reads the whole ledger.
    _due_idx = models.Index(
        "(company_id, (CASE WHEN state IN ('pending', 'error') AND on_hold IS NOT TRUE THEN schedule_date END))")
    _items_idx = models.Index(
        "(company_id) WHERE state IN ('pending', 'error') AND kind = 'regular' AND subscription_id IS NULL "
        "AND cycle_start = cycle_end")
    _end_after_start = models.Constraint(
        "CHECK (cycle_end >= cycle_start)", "The cycle ends before it starts: enter a later end.")

    @api.model
    def _select_reasons(self):
        return billing_reason.choices(self.env)

    @api.depends("contract_id", "subscription_id")
    def _compute_source_key(self):
        for row in self:
            row.source_key = row._get_cycle_owner()._get_source_key()

    def _get_cycle_owner(self):
        """Return the record whose period this is."""
        return self.subscription_id or self.contract_id

    def _get_log_domain(self):
        """Return the domain of the change logs of what is billed in this period."""
        if self.subscription_id:
            return [("subscription_id", "=", self.subscription_id.id)]
        return [("contract_id", "=", self.contract_id.id)]

    def _is_for_items(self):
        """Tell whether this is no cycle, but a day on which only items are billed."""
        return self.kind == "regular" and self._get_cycle_owner() == self.contract_id and (
            self.contract_id.contract_type != "recurring")

    def _get_remade(self, stays=None):
        """Return those of these cycles of one owner that are made anew when its terms change.

        All open ones do after the last that is billed, skipped or on hold.

        :param stays: open rows that stay as well
        """
        kept = self.filtered(lambda row: not row._is_open()) | (stays or self.browse())
        last = max(kept.mapped("cycle_end"), default=None)
        return (self - kept).filtered(lambda row: not last or row.cycle_start > last)

    def _is_open(self):
        """Tell whether the period is to be billed, by the job as well."""
        return self.state in ("pending", "error") and not self.on_hold

    @api.depends("contract_id.billing_policy", "contract_id.billing_offset", "cycle_start", "cycle_end", "kind")
    def _compute_schedule_date(self):
        for row in self:
            if row.state in ("invoiced", "skipped") or row.kind == "change_log":
                row.schedule_date = row.schedule_date or row.cycle_end
            else:
                row.schedule_date = row._get_cycle_owner()._get_schedule_date(row.cycle_start, row.cycle_end)

    @api.model
    def _schedule_date(self, contract, cycle_start, cycle_end):
        """Return the day on which the cycle is due (both ends inclusive)."""
        base = cycle_end if contract.billing_policy == "arrears" else cycle_start
        return base + timedelta(days=contract.billing_offset)

    @api.depends("active")
    def _compute_status(self):
        for row in self:
            row.status = "active" if row.active else "inactive"

    @api.depends("contract_id.name", "subscription_id.name", "cycle_start", "cycle_end")
    @api.depends_context("lang", "billing_short_name")
    def _compute_display_name(self):
        short = self.env.context.get("billing_short_name")
        for row in self:
            period = row._get_period_name()
            row.display_name = period if short else f"{row.contract_id.name} · {period}"

    def _get_period_name(self):
        """Return what the row bills and when, in the user's format: the subscription where the cycle is its own."""
        self.ensure_one()
        start, end = format_date(self.env, self.cycle_start), format_date(self.env, self.cycle_end)
        if self._is_for_items():
            return self.env._("Items of %(date)s", date=start)
        return f"{self.subscription_id.name} · {start} – {end}" if self.subscription_id else f"{start} – {end}"

    # ---- what is due ----------------------------------------------------------------------------------------------

    @api.model
    def _get_due_domain(self, company, day):
        """Return the domain of what the job bills for ``company`` on ``day`` (local date): due and not billed."""
        return Domain("company_id", "=", company.id) & Domain.custom(
            to_sql=partial(self._get_due_sql, day),
            predicate=lambda row: row._is_open() and row.schedule_date <= day and row.contract_id.state == "active")

    @api.model
    def _get_due_sql(self, day, model, alias, query):
        """Return the condition of a row that is due on ``day``, so written that only such rows and contracts are read.

        The date as in the index, see there; the contract's state looked up row by row, where a join would read all.
        """
        state, on_hold, schedule_date, contract = (
            model._field_to_sql(alias, name, query) for name in ("state", "on_hold", "schedule_date", "contract_id"))
        contract_state = SQL(
            "(SELECT contract.state FROM billing_contract contract WHERE contract.id = %s)", contract,
            to_flush=self.env["billing.contract"]._fields["state"])
        return SQL(
            "((CASE WHEN %s IN ('pending', 'error') AND %s IS NOT TRUE THEN %s END) <= %s AND %s = 'active')",
            state, on_hold, schedule_date, day, contract_state)

    @api.model
    def _find_contracts_of_items(self, company):
        """Return the ids of the contracts of ``company`` with an open row of one day, as those for items are."""
        self.flush_model(["company_id", "state", "kind", "subscription_id", "cycle_start", "cycle_end", "contract_id"])
        return {id_ for [id_] in self.env.execute_query(SQL(
            "SELECT contract_id FROM billing_schedule WHERE company_id = %s AND state IN ('pending', 'error') "
            "AND kind = 'regular' AND subscription_id IS NULL AND cycle_start = cycle_end", company.id))}

    @api.model
    def _find_next_uninvoiced(self, contracts):
        """Return the billing cycle of each contract that is to be invoiced next, by contract id."""
        domain = Domain([("kind", "=", "regular"), ("state", "in", ("pending", "error"))])
        return self._find_one_each(contracts, domain, SQL("schedule_date, cycle_start, id"))

    @api.model
    def _find_last_invoiced(self, contracts, kind):
        """Return the latest period of each contract that has an invoice, by contract id."""
        domain = Domain([("kind", "=", kind), ("state", "=", "invoiced")])
        return self._find_one_each(contracts, domain, SQL("cycle_start DESC, id DESC"))

    def _find_one_each(self, contracts, domain, order):
        """Return the first row of ``domain`` per contract id: an invoice or two, where a ledger may hold hundreds."""
        self.flush_model(["contract_id", "schedule_date", "cycle_start"])
        query = self.with_context(active_test=False)._search(domain & Domain("contract_id", "in", contracts.ids))
        found = self.env.execute_query(SQL(
            "SELECT DISTINCT ON (contract_id) contract_id, id FROM billing_schedule WHERE id IN %s "
            "ORDER BY contract_id, %s", query.subselect(), order))
        rows = self.browse([id_ for _contract, id_ in found])
        return {contract: row for (contract, _id), row in zip(found, rows, strict=True)}

    # ---- states, each changed in one method -----------------------------------------------------------------------

    def _set_invoiced(self, move, run_type, last_log_id):
        """The period is billed by ``move``, made with the changes up to ``last_log_id``."""
        self.ensure_one()
        mended = self._in_error()
        self.write({
            "state": "invoiced", "active": False, "on_hold": False, "resulting_invoice_id": move.id,
            "last_log_id": last_log_id,
            "run_type": run_type, "run_date": self.company_id._billing_today(), "reason": False, "message": False,
            "attempts": 0, "retry_at": False})
        if mended:
            mended._close_alerts(self.env._("The invoice of %(period)s was made.", period=self._get_period_name()))

    def _in_error(self):
        """Return the contracts of the rows that are parked."""
        return self.filtered(lambda row: row.state == "error").contract_id

    def _set_error(self, code, message):
        """Park the period: it is tried again after a pause that doubles, and later ones of the contract wait."""
        self.ensure_one()
        pause = min(FIRST_PAUSE * 2 ** min(self.attempts, 10), LONGEST_PAUSE)
        self.write({
            "state": "error", "reason": code, "message": message, "attempts": self.attempts + 1,
            "retry_at": fields.Datetime.now() + pause})
        self.contract_id._alert(
            self.env._("Invoice of %(period)s could not be made", period=self._get_period_name()), message)

    def _set_nothing(self, code, message):
        """There is nothing to bill yet: the reasons are kept and the period stays open."""
        mended = self._in_error()
        self.write({
            "state": "pending", "reason": code, "message": message, "attempts": 0, "retry_at": False,
            "run_date": self.company_id._billing_today()})
        mended._close_alerts(message)

    def _set_skipped(self, code, message):
        """The period is closed without an invoice.

        Where there was nothing to bill, changes of the period that are entered from now on are still billed.
        """
        mended = self._in_error()
        if code == reasons.NOTHING_TO_BILL:
            for row in self:
                row.last_log_id = max(row.contract_id.change_log_ids.ids, default=0)
        for company, rows in self.grouped("company_id").items():
            rows.write({
                "state": "skipped", "active": False, "on_hold": False, "reason": code, "message": message,
                "run_date": company._billing_today(), "retry_at": False})
        mended._close_alerts(message)

    def _release(self, on_hold=False):
        """Return the period, and all that its invoice had used, to what is still to be billed."""
        for row in self:
            row.write({
                "state": "pending", "active": True, "resulting_invoice_id": False, "run_date": False, "run_type": False,
                "on_hold": on_hold, "reason": reasons.ON_HOLD if on_hold else False,
                "message": billing_reason.explain(self.env, reasons.ON_HOLD) if on_hold else False})

    def _remove(self):
        """Take rows out of the ledger in which nothing is billed any more."""
        mended = self._in_error()
        self.unlink()
        mended._close_alerts(self.env._("There is nothing to bill any more."))

    def _get_credited_invoices(self):
        """Return the invoices of the free periods that were credited in full: what they billed waits with them."""
        free = self.filtered(lambda row: not row.resulting_invoice_id)
        return self.env["account.move"].sudo().search([  # the credited invoice counts, whoever may read it
            ("billing_schedule_id", "in", free.ids), ("state", "=", "posted"), ("payment_state", "=", "reversed")])

    # ---- what the clerk does --------------------------------------------------------------------------------------

    def action_skip(self):
        """Close the period without an invoice."""
        self.contract_id.check_access("write")
        rows = self.sudo()  # clerks move the ledger only by its own actions
        for row in rows:
            if row.state not in ("pending", "error"):
                raise UserError(self.env._(
                    "%(period)s is not open: there is nothing to skip.", period=row.display_name))
        rows._set_skipped(reasons.SKIPPED, self.env._("Skipped by %(user)s.", user=self.env.user.name))
        rows._withhold_items()
        for row in self:
            row.contract_id.message_post(body=self.env._(
                "Period %(period)s was skipped by %(user)s.", period=row._get_period_name(), user=self.env.user.name))

    def _withhold_items(self):
        """Mark the items of a skipped day as not billable: they would go to the next free day."""
        for row in self.filtered(lambda row: row._is_for_items()):
            items = row.contract_id.item_ids.filtered(
                lambda item, row=row: item.billable and not item.invoice_line_id and item.invoice_on <= row.cycle_end)
            items.billable = False
            for item in items:
                row.contract_id.message_post(body=self.env._(
                    "%(item)s is no longer billable, because its day was skipped: tick Billable to bill it.",
                    item=item.name))

    def action_retry(self):
        """Let the hourly job try the periods again at once, without waiting."""
        self.contract_id.check_access("write")
        rows = self.sudo().filtered(lambda row: row.state == "error")  # clerks move the ledger only by its own actions
        rows.write({"retry_at": False})
        for row in rows:
            row.contract_id.with_env(self.env)._message_log(body=self.env._(
                "%(user)s asked to try period %(period)s again.", period=row._get_period_name(),
                user=self.env.user.name))
        self.env.ref("work365_billing.ir_cron_generate_invoices")._trigger()

    def action_generate_invoice(self):
        """Open the window *Generate Invoice* for this period."""
        self.ensure_one()
        wizard = self.env["billing.generate"].create({"contract_id": self.contract_id.id, "schedule_id": self.id})
        return wizard._action_open()
