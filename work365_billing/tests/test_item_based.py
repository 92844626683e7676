from odoo import fields
from odoo.exceptions import UserError
from odoo.tests import Form, tagged

from .common import BillingCommon


class ItemBasedCase(BillingCommon):
    """Contracts whose subscriptions have cycles of their own: from their start, as long as their sales unit."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.setup = cls._create_product(name="Setup", lst_price=80.0, taxes_id=False)

    def make(self, *subscriptions, **vals):
        vals.setdefault("date_start", "2026-01-01")
        return self.make_contract(*subscriptions, contract_type="item_based", **vals)

    def rows(self, subscription, count=None):
        rows = subscription.schedule_ids.sorted(lambda row: (row.kind, row.cycle_start))[:count]
        return [(str(row.cycle_start), str(row.cycle_end), str(row.schedule_date)) for row in rows]

    def billed(self, contract):
        """Return (invoice date, subtotal, from, to) of every line, invoice by invoice."""
        sign = {"out_invoice": 1, "out_refund": -1}
        return [
            [(str(move.invoice_date), sign[move.move_type] * line.price_subtotal,
              line.billing_period_start and str(line.billing_period_start),
              line.billing_period_end and str(line.billing_period_end))
             for line in move.invoice_line_ids.sorted("sequence")]
            for move in self.invoices(contract)]

    def add_item(self, contract, day, price=5.0):
        return self.env["billing.item"].create({
            "contract_id": contract.id, "product_id": self.setup.id, "name": "Visit", "price_unit": price,
            "invoice_on": day, "tax_ids": False})


@tagged("post_install", "-at_install")
class TestItemBased(ItemBasedCase):
    """Each subscription is billed in its own cycles, on the terms of the contract."""

    # ---- cycles -----------------------------------------------------------------------------------------------------

    def test_each_subscription_is_billed_in_its_own_cycles(self):
        contract = self.make(
            {"name": "Monthly", "quantity": 5, "price_unit": 30.0, "date_start": "2026-01-31"},
            {"name": "Quarterly", "price_unit": 90.0, "sales_unit": "quarterly", "date_start": "2026-01-15"},
            {"name": "Annual", "quantity": 2, "price_unit": 600.0, "sales_unit": "annual"}, date_end="2027-02-14")
        monthly, quarterly, annual = contract.subscription_ids
        self.assertEqual(self.rows(monthly, 3), [
            ("2026-01-31", "2026-02-27", "2026-02-01"), ("2026-02-28", "2026-03-30", "2026-03-01"),
            ("2026-03-31", "2026-04-29", "2026-04-01")])
        self.assertEqual(self.rows(quarterly, 2), [
            ("2026-01-15", "2026-04-14", "2026-01-16"), ("2026-04-15", "2026-07-14", "2026-04-16")])
        self.assertEqual(self.rows(annual), [
            ("2026-01-01", "2026-12-31", "2026-01-02"), ("2027-01-01", "2027-02-14", "2027-01-02")])
        self.assertEqual([len(sub.schedule_ids) for sub in contract.subscription_ids], [12, 4, 2])
        self.assertEqual(contract.schedule_ids.subscription_id, contract.subscription_ids)
        self.bill(contract, "2026-01-02", "2026-01-16", "2026-02-01", "2026-03-01")
        self.assertEqual(self.billed(contract), [
            [("2026-01-02", 1200.0, "2026-01-01", "2026-12-31")], [("2026-01-16", 90.0, "2026-01-15", "2026-04-14")],
            [("2026-02-01", 150.0, "2026-01-31", "2026-02-27")], [("2026-03-01", 150.0, "2026-02-28", "2026-03-30")]])
        self.assertEqual(str(contract.next_invoice_date), "2026-04-01")
        self.bill(contract, "2027-03-01")
        self.assertEqual(contract.state, "closed")
        by_subscription = {
            sub: round(sum(lines.mapped("price_subtotal")), 2)
            for sub, lines in self.invoices(contract).invoice_line_ids.grouped("billing_subscription_id").items()}
        # 31 Jan 2026 to 14 Feb 2027: 12 months and 15 of 28 days; the cut year: 45 of 365 days.
        self.assertEqual(by_subscription, {
            monthly: 12 * 150.0 + 80.36, quarterly: 4 * 90.0 + round(90.0 * 31 / 90, 2), annual: 1200.0 + 147.95})

    def test_rows_of_one_day_are_invoices_of_their_own(self):
        contract = self.make({"name": "A", "price_unit": 10.0}, {"name": "B", "price_unit": 20.0})
        self.assertEqual((str(contract.next_invoice_date), contract.next_invoice_amount), ("2026-01-02", 30.0))
        self.bill(contract, "2026-01-02")
        moves = self.invoices(contract)
        self.assertEqual(moves.mapped("amount_untaxed"), [10.0, 20.0])
        self.assertEqual(moves.mapped("billing_schedule_id.subscription_id"), contract.subscription_ids)
        self.assertEqual([move.billing_row_ids.resulting_invoice_id for move in moves], list(moves))

    def test_policy_offset_proration_and_discount_are_the_contracts(self):
        contract = self.make(
            {"name": "Quarterly", "price_unit": 300.0, "sales_unit": "quarterly", "date_start": "2026-01-10",
             "date_end": "2026-05-19", "discount": 5.0},
            billing_policy="arrears", billing_offset=3, proration_unit="months", discount=10.0)
        [sub] = contract.subscription_ids
        self.assertEqual(self.rows(sub), [
            ("2026-01-10", "2026-04-09", "2026-04-12"), ("2026-04-10", "2026-05-19", "2026-05-22")])
        self.bill(contract, "2026-04-12", "2026-05-22")
        # One month and 10 of the 31 days of the month from 10 May.
        part = round(300.0 * (1 + 10 / 31) / 3 * 0.855, 2)
        self.assertEqual(self.billed(contract), [
            [("2026-04-12", 256.5, "2026-01-10", "2026-04-09")], [("2026-05-22", part, "2026-04-10", "2026-05-19")]])

    def test_calendar_alignment_and_last_day_hold_for_each_subscription(self):
        aligned = self.make({"price_unit": 310.0, "date_start": "2026-01-22"}, alignment="calendar")
        self.assertEqual(self.rows(aligned.subscription_ids, 2), [
            ("2026-01-22", "2026-01-31", "2026-01-23"), ("2026-02-01", "2026-02-28", "2026-02-02")])
        self.bill(aligned, "2026-01-23")
        self.assertEqual(self.billed(aligned), [[("2026-01-23", 100.0, "2026-01-22", "2026-01-31")]])
        last = self.make({"price_unit": 30.0, "date_start": "2026-02-28"}, last_day_anchor=True)
        self.assertEqual(
            [row[0] for row in self.rows(last.subscription_ids, 3)], ["2026-02-28", "2026-03-31", "2026-04-30"])

    def test_nothing_before_the_contract_and_up_to_what_was_billed_elsewhere(self):
        contract = self.make(
            {"name": "Older", "price_unit": 310.0, "date_start": "2025-12-22"},
            {"name": "Year", "price_unit": 365.0, "sales_unit": "annual", "date_start": "2025-06-01",
             "billed_through": "2026-05-31"},
            {"name": "Month", "price_unit": 31.0, "billed_through": "2026-01-10"})
        older, year, month = contract.subscription_ids
        self.assertEqual(self.rows(older, 2), [
            ("2026-01-01", "2026-01-21", "2026-01-02"), ("2026-01-22", "2026-02-21", "2026-01-23")])
        self.assertEqual(self.rows(year, 1), [("2026-06-01", "2027-05-31", "2026-06-02")])
        self.assertEqual(self.rows(month, 1), [("2026-01-11", "2026-01-31", "2026-01-12")])
        self.bill(contract, "2026-01-12")
        self.assertEqual(self.billed(contract), [
            [("2026-01-02", 210.0, "2026-01-01", "2026-01-21")], [("2026-01-12", 21.0, "2026-01-11", "2026-01-31")]])

    # ---- what is entered later --------------------------------------------------------------------------------------

    def test_a_new_subscription_gets_its_schedules_at_once(self):
        contract = self.make({"name": "First", "price_unit": 10.0})
        self.bill(contract, "2026-01-02")
        with self.today("2026-01-20"):
            late = self.env["billing.subscription"].create({
                "contract_id": contract.id, "product_id": self.licence.id, "name": "Late", "quantity": 2,
                "price_unit": 30.0, "sales_unit": "monthly", "date_start": "2025-11-15", "tax_ids": False})
            self.assertEqual(self.rows(late, 3), [
                ("2026-01-01", "2026-01-14", "2026-01-02"), ("2026-01-15", "2026-02-14", "2026-01-16"),
                ("2026-02-15", "2026-03-14", "2026-02-16")])
            self.assertEqual(
                late.past_message, "The start is in the past: 2 billing cycles since 01/01/2026 are due, and the next "
                "run makes an invoice for each.")
            self.assertEqual(len(late.schedule_ids), 2 + 12)
        self.bill(contract, "2026-01-21")
        part = round(60.0 * 14 / 31, 2)
        self.assertEqual(self.billed(contract)[1:], [
            [("2026-01-02", part, "2026-01-01", "2026-01-14")], [("2026-01-16", 60.0, "2026-01-15", "2026-02-14")]])
        with self.today("2026-01-21"):
            self.assertFalse(late.past_message)

    def test_the_form_of_a_new_subscription_says_what_follows(self):
        contract = self.make({"price_unit": 10.0})
        with self.today("2026-03-20"):
            form = Form(self.env["billing.subscription"].with_context(default_contract_id=contract.id))
            form.product_id = self.licence
            self.assertIn("3 billing cycles since 01/01/2026 are due", form.past_message)
            form.date_start = fields.Date.to_date("2026-03-19")
            self.assertIn("1 billing cycles since 03/19/2026", form.past_message)
            form.date_start = fields.Date.to_date("2026-03-20")
            self.assertFalse(form.past_message)

    def test_changes_stay_with_their_subscription(self):
        contract = self.make(
            {"name": "Monthly", "quantity": 5, "price_unit": 30.0},
            {"name": "Annual", "quantity": 1, "price_unit": 1200.0, "sales_unit": "annual"}, refund_policy="yes")
        monthly, annual = contract.subscription_ids
        self.bill(contract, "2026-01-02", "2026-02-02")
        with self.today("2026-02-10"):
            annual.change_quantity(2, "2026-02-01")
            monthly.change_quantity(6, "2026-01-16")
            monthly.change_price(40.0, "2026-04-01")
        self.bill(contract, "2026-03-02", "2026-04-02")
        self.assertEqual(self.billed(contract)[3:], [
            [("2026-03-02", 180.0, "2026-03-01", "2026-03-31"), ("2026-03-02", 15.48, "2026-01-16", "2026-01-31"),
             ("2026-03-02", 30.0, "2026-02-01", "2026-02-28")],
            [("2026-04-02", 240.0, "2026-04-01", "2026-04-30")]])
        with self.today("2026-04-10"):
            annual.change_quantity(1, "2026-05-01")
        self.bill(contract, "2027-01-02")
        change = 1200.0 * 334 / 365
        [last] = [lines for lines in self.billed(contract) if lines[0][0] == "2027-01-02" and len(lines) > 1]
        self.assertEqual(last, [
            ("2027-01-02", 1200.0, "2027-01-01", "2027-12-31"),
            ("2027-01-02", round(change, 2), "2026-02-01", "2026-12-31"),
            ("2027-01-02", -round(1200.0 * 245 / 365, 2), "2026-05-01", "2026-12-31")])

    def test_a_change_log_invoice_by_hand_takes_all_subscriptions(self):
        contract = self.make(
            {"name": "Year", "price_unit": 365.0, "sales_unit": "annual"},
            {"name": "Other", "price_unit": 730.0, "sales_unit": "annual", "date_start": "2026-02-01"})
        year, other = contract.subscription_ids
        self.bill(contract, "2026-01-02", "2026-02-02")
        with self.today("2026-03-01"):
            year.change_quantity(3, "2026-03-01")
            other.change_quantity(2, "2026-02-01")
            year.change_quantity(2, "2026-12-31")
            window = self.env["billing.generate"].create({"contract_id": contract.id, "date_to": "2026-03-01"})
            self.assertFalse(window.blocked_message)
            window.action_proceed()
        self.assertEqual(self.billed(contract)[2:], [[
            ("2026-03-01", 612.0, "2026-03-01", "2026-12-31"), ("2026-03-01", 730.0, "2026-02-01", "2027-01-31")]])
        self.assertRecordValues(window.invoice_id.billing_schedule_id, [{
            "kind": "change_log", "subscription_id": False, "state": "invoiced"}])

    def test_an_open_cycle_of_any_subscription_blocks_a_change_log_invoice(self):
        contract = self.make(
            {"name": "Year", "price_unit": 365.0, "sales_unit": "annual"},
            {"name": "Month", "price_unit": 30.0, "date_start": "2026-01-10"})
        self.bill(contract, "2026-01-02")
        with self.today("2026-01-20"):
            window = self.env["billing.generate"].create({"contract_id": contract.id, "date_to": "2026-01-20"})
            self.assertIn("Billing cycle Month · 01/10/2026 – 02/09/2026 is not invoiced", window.blocked_message)
            self.assertEqual(window.blocking_schedule_id.subscription_id.name, "Month")

    # ---- ends -------------------------------------------------------------------------------------------------------

    def test_the_end_of_a_subscription_cuts_its_own_cycles_only(self):
        contract = self.make({"name": "A", "price_unit": 31.0}, {"name": "B", "price_unit": 62.0})
        one, other = contract.subscription_ids
        self.bill(contract, "2026-01-02")
        with self.today("2026-01-10"):
            one.date_end = "2026-02-14"
        self.assertEqual(self.rows(one), [
            ("2026-01-01", "2026-01-31", "2026-01-02"), ("2026-02-01", "2026-02-14", "2026-02-02")])
        self.assertEqual(len(other.schedule_ids), 13)
        with self.today("2026-01-10"):
            one.date_end = "2026-03-15"
            contract.date_end = "2026-02-28"
        self.assertEqual(self.rows(one)[-1], ("2026-02-01", "2026-02-28", "2026-02-02"))
        self.assertEqual(self.rows(other)[-1], ("2026-02-01", "2026-02-28", "2026-02-02"))
        self.bill(contract, "2026-02-02", "2026-03-01")
        self.assertEqual([lines[0][1] for lines in self.billed(contract)], [31.0, 62.0, 31.0, 62.0])
        self.assertEqual(contract.state, "closed")

    def test_a_later_end_of_a_subscription_bills_the_days_since(self):
        contract = self.make({"price_unit": 28.0, "date_start": "2026-02-01", "date_end": "2026-02-07"})
        [sub] = contract.subscription_ids
        self.bill(contract, "2026-02-02")
        with self.today("2026-02-20"):
            sub.date_end = "2026-03-31"
        self.bill(contract, "2026-02-20", "2026-03-02")
        self.assertEqual(self.billed(contract), [
            [("2026-02-02", 7.0, "2026-02-01", "2026-02-07")], [("2026-02-09", 21.0, "2026-02-08", "2026-02-28")],
            [("2026-03-02", 28.0, "2026-03-01", "2026-03-31")]])
        with self.assertRaisesRegex(UserError, "already billed up to 2026-03-31: use Deactivate"):
            sub.date_end = "2026-03-15"
        with self.assertRaisesRegex(UserError, "already billed up to 2026-03-31, so Sales Unit cannot change"):
            sub.sales_unit = "annual"

    def test_what_is_not_billed_yet_may_change(self):
        contract = self.make({"price_unit": 30.0, "date_start": "2026-03-10"}, {"name": "B", "price_unit": 5.0})
        sub, other = contract.subscription_ids
        self.bill(contract, "2026-01-02")
        with self.today("2026-01-05"):
            sub.write({"date_start": "2026-04-05", "sales_unit": "quarterly"})
            self.assertEqual(self.rows(sub, 2), [
                ("2026-04-05", "2026-07-04", "2026-04-06"), ("2026-07-05", "2026-10-04", "2026-07-06")])
            sub.unlink()
        self.assertEqual(contract.schedule_ids.subscription_id, other)

    def test_deactivation_with_a_refund_is_credited_at_once(self):
        contract = self.make(
            {"name": "Year", "quantity": 1, "price_unit": 1200.0, "sales_unit": "annual", "date_start": "2025-01-01"},
            {"name": "Month", "price_unit": 10.0, "date_start": "2025-01-01"},
            date_start="2025-01-01", refund_policy="yes")
        year = contract.subscription_ids[0]
        self.bill(contract, "2025-01-02", "2025-02-02", "2025-03-02")
        with self.today("2025-03-10"):
            year.deactivate("2025-12-01", refund=True)
            self.assertEqual(year.schedule_ids.mapped("state"), ["invoiced"])
        self.assertRecordValues(year, [{"state": "active", "deactivated_on": fields.Date.to_date("2025-12-01")}])
        self.bill(contract, "2025-12-01")
        self.assertRecordValues(year, [{"state": "inactive", "deactivated_on": fields.Date.to_date("2025-12-01")}])
        [credit] = self.invoices(contract).filtered(lambda move: move.move_type == "out_refund")
        self.assertRecordValues(credit, [{
            "invoice_date": fields.Date.to_date("2025-12-01"), "amount_untaxed": 101.92}])
        self.assertRecordValues(credit.billing_schedule_id, [{"kind": "change_log", "subscription_id": year.id}])
        self.assertEqual(len(year.schedule_ids), 2)
        count = self.env["billing.job"].search_count([])
        self.run_job("2025-12-01", "06:00:00")
        self.assertEqual(self.env["billing.job"].search_count([]), count)
        self.bill(contract, "2026-01-02")
        self.assertEqual(len(self.invoices(contract).filtered(lambda move: str(move.invoice_date) > "2025-12-01")), 2)
        self.assertEqual(contract.state, "active")

    def test_a_deactivation_entered_late_is_credited_on_the_day_of_entry(self):
        contract = self.make({"quantity": 1, "price_unit": 365.0, "sales_unit": "annual"}, refund_policy="yes")
        self.bill(contract, "2026-01-02")
        with self.today("2026-06-10"):
            contract.subscription_ids.deactivate("2026-01-01", refund=True)
        self.bill(contract, "2026-06-10", "2026-06-11")
        self.assertEqual(self.billed(contract), [
            [("2026-01-02", 365.0, "2026-01-01", "2026-12-31")], [("2026-06-10", -365.0, "2026-01-01", "2026-12-31")]])
        self.assertFalse(contract.next_invoice_date)

    def test_deactivation_without_a_refund_bills_nothing_more(self):
        contract = self.make({"name": "A", "price_unit": 31.0}, {"name": "B", "price_unit": 62.0})
        one, other = contract.subscription_ids
        self.bill(contract, "2026-01-02")
        with self.today("2026-01-20"):
            one.deactivate("2026-01-16")
            other.deactivate("2026-02-10")
        self.assertEqual(len(one.schedule_ids), 1)
        self.assertEqual(one.change_log_ids.mapped("state"), ["archived", "archived"])
        self.bill(contract, "2026-02-02", "2026-02-11", "2026-03-02")
        self.assertEqual(self.billed(contract), [
            [("2026-01-02", 31.0, "2026-01-01", "2026-01-31")], [("2026-01-02", 62.0, "2026-01-01", "2026-01-31")],
            [("2026-02-02", 19.93, "2026-02-01", "2026-02-09")]])
        self.assertFalse(contract.schedule_ids.filtered("active"))
        self.assertEqual(set(contract.change_log_ids.mapped("state")), {"archived"})
        self.assertEqual(contract.state, "active")

    def test_arrears_bill_the_last_part_right_after_a_deactivation(self):
        contract = self.make({"price_unit": 31.0}, billing_policy="arrears")
        with self.today("2026-01-10"):
            contract.subscription_ids.deactivate("2026-01-11")
        self.bill(contract, "2026-01-11", "2026-02-01")
        self.assertEqual(self.billed(contract), [[("2026-01-11", 10.0, "2026-01-01", "2026-01-10")]])

    def test_a_deactivated_subscription_that_comes_back_is_billed_from_that_day(self):
        contract = self.make({"price_unit": 28.0, "date_start": "2026-02-01"})
        [sub] = contract.subscription_ids
        with self.today("2026-02-01"):
            sub.deactivate("2026-02-08")
        self.bill(contract, "2026-02-02", "2026-03-02")
        with self.today("2026-03-10"):
            sub.reactivate("2026-03-18")
        self.assertFalse(sub.deactivated_on)
        self.bill(contract, "2026-03-10", "2026-04-02")
        self.assertEqual(self.billed(contract), [
            [("2026-02-02", 7.0, "2026-02-01", "2026-02-07")], [("2026-03-02", 12.65, "2026-03-18", "2026-03-31")],
            [("2026-04-02", 28.0, "2026-04-01", "2026-04-30")]])
