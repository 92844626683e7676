from datetime import timedelta

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import format_date


class BillingChangeLog(models.Model):
    """One change of a subscription: the audit trail, and what invoices are computed from."""

    _name = "billing.change.log"
    _description = "Change Log"
    _order = "effective_date desc, id desc"
    _rec_name = "subscription_id"

    subscription_id = fields.Many2one(
        "billing.subscription", required=True, index=True, ondelete="cascade", readonly=True)
    contract_id = fields.Many2one(related="subscription_id.contract_id", store=True, index=True)
    company_id = fields.Many2one(related="subscription_id.company_id", store=True, index=True)
    partner_id = fields.Many2one(related="contract_id.partner_id")
    currency_id = fields.Many2one(related="contract_id.currency_id")
    event = fields.Selection(
        [("create", "Create"), ("update", "Update"), ("activate", "Activate"), ("deactivate", "Deactivate")],
        required=True, default="update", readonly=True)
    effective_date = fields.Date(required=True, index=True, readonly=True, help="First day of the new state.")
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
    invoice_line_id = fields.Many2one(
        "account.move.line", "Invoice Line", index="btree_not_null", ondelete="set null", readonly=True)
    billing_move_id = fields.Many2one(
        "account.move", "Invoice", index="btree_not_null", ondelete="set null", readonly=True,
        help="The invoice that settled the change, also where it needed no line of its own.")

    _pending_idx = models.Index("(subscription_id) WHERE state != 'archived'")

    @api.depends("subscription_id.name", "event", "effective_date")
    def _compute_display_name(self):
        events = dict(self._fields["event"]._description_selection(self.env))
        for log in self:
            day = format_date(self.env, log.effective_date)
            log.display_name = f"{log.subscription_id.name} · {events.get(log.event)} · {day}"

    @api.ondelete(at_uninstall=False)
    def _unlink_except_scheduled(self):
        if any(log.applied and log.subscription_id.contract_id.state != "draft" for log in self):
            raise UserError(self.env._("Change logs are the audit trail and cannot be deleted: archive them instead."))

    def _exclude_invoiced(self):
        """Leave the periods that are already invoiced as they are: the reduction counts from the first open day."""
        for log in self:
            day = log._get_first_open_day()
            if day > log.effective_date:
                log.write({"state": "archived", "counts_from": day})
                log.subscription_id.message_post(body=self.env._(
                    "Deactivated without a refund: what is invoiced before %(date)s stays as it is.",
                    date=format_date(self.env, day)))

    def _get_first_open_day(self):
        """Return the first day, from the effective date on, that is not invoiced."""
        self.ensure_one()
        rows = self.env["billing.schedule"].sudo().with_context(active_test=False).search([
            ("contract_id", "=", self.contract_id.id), ("kind", "=", "regular"),
            ("cycle_end", ">=", self.effective_date), ("state", "!=", "skipped")])
        invoiced = rows.filtered(lambda row: row.state == "invoiced")
        if not invoiced:
            return self.effective_date
        last = max(invoiced.mapped("cycle_end"))
        return max(self.effective_date, min([*(rows - invoiced).mapped("cycle_start"), last + timedelta(days=1)]))

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
