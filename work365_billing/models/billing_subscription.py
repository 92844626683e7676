from fractions import Fraction

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import SQL

from ..engine.money import exact
from ..engine.steps import SALES_UNIT_MONTHS
from .selections import FREQUENCIES


class BillingSubscription(models.Model):
    """A product that a contract charges in every cycle, with its history of changes."""

    _name = "billing.subscription"
    _description = "Billing Subscription"
    _inherit = ["mail.thread", "billing.line.mixin"]
    _order = "contract_id, sequence, id"

    sequence = fields.Integer(default=10)
    quantity = fields.Float(
        tracking=True,
        help="The sum of the change logs that have taken effect. "
             "Changing it on an active contract is a change from today.")
    sales_unit = fields.Selection(
        FREQUENCIES, "Sales Unit", compute="_compute_sales_unit", store=True, readonly=False, precompute=True,
        required=True, tracking=True, help="The period that the unit price is for.")
    price_unit = fields.Float(
        tracking=True, help="Price of one unit for one sales unit. A change acts from the next cycle.")
    monthly_price = fields.Float(compute="_compute_monthly_price", digits=0, help="Unit price per month, not rounded.")
    date_start = fields.Date(
        "Start Date", compute="_compute_date_start", store=True, readonly=False, precompute=True, required=True,
        tracking=True)
    date_end = fields.Date("End Date", tracking=True, help="Last billed day.")
    billable = fields.Boolean(tracking=True)
    state = fields.Selection(
        [("active", "Active"), ("paused", "Paused"), ("inactive", "Inactive")],
        default="active", required=True, copy=False, tracking=True)
    discount = fields.Float(tracking=True)
    change_log_ids = fields.One2many("billing.change.log", "subscription_id", "Change Logs", copy=False)
    sale_line_ids = fields.One2many("sale.order.line", "billing_subscription_id", "Sales Order Lines")

    _end_after_start = models.Constraint(
        "CHECK (date_end IS NULL OR date_end >= date_start)",
        "The subscription ends before it starts: enter a later end, or leave it empty.",
    )
    _quantity_positive = models.Constraint(
        "CHECK (quantity >= 0)",
        "The quantity of a subscription cannot be negative: enter a non-recurring item for a credit.")

    # ---- defaults that the user may change ------------------------------------------------------------------------

    @api.depends("contract_id")
    def _compute_sales_unit(self):
        for subscription in self:
            template = subscription.product_id
            subscription.sales_unit = (
                subscription.sales_unit or (template.billing_recurring and template.billing_frequency)
                or subscription.contract_id.frequency or "monthly")

    @api.depends("price_unit", "sales_unit")
    def _compute_monthly_price(self):
        for subscription in self:
            subscription.monthly_price = subscription.price_unit / float(subscription._get_price_months())

    def _get_unit_months(self):
        """Return the number of months of the sales unit, or None where the price is for a cycle, however long.

        :raises KeyError: for a sales unit that nobody knows: nothing may be billed of it
        """
        return SALES_UNIT_MONTHS[self.sales_unit]

    def _get_price_months(self):
        """Return the number of months, exact, that the unit price is for."""
        return Fraction(SALES_UNIT_MONTHS.get(self.sales_unit, 1))

    @api.depends("contract_id")
    def _compute_date_start(self):
        for subscription in self:
            subscription.date_start = subscription.date_start or subscription.contract_id.date_start

    # ---- records --------------------------------------------------------------------------------------------------

    @api.model_create_multi
    def create(self, vals_list):
        subscriptions = super().create(vals_list)
        subscriptions._log_creation()
        subscriptions._join_suspension()
        subscriptions._check_deltas()
        return subscriptions

    def write(self, vals):
        """On a contract that is or was active, a new quantity or price is a change from today."""
        changes = {name: vals[name] for name in ("quantity", "price_unit") if name in vals}
        entered = self.filtered(lambda subscription: changes and subscription._is_being_entered())
        live = (self - entered).filtered(lambda subscription: subscription._is_change(changes))
        self._check_fixed_once_billed(vals)
        if "date_end" in vals:
            self._check_later_end(fields.Date.to_date(vals["date_end"]))
        if vals.get("date_start"):
            self._move_start(fields.Date.to_date(vals["date_start"]))
        super(BillingSubscription, self - live).write(vals)
        result = super(BillingSubscription, live).write({name: vals[name] for name in vals if name not in changes})
        entered._sync_creation_log(changes)
        for subscription in live:
            day = max(subscription.company_id._billing_today(), subscription.date_start)
            subscription._commit_edits([subscription._prepare_update(day, **changes)])
        if "quantity" in vals:
            self._check_deltas()
        return result

    def _is_change(self, changes):
        """Tell whether ``changes`` must be logged: they are not what the logs say already."""
        return any(value != changes.get(name, value) for name, value in self._get_applied().items())

    def _is_being_entered(self):
        """Tell whether what is typed corrects the first entry: the contract is a draft, or the start lies ahead."""
        if self.state != "active":
            return False
        first = self.change_log_ids.sudo().filtered(lambda log: log.event == "create")[:1]
        ahead = self.date_start > self.company_id._billing_today() and first.state != "archived"
        return self.contract_id.state == "draft" or ahead

    def _get_applied(self):
        """Return the quantity and price that the applied change logs amount to."""
        applied = self.change_log_ids.sudo().filtered("applied")
        last = applied.filtered("sets_price").sorted(lambda log: (log.effective_date, log.id))[-1:]
        return {"quantity": float(sum(map(exact, applied.mapped("quantity")))), "price_unit": last.price_unit}

    def _check_fixed_once_billed(self, vals):
        fixed = {"sales_unit", "date_start", "contract_id", "product_id", "pricing", "billed_through"} & set(vals)
        end = fields.Date.to_date(vals["date_end"]) if vals.get("date_end") else None
        if not fixed and not end:
            return
        for subscription in self:
            last = subscription._get_billed_through()
            if not last:
                continue
            changed = [name for name in fixed if self._fields[name].convert_to_write(
                subscription[name], subscription) != self._fields[name].convert_to_write(
                    self._fields[name].convert_to_cache(vals[name], subscription), subscription)]
            if changed:
                raise UserError(self.env._(
                    "%(subscription)s is already billed up to %(date)s, so %(fields)s cannot change: deactivate it and "
                    "add a new subscription.", subscription=subscription.name, date=last,
                    fields=", ".join(self._fields[name]._description_string(self.env) for name in changed)))
            if end and end < last and end != subscription.date_end:
                raise UserError(self.env._(
                    "%(subscription)s is already billed up to %(date)s: use Deactivate to stop it earlier, with or "
                    "without a refund.", subscription=subscription.name, date=last))

    def _check_later_end(self, end):
        """Refuse a later end when the days after the old one lie in an invoiced cycle: they would never be billed."""
        for subscription in self.filtered(lambda sub: sub.date_end and (not end or end > sub.date_end)):
            rows = subscription.sudo()._get_schedules().filtered(
                lambda row, sub=subscription: row.state == "invoiced" and row.cycle_end > sub.date_end)
            if rows:
                raise UserError(self.env._(
                    "%(subscription)s ended on %(end)s and the contract is invoiced up to %(date)s: add a new "
                    "subscription that starts the day after. The days since are billed with the next invoice.",
                    subscription=subscription.name, end=subscription.date_end, date=max(rows.mapped("cycle_end"))))

    def _get_billed_through(self):
        """Return the last day for which a live invoice bills this subscription, or None."""
        self.ensure_one()
        self.env["account.move.line"].flush_model()
        self.env["billing.schedule"].flush_model(["resulting_invoice_id"])
        [[last]] = self.env.execute_query(SQL(
            """
            SELECT MAX(line.billing_period_end)
              FROM account_move_line line JOIN billing_schedule row ON row.resulting_invoice_id = line.move_id
             WHERE line.billing_subscription_id = %s AND line.billing_amount >= 0
            """, self.id))
        return last

    @api.ondelete(at_uninstall=False)
    def _unlink_except_billed(self):
        for subscription in self:
            if subscription._get_billed_through():
                raise UserError(self.env._(
                    "%(subscription)s is billed and stays as its proof: deactivate it.",
                    subscription=subscription.name))

    # ---- change logs ----------------------------------------------------------------------------------------------

    def _log_creation(self):
        self.env["billing.change.log"].sudo().create([  # logs are written by the system only
            subscription._prepare_log("create", subscription.date_start, subscription.quantity)
            for subscription in self])

    def _sync_creation_log(self, changes):
        """Let the first log follow what is typed while it is being entered; later changes keep their difference."""
        for subscription in self:
            log = subscription.change_log_ids.sudo().filtered(lambda log: log.event == "create")[:1]
            if log:
                applied = subscription._get_applied()
                typed = {**applied, **changes}
                log.quantity = float(exact(log.quantity) + exact(typed["quantity"]) - exact(applied["quantity"]))
                if typed["price_unit"] != applied["price_unit"]:
                    log.price_unit = typed["price_unit"]
                subscription._commit_edits([subscription._prepare_edits()])

    def _follow_start(self, old):
        """Let the subscriptions that started on ``old`` with their contract start on its new first day."""
        for subscription in self.filtered(lambda sub: sub.date_start == old and sub.contract_id.date_start != old):
            subscription.date_start = subscription.contract_id.date_start

    def _move_start(self, start):
        """Let the first change log, and those that would come before it, follow the new start."""
        for subscription in self:
            logs = subscription.change_log_ids.sudo()  # logs are written by the system only
            first = logs.filtered(lambda log: log.event == "create")[:1]
            if first and start < first.effective_date:
                subscription._check_start_not_invoiced(start, first)
            (first | logs.filtered(lambda log: log.effective_date < start)).write({"effective_date": start})

    def _check_start_not_invoiced(self, start, first):
        """Refuse an earlier start within a cycle whose invoice was made with the later one: it would not be billed."""
        rows = self.sudo()._get_schedules().filtered(
            lambda row: row.state == "invoiced" and row.cycle_end >= start and row.last_log_id >= first.id)
        if rows:
            raise UserError(self.env._(
                "The contract is invoiced up to %(date)s: to bill %(subscription)s from an earlier day, add a new "
                "subscription that ends on the day before this one starts.",
                date=max(rows.mapped("cycle_end")), subscription=self.name))

    def _prepare_log(self, event, effective_date, quantity, price_unit=None, **values):
        today = self.company_id._billing_today()
        scheduled = effective_date > today and event != "create"
        return {
            "subscription_id": self.id, "event": event, "effective_date": effective_date, "quantity": quantity,
            "price_unit": self.price_unit if price_unit is None else price_unit,
            "sets_price": event == "create" or price_unit is not None,
            "state": "scheduled" if scheduled else "active", "applied": not scheduled, **values}
