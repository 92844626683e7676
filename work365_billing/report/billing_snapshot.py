from odoo import api, fields, models
from odoo.tools import split_every

ROWS_PER_CREATE = 5000


class BillingSnapshot(models.AbstractModel):
    """Rows of a report of one moment: made when somebody opens it, and seen by him alone until he makes them anew."""

    _name = "billing.snapshot"
    _description = "Report of one Moment"

    company_id = fields.Many2one("res.company", required=True, readonly=True, ondelete="cascade")
    company_currency_id = fields.Many2one("res.currency", required=True, readonly=True, ondelete="cascade")
    contract_id = fields.Many2one(
        "billing.contract", "Billing Contract", required=True, readonly=True, ondelete="cascade")
    partner_id = fields.Many2one("res.partner", "Customer", required=True, readonly=True, ondelete="cascade")
    user_id = fields.Many2one("res.users", "Salesperson", readonly=True, ondelete="set null")

    @api.model
    def make(self):
        """Make the report anew for the user, of the companies that he has chosen and the contracts that he may see."""
        self.env["billing.contract"].check_access("read")
        # Nobody writes a report by hand: it is made here.
        own = self.sudo().search([("create_uid", "=", self.env.uid)])
        for ids in split_every(ROWS_PER_CREATE, own.ids):
            self.sudo().browse(ids).unlink()
        for vals_list in split_every(ROWS_PER_CREATE, self._prepare_rows(), list):
            self.sudo().create(vals_list)

    @api.model
    def get_made_at(self):
        """Return when the report was made (UTC), or False when it has no rows."""
        return self.search([("create_uid", "=", self.env.uid)], order="id desc", limit=1).create_date

    def _prepare_rows(self):
        """Yield the values of the rows."""
        raise NotImplementedError

    def _prepare_contract_vals(self, contract):
        return {
            "company_id": contract.company_id.id, "company_currency_id": contract.company_id.currency_id.id,
            "contract_id": contract.id, "partner_id": contract.partner_id.id, "user_id": contract.user_id.id}

    def _open_made(self, xmlid):
        """Make the report and return the action that shows it.

        It has no id of its own, so that a reload of the page makes it anew.
        """
        self.make()
        action = self.env["ir.actions.act_window"]._for_xml_id(xmlid)
        return {name: value for name, value in action.items() if name != "id"}

    def action_open_contract(self):
        """Open the contract of the row."""
        self.ensure_one()
        return {
            "type": "ir.actions.act_window", "res_model": "billing.contract", "res_id": self.contract_id.id,
            "views": [(False, "form")]}
