from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import format_date

from .selections import PAUSE_POLICIES


class BillingChangeLog(models.Model):
    """One change of a subscription: the audit trail, and what invoices are computed from."""

    _name = "billing.change.log"
    _description = "Change Log"
    _order = "effective_date desc, id desc"
    _rec_name = "subscription_id"

    subscription_id = fields.Many2one(
        "billing.subscription", required=True, index=True, ondelete="cascade", readonly=True)
    contract_id = fields.Many2one(related="subscription_id.contract_id", store=True, index=True)
    company_id = fields.Many2one(related="subscription_id.company_id", store=True, index=True, precompute=True)
    partner_id = fields.Many2one(related="contract_id.partner_id")
    currency_id = fields.Many2one(related="contract_id.currency_id")
    event = fields.Selection(
        [("create", "Create"), ("update", "Update"), ("pause", "Pause"), ("resume", "Resume"),
         ("activate", "Activate"), ("deactivate", "Deactivate")],
        required=True, default="update", readonly=True)
    effective_date = fields.Date(required=True, index=True, readonly=True, help="First day of the new state.")
    entered_on = fields.Date(
        compute="_compute_entered_on", store=True, precompute=True, help="Local date on which the change was entered.")
    quantity = fields.Float(
        "Change", digits="Product Unit", readonly=True, help="The difference that the change makes to the quantity.")
    price_unit = fields.Float(
        "Unit Price", min_display_digits="Product Price", readonly=True,
        help="Price of one unit for one sales unit from the first cycle that begins on or after the effective date.")
    sets_price = fields.Boolean(
        "Price Changed", readonly=True, help="The change sets the price, not the quantity alone.")
    state = fields.Selection(
        [("scheduled", "Scheduled"), ("active", "Active"), ("archived", "Archived")],
        "Status", required=True, default="active", index=True, readonly=True,
        help="Scheduled: its date has not come. Active: waits to be billed. Archived: billed, or left out for good.")
    applied = fields.Boolean(default=True, readonly=True, help="The subscription's quantity and price include it.")
    refund = fields.Boolean("Apply Refund", default=True, readonly=True)
    counts_from = fields.Date(
        readonly=True, help="A reduction that was not credited changes nothing that is billed before this day.")
    pause_policy = fields.Selection(PAUSE_POLICIES, readonly=True, help="What the pause does to the bill.")
    by_contract = fields.Boolean(
        "Whole Contract", readonly=True, help="The pause is that of the whole contract, and ends with it.")
    completes_id = fields.Many2one(
        "billing.change.log", "Completes", index="btree_not_null", ondelete="cascade", readonly=True,
        help="The pause, resume or end that could not be altered any more when a change before it was entered.")
    cause_id = fields.Many2one(
        "billing.change.log", "Because of", index="btree_not_null", ondelete="set null", readonly=True,
        help="The change that made this one necessary.")
    invoice_line_id = fields.Many2one(
        "account.move.line", "Invoice Line", index="btree_not_null", ondelete="set null", readonly=True)
    billing_move_id = fields.Many2one(
        "account.move", "Invoice", index="btree_not_null", ondelete="set null", readonly=True,
        help="The invoice that settled the change, also where it needed no line of its own.")

    _due_idx = models.Index("(company_id, effective_date) WHERE applied IS NOT TRUE")
    _pending_idx = models.Index("(subscription_id) WHERE state != 'archived'")

    @api.depends("subscription_id.name", "event", "effective_date")
    def _compute_display_name(self):
        events = dict(self._fields["event"]._description_selection(self.env))
        for log in self:
            day = format_date(self.env, log.effective_date)
            log.display_name = f"{log.subscription_id.name} · {events.get(log.event)} · {day}"

    @api.model_create_multi
    def create(self, vals_list):
        subscriptions = self.env["billing.subscription"].browse({vals["subscription_id"] for vals in vals_list})
        with subscriptions._following_deactivation():
            return super().create(vals_list)

    def write(self, vals):
        if "effective_date" not in vals:
            return super().write(vals)
        with self.subscription_id._following_deactivation():
            return super().write(vals)

    def unlink(self):
        with self.subscription_id._following_deactivation():
            return super().unlink()

    @api.depends("company_id")
    def _compute_entered_on(self):
        for log in self:
            log.entered_on = log.entered_on or log.company_id._billing_today()

    @api.ondelete(at_uninstall=False)
    def _unlink_except_scheduled(self):
        if any(log.applied and log.subscription_id.contract_id.state != "draft" for log in self):
            raise UserError(self.env._("Change logs are the audit trail and cannot be deleted: archive them instead."))

    def _pauses_billing(self):
        """Tell whether nothing is billed because of this change."""
        return self.event == "pause" and self.pause_policy != "full"

    def _tell_excluded(self):
        """Tell on the subscriptions which of these stops leave invoiced periods as they are."""
        texts = {
            "deactivate": self.env._("Deactivated without a refund: what is invoiced before %(date)s stays as it is."),
            "pause": self.env._("Paused without a credit: what is invoiced before %(date)s stays as it is.")}
        for log in self.filtered(lambda log: log.state == "archived" and log.counts_from and log.event in texts):
            day = format_date(self.env, log.counts_from)
            log.subscription_id.message_post(body=texts[log.event] % {"date": day})

    def _release(self):
        """Return the logs to what they were before the invoice that had used them."""
        for log in self:
            log.write({
                "state": "active" if log.applied else "scheduled", "invoice_line_id": False,
                "billing_move_id": False, "counts_from": False})

    def _search_due(self, company):
        """Return the scheduled logs of ``company`` whose date has come."""
        return self.sudo().search([
            ("company_id", "=", company.id), ("applied", "=", False),
            ("effective_date", "<=", company._billing_today())])
