"""What a change would make of the coming invoices, before it is entered: the planner, with and without it."""

from dataclasses import dataclass, replace
from decimal import Decimal
from itertools import islice

from odoo import api, models

from ..engine.cycles import cycle_at, cycles, next_cycle, schedule_date
from ..engine.periods import ONE_DAY
from .planned import PlannedInvoice


@dataclass
class PreviewRow:
    """One coming invoice without and with a change; either is None where there is none."""

    without: PlannedInvoice | None
    with_it: PlannedInvoice | None

    @property
    def planned(self):
        return self.with_it or self.without

    @property
    def difference(self):
        return sum_of(self.with_it) - sum_of(self.without)

    @property
    def differs(self):
        """Whether the change alters a line: also where one outweighs another."""
        return lines_of(self.without) != lines_of(self.with_it)


def sum_of(planned):
    """Return what ``planned`` bills before tax, 0 without it."""
    return planned.amount if planned else Decimal(0)


def lines_of(planned, charges=None):
    """Return what ``planned`` bills, of ``charges`` (ids) or of all, as comparable tuples."""
    return [
        (line.charge, line.quantity, line.price_unit, line.amount, line.start, line.end)
        for line in (planned.lines if planned else ()) if charges is None or line.charge in charges]


class BillingPlanner(models.AbstractModel):
    _inherit = "billing.planner"

    @api.model
    def _plan_change(self, contract, edits, day):
        """Return what ``edits`` make of the invoices of ``contract``, oldest first: a list of ``PreviewRow``.

        :param edits: a list of ``LogEdits``, not written
        :param day: day on which the change takes effect: the invoices of the cycle that it falls in, or of the current
            one, and of the next are returned, and those before that it alters
        """
        today = contract.company_id._billing_today()
        changed = [one.subscription for one in edits] or contract.subscription_ids
        owners = {subscription._get_cycle_owner() for subscription in changed}
        last = max(day, today)
        until = max((self._get_next_due(owner, last) for owner in owners), default=last)
        without, with_it = (
            {self._get_key(planned): planned
             for planned in self._plan_until(contract, until, assume_active=True, edits=chosen)}
            for chosen in ((), edits))
        keys = sorted({*without, *with_it}, key=lambda key: (key[1], key[2]))
        rows = [PreviewRow(without.get(key), with_it.get(key)) for key in keys]
        first = min(day, today)
        return [row for row in rows if row.differs or (
            row.planned.cycle_end >= first and (row.without or row.with_it).kind == "regular")]

    @api.model
    def _plan_cycles(self, contract, first_day, count, series=None):
        """Return what the first ``count`` cycles of ``contract`` from ``first_day`` on bill, oldest first.

        :param series: the engine's terms without an end that count as the contract's
        """
        terms = replace(series or contract._billing_series(), billed_through=first_day - ONE_DAY)
        until = max(
            schedule_date(cycle, contract.billing_policy, contract.billing_offset)
            for cycle in islice(cycles(terms), count))
        planned = self._plan_until(
            contract, until, assume_active=True, series={contract: series} if series else None)
        return [one for one in planned if one.kind == "regular" and one.cycle_start >= first_day][:count]

    @staticmethod
    def _get_key(planned):
        return planned.kind, planned.schedule_date, planned.cycle_start

    def _get_next_due(self, owner, day):
        """Return the day on which the cycle of ``owner`` after the one of ``day`` is due, or the day after the end."""
        contract, terms = owner._get_cycle_contract(), owner._billing_terms()
        if not terms:
            return day
        day = max(day, terms.first_day)
        cycle = cycle_at(terms, day)
        following = cycle and next_cycle(terms, cycle)
        if not following:
            return max(day, terms.end + ONE_DAY)
        return max(day, schedule_date(following, contract.billing_policy, contract.billing_offset))
