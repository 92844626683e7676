"""Contracts that come in by Odoo's own import, with their subscriptions and items."""

from odoo import api, fields, models
from odoo.exceptions import ValidationError

from ..engine import reasons
from . import billing_reason


class BillingContract(models.Model):
    _name = "billing.contract"
    _inherit = ["billing.contract", "billing.import.mixin"]

    reference = fields.Char(
        copy=False, tracking=True,
        help="Number of the contract in another system. Unique per company, so a file cannot be imported twice.")

    _reference_uniq = models.UniqueIndex(
        "(company_id, reference) WHERE reference IS NOT NULL",
        "Another contract of the company has this reference: it was imported before, or stands in the file twice. "
        "To update that contract, name it by its external or database ID.")

    @api.model
    def get_import_templates(self):
        return [{
            "label": self.env._("Import Template for Billing Contracts"),
            "template": "/work365_billing/static/import/contracts.csv"}]

    # ---- records --------------------------------------------------------------------------------------------------

    @api.model_create_multi
    def create(self, vals_list):
        """What is entered as active must be as complete as what is activated."""
        contracts = super().create([self._without_empty_cells(vals) for vals in vals_list])
        contracts.filtered(lambda contract: contract.state == "active")._check_all_complete()
        return contracts

    def write(self, vals):
        """A draft that is set to active must be complete, whatever sets it."""
        drafts = self.filtered(lambda contract: contract.state == "draft" and vals.get("state") == "active")
        result = super().write(self._without_empty_cells(vals))
        drafts._check_all_complete()
        return result

    def _check_all_complete(self):
        for contract in self:
            contract._check_complete()

    @api.constrains("currency_id", "company_id")
    def _check_currency_rate(self):
        """Refuse a foreign currency without any rate: prices would be taken over one to one, and no invoice made."""
        rated = self.currency_id._read_rated()
        for contract in self.filtered(lambda contract: not contract.currency_id._is_rated(contract.company_id, rated)):
            raise ValidationError(self.env._(
                "%(contract)s is in %(currency)s. %(problem)s", contract=contract.display_name,
                currency=contract.currency_id.name, problem=billing_reason.explain(self.env, reasons.NO_RATE)))

    # ---- what a file is told ----------------------------------------------------------------------------------------

    @api.model
    def _sql_error_to_message(self, exc):
        """Let subscriptions and items word what is wrong with them: they come in with the row of their contract."""
        for lines in (self.env["billing.subscription"], self.env["billing.item"]):
            if exc.diag.table_name == lines._table:
                return lines._sql_error_to_message(exc)
        return super()._sql_error_to_message(exc)
