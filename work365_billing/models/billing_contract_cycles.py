"""The billing schedules of a contract: made from its terms, topped up, rebuilt when the terms change."""

from odoo import fields, models
from odoo.exceptions import ValidationError

from ..engine.cycles import Terms, cycles
from ..engine.steps import FREQUENCIES


class BillingContract(models.Model):
    _inherit = "billing.contract"

    def _billing_terms(self, billed_through=None):
        """Return the engine's terms.

        :param billed_through: last day that the ledger holds already, inclusive; default the contract's own
        """
        self.ensure_one()
        return Terms(
            start=self.date_start, step=FREQUENCIES[self.frequency], end=self.date_end or None,
            alignment=self.alignment, billed_through=billed_through or self.billed_through or None,
            last_day=self.last_day_anchor)

    def _top_up_schedules(self):
        """Make the schedules up to today and, beyond, as many as the company's *Invoicing Cycle Range*."""
        active = self.filtered(lambda contract: contract.state == "active")
        if not active:
            return
        last_days, ahead = active._read_coverage()
        vals_list = []
        for contract in active:
            vals_list += contract._prepare_missing_schedules(last_days.get(contract.id), ahead.get(contract.id, 0))
        Schedule = self.env["billing.schedule"].sudo()  # users generate invoices without the right to edit the ledger
        Schedule.create(vals_list)

    def _read_coverage(self):
        """Return, per contract id, the last day in the ledger and the number of open schedules ahead of today."""
        Schedule = self.env["billing.schedule"].with_context(active_test=False)
        domain = [("contract_id", "in", self.ids), ("kind", "=", "regular")]
        last_days = {
            contract.id: day for contract, day in Schedule._read_group(domain, ["contract_id"], ["cycle_end:max"])}
        ahead = {}
        for company, contracts in self.grouped("company_id").items():
            rows = Schedule._read_group(
                [*domain, ("contract_id", "in", contracts.ids), ("state", "in", ("pending", "error")),
                 ("schedule_date", ">", company._billing_today())],
                ["contract_id"], ["__count"])
            ahead.update((contract.id, count) for contract, count in rows)
        return last_days, ahead

    def _prepare_missing_schedules(self, last_day, ahead):
        """Return the values of the schedules that are missing.

        :param last_day: last day that the ledger holds, or None
        :param ahead: number of open schedules that lie after today already
        """
        today = self.company_id._billing_today()
        wanted = self.company_id._billing_cycle_range(self.frequency)
        days = [day for day in (last_day, self.billed_through) if day]
        if self.date_end and days and max(days) >= self.date_end:
            return []
        vals_list = []
        for cycle in cycles(self._billing_terms(max(days, default=None))):
            due = self.env["billing.schedule"]._schedule_date(self, cycle.start, cycle.end)
            if due > today and ahead >= wanted:
                break
            ahead += due > today
            vals_list.append({
                "contract_id": self.id, "kind": "regular", "cycle_start": cycle.start, "cycle_end": cycle.end})
        return vals_list

    def _rebuild_schedules(self):
        """Make the open schedules anew after the terms have changed; what is billed, skipped or on hold stays."""
        rows = self.env["billing.schedule"].sudo().with_context(active_test=False).search(
            [("contract_id", "in", self.ids), ("kind", "=", "regular")])
        for contract, own in rows.grouped("contract_id").items():
            kept = own.filtered(lambda row: row.state in ("invoiced", "skipped") or row.on_hold)
            last = max(kept.mapped("cycle_end"), default=None)
            contract._check_end_after(kept.filtered(lambda row: row.state == "invoiced"))
            (own - kept).filtered(lambda row, last=last: not last or row.cycle_start > last).unlink()
        self._top_up_schedules()

    def _check_end_after(self, invoiced):
        last = max(invoiced.mapped("cycle_end"), default=None)
        if last and self.date_end and self.date_end < last:
            raise self._error_end_before_billed(last)

    def _error_end_before_billed(self, last):
        return ValidationError(self.env._(
            "%(contract)s is billed up to %(date)s: deactivate its subscriptions with a refund to stop earlier, "
            "and end the contract on that day or later.",
            contract=self.display_name, date=fields.Date.to_string(last)))

    def _close_ended(self, day):
        """Close the contracts whose end has passed and of which nothing is left to bill."""
        ended = self.filtered(
            lambda contract: contract.state == "active" and contract.date_end and contract.date_end < day
            and not contract.auto_renew)
        if not ended:
            return
        Schedule = self.env["billing.schedule"].sudo()
        still_open = Schedule._read_group(
            [("contract_id", "in", ended.ids), ("state", "in", ("pending", "error"))], ["contract_id"])
        for source in self.env["billing.planner"]._get_sources().values():
            still_open += source.sudo()._read_group(
                source._get_unbilled_domain(ended) & source._get_waiting_domain(day), [source._billing_contract_field])
        (ended - self.browse([contract.id for [contract] in still_open]))._set_closed()

    def _set_closed(self):
        """Nothing is billed any more."""
        self.sudo().state = "closed"  # the system closes what has ended
        self._close_notices(self.env._("The contract is closed."))

    def _reopen_for_billing(self):
        """A contract that closed itself after its end is active again when an invoice of it is undone."""
        for contract in self.filtered(lambda contract: contract.state == "closed" and contract.date_end):
            if contract.date_end < contract.company_id._billing_today():
                contract.sudo().state = "active"
