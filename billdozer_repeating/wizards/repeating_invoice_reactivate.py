from dataclasses import replace
from datetime import timedelta

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import format_date

from odoo.addons.work365_billing.engine.cycles import cycles


class RepeatingInvoiceReactivate(models.TransientModel):
    """The window *Re-Activate Repeating Invoice*."""

    _name = "repeating.invoice.reactivate"
    _description = "Re-Activate Repeating Invoice"
    _inherit = ["repeating.invoice.window"]

    date = fields.Date(
        "Re-Activation Date", required=True, default=lambda self: self.env.company._billing_today(),
        help="The first run is the first one on or after it.")
    problem = fields.Char(compute="_compute_effect")
    effect = fields.Char(compute="_compute_effect")

    @api.depends("date")
    def _compute_effect(self):
        for window in self:
            window.problem = window._find_problem()
            window.effect = window._describe() if window.date and not window.problem else False

    def _find_problem(self):
        try:
            self.repeating_invoice_id._check_may_reactivate(self.date)
        except UserError as error:
            return str(error)
        return False

    def _describe(self):
        """Return in words what the re-activation brings."""
        invoice = self.repeating_invoice_id
        terms = replace(
            invoice._billing_series(), end=invoice._get_projected_end() or None,
            billed_through=max(self.date, invoice.anchor_date or self.date) - timedelta(days=1))
        first = next(cycles(terms), None)
        if not first:
            return self.env._("No run comes on or after that day before the term ends.")
        return self.env._(
            "The first run is on %(date)s. Runs before it are not billed.", date=format_date(self.env, first.start))

    def action_confirm(self):
        """Re-activate as the window says."""
        self.ensure_one()
        self.env["billing.executor"]._lock(self.repeating_invoice_id.contract_id)
        self.repeating_invoice_id.reactivate(self.date)
        return self._action_close()
