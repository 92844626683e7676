from odoo import api, fields, models


class BillingContractRenew(models.TransientModel):
    """The window *Renew*: for how long the contract goes on."""

    _name = "billing.contract.renew"
    _description = "Renew Contract"

    contract_id = fields.Many2one("billing.contract", required=True, ondelete="cascade")
    date_end = fields.Date("End Date", related="contract_id.date_end", related_sudo=False)
    months = fields.Integer(
        "Renew for (months)", compute="_compute_months", store=True, readonly=False, precompute=True,
        compute_sudo=False)
    new_end = fields.Date("New End Date", compute="_compute_new_end")

    @api.depends("contract_id")
    def _compute_months(self):
        for wizard in self:
            wizard.months = wizard.contract_id.renewal_months

    @api.depends("contract_id.date_end", "months")
    def _compute_new_end(self):
        for wizard in self:
            known = wizard.contract_id.date_end and wizard.months > 0
            wizard.new_end = known and wizard.contract_id._get_renewed_end(wizard.months)

    def _action_open(self):
        """Return the action that shows this window."""
        self.ensure_one()
        return {
            "type": "ir.actions.act_window", "res_model": self._name, "res_id": self.id, "view_mode": "form",
            "target": "new", "name": self.env._("Renew Contract")}

    def action_proceed(self):
        """Move the end of the contract."""
        self.ensure_one()
        self.contract_id.action_renew(self.months)
        return {"type": "ir.actions.act_window_close"}
