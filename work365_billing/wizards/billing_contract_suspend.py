from odoo import api, fields, models
from odoo.tools import format_date

from ..models.selections import PAUSE_POLICIES


class BillingContractSuspend(models.TransientModel):
    """The window in which a contract is suspended, or resumed."""

    _name = "billing.contract.suspend"
    _description = "Suspension of a Contract"
    _inherit = ["billing.change.window"]

    contract_id = fields.Many2one("billing.contract", required=True, ondelete="cascade")
    is_resume = fields.Boolean(readonly=True)
    effective_date = fields.Date(
        "From", compute="_compute_effective_date", store=True, readonly=False, compute_sudo=False,
        help="First day that is suspended, or first day that is billed again.")
    resume_on = fields.Date(help="First day that is billed again; the hourly job resumes the contract on it.")
    policy = fields.Selection(PAUSE_POLICIES, "While Suspended", required=True, default="nothing")
    reason = fields.Char(help="Kept on the contract.")
    explanation = fields.Char(compute="_compute_explanation")

    @api.depends("contract_id")
    def _compute_effective_date(self):
        for window in self:
            contract = window.contract_id._origin
            today = contract.company_id._billing_today()
            first = contract.suspend_on if window.is_resume else contract.date_start
            window.effective_date = max(today, first) if first else today

    @api.depends("policy", "is_resume", "resume_on", "contract_id")
    def _compute_explanation(self):
        for window in self:
            window.explanation = window._explain_resume() if window.is_resume else window._explain()

    def _explain(self):
        """Return in words what becomes of the suspended days."""
        texts = {
            "full": self.env._("Nothing is invoiced while it is suspended; all days are billed once it is resumed."),
            "nothing": self.env._(
                "Nothing is invoiced while it is suspended. What is invoiced stays as it is; suspended days that are "
                "not invoiced yet are never billed."),
            "credit": self.env._(
                "Nothing is invoiced while it is suspended. Suspended days are never billed, and those that are "
                "invoiced are credited once it is resumed."),
        }
        if self.policy == "credit" and not self.contract_id.refunds_active:
            return self.env._(
                "Refunds are off for this contract, so invoiced days are not credited: set Process Refunds to Yes on "
                "the contract first. Suspended days that are not invoiced yet are never billed.")
        return texts.get(self.policy)

    def _explain_resume(self):
        if self.contract_id.suspend_policy in ("nothing", "credit"):
            return self.env._("Suspended days are not billed. Billing goes on from the day above.")
        return self.env._("What was not billed while the contract was suspended is billed now.")

    # ---- preview and confirmation -----------------------------------------------------------------------------------

    def _get_preview_fields(self):
        return ["contract_id", "effective_date", "resume_on", "policy"]

    def _is_complete(self):
        return bool(self.contract_id and self.effective_date)

    def _get_last_day(self):
        return max(self.effective_date, self.resume_on or self.effective_date)

    def _prepare(self):
        contract = self.contract_id._origin
        if self.is_resume:
            return contract._prepare_resumption(self.effective_date)
        return contract._prepare_suspension(self.effective_date, self.resume_on or None, self.policy)

    def _get_summary(self, rows, edits):
        if any(edits):
            return super()._get_summary(rows, edits)
        return self.env._("The amounts of the next invoices stay as they are.")

    def _get_date_text(self, planned):
        """Return the day of the invoice; what falls into the suspension is made after it."""
        text = super()._get_date_text(planned)
        is_after = self.resume_on and planned.schedule_date >= self.resume_on
        if self.is_resume or planned.schedule_date < self.effective_date or is_after:
            return text
        resumed = format_date(self.env, self.resume_on) if self.resume_on else self.env._("when resumed")
        return f"{text} → {resumed}"

    def action_confirm(self):
        """Suspend or resume the contract as the preview shows."""
        self.ensure_one()
        self.contract_id.check_access("write")
        self.env["billing.executor"]._lock(self.contract_id)
        if self.is_resume:
            self.contract_id.resume(self.effective_date)
        else:
            self.contract_id.suspend(self.effective_date, self.resume_on, self.policy, self.reason)
        return {"type": "ir.actions.act_window_close"}
