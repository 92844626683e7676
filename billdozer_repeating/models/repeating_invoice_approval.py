from odoo import fields, models
from odoo.exceptions import UserError


class RepeatingInvoice(models.Model):
    """Where the company wants it, somebody approves a repeating invoice before anything is billed."""

    _inherit = "repeating.invoice"

    refusal_reason = fields.Char(copy=False, readonly=True, tracking=True)

    def action_approve(self):
        """Approve: its invoices are made from now on, those that are due at once. Does nothing when active.

        :raises UserError: without the right to approve, or when it was cancelled
        """
        self._check_may_decide()
        waiting = self.filtered(lambda invoice: invoice.state != "active")
        for invoice in waiting:
            if invoice.state == "inactive":
                raise UserError(self.env._(
                    "%(name)s is inactive: use Re-Activate Repeating Invoice.", name=invoice.name))
        waiting.write({"state": "active", "refusal_reason": False})

    def _refuse(self, reason):
        """Refuse what awaits approval: it is inactive, and keeps the reason.

        :raises UserError: without the right to approve, without a reason, or when it does not await approval
        """
        self._check_may_decide()
        if not (reason or "").strip():
            raise UserError(self.env._("Enter why it is refused: the reason is kept."))
        for invoice in self:
            if invoice.state != "awaiting":
                raise UserError(self.env._("%(name)s does not await approval.", name=invoice.name))
        self.write({"state": "inactive", "refusal_reason": reason})

    def _check_may_decide(self):
        self.check_access("write")
        if not self.env.user.has_group("billdozer_repeating.billdozer_group_approver"):
            raise UserError(self.env._(
                "Only users with the right Approve Repeating Invoices may decide: ask one of them."))
