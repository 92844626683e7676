from datetime import timedelta

from odoo import api, fields, models

from odoo.addons.work365_billing.engine.cycles import Terms
from odoo.addons.work365_billing.engine.steps import FREQUENCIES, ChosenMonths

# Whose number of schedules ahead, of the company's Invoicing Cycle Range, holds for an interval.
RANGES = {"weekly": "monthly", "monthly": "monthly", "annually": "annual", "other": "quarterly"}
STEPS = {"weekly": FREQUENCIES["weekly"], "monthly": FREQUENCIES["monthly"], "annually": FREQUENCIES["annual"]}


class RepeatingInvoice(models.Model):
    """A repeating invoice as the owner of billing cycles: each run is one, billed whole (DESIGN section 5)."""

    _inherit = "repeating.invoice"

    next_run_date = fields.Date(
        compute="_compute_next_run_date", store=True, index=True,
        help="Date of the next invoice that is not made yet.")

    @api.depends("schedule_ids.state", "schedule_ids.on_hold", "schedule_ids.cycle_start", "state")
    def _compute_next_run_date(self):
        for invoice in self:
            runs = invoice.schedule_ids.filtered(
                lambda row, invoice=invoice: row._is_open() and invoice.state == "active")
            invoice.next_run_date = min(runs.mapped("cycle_start"), default=False)

    # ---- the owner of cycles --------------------------------------------------------------------------------------

    def _get_cycle_contract(self):
        return self.contract_id

    def _prepare_owner_vals(self):
        return {"contract_id": self.contract_id.id, "repeating_invoice_id": self.id}

    def _get_cycle_frequency(self):
        return RANGES[self.interval]

    def _get_own_last_day(self):
        return self.date_end or None

    def _get_billed_elsewhere(self):
        starts = [day - timedelta(days=1) for day in (self.anchor_date, self.restart_date) if day]
        return max([*starts, *filter(None, [self.billed_through, self.contract_id.billed_through])], default=None)

    def _get_schedule_date(self, cycle_start, cycle_end):
        """An invoice is made so many days before its run date: the day that Billdozer calls the charge date."""
        return cycle_start - timedelta(days=self.company_id.billdozer_days_in_advance)

    def _get_fixed_invoice_date(self, cycle_start):
        """An invoice bears the date of its run."""
        return cycle_start

    def _leaves_remainder(self):
        return False

    def _billing_series(self):
        """Return the engine's terms without an end: every run whole, counted from the run date or the last change."""
        self.ensure_one()
        anchor = self.anchor_date or self.run_date
        step = ChosenMonths(self._get_months()) if self.interval == "other" else STEPS[self.interval]
        if self.interval == "weekly" and not self.anchor_date:
            anchor += timedelta(days=(int(self.weekday) - anchor.weekday()) % 7)
        return Terms(start=self.run_date, step=step, anchor=anchor, whole=True)

    def _cut_terms(self, series, end, billed_through=None):
        """Nothing is billed before it is approved, nor once it is cancelled."""
        return super()._cut_terms(series, end, billed_through) if self.state == "active" else None

    def _get_run_end(self, day):
        """Return the last day of the run that ``day`` lies in, or ``day`` where it lies in none."""
        rows = self.schedule_ids.filtered(lambda row: row.kind == "regular")
        for row in rows:
            if row.cycle_start <= day <= row.cycle_end:
                return row.cycle_end
        to_come = self._get_cycles_after(max(rows.mapped("cycle_end"), default=None))
        run = next((cycle for cycle in to_come if cycle.end >= day), None)
        return run.end if run and run.start <= day else day

    # ---- schedules ------------------------------------------------------------------------------------------------

    def _rebuild_runs(self):
        """Make the open runs anew after what they are counted from has changed; those that are invoiced stay."""
        for contract, own in self.grouped("contract_id").items():
            contract._rebuild_schedules(own)
