"""Yearly escalation: the coming prices are scheduled changes of the lines, entered once, as far ahead as runs are."""

from datetime import timedelta

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import format_date

from ..engine.escalation import anniversaries, anniversary

# What prices are computed from.
ESCALATION_FIELDS = {"escalation_id", "escalation_percent"}


class RepeatingInvoice(models.Model):
    _inherit = "repeating.invoice"

    escalation_id = fields.Many2one(
        "repeating.escalation", "Contract Escalation", tracking=True, check_company=True,
        help="A table of percentages by year, with a limit. Empty: the percentage alone.")
    escalation_percent = fields.Float(
        compute="_compute_escalation_percent", store=True, readonly=False, precompute=True)
    next_escalation_date = fields.Date(
        compute="_compute_next_escalation_date", store=True,
        help="The next anniversary of the run date whose prices are not entered yet.")
    price_log_ids = fields.One2many(
        "billing.change.log", "repeating_invoice_id", "Price History", readonly=True,
        domain=[("sets_price", "=", True)])

    @api.depends("escalation_id")
    def _compute_escalation_percent(self):
        for invoice in self:
            invoice.escalation_percent = invoice.escalation_id.percent or invoice.escalation_percent

    @api.depends(
        "state", "run_date", "date_end", "escalation_id.year_ids", "escalation_percent", "line_ids.escalate",
        "line_ids.escalated_until", "line_ids.date_end")
    def _compute_next_escalation_date(self):
        for invoice in self:
            days = [line._get_next_anniversary() for line in invoice._get_escalating_lines()]
            invoice.next_escalation_date = min(filter(None, days), default=False)

    def _get_escalating_lines(self):
        """Return the lines whose price rises each year."""
        if self.state != "active" or not (self.escalation_percent or self.escalation_id.year_ids):
            return self.line_ids.browse()
        return self.line_ids.filtered(lambda line: line.escalate and line.subscription_id)

    def write(self, vals):
        """Another escalation holds from now on: what was entered ahead and is not billed is withdrawn."""
        changed = self.filtered(lambda invoice: any(
            invoice._fields[name].convert_to_write(invoice[name], invoice) != vals[name]
            for name in ESCALATION_FIELDS & set(vals)))
        result = super().write(vals)
        if changed:
            changed.line_ids._restart_escalation()
            changed._enter_escalations()
        return result

    # ---- entering the coming prices -------------------------------------------------------------------------------

    def _enter_escalations(self):
        """Enter the prices of the anniversaries that the runs in the ledger reach, each exactly once."""
        horizon = dict(self.env["billing.schedule"].sudo()._read_group(  # whoever saves may not read the ledger
            [("repeating_invoice_id", "in", self.ids)], ["repeating_invoice_id"], ["cycle_start:max"]))
        for last, invoices in self.filtered(horizon.get).grouped(horizon.get).items():
            invoices._enter_escalations_until(last)

    def _enter_escalations_until(self, last):
        """Enter the prices of the anniversaries up to ``last`` that are not entered yet."""
        due = self.filtered(lambda invoice: invoice.next_escalation_date and invoice.next_escalation_date <= last)
        edits_list = [edits for invoice in due for edits in invoice._prepare_escalations(last)]
        if edits_list:
            self.env["billing.subscription"]._commit_edits(edits_list)
        for invoice in due:
            invoice._get_escalating_lines().sudo()._mark_escalated(last)

    def _prepare_escalations(self, until):
        """Return the ``LogEdits`` of the anniversaries up to ``until`` that are not entered; nothing is written.

        What is settled stays: the price of an anniversary before the last run that is invoiced acts on the next one.
        """
        last = self._get_last_run()
        edits = []
        for line in self._get_escalating_lines():
            created = []
            for day, price, percent in line._get_rungs(until):
                if last and day <= last.cycle_start:
                    day, created = last.cycle_end + timedelta(days=1), []
                created.append(line.subscription_id._prepare_log(
                    "update", day, 0.0, price, escalation_percent=percent))
            if created:
                edits.append(line.subscription_id._prepare_edits(created))
        return edits

    # ---- showing them ---------------------------------------------------------------------------------------------

    def _prepare_escalation_rows(self, until):
        """Return the escalations that are to come up to ``until``, entered ahead or not; nothing is written.

        :param until: last anniversary, inclusive
        :return: dicts by date and line: ``repeating_invoice_id``, ``line_id``, ``date``, ``price_before``, ``percent``
            and ``price_after``, prices per unit in the currency of the repeating invoice
        """
        rows = []
        for invoice in self:
            edits_of = {edits.subscription: edits.created for edits in invoice._prepare_escalations(until)}
            for line in invoice.line_ids.filtered(lambda line: line.subscription_id and line.state == "active"):
                rows += line._prepare_escalation_rows(until, edits_of.get(line.subscription_id, []))
        return sorted(rows, key=lambda row: (row["date"], row["repeating_invoice_id"], row["line_id"]))

    # ---- taking it back -------------------------------------------------------------------------------------------

    def reverse_escalation(self, date):
        """Take back the escalation of the anniversary on ``date``, as long as no invoice was made with it.

        The prices stay as they were before; later anniversaries raise them from there.

        :raises UserError: when there is none on that day, or it is billed
        """
        self.ensure_one()
        self.check_access("write")
        day = fields.Date.to_date(date)
        logs = self.price_log_ids.sudo().filtered(  # logs are written by the system only
            lambda log: log.effective_date == day and log.escalation_percent and not log.escalation_taken_back)
        if not logs:
            raise UserError(self.env._("There is no escalation on %(date)s.", date=format_date(self.env, day)))
        billed = self.schedule_ids.filtered(lambda row: row.state == "invoiced" and row.cycle_start >= day)
        if billed or any(log.billing_move_id for log in logs):
            raise UserError(self.env._(
                "The escalation of %(date)s is invoiced already: enter another price instead.",
                date=format_date(self.env, day)))
        self.line_ids.filtered(lambda line: line.subscription_id in logs.subscription_id)._take_back(logs)
        self._enter_escalations()
        self.message_post(body=self.env._(
            "%(user)s took back the escalation of %(date)s.", user=self.env.user.name,
            date=format_date(self.env, day)))


