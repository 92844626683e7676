"""What the form proposes and tells while a repeating invoice is being entered."""

from dataclasses import replace
from decimal import Decimal
from itertools import count

from odoo import api, fields, models

from odoo.addons.work365_billing.engine import facts
from odoo.addons.work365_billing.engine.biller import plan
from odoo.addons.work365_billing.engine.cycles import Cycle, due_cycles
from odoo.addons.work365_billing.engine.money import compound_discount, exact
from odoo.addons.work365_billing.engine.periods import ONE_DAY, Period

MONTH_TICKS = [f"month_{month:02}" for month in range(1, 13)]
OWNER = "repeating.invoice"  # whose cycles the engine's charges and rows are


class RepeatingInvoice(models.Model):
    _inherit = "repeating.invoice"

    interval_product_id = fields.Many2one(
        "product.product", store=False, help="The product whose interval was proposed: it is proposed once.")
    past_message = fields.Char(
        compute="_compute_past_message",
        help="How many invoices follow at once because the run date is within the days in advance, or past.")

    @api.onchange("line_ids")
    def _onchange_line_ids(self):
        """The product of the first line proposes its interval, while the interval is still the usual one."""
        product = self.line_ids[:1].product_id
        if self._origin or not product or product == self.interval_product_id:
            return
        self.interval_product_id = product
        if product.repeating_interval and self.interval == self.default_get(["interval"])["interval"]:
            self.interval = product.repeating_interval

    @api.onchange(*MONTH_TICKS)
    def _onchange_month_ticks(self):
        """The runs follow the ticks before they are saved."""
        self._inverse_month_ticks()

    # ---- what follows at once -------------------------------------------------------------------------------------

    @api.depends(
        "state", "run_date", "interval", "weekday", "months", "date_end", "billed_through", "company_id", "currency_id",
        "contract_id", "line_ids.quantity", "line_ids.price_unit", "line_ids.discount", "line_ids.date_start",
        "line_ids.date_end", "line_ids.term", "line_ids.immediate", "line_ids.billable")
    def _compute_past_message(self):
        for invoice in self:
            entered = not invoice._origin or invoice.state == "awaiting"
            invoice.past_message = invoice._get_past_message() if entered and invoice._is_complete() else False

    def _is_complete(self):
        """Tell whether enough is entered to know the runs."""
        return self.run_date and self.company_id and (self.interval != "other" or self._get_months()) and (
            self.interval != "weekly" or self.weekday)

    def _get_past_message(self):
        amounts = [invoice.amount for invoice in self._plan_at_once() if invoice.lines]
        if not amounts:
            return False
        values = {"count": len(amounts), "total": self.currency_id.format(float(sum(amounts)))}
        if self.state == "awaiting":
            return self.env._(
                "Nothing is invoiced until it is approved. Invoices that follow at once then: %(count)s, %(total)s in "
                "total (before tax).", **values)
        return self.env._(
            "Invoices that follow at once when you save: %(count)s, %(total)s in total (before tax).", **values)

    def _plan_at_once(self):
        """Return the engine's invoices that follow today when what is entered is saved and active, oldest first."""
        contract, today = self.contract_id, self.company_id._billing_today()
        terms = self._get_entered_terms()
        ahead = -self.company_id.billdozer_days_in_advance
        numbers = count(1)
        rows = [
            facts.Row(next(numbers), "regular", cycle, min(self._get_schedule_date(cycle.start, cycle.end), today),
                      owner=OWNER)
            for cycle in (due_cycles(terms, "advance", ahead, today) if terms else ())]
        once = self.line_ids.filtered(lambda line: line._is_immediate())
        if once:
            day = Cycle(0, today, today, Period(today, today + ONE_DAY))
            rows.append(facts.Row(next(numbers), "regular", day, today, items_until=today))
        return plan(facts.Contract(
            id=0, terms=None, terms_by_owner={OWNER: terms}, rows=tuple(rows),
            charges=tuple(line._prepare_charge(next(numbers)) for line in self.line_ids - once),
            items=tuple(line._prepare_item(next(numbers), today) for line in once),
            rounding=Decimal(str(self.currency_id.rounding)), refunds=contract.refunds_active,
            discount_digits=self.env["decimal.precision"].precision_get("Discount")), rows)

    def _get_entered_terms(self):
        """Return the engine's terms of what is entered, as if it were active; None without a run."""
        end = self._get_last_day()
        if end and end < self.run_date:
            return None
        return replace(self._billing_series(), end=end, billed_through=self._get_billed_elsewhere())


class RepeatingInvoiceLine(models.Model):
    _inherit = "repeating.invoice.line"

    def _prepare_charge(self, number):
        """Return the line as the charge that its subscription will be, with the engine's number ``number``."""
        first = self.date_start or self.repeating_invoice_id.run_date
        return facts.Charge(
            id=number, start=first, end=self.date_end or None, unit_months=None, billable=self.billable,
            discount=self._get_engine_discount(), owner=OWNER,
            logs=(facts.Log(number, first, exact(self.quantity), exact(self.price_unit)),))

    def _prepare_item(self, number, today):
        """Return the immediate line as the item that it will be."""
        return facts.Item(
            id=number, invoice_on=today, quantity=exact(self.quantity), price=exact(self.price_unit), apart=True,
            discount=self._get_engine_discount())

    def _get_engine_discount(self):
        """The discount of the contract spares a credit."""
        general = 0.0 if self.price_unit * self.quantity < 0 else self.repeating_invoice_id.contract_id.discount
        return compound_discount(general or 0.0, self.discount or 0.0)
