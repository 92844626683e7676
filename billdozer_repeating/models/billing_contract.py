from odoo import fields, models


class BillingContract(models.Model):
    _inherit = "billing.contract"

    contract_type = fields.Selection(
        help="Recurring: all subscriptions follow the cycles of the contract. Item Based: each subscription has cycles "
             "of its own, from its start date, as long as its sales unit, and each repeating invoice its runs. "
             "Non-Recurring: there are no cycles; items are billed the day after they are entered. The type is fixed "
             "once the contract is active.")

    repeating_invoice_ids = fields.One2many("repeating.invoice", "contract_id", "Repeating Invoices")
    repeating_invoice_count = fields.Integer(compute="_compute_repeating_invoice_count")

    def _compute_repeating_invoice_count(self):
        counts = dict(self.env["repeating.invoice"]._read_group(
            [("contract_id", "in", self.ids)], ["contract_id"], ["__count"]))
        for contract in self:
            contract.repeating_invoice_count = counts.get(contract._origin, 0)

    def _get_cycle_owners(self):
        """The lines of a repeating invoice share its runs."""
        owners = super()._get_cycle_owners()
        if self.contract_type != "item_based":
            return owners
        return [owner for owner in owners if owner._has_own_cycles()] + list(self.repeating_invoice_ids)

    def _get_schedule_date(self, cycle_start, cycle_end):
        """Immediate lines are invoiced on the day on which they are saved, whatever the offset of the contract."""
        if any(item.repeating_invoice_id and item.invoice_on == cycle_start for item in self.item_ids):
            return cycle_start
        return super()._get_schedule_date(cycle_start, cycle_end)

    def _top_up_schedules(self):
        """With the runs ahead come the prices that escalation gives them."""
        result = super()._top_up_schedules()
        self.env["repeating.invoice"].search([
            ("contract_id", "in", self.ids), ("next_escalation_date", "!=", False)])._enter_escalations()
        return result

    def _get_foreseen_edits(self, day):
        invoices = self.env["repeating.invoice"].search([
            ("contract_id", "in", self.ids), ("next_escalation_date", "<=", day)])
        edits = [edits for invoice in invoices for edits in invoice._prepare_escalations(day)]
        return super()._get_foreseen_edits(day) + edits

    def _is_collected(self):
        """Tell whether the invoices of this contract are collected by the company."""
        return bool(self.payment_method_id)

    def _has_something_to_bill(self):
        return bool(self.subscription_ids or self.item_ids)

    def action_view_repeating_invoices(self):
        """Open the repeating invoices of this contract."""
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id("billdozer_repeating.repeating_invoice_action")
        return {**action, "domain": [("contract_id", "=", self.id)],
                "context": {"default_contract_id": self.id, "default_partner_id": self.partner_id.id}}
