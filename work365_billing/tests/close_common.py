from odoo import Command, fields
from odoo.tests import Form

from .common import BillingCommon


class CloseCommon(BillingCommon):
    def five_at_thirty(self, *more, **vals):
        return self.make_contract(
            {"quantity": 5, "price_unit": 30.0}, *more, **{"date_start": "2026-04-01", **vals})

    def item(self, day, price=80.0, **vals):
        return Command.create({"product_id": self.licence.id, "name": "Set-up", "price_unit": price, "invoice_on": day,
                               "tax_ids": False, **vals})

    def lines(self, move):
        return [
            (line.quantity, line.price_subtotal, str(line.billing_period_start), str(line.billing_period_end))
            for line in move.invoice_line_ids.sorted("sequence")]

    def open(self, contract):
        opened = contract.action_open_close()
        return Form(self.env[opened["res_model"]].browse(opened["res_id"]))

    def said(self, contract):
        return str(contract.message_ids.sorted("id")[-1].body)

    def assertSettled(self, contract, stop):
        """The contract is closed as of ``stop``: nothing waits, and nothing is billed any more."""
        self.assertRecordValues(contract, [{
            "state": "closed", "date_end": fields.Date.to_date(stop),
            "auto_renew": False, "suspend_on": False, "resume_on": False, "suspend_policy": False,
            "next_invoice_date": False, "catch_up_run_id": False}])
        self.assertFalse(contract.schedule_ids.filtered(lambda row: row.state in ("pending", "error")))
        self.assertLessEqual(set(contract.change_log_ids.mapped("state")), {"archived"})
        self.assertLessEqual(set(contract.subscription_ids.mapped("state")), {"inactive"})
        self.assertFalse(contract.item_ids.filtered(lambda item: item.billable and not item.invoice_line_id))
        before = self.invoices(contract)
        self.run_job("2028-01-01")
        self.assertEqual(self.invoices(contract), before)
        self.assertEqual(contract.state, "closed")
