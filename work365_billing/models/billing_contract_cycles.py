"""The billing schedules of a contract: made from its terms, topped up, rebuilt when the terms change."""

from odoo import fields, models
from odoo.exceptions import ValidationError
from odoo.fields import Domain


class BillingContract(models.Model):
    _name = "billing.contract"
    _inherit = ["billing.contract", "billing.cycle.owner"]

    # ---- the contract as the owner of cycles ----------------------------------------------------------------------

    def _get_cycle_contract(self):
        return self

    def _prepare_owner_vals(self):
        return {"contract_id": self.id}

    def _get_cycle_frequency(self):
        return self.frequency

    def _get_own_last_day(self):
        return None

    def _get_billed_elsewhere(self):
        return self.billed_through or None

    def _get_cycle_owners(self):
        """Return the records to which the cycles of this contract belong, as a list."""
        by_type = {"recurring": self, "item_based": self.subscription_ids, "non_recurring": ()}
        return list(by_type[self.contract_type])

    # ---- schedules ------------------------------------------------------------------------------------------------

    def _top_up_schedules(self):
        """Make the schedules up to today and, beyond, as many as the company's *Invoicing Cycle Range*."""
        active = self.filtered(lambda contract: contract.state == "active")
        if not active:
            return
        last_days, ahead = active._read_coverage()
        vals_list = []
        for owner in (owner for contract in active for owner in contract._get_cycle_owners()):
            key = owner._get_source_key()
            vals_list += owner._prepare_missing_schedules(last_days.get(key), ahead.get(key, 0))
        Schedule = self.env["billing.schedule"].sudo()  # users generate invoices without the right to edit the ledger
        Schedule.create(vals_list)
        active._sync_item_schedules()

    def _get_foreseen_edits(self, day):
        """Return the ``LogEdits`` that will be entered by themselves up to ``day``, and are not written yet."""
        return []

    def _read_coverage(self):
        """Return, per owner key, the last day in the ledger and the number of open schedules ahead of today."""
        Schedule = self.env["billing.schedule"].with_context(active_test=False)
        domain = [("contract_id", "in", self.ids), ("kind", "=", "regular")]
        last_days = dict(Schedule._read_group(domain, ["source_key"], ["cycle_end:max"]))
        ahead = {}
        for company, contracts in self.grouped("company_id").items():
            ahead.update(Schedule._read_group(
                [*domain, ("contract_id", "in", contracts.ids), ("state", "in", ("pending", "error")),
                 ("schedule_date", ">", company._billing_today())],
                ["source_key"], ["__count"]))
        return last_days, ahead

    def _rebuild_schedules(self, owners=None):
        """Make the open schedules anew after the terms have changed; what is billed, skipped or on hold stays.

        :param owners: those to which the changed terms belong; default all of these contracts
        """
        domain = Domain("contract_id", "in", self.ids) & Domain("kind", "=", "regular")
        if owners is not None:
            domain &= Domain("source_key", "in", [owner._get_source_key() for owner in owners])
        rows = self.env["billing.schedule"].sudo().with_context(active_test=False).search(domain)
        rows = rows.filtered(lambda row: not row._is_for_items())
        for contract, own in rows.grouped("contract_id").items():
            contract._check_end_after(own.filtered(lambda row: row.state == "invoiced"))
        rows.browse([row.id for own in rows.grouped("source_key").values() for row in own._get_remade()]).unlink()
        self._top_up_schedules()

    def _check_end_after(self, invoiced):
        last = max(invoiced.mapped("cycle_end"), default=None)
        if last and self.date_end and self.date_end < last and not self._is_stopped():
            raise self._error_end_before_billed(last)

    def _is_stopped(self):
        """Tell whether every subscription is deactivated by the end: what is billed after it was decided with that."""
        return all(sub._is_stopped_after(self.date_end) for sub in self.subscription_ids)

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
        self.env["billing.change.log"].sudo().search([  # logs are written by the system only
            ("contract_id", "in", self.ids), ("state", "!=", "archived")]).state = "archived"
        self._close_notices(self.env._("The contract is closed."))

    def _reopen_for_billing(self):
        """A contract that was closed after its last day is active again when an invoice of it is undone.

        Nothing after that day can be billed; it closes itself as soon as nothing is left.
        """
        for contract in self.filtered(lambda contract: contract.state == "closed" and contract.date_end):
            if contract.date_end <= contract.company_id._billing_today():
                contract.sudo().state = "active"
