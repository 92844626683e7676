from collections import defaultdict
from datetime import date, timedelta

from odoo import models
from odoo.fields import Domain

from ..engine.cycles import cycle_at


class BillingContract(models.Model):
    """Schedules of one day, for the items that no cycle carries: a contract without cycles, or whose cycles ended."""

    _inherit = "billing.contract"

    def _sync_item_schedules(self):
        """Make a schedule for each day on which only items are billed, and remove those whose items have gone."""
        contracts = self.filtered(lambda contract: contract.state == "active" and contract.contract_type != "recurring")
        if not contracts:
            return
        items, (last_days, _ahead) = contracts._read_items(), contracts._read_coverage()
        rows = contracts._read_rows_for_items(items)
        rows_of, vals_list, idle = rows.grouped("contract_id"), [], rows.browse()
        for contract in contracts:
            own = rows_of.get(contract, rows.browse())
            coming = [owner._billing_terms(last_days.get(owner._get_source_key())) for owner in
                      contract._get_cycle_owners()]
            days = contract._find_item_days(items[contract], own, coming)
            waiting = own.filtered(lambda row: row._is_for_items() and row._is_open())
            idle |= waiting.filtered(lambda row, days=days: row.cycle_start not in days)
            vals_list += [
                {"contract_id": contract.id, "kind": "regular", "cycle_start": day, "cycle_end": day}
                for day in sorted(days.difference(waiting.mapped("cycle_start")))]
        idle._remove()
        rows.create(vals_list)

    def _read_items(self):
        """Return, per contract, the engine's items that no invoice holds; their prices are of no interest."""
        none, items = self.env["account.move"], defaultdict(list)
        for source in self.env["billing.planner"].sudo()._get_sources().values():
            for record in source._search_to_bill(self, none, none):
                items[record._get_billing_contract()].append(record._prepare_billing_item(lambda own, _amount: own))
        return items

    def _read_rows_for_items(self, items):
        """Return the open ledger rows, and those made for items from the first day of ``items`` on."""
        first = min((item.invoice_on for own in items.values() for item in own), default=date.max)
        made = Domain("subscription_id", "=", False) & Domain("cycle_start", ">=", first)
        # Users enter items without the right to edit the ledger.
        return self.env["billing.schedule"].sudo().with_context(active_test=False).search_fetch(
            Domain([("contract_id", "in", self.ids), ("kind", "=", "regular")])
            & (made | Domain("state", "in", ("pending", "error"))),
            ["contract_id", "subscription_id", "kind", "cycle_start", "schedule_date", "state", "on_hold"])

    def _find_item_days(self, items, rows, coming):
        """Return the days for which items need a schedule of their own: that on which they are due, or the next free.

        :param items: the engine's items of the contract that are not billed
        :param rows: its open ledger rows, and all those that were made for items
        :param coming: the engine's terms, or None, of what each owner of cycles has after the ledger
        """
        carried_until = self._get_carried_until(rows, coming)
        taken = {row.cycle_start for row in rows if row._is_for_items() and not row._is_open()}
        days = set()
        for item in items:
            day = item.invoice_on
            carried = carried_until and day <= carried_until and not item.apart
            if item.obstacle or item.charge is not None or carried:
                continue
            while day in taken:
                day += timedelta(days=1)
            days.add(day)
        return days

    def _get_carried_until(self, rows, coming):
        """Return the schedule date of the last cycle that is still to be billed; None when there is none."""
        dates = [row.schedule_date for row in rows if not row._is_for_items() and row._is_open()]
        for terms in filter(None, coming):
            if not terms.end:
                return date.max
            last = cycle_at(terms, terms.end)
            if last:
                dates.append(self.env["billing.schedule"]._schedule_date(self, last.start, last.end))
        return max(dates, default=None)
