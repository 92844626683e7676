from odoo import api, fields, models
from odoo.exceptions import UserError, ValidationError
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
        [("active", "Active"), ("inactive", "Inactive")], default="active", required=True, copy=False, tracking=True)
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
            months = SALES_UNIT_MONTHS.get(subscription.sales_unit, 1)
            subscription.monthly_price = subscription.price_unit / months

    @api.depends("contract_id")
    def _compute_date_start(self):
        for subscription in self:
            subscription.date_start = subscription.date_start or subscription.contract_id.date_start

    # ---- records --------------------------------------------------------------------------------------------------

    @api.model_create_multi
    def create(self, vals_list):
        subscriptions = super().create(vals_list)
        subscriptions._log_creation()
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
            subscription._change(max(subscription.company_id._billing_today(), subscription.date_start), **changes)
        return result

    def _is_change(self, changes):
        """Tell whether ``changes`` must be logged: they are not what the logs say already."""
        return any(value != changes.get(name, value) for name, value in self._get_applied().items())

    def _is_being_entered(self):
        """Tell whether what is typed corrects the first entry: the contract is a draft, or the start lies ahead."""
        first = self.change_log_ids.sudo().filtered(lambda log: log.event == "create")[:1]
        ahead = self.date_start > self.company_id._billing_today() and first.state != "archived"
        return self.contract_id.state == "draft" or ahead

    def _get_applied(self):
        """Return the quantity and price that the applied change logs amount to."""
        applied = self.change_log_ids.sudo().filtered("applied")
        last = applied.filtered("sets_price").sorted(lambda log: (log.effective_date, log.id))[-1:]
        return {"quantity": float(sum(map(exact, applied.mapped("quantity")))), "price_unit": last.price_unit}

    def _check_fixed_once_billed(self, vals):
        fixed = {"sales_unit", "date_start", "contract_id", "product_id"} & set(vals)
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
            rows = subscription.contract_id.schedule_ids.sudo().filtered(
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
        rows = self.contract_id.schedule_ids.sudo().filtered(
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

    def change_quantity(self, new_quantity, effective_date=None):
        """Change the quantity from ``effective_date`` on.

        :param new_quantity: the quantity from that day, not a difference
        :param effective_date: first day of the new quantity, local to the company (default today). In the past it is
            billed or credited for the periods since; in the future it waits and applies by itself.
        :return: the ``billing.change.log``
        """
        return self._change(effective_date, quantity=new_quantity)

    def change_price(self, new_price, effective_date=None):
        """Change the unit price from the first cycle that begins on or after ``effective_date``.

        :param new_price: per sales unit, in the contract's currency
        :param effective_date: local to the company, default today
        :return: the ``billing.change.log``
        """
        return self._change(effective_date, price_unit=new_price)

    def deactivate(self, effective_date=None, refund=False):
        """Stop the subscription: ``effective_date`` is the first day that is not billed.

        :param refund: credit the days that are already invoiced, if the refund policy in force allows it. Without it
            (the default) the periods that are invoiced stay as they are.
        :return: the ``billing.change.log``
        """
        self.ensure_one()
        self.check_access("write")
        day = fields.Date.to_date(effective_date) or self.company_id._billing_today()
        withdrawn = self.change_log_ids.sudo().filtered(lambda log: not log.applied and log.effective_date >= day)
        withdrawn.unlink()
        return self._change(day, event="deactivate", quantity=0.0, refund=refund)

    def _withdraw(self):
        """Take back subscriptions whose order was cancelled: what is not billed goes, the rest is deactivated today."""
        contracts = self.contract_id
        for subscription in self.filtered(lambda subscription: subscription.state == "active"):
            if subscription._get_billed_through():
                today = subscription.company_id._billing_today()
                subscription.deactivate(max(today, subscription.date_start), refund=True)
            else:
                subscription.unlink()
        for contract in contracts:
            if not (contract.subscription_ids or contract.item_ids or contract.invoice_ids):
                contract.action_close()

    def _change(self, effective_date, event="update", quantity=None, price_unit=None, refund=True):
        self.ensure_one()
        self.check_access("write")
        day = fields.Date.to_date(effective_date) or self.company_id._billing_today()
        self._check_change(day, quantity, event)
        delta = 0.0 if quantity is None else float(exact(quantity) - exact(self._get_quantity_on(day)))
        if price_unit is not None and price_unit == self._get_price_on(day):
            price_unit = None
        if not delta and price_unit is None and event == "update":
            return self.env["billing.change.log"]
        self._check_later_quantities(day, delta)
        log = self.env["billing.change.log"].sudo().create(  # logs are written by the system only
            self._prepare_log(event, day, delta, price_unit, refund=refund))
        self._apply_logs(log)
        if event == "deactivate" and not refund:
            log._exclude_invoiced()
        return log

    def _check_change(self, day, quantity, event):
        if self.contract_id.state == "closed":
            raise UserError(self.env._("%(contract)s is closed.", contract=self.contract_id.display_name))
        if quantity is not None and quantity < 0:
            raise ValidationError(self.env._("The quantity of a subscription cannot be negative."))
        if day < self.date_start:
            raise ValidationError(self.env._(
                "%(subscription)s starts on %(date)s: choose that day or a later one.",
                subscription=self.name, date=self.date_start))
        if event != "deactivate":
            return
        if self.state == "inactive":
            raise UserError(self.env._("%(subscription)s is inactive already.", subscription=self.name))
        later = self.change_log_ids.sudo().filtered(lambda log: log.applied and log.effective_date > day)
        if later:
            raise ValidationError(self.env._(
                "%(subscription)s was changed on %(date)s: choose that day or a later one.",
                subscription=self.name, date=max(later.mapped("effective_date"))))

    def _check_later_quantities(self, day, delta):
        """Refuse a change that leaves less than nothing to a change entered for a later day."""
        days = self.change_log_ids.sudo().filtered(lambda log: log.effective_date > day).mapped("effective_date")
        for later in sorted(days):
            if exact(self._get_quantity_on(later)) + exact(delta) < 0:
                raise ValidationError(self.env._(
                    "%(subscription)s changes again on %(date)s, and its quantity would be negative from then on: "
                    "choose that day or a later one.", subscription=self.name, date=later))

    def _get_quantity_on(self, day):
        logs = self.change_log_ids.sudo().filtered(lambda log: log.effective_date <= day)
        return float(sum(map(exact, logs.mapped("quantity"))))

    def _get_price_on(self, day):
        logs = self.change_log_ids.sudo().filtered(lambda log: log.sets_price and log.effective_date <= day)
        last = logs.sorted(lambda log: (log.effective_date, log.id))[-1:]
        return last.price_unit if last else self.price_unit

    def _apply_logs(self, logs):
        """Let ``logs``, whose date has come, take effect on the quantity, price and state of their subscriptions."""
        today = {company: company._billing_today() for company in logs.company_id}
        due = logs.filtered(lambda log: log.effective_date <= today[log.company_id])
        for log in due:
            log.write({"applied": True, "state": "active" if log.state == "scheduled" else log.state})
        for subscription in due.subscription_id:
            applied = subscription.change_log_ids.sudo().filtered("applied")
            ended = applied.sorted(lambda log: (log.effective_date, log.id))[-1].event == "deactivate"
            subscription.write({**subscription._get_applied(), "state": "inactive" if ended else "active"})
