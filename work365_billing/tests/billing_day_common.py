from odoo.tests import Form

from .common import BillingCommon


class BillingDayCommon(BillingCommon):
    def make_monthly(self, *more, **vals):
        """Return a contract of 310.00 a month from 1 January 2025 on."""
        return self.make_contract({"quantity": 1, "price_unit": 310.0}, *more, **{"date_start": "2025-01-01", **vals})

    def move(self, contract, on, *args, **kwargs):
        with self.today(on):
            contract.move_billing_day(*args, **kwargs)

    def open_window(self, contract):
        opened = contract.action_open_day_move()
        return Form(self.env[opened["res_model"]].browse(opened["res_id"]))

    def assertLedger(self, contract, expected, limit=None):
        """Compare all schedules, or the first ``limit``, with (start, end, schedule date, state, note)."""
        rows = contract.schedule_ids.sorted("cycle_start")
        found = [
            (str(row.cycle_start), str(row.cycle_end), str(row.schedule_date), row.state, row.period_note or "")
            for row in rows[:limit]]
        self.assertEqual(found, expected)

    def billed(self, contract):
        """Return what all invoices hold as (invoice date, subtotal, period from, period to)."""
        return [
            (str(move.invoice_date), line.price_subtotal * (-1 if move.move_type == "out_refund" else 1),
             str(line.billing_period_start), str(line.billing_period_end))
            for move in self.invoices(contract) for line in move.invoice_line_ids.sorted("sequence")]
