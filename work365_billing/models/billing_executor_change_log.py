"""Change-log invoices that the hourly job makes by itself, in the rhythm of the company's settings."""

from odoo import models
from odoo.fields import Domain

from ..engine import reasons


class BillingExecutor(models.AbstractModel):
    _inherit = "billing.executor"

    def _run_change_logs(self, company, day):
        """Make the change-log invoices of ``company`` that are due on ``day``, in a run of their own.

        A contract that an earlier open schedule blocks, or that somebody else holds, has its turn later.
        """
        occasions = company._get_change_log_occasions(day)
        if not occasions:
            return
        self._transaction(lambda: self._begin_change_logs(company, occasions))
        contracts = self._search_change_logs(company, occasions, day)
        if contracts:
            self._run(company, contracts.ids, day, origin="change_log_job", mode="change_log")

    def _begin_change_logs(self, company, occasions):
        """Mark the contracts with something to bill, once for each day of the rhythm."""
        Contract = self.env["billing.contract"]
        for group, occasion in occasions.items():
            done = f"billing_change_log_{group}_done"
            if company[done] < occasion:
                domain = Contract._get_change_log_domain(company, group)
                waiting = domain & Domain("change_log_ids", "any", [("state", "!=", "archived")])
                contracts = Contract.search(waiting)
                for source in self.env["billing.planner"]._get_sources().values():
                    unbilled = source._read_group(
                        [("invoice_line_id", "=", False), (source._billing_contract_field, "any", list(domain))],
                        [source._billing_contract_field])
                    contracts |= contracts.union(*(contract for [contract] in unbilled))
                contracts.change_log_due = occasion
                company[done] = occasion

    def _search_change_logs(self, company, occasions, day):
        """Return the marked contracts that no open schedule blocks."""
        Contract = self.env["billing.contract"]
        blocking = self.env["billing.schedule"]._get_due_domain(company, day) & Domain([
            ("kind", "=", "regular"), ("cycle_start", "<=", day)])
        marked = Domain.OR(
            Contract._get_change_log_domain(company, group) & Domain("change_log_due", "=", occasion)
            for group, occasion in occasions.items())
        return Contract.search(marked & Domain("schedule_ids", "not any", blocking), order="id")

    # ---- a chunk --------------------------------------------------------------------------------------------------

    def _bill_change_logs(self, run, contracts, day):
        """Bill the changes of ``contracts`` (locked by the caller) up to ``day``: together or, if refused, in parts."""
        self._do_together(
            run, contracts, lambda part: self._bill_change_logs_together(run, part, day),
            lambda contract: self._bill_change_logs_alone(run, contract, day))

    def _bill_change_logs_alone(self, run, contract, day):
        exc = self._attempt(lambda: self._bill_change_logs_together(run, contract, day))
        if exc:
            contract.change_log_due = False
            self._refuse(run, contract, self.env["billing.schedule"], exc)

    def _bill_change_logs_together(self, run, contracts, day):
        planned = self.env["billing.planner"]._plan_change_logs(contracts, day, day)
        self._bill_planned(run, planned, day)
        blocked = [one.contract_id for one in planned if one.code == reasons.EARLIER_OPEN]
        (contracts - contracts.browse(blocked)).change_log_due = False
