from odoo import api, fields, models
from odoo.fields import Domain
from odoo.tools import split_every

ROWS_PER_CREATE = 5000
CONTRACTS_PER_PART = 250


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
    def begin(self):
        """Take away the user's report and begin a new one, of the companies and contracts that he may see.

        :return: the ids of the contracts that are still to be added with ``add``, a few hundred at a time: thousands
            take a minute, which no single request should
        """
        self.env["billing.contract"].check_access("read")
        self._remove_rows([])
        return self._begin_rows()

    @api.model
    def add(self, contract_ids):
        """Add, or add again, what is to be told of these contracts. Those that the user may not see are left out."""
        self._remove_rows([("contract_id", "in", contract_ids)])
        self._add_rows(self._prepare_rows(self.env["billing.contract"].search(
            self._get_contract_domain() & Domain("id", "in", contract_ids), order="id")))

    @api.model
    def make(self):
        """Make the whole report at once."""
        for ids in split_every(CONTRACTS_PER_PART, self.begin(), list):
            self.add(ids)

    @api.model
    def get_made_at(self):
        """Return when the report was made (UTC), or False when it has no rows."""
        return self.search([("create_uid", "=", self.env.uid)], order="id desc", limit=1).create_date

    def _begin_rows(self):
        """Begin the report and return the ids of the contracts that are to be added."""
        return self.env["billing.contract"].search(self._get_contract_domain(), order="id").ids

    def _get_contract_domain(self):
        """Return the domain of the contracts that the report tells of, in the companies chosen."""
        return Domain([
            ("company_id", "in", self.env.companies.ids), ("state", "in", ("active", "suspended"))])

    def _prepare_rows(self, contracts):
        """Yield the values of the rows of ``contracts``."""
        raise NotImplementedError

    def _add_rows(self, rows):
        for vals_list in split_every(ROWS_PER_CREATE, rows, list):
            self.sudo().create(vals_list)  # nobody writes a report by hand

    def _remove_rows(self, domain):
        """Remove the user's rows of ``domain``."""
        rows = self.sudo().search(Domain("create_uid", "=", self.env.uid) & Domain(domain))
        for ids in split_every(ROWS_PER_CREATE, rows.ids):
            rows.browse(ids).unlink()

    def _prepare_contract_vals(self, contract):
        return {
            "company_id": contract.company_id.id, "company_currency_id": contract.company_id.currency_id.id,
            "contract_id": contract.id, "partner_id": contract.partner_id.id, "user_id": contract.user_id.id}

    def action_open_contract(self):
        """Open the contract of the row."""
        self.ensure_one()
        return {
            "type": "ir.actions.act_window", "res_model": "billing.contract", "res_id": self.contract_id.id,
            "views": [(False, "form")]}