class RepeatingInvoiceLine(models.Model):
    _inherit = "repeating.invoice.line"

    base_price = fields.Float(
        copy=False, readonly=True, digits=0, help="The price that was agreed last: escalations compound from it.")
    base_date = fields.Date(copy=False, readonly=True, help="Only anniversaries after this day raise the base price.")
    escalated_until = fields.Date(
        copy=False, readonly=True, help="The prices of all anniversaries up to this day are entered.")

    def _open(self):
        for line in self:
            line._agree(line.repeating_invoice_id.billed_through or line.date_start)
        return super()._open()

    def _agree(self, day):
        """The price of these lines was agreed for ``day``: later anniversaries raise it."""
        for line in self:
            line.write({"base_price": line.price_unit, "base_date": max(day, line.date_start),
                        "escalated_until": max(day, line.date_start)})

    def write(self, vals):
        """A new price is a new base: what was entered ahead of it is withdrawn."""
        result = super().write(vals)
        if "price_unit" in vals and "base_price" not in vals:
            self._restart_escalation()
            self.repeating_invoice_id._enter_escalations()
        return result

    def _restart_escalation(self):
        """Withdraw the prices that are entered ahead, and count the escalation from today's price."""
        for line in self.filtered("subscription_id"):
            logs = line.subscription_id.change_log_ids.sudo().filtered(  # logs are written by the system only
                lambda log: log.escalation_percent and log.state == "scheduled" and not log.applied)
            if logs:
                self.env["billing.subscription"]._commit_edits([line.subscription_id._prepare_edits(replaced=logs)])
            line._agree(line.company_id._billing_today())

    def _rebase_escalation(self, price, day):
        """Let the anniversaries after ``day`` raise ``price``, which holds from then on; those before it stay."""
        for line in self:
            invoice, sub = line.repeating_invoice_id, line.subscription_id
            invoice._enter_escalations_until(day - timedelta(days=1))
            logs = sub.change_log_ids.sudo().filtered(  # logs are written by the system only
                lambda log: log.escalation_percent and not log.applied and log.effective_date >= day)
            if logs:
                sub._commit_edits([sub._prepare_edits(replaced=logs)])
            start = max(day, line.date_start)
            line.write({"base_price": price, "base_date": start, "escalated_until": start})
            invoice._enter_escalations()

    def _get_rungs(self, until):
        """Return (day, price, percent) of the anniversaries up to ``until`` that are not entered yet."""
        invoice = self.repeating_invoice_id
        engine = invoice.escalation_id._get_engine(invoice.escalation_percent)
        until = self._cut_to_end(until)
        ladder = engine.ladder(self.base_price, invoice.run_date, self.base_date, until, self.base_date)
        return [
            (day, float(price), float(engine.percent_of(anniversaries(invoice.run_date, day))))
            for day, price in ladder if day > self.escalated_until]

    def _prepare_escalation_rows(self, until, created):
        """Return the rows of one line: of the prices that wait, and of ``created``, which are not entered yet."""
        sub, until = self.subscription_id, self._cut_to_end(until)
        waiting = sub.change_log_ids.sudo().filtered(  # logs are written by the system only
            lambda log: log.escalation_percent and not log.applied and log.effective_date <= until)
        steps = [
            (log.effective_date, log.escalation_percent, log.price_unit) for log in waiting.sorted("effective_date")]
        steps += [(vals["effective_date"], vals["escalation_percent"], vals["price_unit"]) for vals in created]
        rows, entered = [], len(waiting)
        for number, (day, percent, price) in enumerate(steps):
            before = rows[-1]["price_after"] if number > entered else sub._get_price_on(day - timedelta(days=1))
            rows.append({
                "repeating_invoice_id": self.repeating_invoice_id.id, "line_id": self.id, "date": day,
                "price_before": before, "percent": percent, "price_after": price})
        return rows

    def _get_next_anniversary(self):
        """Return the next anniversary whose price is not entered; None when the line has ended by then."""
        start = self.repeating_invoice_id.run_date
        day = anniversary(start, anniversaries(start, self.escalated_until) + 1)
        return day if day == self._cut_to_end(day) else None

    def _cut_to_end(self, day):
        """Return ``day``, or the end of the line or of its invoice if that is earlier."""
        return min(filter(None, (day, self.date_end, self.repeating_invoice_id.date_end)))

    def _mark_escalated(self, until):
        for line in self:
            line.escalated_until = max(line._cut_to_end(until), line.escalated_until)

    def _take_back(self, logs):
        """Take ``logs``, which are not billed, back and start from the price before them."""
        logs_of, day = logs.grouped("subscription_id"), logs[0].effective_date
        for line in self:
            sub = line.subscription_id
            own = logs_of[sub]
            price = sub._get_price_on(day, own)
            waiting = sub.change_log_ids.sudo().filtered(  # those of later anniversaries are computed anew
                lambda log: log.escalation_percent and not log.applied and log.effective_date >= day)
            created = [] if waiting else [sub._prepare_log("update", day, 0.0, price)]
            (own - waiting).escalation_taken_back = True
            self.env["billing.subscription"]._commit_edits([sub._prepare_edits(created, replaced=waiting)])
            line.write({"base_price": price, "base_date": day, "escalated_until": day})
