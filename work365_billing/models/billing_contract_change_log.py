from odoo import api, fields, models
from odoo.fields import Domain

from .res_company_change_log import GROUPS


class BillingContract(models.Model):
    _inherit = "billing.contract"

    change_log_due = fields.Date(
        copy=False, readonly=True, index="btree_not_null",
        help="The day of the company's rhythm whose change-log invoice waits to be made.")

    @api.model
    def _get_change_log_domain(self, company, group):
        """Return the domain of the contracts that get change-log invoices from the job."""
        return Domain([
            ("company_id", "=", company.id), ("state", "=", "active"), ("contract_type", "=", "recurring"),
            ("billing_policy", "=", "advance"), ("frequency", "in", GROUPS[group])])

    def _get_change_log_group(self):
        """Return the group of the company's settings that the contract belongs to once it is active, or None."""
        self.ensure_one()
        if self.contract_type != "recurring" or self.billing_policy != "advance":
            return None
        return next((group for group, frequencies in GROUPS.items() if self.frequency in frequencies), None)
