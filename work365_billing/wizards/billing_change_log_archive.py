from odoo import api, fields, models


class BillingChangeLogArchive(models.TransientModel):
    """The window in which a change is left out of the bill: it asks why, and shows what that costs."""

    _name = "billing.change.log.archive"
    _description = "Archiving of a Change Log"
    _inherit = ["billing.change.window"]

    log_id = fields.Many2one("billing.change.log", "Change", required=True, ondelete="cascade", readonly=True)
    contract_id = fields.Many2one(related="log_id.contract_id")
    reason = fields.Char(help="Kept on the change log and told on the subscription.")
    counts_from = fields.Date(
        "Counts from", compute="_compute_counts_from",
        help="The change is never billed for the days before; from this day on its quantity or price counts.")

    @api.depends("log_id")
    def _compute_counts_from(self):
        for window in self:
            log = window.log_id._origin
            window.counts_from = log.subscription_id._get_next_cycle_start(log.effective_date)

    def _get_preview_fields(self):
        return ["log_id"]

    def _get_last_day(self):
        return self.counts_from

    def _prepare(self):
        return [self.log_id._origin._prepare_exclusion()]

    def _commit(self, _edits):
        self.log_id.exclude(self.reason)
