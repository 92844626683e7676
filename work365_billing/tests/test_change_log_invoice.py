from odoo import Command
from odoo.exceptions import UserError
from odoo.tests import tagged

from .common import BillingCommon


@tagged("post_install", "-at_install")
class TestChangeLogInvoice(BillingCommon):
    """Invoices of changes between two cycles: by hand, up to a date, and never for what comes after it."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.contract = cls.make_contract(
            {"quantity": 10, "price_unit": 12.0}, date_start="2026-01-01", frequency="quarterly", refund_policy="yes")
        cls.sub = cls.contract.subscription_ids

    def lines(self, move):
        return [
            (line.quantity, line.price_subtotal, str(line.billing_period_start), str(line.billing_period_end))
            for line in move.invoice_line_ids.sorted("sequence")]

    def window(self, up_to, contract=None):
        return self.env["billing.generate"].create({"contract_id": (contract or self.contract).id, "date_to": up_to})

    def generate(self, up_to, contract=None):
        window = self.window(up_to, contract)
        window.action_proceed()
        return window.invoice_id

    # ---- by hand ----------------------------------------------------------------------------------------------------

    def test_nothing_after_the_date_is_billed_however_often_it_is_asked_for(self):
        self.bill(self.contract, "2026-01-02")
        with self.today("2026-02-01"):
            self.sub.change_quantity(12, "2026-02-10")
            self.sub.change_quantity(15, "2026-02-21")
            first = self.generate("2026-02-20")
            self.sub.change_quantity(13, "2026-02-19")
            second = self.generate("2026-02-20")
            with self.assertRaisesRegex(UserError, "is billed"):
                self.generate("2026-02-20")
            third = self.generate("2026-02-21")
        # 90 days in the quarter: 2 × 36.00 × 50/90, 1 × 36.00 × 41/90 and 3 × 36.00 × 39/90
        self.assertEqual([self.lines(move) for move in (first, second, third)], [
            [(2, 40.0, "2026-02-10", "2026-03-31")],
            [(1, 16.4, "2026-02-19", "2026-03-31")],
            [(3, 46.8, "2026-02-21", "2026-03-31")]])
        self.assertEqual(
            [(str(row.cycle_end), str(row.schedule_date), row.state)
             for row in (first + second + third).billing_schedule_id],
            [("2026-02-20", "2026-02-20", "invoiced")] * 2 + [("2026-02-21", "2026-02-21", "invoiced")])
        self.assertEqual([str(day) for day in (first + second).mapped("invoice_date")], ["2026-02-20"] * 2)

    def test_an_earlier_open_schedule_blocks_and_is_named(self):
        with self.today("2026-02-01"):
            self.sub.change_quantity(12)
            window = self.window("2026-02-10")
            first = self.contract.schedule_ids.sorted("cycle_start")[0]
            self.assertRecordValues(window, [{
                "blocking_schedule_id": first.id, "amount_total": 0.0, "invoice_date": False}])
            self.assertIn("01/01/2026 – 03/31/2026 is not invoiced", window.blocked_message)
            with self.assertRaisesRegex(UserError, "01/01/2026 – 03/31/2026 is not invoiced"):
                window.action_proceed()
            window.date_to = "2026-01-01"  # the schedule is due on the second: nothing is blocked, or billed, by then
            self.assertFalse(window.blocking_schedule_id)
            self.assertIn("Everything up to this date is billed", window.blocked_message)
        self.assertFalse(self.invoices(self.contract))

    def test_items_and_invoice_date_of_each_policy(self):
        item = {"product_id": self.licence.id, "tax_ids": False, "price_unit": 80.0}
        for policy, day in (("schedule", "2026-02-10"), ("cycle_start", "2026-02-10"), ("run", "2026-02-15")):
            contract = self.make_contract(
                {"quantity": 10, "price_unit": 12.0}, date_start="2026-01-01", frequency="annual",
                invoice_date_policy=policy, item_ids=[
                    Command.create({**item, "name": "Due", "invoice_on": "2026-02-10"}),
                    Command.create({**item, "name": "Later", "invoice_on": "2026-02-11"})])
            self.run_job("2026-01-02")
            with self.today("2026-02-15"):
                move = self.generate("2026-02-10", contract)
                self.assertEqual((move.invoice_line_ids.name, str(move.invoice_date)), ("Due", day))
                again = self.generate("2026-02-11", contract)
            self.assertEqual(again.invoice_line_ids.name, "Later")

    def test_many_are_planned_with_as_many_queries_as_one(self):
        contracts = self.env["billing.contract"]
        for number in range(12):
            contracts |= self.make_contract(
                {"quantity": 10, "price_unit": 12.0}, date_start="2026-01-01", frequency="annual", name=str(number))
        self.run_job("2026-01-02")
        planner = self.env["billing.planner"]
        with self.today("2026-02-01"):
            for number, contract in enumerate(contracts[1:], start=1):
                contract.subscription_ids.change_quantity(10 + number)
            counts = []
            for some in (contracts[:3], contracts):
                self.env.flush_all()
                self.env.invalidate_all()
                before = self.env.cr.sql_log_count
                planned = planner._plan_change_logs(some, self.company._billing_today(), self.company._billing_today())
                counts.append(self.env.cr.sql_log_count - before)
        self.assertEqual(counts[0], counts[1])
        self.assertEqual([one.contract_id for one in planned], contracts.ids)
        self.assertEqual([one.code for one in planned], ["nothing_left", *[None] * 11])
        # 144.00 a year for each, from 1 February: 334 of 365 days
        self.assertEqual([float(one.amount) for one in planned[1:3]], [131.77, 263.54])
