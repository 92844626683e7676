from odoo import Command, fields
from odoo.tests import freeze_time, tagged

from .test_item_based import ItemBasedCase


@tagged("post_install", "-at_install")
class TestItemBasedLedger(ItemBasedCase):
    """Items, undo, runs and windows of contracts whose subscriptions have cycles of their own."""

    # ---- items ------------------------------------------------------------------------------------------------------

    def test_items_ride_on_the_first_invoice_on_or_after_their_day(self):
        contract = self.make(
            {"name": "A", "price_unit": 10.0}, {"name": "B", "price_unit": 20.0, "date_start": "2026-01-10"})
        with self.today("2026-01-01"):
            self.add_item(contract, "2026-01-05", 5.0)
            self.add_item(contract, "2026-02-11", 6.0)
            self.add_item(contract, "2026-02-12", 7.0)
        self.assertFalse(contract.schedule_ids.filtered(lambda row: not row.subscription_id))
        self.bill(contract, "2026-01-02", "2026-01-11", "2026-02-02", "2026-02-11", "2026-03-02")
        self.assertEqual([[line[1] for line in lines] for lines in self.billed(contract)], [
            [10.0], [20.0, 5.0], [10.0], [20.0, 6.0], [10.0, 7.0]])

    def test_items_that_no_cycle_carries_are_billed_the_day_after(self):
        contract = self.make({"price_unit": 28.0, "date_end": "2026-02-28"})
        with self.today("2026-01-01"):
            self.add_item(contract, "2026-02-02", 1.0)
            self.add_item(contract, "2026-02-03", 2.0)
        lonely = contract.schedule_ids.filtered(lambda row: not row.subscription_id)
        self.assertRecordValues(lonely, [{
            "cycle_start": fields.Date.to_date("2026-02-03"), "schedule_date": fields.Date.to_date("2026-02-04")}])
        self.bill(contract, "2026-01-02", "2026-02-02", "2026-02-04")
        with self.today("2026-05-05"):
            self.add_item(contract, "2026-05-05", 3.0)
        self.bill(contract, "2026-05-06")
        self.assertEqual([[line[1] for line in lines] for lines in self.billed(contract)], [
            [28.0], [28.0, 1.0], [2.0], [3.0]])
        with self.today("2026-05-06"):
            self.add_item(contract, "2026-06-01", 4.0)
            self.assertEqual(str(contract.next_invoice_date), "2026-06-02")
            contract.subscription_ids.date_end = False
        self.assertFalse(contract.schedule_ids.filtered(lambda row: row.active and not row.subscription_id))

    def test_a_contract_of_items_alone(self):
        contract = self.make(item_ids=[Command.create({
            "product_id": self.setup.id, "price_unit": 9.0, "invoice_on": "2026-01-01", "tax_ids": False})])
        self.bill(contract, "2026-01-02")
        self.assertEqual(self.billed(contract), [[("2026-01-02", 9.0, False, False)]])

    # ---- undo -------------------------------------------------------------------------------------------------------

    def test_undo_frees_the_cycle_of_the_subscription_only(self):
        contract = self.make(
            {"name": "A", "quantity": 2, "price_unit": 30.0}, {"name": "B", "price_unit": 20.0}, refund_policy="yes")
        one, other = contract.subscription_ids
        self.bill(contract, "2026-01-02", "2026-02-02")
        with self.today("2026-02-10"):
            one.change_quantity(3, "2026-01-16")
            other.change_quantity(2, "2026-01-16")
        self.bill(contract, "2026-03-02")
        march = self.invoices(contract).filtered(lambda move: str(move.invoice_date) == "2026-03-02")
        mine = march.filtered(lambda move: move.billing_schedule_id.subscription_id == one)
        before = [(line.name, line.price_subtotal) for line in mine.invoice_line_ids.sorted("sequence")]
        mine.unlink()
        self.assertEqual(one.change_log_ids.mapped("state"), ["active", "archived"])
        self.assertEqual(other.change_log_ids.mapped("state"), ["archived", "archived"])
        self.assertIn("period A · 03/01/2026 – 03/31/2026 is to be billed again", contract.message_ids[0].body)
        self.bill(contract, "2026-03-03")
        again = one.schedule_ids.filtered(lambda row: str(row.cycle_start) == "2026-03-01").resulting_invoice_id
        self.assertEqual(
            [(line.name, line.price_subtotal) for line in again.invoice_line_ids.sorted("sequence")], before)
        with self.today("2026-03-04"):
            window = self.env["billing.generate"].create({
                "contract_id": contract.id, "schedule_id": again.billing_schedule_id.id, "replace_existing": True})
            window.action_proceed()
        self.assertEqual([
            (line.name, line.price_subtotal) for line in window.invoice_id.invoice_line_ids.sorted("sequence")], before)

    def test_undo_of_what_was_left_out_without_an_invoice(self):
        contract = self.make({"name": "A", "price_unit": 31.0}, {"name": "B", "price_unit": 62.0})
        one, other = contract.subscription_ids
        self.bill(contract, "2026-01-02")
        with self.today("2026-01-20"):
            (one | other).filtered(lambda sub: sub.deactivate("2026-01-16"))
        self.invoices(contract).filtered(lambda move: move.billing_schedule_id.subscription_id == one).unlink()
        self.assertEqual([sub.change_log_ids[0].counts_from for sub in one | other], [
            False, fields.Date.to_date("2026-02-01")])
        self.bill(contract, "2026-01-21")
        self.assertEqual(self.invoices(contract).invoice_line_ids.mapped("price_subtotal"), [62.0, 31.0, -16.0])

    # ---- the run ----------------------------------------------------------------------------------------------------

    def test_a_refused_subscription_parks_the_contract_and_harms_no_other(self):
        bad = self._create_product(name="Gone", lst_price=1.0, taxes_id=False)
        contract = self.make(
            {"name": "A", "price_unit": 10.0}, {"name": "B", "product_id": bad.id, "price_unit": 20.0},
            {"name": "C", "price_unit": 30.0, "date_start": "2026-01-05"})
        fine = self.make({"name": "Fine", "price_unit": 40.0}, name="Fine")
        bad.active = False
        self.run_job("2026-01-06")
        self.assertEqual(self.invoices(contract).mapped("amount_untaxed"), [10.0])
        self.assertEqual(self.invoices(fine).mapped("amount_untaxed"), [40.0])
        self.assertEqual(
            [row.state for row in contract.schedule_ids.sorted("id") if str(row.cycle_start) < "2026-01-06"],
            ["invoiced", "error", "pending"])
        bad.active = True
        with self.today("2026-01-07"):
            contract.schedule_ids.filtered(lambda row: row.state == "error").action_retry()
        self.bill(contract, "2026-01-07")
        self.assertEqual(self.invoices(contract).mapped("amount_untaxed"), [10.0, 20.0, 30.0])

    def test_hourly_daily_or_once_makes_the_same(self):
        def make():
            contract = self.make(
                {"name": "A", "quantity": 3, "price_unit": 10.01, "date_start": "2026-01-31"},
                {"name": "B", "price_unit": 100.0, "sales_unit": "quarterly", "date_end": "2026-03-05"},
                date_end="2026-04-20", today="2026-01-01", refund_policy="yes")
            with self.today("2026-01-01"):
                contract.subscription_ids[0].change_quantity(5, "2026-02-10")
                contract.subscription_ids[1].deactivate("2026-02-20", refund=True)
                self.add_item(contract, "2026-04-19", 3.0)
            return contract
        once, daily = make(), make()
        daily.state = "suspended"
        self.run_job("2026-05-02")
        daily.state = "active"
        self.run_daily("2026-01-01", "2026-05-02")
        self.assertEqual(once.state, "closed")
        self.assertEqual(daily.state, "closed")
        self.assertEqual(self.billed(once), self.billed(daily))
        rows = [
            sorted((row.subscription_id.name or "", row.kind, str(row.cycle_start), str(row.cycle_end), row.state)
                   for row in contract.schedule_ids) for contract in (once, daily)]
        self.assertEqual(*rows)

    def test_preview_of_a_far_date_equals_the_run(self):
        contract = self.make(
            {"name": "A", "price_unit": 10.0, "date_end": "2026-05-10"},
            {"name": "B", "price_unit": 100.0, "sales_unit": "quarterly", "date_start": "2026-01-20",
             "date_end": "2026-05-31"})
        with self.today("2026-01-01"):
            self.add_item(contract, "2026-03-15", 1.0)
            self.add_item(contract, "2026-05-20", 2.0)
            plan = [one for one in contract.plan("2026-06-15") if one["lines"]]
        self.run_job("2026-06-15")
        self.assertPlanIsRun(plan, self.invoices(contract))
        self.assertEqual({one["subscription_id"] for one in plan}, {*contract.subscription_ids.ids, None})

    def test_the_window_names_the_subscription(self):
        contract = self.make(
            {"name": "A", "price_unit": 10.0, "date_start": "2026-02-01"}, {"name": "B", "price_unit": 20.0})
        with self.today("2026-01-01"):
            window = self.env["billing.generate"].create({"contract_id": contract.id})
            self.assertEqual(
                window.schedule_id.with_context(billing_short_name=True).display_name, "B · 01/01/2026 – 01/31/2026")
            self.assertEqual(window.preview_line_ids.mapped("amount"), [20.0])
            window.action_proceed()
        self.bill(contract, "2026-01-02")
        self.assertEqual(len(self.invoices(contract)), 1)

    def test_a_draft_tells_what_follows(self):
        contract = self.make({"name": "A", "price_unit": 10.0}, {"name": "B", "price_unit": 20.0}, activate=False)
        with freeze_time("2026-02-10 08:00:00"):
            self.assertIn("4 invoices of $\xa060.00 in total", contract.past_message)

    def test_the_schedules_are_topped_up_by_the_job(self):
        contract = self.make({"price_unit": 10.0}, {"name": "Q", "price_unit": 10.0, "sales_unit": "quarterly"})
        monthly, quarterly = contract.subscription_ids
        day = fields.Date.to_date("2026-12-02")
        self.bill(contract, day)
        for sub, ahead in ((monthly, 12), (quarterly, 4)):
            future = sub.schedule_ids.filtered(lambda row: row.schedule_date > day)
            self.assertEqual((len(future), set(future.mapped("state"))), (ahead, {"pending"}))
