from odoo import api, fields, models

from ..models.selections import PAUSE_POLICIES


class BillingChangeLogEdit(models.TransientModel):
    """The window in which a change that waits is edited or withdrawn."""

    _name = "billing.change.log.edit"
    _description = "Edit of a Scheduled Change"
    _inherit = ["billing.change.window"]

    log_id = fields.Many2one("billing.change.log", "Change", required=True, ondelete="cascade", readonly=True)
    contract_id = fields.Many2one(related="log_id.contract_id")
    is_withdrawal = fields.Boolean(readonly=True)
    event = fields.Selection(related="log_id.event")
    sets_price = fields.Boolean(related="log_id.sets_price")
    changes_quantity = fields.Boolean(compute="_compute_changes_quantity")
    effective_date = fields.Date(
        "Takes Effect on", compute="_compute_values", store=True, readonly=False, compute_sudo=False,
        help="First day of the new state.")
    new_quantity = fields.Float(
        digits="Product Unit", compute="_compute_values", store=True, readonly=False, compute_sudo=False,
        help="The quantity from that day on.")
    new_price = fields.Float(
        "New Unit Price", min_display_digits="Product Price", compute="_compute_values", store=True, readonly=False,
        compute_sudo=False)
    refund = fields.Selection(
        [("no", "Do Not Refund"), ("yes", "Apply Refund")], "Invoiced Days", compute="_compute_values", store=True,
        readonly=False, compute_sudo=False)
    pause_policy = fields.Selection(
        PAUSE_POLICIES, "While Paused", compute="_compute_values", store=True, readonly=False, compute_sudo=False)
    resume_on = fields.Date(compute="_compute_values", store=True, readonly=False, compute_sudo=False)

    @api.depends("log_id")
    def _compute_changes_quantity(self):
        for window in self:
            log = window.log_id
            window.changes_quantity = log.event in ("update", "activate") and (log.quantity or not log.sets_price)

    @api.depends("log_id")
    def _compute_values(self):
        """The change as it stands."""
        for window in self:
            log = window.log_id._origin
            window.effective_date = log.effective_date
            window.new_quantity = log._get_new_quantity()
            window.new_price = log.price_unit
            window.refund = "yes" if log.refund else "no"
            window.pause_policy = log.pause_policy
            window.resume_on = log._get_resume().effective_date if log.event == "pause" else False

    # ---- preview and confirmation -----------------------------------------------------------------------------------

    def _get_preview_fields(self):
        return ["log_id", "effective_date", "new_quantity", "new_price", "refund", "pause_policy", "resume_on"]

    def _is_complete(self):
        return bool(self.log_id and self.effective_date)

    def _get_last_day(self):
        return max(self.log_id.effective_date, self.effective_date, self.resume_on or self.effective_date)

    def _prepare(self):
        log = self.log_id._origin
        if self.is_withdrawal:
            return [log._prepare_withdrawal()]
        return [log._prepare_edit(
            self.effective_date, self.new_quantity if self.changes_quantity else None,
            self.new_price if self.sets_price else None, self.refund == "yes", self.pause_policy,
            self.resume_on or None)]
