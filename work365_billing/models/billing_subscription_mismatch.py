"""The report *Change Log Mismatch*: subscriptions whose change logs do not add up to their quantity."""

from odoo import api, fields, models
from odoo.exceptions import AccessError
from odoo.tools import SQL, float_is_zero

from ..engine.money import exact


class BillingSubscription(models.Model):
    _inherit = "billing.subscription"

    logged_quantity = fields.Float(
        compute="_compute_logged_quantity", digits="Product Unit", compute_sudo=True,
        help="The sum of the change logs that have taken effect.")
    log_difference = fields.Float(
        "Difference", compute="_compute_logged_quantity", digits="Product Unit", compute_sudo=True,
        search="_search_log_difference", help="What the change logs do not explain of the quantity.")

    @api.depends("quantity", "change_log_ids.quantity", "change_log_ids.applied")
    def _compute_logged_quantity(self):
        for subscription in self:
            logged = subscription._get_applied()["quantity"]
            subscription.logged_quantity = logged
            subscription.log_difference = float(exact(subscription.quantity) - exact(logged))

    def _search_log_difference(self, operator, value):
        """Find where there is a difference, or none: ``!= 0`` and ``= 0``."""
        if operator not in ("in", "not in") or list(value) != [0]:
            return NotImplemented
        mismatch = SQL("""(
            SELECT sub.id
              FROM billing_subscription sub
         LEFT JOIN billing_change_log log ON log.subscription_id = sub.id AND log.applied
          GROUP BY sub.id
            HAVING ABS(COALESCE(SUM(log.quantity), 0) - COALESCE(sub.quantity, 0)) > 0.000001
        )""")
        self.env["billing.change.log"].flush_model(["subscription_id", "applied", "quantity"])
        self.flush_model(["quantity"])
        return [("id", "in" if operator == "not in" else "not in", mismatch)]

    def action_repair_logs(self):
        """Book what the change logs do not explain of the quantity as one more change, from today on."""
        if not self.env.user.has_group("work365_billing.billing_group_admin"):
            raise AccessError(self.env._("Only a billing administrator may repair change logs."))
        self.check_access("write")
        for subscription in self:
            difference = subscription.log_difference
            if float_is_zero(difference, precision_digits=6):
                continue
            day = max(subscription.company_id._billing_today(), subscription.date_start)
            log = self.env["billing.change.log"].sudo().create({  # logs are written by the system only
                **subscription._prepare_log("update", day, difference), "state": "active", "applied": True})
            subscription._check_deltas()
            subscription.message_post(body=subscription.env._(
                "The change logs did not add up to the quantity: %(user)s booked the difference (%(change)s).",
                user=self.env.user.name, change=log._describe()))
