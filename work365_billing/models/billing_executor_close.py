"""The bill of a closing: made by hand, in the caller's transaction, without any automation."""

from itertools import takewhile

from odoo import api, models
from odoo.exceptions import UserError

from ..engine import reasons
from . import billing_reason


class BillingExecutor(models.AbstractModel):
    _inherit = "billing.executor"

    @api.model
    def _bill_closing(self, closing):
        """Bill what the closing of a contract, which has got its end, makes due now, and return the drafts.

        :raises UserError: when something must be mended first and the contract would be closed without it
        """
        planned = self._plan_due_closing(closing)
        with_lines = [one for one in planned if one.lines]
        moves = self._generate_all(with_lines) if with_lines else self.env["account.move"]
        if closing.is_now:
            self.sudo()._settle_empty(planned)  # clerks move the ledger only by its own actions
        return moves

    def _plan_due_closing(self, closing):
        planner = self.env["billing.planner"]
        if closing.is_now:
            planned = planner._plan_closing(closing)
            self._check_closing(planned)
            return planned
        if closing.contract.catch_up_run_id:
            return []  # the missed periods wait for an approval
        due = planner._plan_due(closing.contract, closing.today)
        # What the job has to hold back, or somebody to mend, is theirs as before.
        return list(takewhile(lambda one: not one.problem and one.code != reasons.PAUSED, due))

    @api.model
    def _check_closing(self, planned):
        """Refuse to close a contract of which something in ``planned`` cannot be billed as it is."""
        for one in planned:
            if one.problem:
                raise UserError(self.env._("%(message)s Then close the contract.", message=one.message))
            for reason in one.invoice.reasons:
                if reason.code == reasons.UNCONFIRMED:
                    subscription = self.env["billing.subscription"].browse(reason.charge)
                    raise UserError(self.env._(
                        "Usage of %(subscription)s is not confirmed yet: confirm or archive it, then close the "
                        "contract.", subscription=subscription.display_name))

    def _settle_empty(self, planned):
        """Skip the periods in which nothing was to be billed, and those that were missed, with the reasons."""
        for one in planned:
            if one.schedule_id and not one.lines:
                row = self.env["billing.schedule"].browse(one.schedule_id)
                row._set_skipped(one.code, one.message or billing_reason.explain(self.env, one.code))
