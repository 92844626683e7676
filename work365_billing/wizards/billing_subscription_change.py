from odoo import api, fields, models

from ..models.selections import PAUSE_POLICIES

ACTIONS = [
    ("quantity", "Change Quantity"),
    ("price", "Change Price"),
    ("pause", "Pause"),
    ("resume", "Resume"),
    ("deactivate", "Deactivate"),
    ("activate", "Reactivate"),
]
# What may be done in each state of a subscription.
AVAILABLE = {
    "active": ("quantity", "price", "pause", "deactivate"),
    "paused": ("resume", "price", "deactivate"),
    "inactive": ("activate", "price"),
}


class BillingSubscriptionChange(models.TransientModel):
    """The window of one change of a subscription: when, what, and what it does to the next invoices."""

    _name = "billing.subscription.change"
    _description = "Change of a Subscription"
    _inherit = ["billing.change.window"]

    subscription_id = fields.Many2one("billing.subscription", required=True, ondelete="cascade", readonly=True)
    contract_id = fields.Many2one(related="subscription_id.contract_id")
    action = fields.Selection(ACTIONS, required=True, default="quantity")
    available_actions = fields.Char(compute="_compute_available_actions")
    current = fields.Char("Today", compute="_compute_current")
    effective = fields.Selection(
        [("now", "Immediately"), ("renewal", "On Renewal"), ("custom", "Custom Date")],
        "Change Effective", required=True, default="now",
        help="On Renewal: with the first day of the next cycle that is not invoiced.")
    effective_date = fields.Date(
        "Takes Effect on", compute="_compute_effective_date", store=True, readonly=False, compute_sudo=False,
        help="First day of the new state.")
    new_quantity = fields.Float(
        digits="Product Unit", compute="_compute_new_values", store=True, readonly=False, compute_sudo=False)
    new_price = fields.Float(
        "New Unit Price", min_display_digits="Product Price", compute="_compute_new_values", store=True, readonly=False,
        compute_sudo=False)
    refund = fields.Selection(
        [("no", "Do Not Refund"), ("yes", "Apply Refund")], "Invoiced Days", required=True, default="no",
        help="What becomes of the days that are already invoiced.")
    pause_policy = fields.Selection(PAUSE_POLICIES, "While Paused", required=True, default="nothing")
    resume_on = fields.Date(help="First day that is billed again. Empty: until somebody resumes it.")
    explanation = fields.Char(compute="_compute_explanation")

    # ---- what is chosen -------------------------------------------------------------------------------------------

    @api.depends("subscription_id.state", "subscription_id.pricing")
    def _compute_available_actions(self):
        for window in self:
            actions = AVAILABLE.get(window.subscription_id.state, ())
            if window.subscription_id.pricing == "usage":  # its quantity and price mean nothing
                actions = [action for action in actions if action not in ("quantity", "price")]
            window.available_actions = ",".join(actions)

    @api.depends("subscription_id")
    def _compute_current(self):
        units = dict(self.env["billing.subscription"]._fields["sales_unit"]._description_selection(self.env))
        for window in self:
            sub = window.subscription_id
            window.current = sub.pause_message or self.env._(
                "%(quantity)s at %(price)s (%(unit)s)", quantity=f"{sub.quantity:g}",
                price=sub.currency_id.format(sub.price_unit), unit=units.get(sub.sales_unit))

    @api.depends("effective", "subscription_id")
    def _compute_effective_date(self):
        for window in self:
            sub = window.subscription_id._origin
            if window.effective == "now":
                window.effective_date = max(sub.company_id._billing_today(), sub.date_start)
            elif window.effective == "renewal":
                window.effective_date = sub._get_renewal_day()
            else:
                window.effective_date = window.effective_date

    @api.depends("subscription_id", "action")
    def _compute_new_values(self):
        for window in self:
            sub = window.subscription_id._origin
            window.new_price = sub.price_unit
            window.new_quantity = sub._get_quantity_before_end() if window.action == "activate" else sub.quantity

    @api.depends("action", "refund", "pause_policy", "contract_id", "effective_date")
    def _compute_explanation(self):
        for window in self:
            window.explanation = window._explain()

    def _explain(self):
        """Return in words what follows for the days that are invoiced."""
        allowed = self.contract_id.refunds_active
        texts = {
            "credit": self.env._("The invoiced days from then on are credited; days not invoiced yet are not billed."),
            "refused": self.env._(
                "Refunds are off for this contract, so the invoiced days are not credited: set Process Refunds to Yes "
                "on the contract first. Days not invoiced yet are not billed."),
            "keep": self.env._("What is invoiced stays as it is; days not invoiced yet are not billed."),
            "full": self.env._("All days are billed as before: the subscription is only marked as paused."),
            "reduction": self.env._("A reduction of days that are already invoiced is credited.") if allowed
            else self.env._("Refunds are off: a reduction counts from the first day that is not invoiced."),
            "price": self.env._("A new price acts from the first cycle that begins on that day or later."),
        }
        if self.action == "deactivate":
            return texts["keep" if self.refund == "no" else "credit" if allowed else "refused"]
        if self.action == "pause":
            wish = {"nothing": "keep", "full": "full"}.get(self.pause_policy)
            return texts[wish or ("credit" if allowed else "refused")]
        return texts.get({"quantity": "reduction", "price": "price"}.get(self.action), False)

    # ---- preview and confirmation -----------------------------------------------------------------------------------

    def _get_preview_fields(self):
        return ["subscription_id", "action", "effective_date", "new_quantity", "new_price", "refund", "pause_policy",
                "resume_on"]

    def _is_complete(self):
        return bool(self.subscription_id and self.effective_date)

    def _get_last_day(self):
        return max(self.effective_date, self.resume_on or self.effective_date)

    def _prepare(self):
        sub, day = self.subscription_id._origin, self.effective_date
        prepare = {
            "quantity": lambda: sub._prepare_update(day, quantity=self.new_quantity),
            "price": lambda: sub._prepare_update(day, price_unit=self.new_price),
            "pause": lambda: sub._prepare_pause(day, self.resume_on or None, self.pause_policy),
            "resume": lambda: sub._prepare_resume(day),
            "deactivate": lambda: sub._prepare_deactivation(day, refund=self.refund == "yes"),
            "activate": lambda: sub._prepare_activation(day, self.new_quantity),
        }
        return [prepare[self.action]()]
