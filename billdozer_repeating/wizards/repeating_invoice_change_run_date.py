from dataclasses import replace
from datetime import timedelta
from itertools import islice, zip_longest

from markupsafe import Markup

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import format_date

from odoo.addons.work365_billing.engine.cycles import cycles

SHOWN = 6  # runs of each series


class RepeatingInvoiceChangeRunDate(models.TransientModel):
    """The window *Change Run Date*: the old and the new runs side by side, and nothing without the tick."""

    _name = "repeating.invoice.change.run.date"
    _description = "Change Run Date"
    _inherit = ["repeating.invoice.window"]

    new_date = fields.Date("New Run Date", help="The next run. Later runs are counted from it.")
    confirm = fields.Boolean("Confirm New Run Date")
    problem = fields.Char(compute="_compute_series")
    series = fields.Html("Runs", compute="_compute_series", sanitize=False)

    @api.depends("new_date")
    def _compute_series(self):
        for window in self:
            window.problem = window._find_problem()
            window.series = window._render_series() if window.new_date and not window.problem else False

    def _find_problem(self):
        """Return why the date cannot be the next run, or False."""
        if not self.new_date:
            return False
        try:
            self.repeating_invoice_id._check_new_run_date(self.new_date)
        except UserError as error:
            return str(error)
        return False

    def _render_series(self):
        """Return the next runs before and after, as a table."""
        invoice = self.repeating_invoice_id
        last = invoice._get_last_run()
        old = islice(invoice._get_cycles_after(last.cycle_end if last else None), SHOWN)
        series = replace(invoice._billing_series(), anchor=self.new_date)
        new = islice(cycles(invoice._cut_terms(
            series, invoice._get_last_day(), self.new_date - timedelta(days=1))), SHOWN)
        rows = Markup().join(
            Markup("<tr><td>%s</td><td class='fw-bold'>%s</td></tr>") % tuple(
                format_date(self.env, cycle.start) if cycle else "" for cycle in pair)
            for pair in zip_longest(old, new))
        return Markup(
            "<table class='table table-sm mb-0'><thead><tr><th>%s</th><th>%s</th></tr></thead>"
            "<tbody>%s</tbody></table>") % (self.env._("Runs until now"), self.env._("New runs"), rows)

    def action_confirm(self):
        """Move the runs as the window shows."""
        self.ensure_one()
        self.env["billing.executor"]._lock(self.repeating_invoice_id.contract_id)
        self.repeating_invoice_id.change_run_date(self.new_date, confirm=self.confirm)
        return self._action_close()
