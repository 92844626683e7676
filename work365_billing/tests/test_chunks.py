"""A chunk of which something is refused is done in smaller parts: the few that are refused are found, alone."""

from unittest.mock import patch

from odoo.exceptions import UserError
from odoo.tests import tagged

from .common import BillingCommon


@tagged("post_install", "-at_install")
class TestChunks(BillingCommon):
    def _run_refusing(self, contracts, refused):
        """Run the job while invoices of ``refused`` cannot be created; return the contracts that were done alone."""
        Move, Executor = self.registry["account.move"], self.registry["billing.executor"]
        create, bill_alone, alone = Move.create, Executor._bill_alone, []

        def create_or_refuse(move, vals_list):
            if any(vals.get("billing_contract_id") in refused.ids for vals in vals_list):
                raise UserError(move.env._("The customer is on strike."))
            return create(move, vals_list)

        def remember(executor, run, contract, day):
            alone.append(contract.id)
            return bill_alone(executor, run, contract, day)

        with patch.object(Move, "create", create_or_refuse), patch.object(Executor, "_bill_alone", remember):
            self.run_job("2026-01-02")
        return contracts.browse(alone)

    def test_few_are_done_alone(self):
        contracts = self.env["billing.contract"].concat(*(
            self.make_contract({"price_unit": 10.0}, date_start="2026-01-01", name=f"C{number:02}")
            for number in range(20)))
        refused = contracts[7]
        alone = self._run_refusing(contracts, refused)
        self.assertIn(refused, alone)
        self.assertEqual(len(alone), 4)  # twenty in six parts
        rows = contracts.schedule_ids.filtered(lambda row: str(row.schedule_date) == "2026-01-02")
        self.assertEqual(rows.filtered(lambda row: row.state == "error").contract_id, refused)
        invoices = self.env["account.move"].search([("billing_contract_id", "in", contracts.ids)])
        self.assertEqual(invoices.billing_contract_id, contracts - refused)
        self.assertEqual(len(invoices), 19)
