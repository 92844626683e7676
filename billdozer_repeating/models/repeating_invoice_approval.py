from odoo import fields, models
from odoo.exceptions import UserError

# Whoever could write these by hand would bill without approval, or twice.
GUARDED = ("state", "refusal_reason", "anchor_date", "restart_date", "last_access", "end_before")


class RepeatingInvoice(models.Model):
    """Where the company wants it, somebody approves a repeating invoice before anything is billed."""

    _name = "repeating.invoice"
    _inherit = ["repeating.invoice", "billing.guarded.mixin"]

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
        waiting.sudo().write({"state": "active", "refusal_reason": False})  # only here

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
        self.sudo().write({"state": "inactive", "refusal_reason": reason})  # only here

    def _check_may_decide(self):
        self.check_access("write")
        if not self._may_decide():
            raise UserError(self.env._(
                "Only users with the right Approve Repeating Invoices may decide: ask one of them."))

    def _may_decide(self):
        return self.env.user.has_group("billdozer_repeating.billdozer_group_approver")

    def _get_state_once_reactivated(self):
        """Return what it is after somebody has re-activated it: that must not stand in for an approval."""
        return "awaiting" if self.company_id.billdozer_approve and not self._may_decide() else "active"

    # ---- what only the actions write ------------------------------------------------------------------------------

    def _is_guarded(self, field, operation):
        return operation == "write" and field.name in GUARDED and not self.env.su

    def _get_guard_message(self, label):
        return self.env._(
            "“%(field)s” is not entered: approve, cancel, re-activate the repeating invoice or change its run date.",
            field=label)
