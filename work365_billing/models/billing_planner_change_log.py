"""Change-log invoices: what changes up to a date have left to bill, between two cycles."""

from odoo import api, models

from ..engine import reasons
from ..engine.plan import Invoice
from . import billing_reason
from .billing_facts import FactsReader
from .planned import PlannedInvoice


class BillingPlanner(models.AbstractModel):
    _inherit = "billing.planner"

    @api.model
    def _plan_change_log(self, contract, up_to, day):
        """Return the change-log invoice of ``contract``: see ``_plan_change_logs``."""
        [planned] = self._plan_change_logs(contract, up_to, day)
        return planned

    @api.model
    def _plan_change_logs(self, contracts, up_to, day):
        """Return the change-log invoice of each of ``contracts``, in their order.

        It bills the changes up to ``up_to`` (inclusive) and the items that are due by then, and nothing after it. A
        contract of which an earlier schedule is open gets no lines: ``code`` and ``blocking_id`` say why.

        :param day: local date of the run
        """
        reader = FactsReader(contracts)
        blocking = {contract.id: self._find_blocking(reader.rows_of(contract), up_to) for contract in reader.contracts}

        def choose(contract):
            return [] if blocking[contract.id] else [reader.change_log_row(contract, up_to)], None

        planned = {one.contract_id: one for one in self._plan_chosen(reader, choose, day)}
        return [
            planned.get(contract.id) or self._refuse_earlier_open(blocking[contract.id], up_to)
            for contract in contracts]

    @api.model
    def _find_blocking(self, rows, up_to):
        """Return the oldest of the ledger ``rows`` that must be settled before changes up to ``up_to`` are billed."""
        return rows.filtered(
            lambda row: row.kind == "regular" and row.state in ("pending", "error") and not row.on_hold
            and row.schedule_date <= up_to and row.cycle_start <= up_to).sorted("cycle_start")[:1]

    def _refuse_earlier_open(self, row, up_to):
        period = self.env._("Billing cycle %(period)s is not invoiced.", period=row._get_period_name())
        return PlannedInvoice(
            contract_id=row.contract_id.id, schedule_id=None, kind="change_log", cycle_start=up_to, cycle_end=up_to,
            schedule_date=up_to, invoice_date=up_to, invoice=Invoice(row=0, kind="change_log", lines=(), reasons=()),
            code=reasons.EARLIER_OPEN, blocking_id=row.id,
            message=f"{billing_reason.explain(self.env, reasons.EARLIER_OPEN)} {period}")
