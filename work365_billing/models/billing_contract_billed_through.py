"""From which day a contract bills that was billed elsewhere before."""

from datetime import timedelta

from odoo import models
from odoo.exceptions import UserError
from odoo.tools import format_date


class BillingContract(models.Model):
    _inherit = "billing.contract"

    _billed_through_after_start = models.Constraint(
        "CHECK (billed_through IS NULL OR billed_through >= date_start)",
        "The contract is billed through a day before it starts: correct one of the two dates, or leave Billed Through "
        "empty if nothing was billed elsewhere.")
    _billed_through_before_end = models.Constraint(
        "CHECK (billed_through IS NULL OR date_end IS NULL OR billed_through <= date_end)",
        "The contract is billed through a day after its end: correct one of the two dates.")

    def write(self, vals):
        """Billed Through is fixed by the first invoice; until then each move back is told, whoever imports it."""
        moved = self.filtered(lambda contract: "billed_through" in vals and contract._changes(vals, ["billed_through"]))
        moved._check_billed_through_may_move()
        before = {contract: contract.billed_through for contract in moved}
        result = super().write(vals)
        if moved:
            moved._rebuild_schedules()
            moved._tell_moved_back(before)
        return result

    def _check_billed_through_may_move(self):
        billed = self.filtered("is_billed")
        if billed:
            raise UserError(self.env._(
                "%(contract)s is already billed, so Billed Through can no longer change: skip the billing schedules "
                "that are not to be billed, and enter what is missing as a non-recurring item.",
                contract=billed[0].display_name))

    def _tell_moved_back(self, before):
        """Log that days which counted as billed are billed after all; on drafts nothing was promised yet."""
        for contract in self.filtered(lambda contract: contract.state != "draft"):
            old, new = before[contract], contract.billed_through
            if old and (not new or new < old):
                first = new + timedelta(days=1) if new else contract.date_start
                contract._message_log(body=self.env._(
                    "Billed Through moved back: %(first)s to %(last)s is billed here.",
                    first=format_date(self.env, first), last=format_date(self.env, old)))
