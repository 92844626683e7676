from odoo.exceptions import UserError
from odoo.tests import tagged

from .close_common import CloseCommon


@tagged("post_install", "-at_install")
class TestClose(CloseCommon):
    """Closing a contract as of a day: what is left is shown, billed or credited, and nothing waits afterwards."""

    # ---- at once ----------------------------------------------------------------------------------------------------

    def test_the_annual_contract_of_the_design_is_credited_31_of_365(self):
        contract = self.make_contract(
            {"quantity": 1, "price_unit": 1200.0, "sales_unit": "annual"}, date_start="2025-01-01", frequency="annual",
            refund_policy="yes")
        self.bill(contract, "2025-01-02")
        self.invoices(contract).action_post()
        with self.today("2025-12-01"):
            moves = contract.close("2025-11-30", refund=True)
        self.assertRecordValues(moves, [{
            "move_type": "out_refund", "state": "draft", "amount_untaxed": 101.92, "billing_kind": "change_log",
            "reversed_entry_id": self.invoices(contract)[0].id}])
        self.assertEqual(str(moves.invoice_date), "2025-12-01")
        self.assertEqual(self.lines(moves), [(1, 101.92, "2025-12-01", "2025-12-31")])
        self.assertSettled(contract, "2025-11-30")
        self.assertRecordValues(contract.subscription_ids, [{"state": "inactive", "quantity": 0.0}])

    def test_without_a_refund_or_with_refunds_off_what_is_invoiced_stays(self):
        for refund, policy in ((False, "yes"), (True, "no")):
            contract = self.five_at_thirty(refund_policy=policy)
            self.bill(contract, "2026-04-02")
            with self.today("2026-04-20"):
                self.assertFalse(contract.close("2026-04-15", refund=refund))
            self.assertEqual(self.invoices(contract).mapped("amount_untaxed"), [150.0])
            self.assertSettled(contract, "2026-04-15")

    def test_what_was_not_billed_is_billed_the_last_cycle_cut(self):
        for policy in ("advance", "arrears"):
            contract = self.five_at_thirty(billing_policy=policy)
            with self.today("2026-06-15"):
                moves = contract.close()
            self.assertEqual([self.lines(move) for move in moves], [
                [(5, 150.0, "2026-04-01", "2026-04-30")], [(5, 150.0, "2026-05-01", "2026-05-31")],
                [(5, 75.0, "2026-06-01", "2026-06-15")]])
            self.assertLessEqual(max(map(str, moves.mapped("invoice_date"))), "2026-06-15")
            self.assertEqual(set(moves.mapped("state")), {"draft"})
            self.assertFalse(moves.billing_run_id.job_ids.filtered(lambda job: job.job_type != "invoice"))
            self.assertSettled(contract, "2026-06-15")

    def test_late_changes_come_with_it(self):
        contract = self.five_at_thirty(refund_policy="yes")
        for day in ("2026-04-02", "2026-05-02", "2026-06-02"):
            self.bill(contract, day)
        with self.today("2026-06-10"):
            contract.subscription_ids.change_quantity(6, "2026-04-16")
            moves = contract.close("2026-06-10", refund=True)
        self.assertEqual(sorted(self.lines(moves), key=lambda line: line[2:]), [
            (-1, -15.0, "2026-04-16", "2026-04-30"), (-1, -30.0, "2026-05-01", "2026-05-31"),
            (-1, -30.0, "2026-06-01", "2026-06-30"), (6, 120.0, "2026-06-11", "2026-06-30")])
        self.assertEqual(moves.amount_untaxed_in_currency_signed, -45.0)
        self.assertSettled(contract, "2026-06-10")

    def test_scheduled_changes_of_later_days_are_withdrawn(self):
        contract = self.five_at_thirty(date_end="2027-03-31", auto_renew=True, refund_policy="yes")
        self.bill(contract, "2026-04-02")
        with self.today("2026-04-10"):
            contract.subscription_ids.change_quantity(7, "2026-05-10")
            contract.subscription_ids.change_quantity(6, "2026-04-20")
            window = self.open(contract)
            window.stop_date = "2026-04-30"
            self.assertIn("Withdrawn: Business Premium · Update 05/10/2026 +2", window.preview)
            self.assertIn("Auto Renew is switched off", window.preview)
            window.save().action_confirm()
        self.assertEqual(contract.change_log_ids.sorted("id").mapped("event"), ["create", "update", "deactivate"])
        self.assertRecordValues(contract, [{"state": "active", "auto_renew": False}])
        self.assertIn("Withdrawn", self.said(contract))
        self.run_job("2026-05-01")
        self.assertEqual([self.lines(move) for move in self.invoices(contract)[1:]], [
            [(1, 11.0, "2026-04-20", "2026-04-30")]])
        self.assertSettled(contract, "2026-04-30")

    # ---- in the future ----------------------------------------------------------------------------------------------

    def test_a_day_to_come_is_billed_by_the_job_which_then_closes(self):
        contract = self.five_at_thirty(refund_policy="yes")
        with self.today("2026-04-10"):
            moves = contract.close("2026-06-15")
            self.assertEqual(contract.state, "active")
            planned = [(str(plan["cycle_start"]), plan["amount"]) for plan in contract.plan("2026-12-31")]
        self.assertEqual([self.lines(move) for move in moves], [[(5, 150.0, "2026-04-01", "2026-04-30")]])
        self.assertEqual(planned, [("2026-05-01", 150.0), ("2026-06-01", 75.0), ("2026-06-16", 0.0)])
        self.run_daily("2026-05-01", "2026-05-03")
        self.run_daily("2026-06-01", "2026-06-03")
        self.run_job("2026-06-15")
        self.assertEqual(contract.state, "active")
        self.run_job("2026-06-16")
        self.assertEqual([self.lines(move) for move in self.invoices(contract)[1:]], [
            [(5, 150.0, "2026-05-01", "2026-05-31")], [(5, 75.0, "2026-06-01", "2026-06-15")]])
        self.assertEqual(contract.state, "closed")

    def test_a_day_to_come_within_what_is_invoiced_is_credited_the_day_after(self):
        contract = self.make_contract(
            {"quantity": 1, "price_unit": 1200.0, "sales_unit": "annual"},
            {"quantity": 2, "price_unit": 365.0, "sales_unit": "annual", "date_start": "2025-12-11"},
            date_start="2025-01-01", frequency="annual", refund_policy="yes")
        self.bill(contract, "2025-01-02")
        with self.today("2025-11-15"):
            window = self.open(contract)
            window.stop_date, window.refund = "2025-11-30", "yes"
            self.assertEqual(round(window.difference, 2), -143.92)
            window.save().action_confirm()
        self.run_job("2025-11-30")
        self.assertEqual(len(self.invoices(contract)), 1)
        self.run_job("2025-12-01")
        credit = self.invoices(contract)[1:]
        self.assertRecordValues(credit, [{"move_type": "out_refund", "amount_untaxed": 143.92}])
        self.assertEqual(self.lines(credit), [
            (1, 101.92, "2025-12-01", "2025-12-31"), (2, 42.0, "2025-12-11", "2025-12-31")])
        self.assertEqual(contract.state, "closed")

    # ---- items and usage --------------------------------------------------------------------------------------------

    def test_items_of_later_days_are_billed_or_left_out(self):
        for choice, amounts in (("bill", [150.0, 80.0]), ("leave", [150.0])):
            contract = self.five_at_thirty(item_ids=[self.item("2026-09-01")])
            self.bill(contract, "2026-04-02")
            with self.today("2026-04-30"):
                window = self.open(contract)
                self.assertTrue(window.has_later_items)
                window.items = choice
                self.assertEqual(window.difference, sum(amounts) - 150.0)
                self.assertIn("Set-up, to be invoiced on 09/01/2026", window.preview)
                window.save().action_confirm()
            self.assertEqual(self.invoices(contract).mapped("amount_untaxed"), amounts)
            self.assertSettled(contract, "2026-04-30")

    def test_usage_and_its_minimum(self):
        contract = self.make_contract(
            {"name": "Storage", "price_unit": 0.0, "pricing": "usage", "minimum_commitment": 20.0, "quantity": 1},
            date_start="2026-04-01")
        sub = contract.subscription_ids
        vals = {"subscription_id": sub.id, "period_start": "2026-05-01", "period_end": "2026-05-10", "cost": 7.0}
        with self.today("2026-05-10"):
            usage = self.env["billing.usage"].create({**vals, "state": "unconfirmed"})
            with self.assertRaisesRegex(UserError, "Usage of Storage is not confirmed yet"):
                contract.close()
            usage.action_confirm()
            window = self.open(contract)
            self.assertEqual(window.difference, 40.0)
            window.save().action_confirm()
            self.assertEqual(sum(self.invoices(contract).mapped("amount_untaxed")), 40.0)
            with self.assertRaisesRegex(UserError, "is closed"):
                self.env["billing.usage"].create(vals)
        self.assertSettled(contract, "2026-05-10")

    # ---- types ------------------------------------------------------------------------------------------------------

    def test_item_based_and_non_recurring_contracts(self):
        item_based = self.make_contract(
            {"quantity": 1, "price_unit": 120.0, "sales_unit": "annual", "date_start": "2026-01-01"},
            {"quantity": 2, "price_unit": 30.0, "date_start": "2026-01-10"}, contract_type="item_based",
            date_start="2026-01-01", refund_policy="yes", item_ids=[self.item("2026-03-15")])
        self.bill(item_based, "2026-01-02", "2026-01-11")
        with self.today("2026-02-20"):
            window = self.open(item_based)
            window.stop_date, window.refund = "2026-02-19", "yes"
            shown = round(window.difference, 2)
            window.save().action_confirm()
        self.assertEqual(sorted(line for move in self.invoices(item_based)[2:] for line in self.lines(move)), [
            (-1, -80.0, "False", "False"), (1, 103.56, "2026-02-20", "2026-12-31"),
            (2, 21.43, "2026-02-10", "2026-02-19")])
        self.assertEqual(shown, round(21.43 + 80.0 - 103.56, 2))
        self.assertSettled(item_based, "2026-02-19")
        plain = self.make_contract(
            contract_type="non_recurring", date_start="2026-01-01",
            item_ids=[self.item("2026-01-05"), self.item("2026-03-05", 20.0)])
        self.bill(plain, "2026-01-06")
        with self.today("2026-02-20"):
            moves = plain.close()
        self.assertEqual(moves.mapped("amount_untaxed"), [20.0])
        self.assertSettled(plain, "2026-02-20")
