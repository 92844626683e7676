"""Whether contracts that came from another system will bill here what they were billed there."""

from itertools import takewhile

from odoo import api, fields, models
from odoo.fields import Domain
from odoo.tools import format_amount

from .anomaly import unusual_percent


class BillingContract(models.Model):
    """What the planner says of the next invoice, beside what the old system billed last. Nothing is written."""

    _inherit = "billing.contract"

    previous_amount = fields.Monetary(
        "Last Amount in the Old System", copy=False,
        help="What the last invoice of the old system came to before tax: Check Imported Contracts compares it with "
             "the next one from here. 0: not compared.")
    planned_date = fields.Date("Planned Invoice", compute="_compute_planned", help="Day on which it is made.")
    planned_start = fields.Date("Bills From", compute="_compute_planned", help="First day of the next billing cycle.")
    planned_end = fields.Date("Bills To", compute="_compute_planned", help="Last day of the next billing cycle.")
    planned_amount = fields.Monetary(
        compute="_compute_planned", help="What the planner puts on the next invoice, before tax. A draft is planned as "
        "if it were active.")
    planned_count = fields.Integer(
        "Due Now", compute="_compute_planned", help="So many invoices the job makes at once, to catch up to today.")
    planned_difference = fields.Monetary(
        "Difference", compute="_compute_planned", help="Planned amount less the last amount in the old system.")
    planned_problem = fields.Text(
        "Check", compute="_compute_planned", help="What to look at before the contract bills. The percentage from "
        "which amounts are to be checked is a setting.")
    planned_to_check = fields.Boolean(
        "To Check", compute="_compute_planned", search="_search_planned_to_check")

    @api.depends("previous_amount", "billed_through", "state")
    def _compute_planned(self):
        plans = {}
        for company, contracts in self._origin.grouped("company_id").items():
            plans.update(contracts._plan_for_check(company._billing_today()))
        for contract in self:
            contract._show_planned(*plans.get(contract._origin, ([], [])))

    def _plan_for_check(self, today):
        """Return, per contract, its next invoices (of one schedule date) and all those that are due on ``today``."""
        planner = self.env["billing.planner"]
        alive = self.filtered(lambda contract: contract.state != "closed")
        due_of = self._group_planned(planner._plan_until(alive, today, assume_active=True))
        idle = alive.filtered(lambda contract: contract not in due_of)
        next_of = self._group_planned(planner._plan_next_invoices(idle, today))
        return {
            **{contract: (invoices, []) for contract, invoices in next_of.items()},
            **{contract: (self._take_first_date(due), due) for contract, due in due_of.items()}}

    def _group_planned(self, planned):
        """Return those of ``planned`` that bill something by contract, oldest first."""
        result = {}
        for invoice in planned:
            if invoice.lines:
                result.setdefault(self.browse(invoice.contract_id), []).append(invoice)
        return result

    @staticmethod
    def _take_first_date(planned):
        return list(takewhile(lambda one: one.schedule_date == planned[0].schedule_date, planned))

    def _show_planned(self, coming, due):
        """Show the ``coming`` invoices of the next date, and that ``due`` ones follow at once."""
        self.planned_date = coming[0].schedule_date if coming else False
        self.planned_start = min((one.cycle_start for one in coming), default=False)
        self.planned_end = max((one.cycle_end for one in coming), default=False)
        self.planned_amount = sum(float(one.amount) for one in coming)
        self.planned_count = len(due)
        compared = coming and self.previous_amount
        self.planned_difference = self.planned_amount - self.previous_amount if compared else 0.0
        problems = [*self._find_planned_problems(coming), self._find_catch_up(due), self._find_difference(coming)]
        self.planned_problem = "\n".join(filter(None, problems)) or False
        self.planned_to_check = bool(self.planned_problem)

    def _find_planned_problems(self, coming):
        if not coming:
            return [self.state != "closed" and self.env._("Nothing is planned")]
        return dict.fromkeys(" ".join(one.message.split("\n")) for one in coming if one.problem)

    def _find_catch_up(self, due):
        if not due:
            return None
        total = format_amount(self.env, sum(float(one.amount) for one in due), self.currency_id)
        if len(due) == 1:
            return self.env._("1 invoice is due: %(total)s", total=total)
        return self.env._("%(count)s invoices are due: %(total)s in all", count=len(due), total=total)

    def _find_difference(self, coming):
        if not coming or not self.previous_amount:
            return None
        percent = unusual_percent(self.planned_amount, self.previous_amount, self.company_id.billing_anomaly_percent)
        if percent is None:
            return None
        text = self.env._("%(percent)s %% against the old system", percent=f"{percent:+.1f}")
        return self.env._("%(difference)s (part of a cycle)", difference=text) if self._is_part(coming) else text

    def _is_part(self, coming):
        """Tell whether what is billed first is only a part of a cycle, such as the rest of one begun elsewhere."""
        Subscription = self.env["billing.subscription"]
        owners = ((Subscription.browse(one.owner_vals.get("subscription_id", ())) or self, one) for one in coming)
        return self.contract_type != "non_recurring" and any(
            owner._is_part_of_cycle(one.cycle_start, one.cycle_end) for owner, one in owners)

    @api.model
    def _search_planned_to_check(self, operator, value):
        """Plan those contracts that can be compared: imported ones that are not billed yet."""
        if operator != "in":
            return NotImplemented
        imported = Domain("previous_amount", "!=", 0) | Domain("billed_through", "!=", False)
        unbilled = Domain("state", "!=", "closed") & Domain("schedule_ids", "not any", [("state", "=", "invoiced")])
        found = self.search(imported & unbilled).filtered("planned_to_check")
        return [("id", "in" if True in value else "not in", found.ids)]
