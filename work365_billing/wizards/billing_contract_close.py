from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import format_date

from ..engine import reasons
from ..models import billing_reason
from ..models.billing_planner_change import PreviewRow


class BillingContractClose(models.TransientModel):
    """The window *Close Contract*: the last day, what is left to bill or to credit, and both done in one step."""

    _name = "billing.contract.close"
    _description = "Closing of a Contract"
    _inherit = ["billing.change.window"]

    contract_id = fields.Many2one("billing.contract", required=True, ondelete="cascade")
    stop_date = fields.Date(
        "Last Day of Service", compute="_compute_stop_date", store=True, readonly=False, compute_sudo=False,
        help="Last day that is billed. In the future: the contract stays active until then.")
    refund = fields.Selection(
        [("no", "Do Not Refund"), ("yes", "Apply Refund")], "Invoiced Days", required=True, default="no",
        help="What becomes of days after the last one that are already invoiced.")
    items = fields.Selection(
        [("bill", "Bill with the Last Invoice"), ("leave", "Do Not Bill")], "Later Items", required=True,
        default="bill", help="What becomes of non-recurring items that are to be invoiced after the last day.")
    has_later_items = fields.Boolean(compute="_compute_has_later_items")
    difference = fields.Monetary(help="What is billed, less what is credited, before tax.")
    invoice_ids = fields.Many2many("account.move", string="Invoices", readonly=True)
    is_done = fields.Boolean(readonly=True)
    result = fields.Char(compute="_compute_result")

    @api.depends("contract_id")
    def _compute_stop_date(self):
        for window in self:
            window.stop_date = window.contract_id and window.contract_id._origin._get_default_stop()

    @api.depends("contract_id", "stop_date")
    def _compute_has_later_items(self):
        for window in self:
            window.has_later_items = bool(
                window._is_complete() and window.contract_id._origin._get_items_after(window.stop_date))

    @api.depends("is_done", "contract_id.state")
    def _compute_result(self):
        for window in self:
            day = window.stop_date and format_date(self.env, window.stop_date)
            is_closed = window.contract_id.state == "closed"
            window.result = window.is_done and (
                self.env._("The contract is closed as of %(date)s.", date=day) if is_closed
                else self.env._("The contract ends on %(date)s.", date=day))

    # ---- preview --------------------------------------------------------------------------------------------------

    def _get_preview_fields(self):
        return ["contract_id", "stop_date", "refund", "items", "is_done"]

    def _is_complete(self):
        return bool(self.contract_id and self.stop_date and not self.is_done)

    def _prepare_closing(self):
        return self.contract_id._origin._prepare_closing(self.stop_date, self.refund == "yes", self.items == "leave")

    def _get_rows(self):
        """Return what is left to bill, and the edits that end the subscriptions."""
        closing = self._prepare_closing()
        planned = self.env["billing.planner"]._plan_closing(closing, closing.edits)
        if closing.is_now:
            self.env["billing.executor"]._check_closing(planned)
        shown = [one for one in planned if one.lines or one.code == reasons.CATCH_UP]
        return [PreviewRow(None, one) for one in shown], closing.edits

    def _get_summary(self, rows, edits):
        if not any(row.planned.lines for row in rows):
            return self.env._("Nothing is left to bill or to credit.")
        if self.difference < 0:
            return self.env._("In total, the customer gets money back.")
        return self.env._("This is what is left to bill or to credit.")

    def _render(self, rows, subscription_ids):
        closing = self._prepare_closing()
        return self.env["ir.qweb"]._render("work365_billing.billing_closing_preview", {
            "rows": [self._prepare_document(row.planned, closing) for row in rows],
            "notes": closing.contract._explain_closing(closing)})

    def _prepare_document(self, planned, closing):
        """Return the texts of one invoice or credit note."""
        later = planned.schedule_date > closing.today
        lines = zip(planned.vals_list, planned.lines, strict=True) if planned.lines else ()
        return {
            "date": format_date(self.env, planned.schedule_date if later else planned.invoice_date),
            "later": later,
            "period": self._get_period_text(planned),
            "is_credit": bool(planned.lines) and planned.invoice.is_credit,
            "missed": "" if planned.lines else billing_reason.explain(self.env, planned.code),
            "problem": planned.problem and planned.message,
            "lines": [{
                "name": vals["name"], "quantity": f"{float(line.quantity):g}",
                "amount": self.currency_id.format(float(line.amount))} for vals, line in lines],
            "amount": self.currency_id.format(float(planned.amount))}

    def _get_period_text(self, planned):
        if planned.kind == "change_log":
            return self.env._("What is left")
        return super()._get_period_text(planned)

    # ---- actions --------------------------------------------------------------------------------------------------

    def action_confirm(self):
        """Close the contract as the preview shows; the window stays and links to what was made."""
        self.ensure_one()
        if self.is_done:
            raise UserError(self.env._("This is done already."))
        if not self.stop_date:
            raise UserError(self.env._("Enter the last day of service."))
        moves = self.contract_id.close(self.stop_date, self.refund == "yes", self.items)
        self.write({"invoice_ids": moves.ids, "is_done": True})
        return self._action_open(self.env._("Close %(contract)s", contract=self.contract_id.name))
