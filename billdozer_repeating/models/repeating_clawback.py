from odoo import fields, models
from odoo.exceptions import UserError

from ..engine.terms import service


class RepeatingClawback(models.Model):
    """A part of a consultant's commission that is taken back, because a repeating invoice ended before its term."""

    _name = "repeating.clawback"
    _description = "Commission Clawback"
    _inherit = ["mail.thread"]
    _order = "date desc, id desc"
    _rec_name = "repeating_invoice_id"

    repeating_invoice_id = fields.Many2one(
        "repeating.invoice", required=True, index=True, readonly=True, ondelete="restrict")
    contract_id = fields.Many2one(related="repeating_invoice_id.contract_id", store=True, index=True)
    partner_id = fields.Many2one(related="repeating_invoice_id.partner_id", store=True, index=True)
    company_id = fields.Many2one(related="repeating_invoice_id.company_id", store=True, index=True, precompute=True)
    currency_id = fields.Many2one(related="repeating_invoice_id.currency_id")
    user_id = fields.Many2one("res.users", "Sales Consultant", required=True, index=True, readonly=True)
    date = fields.Date("Last Access", required=True, readonly=True)
    commission = fields.Monetary(readonly=True, help="What was agreed for the whole term.")
    months_served = fields.Integer(readonly=True, aggregator=None)
    months_unserved = fields.Integer(readonly=True, aggregator=None)
    amount = fields.Monetary(
        "To Take Back", readonly=True, help="Commission × months not served ÷ months of the term.")
    state = fields.Selection(
        [("open", "Open"), ("recovered", "Recovered"), ("waived", "Waived")], "Status", default="open", required=True,
        readonly=True, index=True, tracking=True)

    _open_uniq = models.UniqueIndex(
        "(repeating_invoice_id) WHERE state = 'open'", "This repeating invoice has an open clawback already.")

    def action_recover(self):
        """The consultant has paid it back."""
        self._move_on("recovered")

    def action_waive(self):
        """It is not taken back."""
        self._move_on("waived")

    def _move_on(self, state):
        self.check_access("write")
        for clawback in self.filtered(lambda clawback: clawback.state not in ("open", state)):
            raise UserError(self.env._(
                "The clawback of %(name)s is settled already.", name=clawback.display_name))
        self.state = state


class RepeatingInvoice(models.Model):
    _inherit = "repeating.invoice"

    commission = fields.Monetary(
        tracking=True, help="What the sales consultant earns for the whole term. A part of it is taken back when it "
                            "ends earlier.")
    clawback_ids = fields.One2many("repeating.clawback", "repeating_invoice_id", "Clawbacks", readonly=True)

    def _get_commission_lost(self, last_access):
        """Return the commission of the months that are not served when the service ends on ``last_access``."""
        served = service(self.run_date, self.term, last_access)
        return float(served.clawback(self.commission, self.currency_id.rounding))

    def _claw_back(self, last_access):
        """Keep what is to be taken back when the service ends on ``last_access``.

        :raises UserError: when there is no consultant, commission or term, or nothing of it is left
        """
        amount = self._get_commission_lost(last_access)
        if not (self.user_id and self.term and amount > 0):
            raise UserError(self.env._(
                "There is no commission to take back from %(name)s: it needs a sales consultant, a commission and a "
                "term that is not over. Untick the claw back, or enter what is missing.", name=self.name))
        served = service(self.run_date, self.term, last_access)
        self.env["repeating.clawback"].sudo().create({  # clerks enter clawbacks only by cancelling
            "repeating_invoice_id": self.id, "user_id": self.user_id.id, "date": last_access,
            "commission": self.commission, "months_served": served.served, "months_unserved": served.unserved,
            "amount": amount})
