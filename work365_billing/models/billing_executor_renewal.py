"""What the hourly job does to terms before it bills: it gives notice of their end, and renews them."""

from odoo import models
from odoo.tools import split_every

from .billing_executor_job import CHUNK


class BillingExecutor(models.AbstractModel):
    _inherit = "billing.executor"

    def _renew_contracts(self, company, day):
        """Give notice of the terms of ``company`` that end soon, then renew those whose time has come."""
        Contract = self.env["billing.contract"]
        self._treat_terms(Contract._get_notice_domain(company, day), lambda contracts: contracts._give_notice())
        self._treat_terms(Contract._get_renewal_domain(company, day), lambda contracts: contracts._renew_due(day))

    def _treat_terms(self, domain, treat):
        for ids in split_every(CHUNK, self.env["billing.contract"].search(domain, order="id").ids):
            self._transaction(lambda ids=ids: self._treat_chunk(ids, domain, treat))

    def _treat_chunk(self, ids, domain, treat):
        """Treat the contracts ``ids`` together; when one refuses, each alone: it is told and harms no other."""
        contracts, _locked = self._claim(ids)
        contracts = contracts.filtered_domain(domain)
        if not self._attempt(lambda: treat(contracts)):
            return
        for contract in contracts:
            exc = self._attempt(lambda contract=contract: treat(contract))
            if exc:
                contract._alert(self.env._("The contract could not be renewed"), self._get_refusal(exc))
