from odoo import api, fields, models

from ..engine import plan
from ..models import billing_reason

GROUPS = [
    (plan.FULL_CYCLE, "Full cycle items"),
    (plan.MIDCYCLE, "Midcycle changes"),
    (plan.USAGE, "Usage-based items"),
    (plan.ITEM, "Non-recurring items"),
    (plan.SERVICE, "Service-based items"),
]


class BillingGenerateLine(models.TransientModel):
    """One row of the preview: what is billed, or what is not and why."""

    _name = "billing.generate.line"
    _description = "Invoice Preview Line"
    _order = "id"

    wizard_id = fields.Many2one("billing.generate", required=True, ondelete="cascade")
    currency_id = fields.Many2one(related="wizard_id.currency_id")
    group = fields.Selection(GROUPS)
    eligible = fields.Boolean()
    name = fields.Char("Description")
    quantity = fields.Float(digits="Product Unit")
    price_unit = fields.Float("Unit Price", min_display_digits="Product Price")
    discount = fields.Float("Discount (%)", digits="Discount")
    amount = fields.Monetary()
    period_start = fields.Date("From")
    period_end = fields.Date("To")
    reason = fields.Text()
    subscription_id = fields.Many2one("billing.subscription")
    record_model = fields.Char()
    record_id = fields.Integer()

    @api.model
    def _prepare_lines(self, planned):
        """Return the values of the preview of ``planned``: lines by group, then what is left out."""
        order = [code for code, _label in GROUPS]
        rows = sorted(zip(planned.lines, planned.vals_list, strict=True), key=lambda pair: order.index(pair[0].group))
        ineligible = [self._prepare_ineligible(reason) for reason in planned.invoice.reasons]
        told_once = {(vals["record_model"], vals["record_id"], vals["reason"]): vals for vals in ineligible}
        return [self._prepare_eligible(line, vals) for line, vals in rows] + list(told_once.values())

    def _prepare_eligible(self, line, vals):
        return {
            "eligible": True, "group": line.group, "name": vals["name"].split("\n")[0],
            "quantity": float(line.quantity), "price_unit": vals["price_unit"], "discount": vals["discount"],
            "amount": float(line.amount), "period_start": line.start, "period_end": line.end,
            **self._prepare_record(line.charge, line.group, line.records[:1])}

    def _prepare_ineligible(self, reason):
        vals = self._prepare_record(reason.charge, reason.source, [reason.item])
        return {
            "eligible": False, "name": self._browse_record(vals).display_name,
            "reason": billing_reason.explain(self.env, reason.code), **vals}

    def _prepare_record(self, charge, source, ids):
        """Return what the row's button opens: the subscription, or what the first record is billed by."""
        if charge:
            return {"subscription_id": charge, "record_model": "billing.subscription", "record_id": charge}
        record = self.env["billing.planner"]._get_sources()[source].browse(ids)._get_billing_owner()
        return {"record_model": record._name, "record_id": record.id}

    @api.model
    def _browse_record(self, vals):
        return self.env[vals["record_model"]].browse(vals["record_id"])

    def action_open_record(self):
        """Open the subscription, item or service."""
        self.ensure_one()
        record = self._browse_record(self)
        return {
            "type": "ir.actions.act_window", "res_model": record._name, "res_id": record.id, "view_mode": "form",
            "target": "current"}
