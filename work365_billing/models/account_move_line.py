from odoo import api, fields, models


class AccountMoveLine(models.Model):
    _name = "account.move.line"
    _inherit = ["account.move.line", "billing.guarded.mixin"]

    billing_subscription_id = fields.Many2one(
        "billing.subscription", "Subscription", index="btree_not_null", copy=False, readonly=True, ondelete="restrict")
    billing_item_id = fields.Many2one(
        "billing.item", "Non-Recurring Item", copy=False, readonly=True, ondelete="set null")
    billing_usage_ids = fields.Many2many(
        "billing.usage", "billing_usage_line_rel", "line_id", "usage_id", "Usage", copy=False, readonly=True)
    billing_change_log_id = fields.Many2one(
        "billing.change.log", "Change Log", copy=False, readonly=True, ondelete="set null")
    billing_period_start = fields.Date("Period from", copy=False, readonly=True)
    billing_period_end = fields.Date("Period to", copy=False, readonly=True, help="Last billed day.")
    billing_cycle_start = fields.Date(
        copy=False, readonly=True, help="First day of the billing cycle that the line belongs to.")
    billing_amount = fields.Float(
        digits=(16, 6), copy=False, readonly=True,
        help="What the line stands for in the ledger, net of discount; negative for a credit. "
             "Editing the draft does not change it.")

    @api.ondelete(at_uninstall=False)
    def _unlink_free_records(self):
        """What is billed as entered and is taken off a draft goes on the next invoice."""
        lines = self.sudo().filtered("move_id.billing_contract_id")  # whoever corrects the draft
        for source in self.env["billing.planner"]._get_sources().values() if lines else ():
            records = lines[source._billing_line_field]
            records.filtered(lambda record: record.invoice_line_id in lines)._set_unbilled()

    def _reconcile_post_hook(self, data):
        result = super()._reconcile_post_hook(data)
        self.move_id._billing_credited_in_full()
        return result
