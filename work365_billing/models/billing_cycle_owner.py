from dataclasses import replace

from odoo import models

from ..engine.cycles import Terms, cycles
from ..engine.periods import ONE_DAY, Period
from ..engine.steps import FREQUENCIES


class BillingCycleOwner(models.AbstractModel):
    """What billing cycles belong to: a contract, a subscription with cycles of its own, or another addon's record.

    A ledger row names it in ``source_key``. Whatever has cycles inherits from here and says what its terms are.
    """

    _name = "billing.cycle.owner"
    _description = "Owner of Billing Cycles"

    def _get_source_key(self):
        """Return what ledger rows of this owner carry in ``source_key``."""
        return f"{self._name},{self.id}"

    def _get_cycle_contract(self):
        """Return the contract whose policy, offset and proration hold."""
        raise NotImplementedError

    def _prepare_owner_vals(self):
        """Return the values that tie a ledger row to this owner."""
        raise NotImplementedError

    def _get_cycle_frequency(self):
        """Return the frequency of the cycles."""
        raise NotImplementedError

    def _get_own_last_day(self):
        """Return the last day that may be billed, whatever the end of the contract, or None."""
        raise NotImplementedError

    def _get_billed_elsewhere(self):
        """Return the last day before the first one that may be billed here, or None when that is the start."""
        raise NotImplementedError

    def _get_schedule_date(self, cycle_start, cycle_end):
        """Return the day on which a cycle is due; both ends of it are inclusive."""
        return self.env["billing.schedule"]._schedule_date(self._get_cycle_contract(), cycle_start, cycle_end)

    def _get_fixed_invoice_date(self, cycle_start):
        """Return the date of the invoice of a cycle, or False where the contract's policy decides it."""
        return False

    def _leaves_remainder(self):
        """Tell whether something may be left to bill or credit the day after the last cycle."""
        return True

    def _get_last_day(self):
        """Return the last day that may be billed, or None when there is no last one."""
        return min(filter(None, [self._get_own_last_day(), self._get_cycle_contract().date_end]), default=None)

    def _billing_series(self):
        """Return the engine's terms without an end: the series of natural cycles."""
        self.ensure_one()
        contract = self._get_cycle_contract()
        return Terms(
            start=self.date_start, step=FREQUENCIES[self._get_cycle_frequency()], alignment=contract.alignment,
            last_day=contract.last_day_anchor)

    def _billing_terms(self, billed_through=None):
        """Return the engine's terms; None when no day is ever billed in cycles of this owner.

        :param billed_through: last day that the ledger holds already, inclusive
        """
        return self._cut_terms(self._billing_series(), self._get_last_day(), billed_through)

    def _cut_terms(self, series, end, billed_through=None):
        """Return the terms of ``series`` up to ``end`` and after ``billed_through``; None when no day is left."""
        if end and end < series.start:
            return None
        days = [day for day in (billed_through, self._get_billed_elsewhere()) if day]
        return replace(series, end=end, billed_through=max(days, default=None))

    def _is_part_of_cycle(self, first_day, last_day):
        """Tell whether the days from ``first_day`` to ``last_day`` (inclusive) are less than a natural cycle."""
        recurrence = self._billing_series().recurrence
        return Period(first_day, last_day + ONE_DAY) != recurrence.period(recurrence.index_of(first_day))

    def _get_cycles_after(self, last_day):
        """Return an iterator over the cycles, oldest first, that come after ``last_day``; None: from the first."""
        terms = self._billing_terms(last_day)
        return cycles(terms) if terms else iter(())

    def _prepare_missing_schedules(self, last_day, ahead):
        """Return the values of the schedules that are missing.

        :param last_day: last day that the ledger holds, or None
        :param ahead: number of open schedules that lie after today already
        """
        contract = self._get_cycle_contract()
        today = contract.company_id._billing_today()
        wanted = contract.company_id._billing_cycle_range(self._get_cycle_frequency())
        vals_list = []
        for cycle in self._get_cycles_after(last_day):
            due = self._get_schedule_date(cycle.start, cycle.end)
            if due > today and ahead >= wanted:
                break
            ahead += due > today
            vals_list.append({
                **self._prepare_owner_vals(), "kind": "regular", "cycle_start": cycle.start, "cycle_end": cycle.end})
        return vals_list
