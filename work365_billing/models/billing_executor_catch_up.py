from collections import defaultdict

from odoo import api, models

from ..engine import reasons


class BillingExecutor(models.AbstractModel):
    """Holds back contracts with missed periods until somebody has approved them."""

    _inherit = "billing.executor"

    @api.model
    def _hold_missed(self, company, due, day):
        """Return the contracts ``due`` without those that wait for an approval.

        A contract waits that asks, and every contract with missed periods when all of them together exceed what the
        company lets pass.
        """
        limited = company.billing_catch_up_periods or company.billing_catch_up_amount
        asked = due.search([("id", "in", due.ids), ("catch_up", "in", ("ask", "all") if limited else ("ask",))])
        if not asked and not self.env["billing.run"]._find_approval(company):
            return due
        missed = self._read_all_missed(asked, day)
        asking = {contract: rows for contract, rows in missed.items() if contract.catch_up == "ask"}
        figures = self._get_missed_figures(missed if limited else asking, day)
        held = figures if limited and self._exceeds(company, figures, day) else {
            contract: figures[contract] for contract in asking}
        self.env["billing.run"]._refresh_approval(company, held)
        return due - due.browse([contract.id for contract in held])

    def _read_all_missed(self, contracts, day):
        """Return the missed rows per contract, also of contracts whose ledger does not reach up to ``day`` yet."""
        Schedule = self.env["billing.schedule"].with_context(active_test=False)
        domain = [("contract_id", "in", contracts.ids), ("kind", "=", "regular")]
        ends = Schedule._read_group(domain, ["contract_id"], ["cycle_end:max"])
        contracts.browse([contract.id for contract, end in ends if end < day])._top_up_schedules()
        due = [*domain, ("state", "in", ("pending", "error")), ("schedule_date", "<=", day)]
        several = Schedule._read_group(due, ["contract_id"], having=[("__count", ">", 1)])
        return contracts.browse([contract.id for [contract] in several])._read_missed(day)

    def _get_missed_figures(self, missed, day):
        """Return, per contract, the number of the rows ``missed`` and what the planner makes of them, before tax."""
        amounts = defaultdict(float)
        rows = {row.id for own in missed.values() for row in own}
        contracts = self.env["billing.contract"].union(*missed)
        for planned in self.env["billing.planner"]._plan_due(contracts, day) if missed else ():
            if planned.schedule_id in rows:
                amounts[planned.contract_id] += float(planned.amount)
        return {contract: (len(own), amounts[contract.id]) for contract, own in missed.items()}

    def _exceeds(self, company, figures, day):
        """Tell whether ``figures`` of all contracts together need an approval."""
        periods = sum(count for count, _amount in figures.values())
        amount = sum(
            contract.currency_id._convert(amount, company.currency_id, company, day)
            for contract, (_count, amount) in figures.items())
        most, highest = company.billing_catch_up_periods, company.billing_catch_up_amount
        too_many = most and periods > most
        too_much = highest and company.currency_id.compare_amounts(amount, highest) > 0
        return bool(too_many or too_much)

    def _skip_missed(self, one):
        """Close a missed row of a contract that bills the current period only."""
        self.env["billing.schedule"].browse(one.schedule_id)._set_skipped(reasons.CATCH_UP, one.message)
