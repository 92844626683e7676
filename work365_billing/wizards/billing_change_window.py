from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError
from odoo.tools import format_date

from ..models.billing_planner_change import lines_of, sum_of

COMPUTED = {"compute": "_compute_preview", "compute_sudo": False}  # who opens the window sees no more than elsewhere


class BillingChangeWindow(models.AbstractModel):
    """What the windows of changes share: the money of a change is shown first, and what is shown is then done.

    A window names its contract in ``contract_id`` and prepares its edits in ``_prepare``.
    """

    _name = "billing.change.window"
    _description = "Window of a Change"

    contract_id = fields.Many2one("billing.contract", readonly=True)
    currency_id = fields.Many2one(related="contract_id.currency_id")
    refund_info = fields.Char(compute="_compute_refund_info", help="The refund policy in force.")
    problem = fields.Text(**COMPUTED, help="Why the change cannot be made.")
    preview = fields.Html(**COMPUTED, sanitize=False)
    summary = fields.Char(**COMPUTED)
    difference = fields.Monetary(
        **COMPUTED, help="What is billed more, or less, on the invoices of the preview, before tax.")

    @api.depends("contract_id")
    def _compute_refund_info(self):
        for window in self:
            window.refund_info = window.contract_id and window._get_refund_info(window.contract_id)

    def _get_refund_info(self, contract):
        policy = self.env._("Yes") if contract.refunds_active else self.env._("No")
        origin = self.env._("global setting") if contract.refund_policy == "global" else self.env._("this contract")
        return self.env._(
            "%(contract)s · Process Refunds: %(policy)s (%(origin)s)", contract=contract.name, policy=policy,
            origin=origin)

    # ---- what the window prepares -----------------------------------------------------------------------------------

    def _get_preview_fields(self):
        """Return the names of the fields on which the preview depends."""
        return ["contract_id"]

    def _is_complete(self):
        """Tell whether enough is chosen for a preview."""
        return True

    def _prepare(self):
        """Return the ``LogEdits`` of what is chosen; nothing is written.

        :raises UserError: when it may not be done, with the way out
        """
        raise NotImplementedError

    def _get_last_day(self):
        """Return the last day that matters: the preview shows the invoices of its cycle and of the next."""
        raise NotImplementedError

    # ---- preview --------------------------------------------------------------------------------------------------

    @api.depends(lambda self: self._get_preview_fields())
    def _compute_preview(self):
        for window in self:
            window.problem = window.preview = window.summary = False
            window.difference = 0.0
            if not window._is_complete():
                continue
            try:
                window._fill_preview()
            except AccessError:
                raise
            except UserError as error:
                window.problem = str(error)

    def _fill_preview(self):
        """Show what the change makes of the coming invoices.

        :raises UserError: when it may not be made, with the way out
        """
        rows, edits = self._get_rows()
        self.difference = float(sum(row.difference for row in rows))
        self.summary = self._get_summary(rows, edits)
        self.preview = self._render(rows, {one.subscription.id for one in edits})

    def _get_rows(self):
        """Return the coming invoices without and with the change, and its edits."""
        edits = self._prepare()
        contract = self.contract_id._origin
        return self.env["billing.planner"]._plan_change(contract, edits, self._get_last_day()), edits

    def _get_summary(self, rows, edits):
        """Return in one sentence what follows for the money."""
        if not any(edits):
            return self.env._("Nothing changes.")
        if not any(row.differs for row in rows):
            return self.env._("The next invoices stay as they are.")
        amount = self.currency_id.format(abs(self.difference))
        if self.difference > 0:
            return self.env._("%(amount)s more is billed on these invoices, before tax.", amount=amount)
        if self.difference < 0:
            return self.env._("%(amount)s less is billed on these invoices, or credited, before tax.", amount=amount)
        return self.env._("The sum of these invoices stays the same.")

    def _render(self, rows, subscription_ids):
        return self.env["ir.qweb"]._render("work365_billing.billing_change_preview", {
            "rows": [self._prepare_row(row, subscription_ids) for row in rows]})

    def _prepare_row(self, row, subscription_ids):
        """Return the texts of one coming invoice."""
        planned = row.planned
        sign = "+" if row.difference > 0 else ""
        return {
            "date": self._get_date_text(planned),
            "period": self._get_period_text(planned),
            "is_credit": bool(row.with_it and row.with_it.lines and row.with_it.amount < 0),
            "sides": [self._prepare_side(side, subscription_ids) for side in (row.without, row.with_it)],
            "difference": f"{sign}{self.currency_id.format(float(row.difference))}" if row.differs else "–",
            "differs": row.differs}

    def _get_date_text(self, planned):
        return format_date(self.env, planned.schedule_date)

    def _get_period_text(self, planned):
        if planned.kind == "change_log":
            return self.env._("Final change-log invoice")
        return f"{format_date(self.env, planned.cycle_start)} – {format_date(self.env, planned.cycle_end)}"

    def _prepare_side(self, planned, subscription_ids):
        """Return the total of an invoice and the lines of the subscriptions that change."""
        if not planned or not planned.lines:
            return {"amount": self.env._("Nothing"), "lines": []}
        return {
            "amount": self.currency_id.format(float(sum_of(planned))),
            "lines": [self._get_line_text(line) for line in lines_of(planned, subscription_ids)]}

    def _get_line_text(self, line):
        _charge, quantity, _price, amount, start, end = line
        days = f"{format_date(self.env, start)} – {format_date(self.env, end)}"
        return f"{days} × {float(quantity):g}: {self.currency_id.format(float(amount))}"

    # ---- actions --------------------------------------------------------------------------------------------------

    def _action_open(self, name):
        """Return the action that shows this window under the title ``name``."""
        self.ensure_one()
        return {
            "type": "ir.actions.act_window", "res_model": self._name, "res_id": self.id, "view_mode": "form",
            "target": "new", "name": name}

    def action_confirm(self):
        """Do what the preview shows."""
        self.ensure_one()
        self.contract_id.check_access("write")
        self.env["billing.executor"]._lock(self.contract_id)
        edits = self._prepare()
        if not any(edits):
            raise UserError(self.env._("This changes nothing: choose another value, or cancel."))
        self._commit(edits)
        return {"type": "ir.actions.act_window_close"}

    def _commit(self, edits):
        """Write what was prepared."""
        self.env["billing.subscription"]._commit_edits(edits)
