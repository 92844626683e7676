"""What the planner says of the rows of the bulk window: all rows of one question are planned together."""

from itertools import zip_longest

from odoo import api, models

from ..engine import reasons
from ..models import billing_reason

# Why a row bills nothing although nobody has to mend anything; any other reason blocks it.
STATUS_OF_REASON = {
    reasons.ALREADY_INVOICED: "invoiced",
    reasons.NOTHING_TO_BILL: "nothing",
    reasons.NOTHING_LEFT: "nothing",
    reasons.NOT_IN_PERIOD: "nothing",
    reasons.NO_CYCLE: "nothing",
    reasons.SKIPPED: "nothing",
}


class BillingBulkGenerate(models.TransientModel):
    _inherit = "billing.bulk.generate"

    def plan_next(self):
        """Plan the next rows that wait for it and return how many are left: what the open window calls in a loop."""
        self.ensure_one()
        waiting = self.env["billing.bulk.generate.row"].search([("bulk_id", "=", self.id), ("status", "=", "planning")])
        part = waiting[:waiting._plan_part]
        part.modified(["schedule_id"])
        part.flush_recordset()
        return len(waiting - part)


class BillingBulkGenerateRow(models.TransientModel):
    _inherit = "billing.bulk.generate.row"
    _plan_part = 500  # rows that are planned in one request

    @api.depends(
        "contract_id", "schedule_id", "replace_existing", "bulk_id.mode", "bulk_id.date_from", "bulk_id.date_to")
    def _compute_plan(self):
        for (bulk, company), rows in self.grouped(lambda row: (row.bulk_id, row.contract_id.company_id)).items():
            if bulk.plan_later and len(rows) > self._plan_part:
                rows._wait_for_plan()
            elif bulk.mode == "change_log":
                rows._plan_change_logs(company._billing_today())
            else:
                rows._plan_cycles(company._billing_today())

    def _wait_for_plan(self):
        for row in self:
            row.is_invoiced = row.is_future = row.reason = row.message = False
            row.status, row.amount = "planning", 0.0

    # ---- regular --------------------------------------------------------------------------------------------------

    def _plan_cycles(self, today):
        """Plan the chosen cycles: those that replace an invoice apart, for their plan leaves that invoice out."""
        for row in self:
            row.is_invoiced = row.schedule_id.state == "invoiced"
            row.is_future = bool(
                row.schedule_id and not row.is_invoiced and row.schedule_id.schedule_date > today)
        plans = {}
        for replace, rows in self.filtered(lambda row: not row._find_refusal()).grouped("is_invoiced").items():
            for part in zip_longest(*rows.grouped("contract_id").values(), fillvalue=self.browse()):
                # The planner takes one cycle of each contract at a time.
                schedules = self.browse().union(*part).schedule_id._origin
                planned = self.env["billing.planner"]._plan_schedules(schedules, today, replace=replace)
                plans.update((one.schedule_id, one) for one in planned)
        for row in self:
            row._show(row._find_refusal(), plans.get(row.schedule_id._origin.id))

    def _find_refusal(self):
        """Return the code for which the chosen cycle is not even planned, or None."""
        if self.contract_id.state != "active":
            return reasons.NOT_ACTIVE
        if not self.schedule_id or self.schedule_id.contract_id._origin != self.contract_id._origin:
            return reasons.NO_CYCLE
        if self.schedule_id.state == "skipped":
            return reasons.SKIPPED
        if self.is_invoiced and not self.replace_existing:
            return reasons.ALREADY_INVOICED
        return None

    # ---- change logs ----------------------------------------------------------------------------------------------

    def _plan_change_logs(self, today):
        """Plan the changes up to the end of the period."""
        bulk = self.bulk_id
        active = self.contract_id._origin.filtered(lambda contract: contract.state == "active")
        planned = self.env["billing.planner"]._plan_change_logs(active, bulk.date_to, today)
        plans = {one.contract_id: one for one in planned}
        recent = self._find_recent(planned, bulk.date_from)
        for row in self:
            contract = row.contract_id._origin
            plan = plans.get(contract.id)
            row.is_invoiced = row.is_future = False
            if not plan:
                row._show(reasons.NOT_ACTIVE)
            else:
                is_older = plan.lines and not plan.code and contract.id not in recent
                row._show(reasons.NOT_IN_PERIOD if is_older else None, plan)

    def _find_recent(self, planned, first_day):
        """Return the ids of the contracts with something else to bill than changes before ``first_day``."""
        logs = {line.log for one in planned for line in one.lines if line.log}
        older = set(self.env["billing.change.log"].search([
            ("id", "in", list(logs)), ("effective_date", "<", first_day)]).ids) if first_day else ()
        return {one.contract_id for one in planned if any(line.log not in older for line in one.lines)}

    # ---- what the row shows ---------------------------------------------------------------------------------------

    def _show(self, code, planned=None):
        """Show the plan, or the reason why the row bills nothing.

        :param code: a reason that the planner does not know of
        """
        known = None if code else planned.message
        code = code or planned.code
        self.reason = code
        if code:
            self.status = STATUS_OF_REASON.get(code, "blocked")
            self.amount = 0.0
            self.message = " ".join((known or billing_reason.explain(self.env, code)).split("\n"))
        else:
            self.status = "future" if self.is_future else "bill"
            self.amount = float(planned.amount)
            self.message = planned.note or self._get_replaced_message()

    def _get_replaced_message(self):
        return self.is_invoiced and self.env._(
            "%(invoice)s stays, marked as replaced.", invoice=self.schedule_id.resulting_invoice_id.display_name)
