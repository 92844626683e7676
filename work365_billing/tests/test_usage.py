
from odoo import Command
from odoo.tests import tagged
from odoo.tools import mute_logger

from .usage_common import UsageCommon


@tagged("post_install", "-at_install")
class TestUsageBilling(UsageCommon):
    """When usage is billed, through the hourly job, and what stands on the invoice."""

    def test_usage_is_billed_in_arrears_whatever_the_policy(self):
        for policy, days in (("advance", ("2026-01-02", "2026-02-02")), ("arrears", ("2026-02-01",))):
            with self.subTest(policy):
                subscription = self.make_usage_contract(
                    contract={"name": policy, "billing_policy": policy}, markup=15.0)
                contract = subscription.contract_id
                self.use(subscription, "2026-01-31", "2026-01-01", cost=412.85, quantity=730)
                self.bill(contract, *days)
                move = self.invoices(contract)
                self.assertEqual(
                    self.usage_lines(move), [("Azure", 1, 474.78, "2026-01-01", "2026-01-31")])
                self.assertEqual(str(move.invoice_date), days[-1])
                self.assertEqual(move.invoice_line_ids.product_id, self.azure)
                self.assertEqual(move.invoice_line_ids.name, "Azure\n01/01/2026 – 01/31/2026")
                self.assertRecordValues(subscription.usage_ids, [{
                    "state": "invoiced", "invoice_line_id": move.invoice_line_ids.id, "invoice_id": move.id,
                    "amount": 474.7775}])
                self.assertEqual(move.invoice_line_ids.billing_usage_ids, subscription.usage_ids)

    def test_a_licence_and_its_usage_stand_on_one_invoice(self):
        contract = self.make_contract(
            {"quantity": 2, "price_unit": 30.0},
            {"product_id": self.azure.id, "name": "Azure", "pricing": "usage", "quantity": 9, "price_unit": 5.0},
            date_start="2026-01-01", item_ids=[Command.create({
                "product_id": self.licence.id, "name": "Set-up", "price_unit": 7.0, "invoice_on": "2026-02-01"})])
        usage = contract.subscription_ids[1]
        self.assertRecordValues(usage, [{"quantity": 1.0, "price_unit": 0.0, "monthly_price": 0.0}])
        self.use(usage, "2026-01-20", quantity=4, price_unit=2.5)
        self.bill(contract, "2026-01-02", "2026-02-02")
        first, second = self.invoices(contract)
        self.assertEqual(self.usage_lines(first), [("Business Premium", 2, 60.0, "2026-01-01", "2026-01-31")])
        self.assertEqual(self.usage_lines(second), [
            ("Business Premium", 2, 60.0, "2026-02-01", "2026-02-28"), ("Azure", 4, 10.0, "2026-01-01", "2026-01-31"),
            ("Set-up", 1, 7.0, False, False)])
        self.assertEqual([plan["lines"] for plan in contract.plan("2026-02-02")], [])

    def test_late_usage_is_on_the_next_invoice(self):
        subscription = self.make_usage_contract()
        contract = subscription.contract_id
        self.use(subscription, "2026-01-31", "2026-01-01", price_unit=10.0)
        self.bill(contract, "2026-02-02")
        self.use(subscription, "2026-01-15", "2026-01-01", price_unit=3.0, today="2026-02-20")
        self.use(subscription, "2026-02-28", "2026-02-01", price_unit=20.0)
        self.use(subscription, "2026-03-02", "2026-03-01", price_unit=40.0)  # ends on the schedule date
        self.bill(contract, "2026-03-02", "2026-04-02")
        self.assertEqual([self.usage_lines(move) for move in self.invoices(contract)], [
            [("Azure", 1, 10.0, "2026-01-01", "2026-01-31")],
            [("Azure", 1, 3.0, "2026-01-01", "2026-01-31"), ("Azure", 1, 20.0, "2026-02-01", "2026-02-28")],
            [("Azure", 1, 40.0, "2026-03-01", "2026-03-31")]])

    def test_a_line_per_record_or_per_subscription(self):
        taxes = self.company_data["default_tax_sale"]
        subscription = self.make_usage_contract(
            usage_rollup="none", discount=5.0, tax_ids=[Command.set(taxes.ids)], contract={"discount": 10.0})
        self.use(subscription, "2026-01-10", "2026-01-01", name="Virtual machines", cost=100.0)
        self.use(subscription, "2026-01-20", "2026-01-11", name="Storage", quantity=8, price_unit=0.5)
        self.bill(subscription.contract_id, "2026-02-02")
        move = self.invoices(subscription.contract_id)
        self.assertEqual(self.usage_lines(move), [
            ("Azure: Virtual machines", 1, 85.5, "2026-01-01", "2026-01-10"),  # 10 % and 5 % are 14.5 %
            ("Azure: Storage", 8, 3.42, "2026-01-11", "2026-01-20")])
        self.assertEqual(move.invoice_line_ids.tax_ids, taxes)
        self.assertEqual(move.billing_usage_count, 2)
        self.assertEqual(
            self.env["billing.usage"].search(move.action_view_billing_usage()["domain"]), subscription.usage_ids)

    def test_only_confirmed_usage_is_billed(self):
        subscription = self.make_usage_contract()
        contract = subscription.contract_id
        interim = self.use(subscription, "2026-01-31", price_unit=10.0, state="unconfirmed")
        left_out = self.use(subscription, "2026-01-30", price_unit=20.0)
        left_out.action_leave_out()
        self.assertEqual(left_out.state, "archived")
        self.bill(contract, "2026-02-02")
        self.assertFalse(self.invoices(contract))
        [february] = [plan for plan in contract.plan("2026-02-02") if str(plan["cycle_start"]) == "2026-02-01"]
        self.assertEqual([(reason["code"], reason["subscription_id"]) for reason in february["reasons"]], [
            ("unconfirmed", subscription.id)])
        interim.action_confirm()
        self.bill(contract, "2026-02-03")
        self.assertEqual(self.usage_lines(self.invoices(contract)), [("Azure", 1, 10.0, "2026-01-01", "2026-01-31")])
        self.assertEqual((interim.state, left_out.state), ("invoiced", "archived"))

    def test_not_billable(self):
        subscription = self.make_usage_contract(minimum_commitment=50.0)
        self.use(subscription, "2026-01-31", price_unit=10.0)
        subscription.billable = False
        self.bill(subscription.contract_id, "2026-02-02")
        self.assertFalse(self.invoices(subscription.contract_id))
        subscription.billable = True
        self.bill(subscription.contract_id, "2026-03-02")  # January's and February's: usage, and one minimum each
        self.assertEqual([self.usage_lines(move) for move in self.invoices(subscription.contract_id)], [
            [("Azure", 1, 10.0, "2026-01-01", "2026-01-31"),
             ("Azure: minimum commitment", 1, 40.0, "2026-01-01", "2026-01-31")],
            [("Azure: minimum commitment", 1, 50.0, "2026-02-01", "2026-02-28")]])

    def test_the_final_invoice_bills_the_usage_of_the_last_cycle(self):
        subscription = self.make_usage_contract(contract={"date_end": "2026-02-15"}, minimum_commitment=50.0)
        contract = subscription.contract_id
        self.use(subscription, "2026-02-10", price_unit=10.0)
        self.run_daily("2026-01-01", "2026-02-17")
        self.assertEqual([(str(move.invoice_date), self.usage_lines(move)) for move in self.invoices(contract)], [
            ("2026-02-02", [("Azure: minimum commitment", 1, 50.0, "2026-01-01", "2026-01-31")]),
            ("2026-02-16", [("Azure", 1, 10.0, "2026-02-01", "2026-02-15"),
                            ("Azure: minimum commitment", 1, 40.0, "2026-02-01", "2026-02-15")])])
        self.assertEqual(contract.state, "closed")

    def test_usage_that_comes_after_the_end_reopens_the_contract(self):
        subscription = self.make_usage_contract(contract={"date_end": "2026-01-31"})
        contract = subscription.contract_id
        self.run_daily("2026-01-30", "2026-02-03")
        self.assertEqual(contract.state, "closed")
        self.use(subscription, "2026-01-31", price_unit=10.0, today="2026-02-05")
        self.assertEqual(contract.state, "active")
        self.run_job("2026-02-05")
        self.assertEqual(self.usage_lines(self.invoices(contract)), [("Azure", 1, 10.0, "2026-01-01", "2026-01-31")])
        self.assertEqual(contract.state, "closed")

    def test_unconfirmed_usage_keeps_an_ended_contract_open(self):
        subscription = self.make_usage_contract(contract={"date_end": "2026-01-31"})
        usage = self.use(subscription, "2026-01-31", price_unit=10.0, state="unconfirmed")
        self.run_daily("2026-01-30", "2026-02-03")
        self.assertEqual(subscription.contract_id.state, "active")
        usage.action_leave_out()
        self.run_job("2026-02-04")
        self.assertEqual(subscription.contract_id.state, "closed")

    def test_a_change_log_invoice_bills_usage(self):
        subscription = self.make_usage_contract(contract={"frequency": "quarterly"})
        contract = subscription.contract_id
        self.bill(contract, "2026-01-02")
        self.use(subscription, "2026-01-31", price_unit=10.0)
        with self.today("2026-02-02"):
            contract.schedule_ids.sorted("cycle_start")[0].action_skip()
            window = self.env["billing.generate"].create({"contract_id": contract.id, "date_to": "2026-02-02"})
            self.assertRecordValues(window.preview_line_ids, [
                {"group": "usage", "name": "Azure", "amount": 10.0, "subscription_id": subscription.id}])
            window.action_proceed()
        self.assertEqual(self.usage_lines(window.invoice_id), [("Azure", 1, 10.0, "2026-01-01", "2026-03-31")])

    def test_deactivated_usage_is_billed_and_has_no_further_minimum(self):
        subscription = self.make_usage_contract(minimum_commitment=50.0)
        self.use(subscription, "2026-01-15", price_unit=10.0)
        with self.today("2026-01-20"):
            subscription.deactivate("2026-01-20")
        self.bill(subscription.contract_id, "2026-02-02", "2026-03-02")
        self.assertEqual([self.usage_lines(move) for move in self.invoices(subscription.contract_id)], [[
            ("Azure", 1, 10.0, "2026-01-01", "2026-01-31"),
            ("Azure: minimum commitment", 1, 40.0, "2026-01-01", "2026-01-31")]])

    def test_the_number_of_queries_does_not_depend_on_the_usage(self):
        def count(contracts, records):
            subscriptions = self.env["billing.subscription"]
            for _number in range(contracts):
                subscriptions |= self.make_usage_contract(minimum_commitment=5.0)
            for subscription in subscriptions:
                for day in range(3, records + 3):
                    self.use(subscription, f"2026-01-{day:02}", price_unit=1.0)
            contracts_to_plan = self.env["billing.contract"].browse(subscriptions.contract_id.ids)
            self.env.flush_all()
            self.env.invalidate_all()
            with self.today("2026-02-02"):
                before = self.env.cr.sql_log_count
                planned = self.env["billing.planner"]._plan_due(contracts_to_plan, self.company._billing_today())
                queries = self.env.cr.sql_log_count - before
            self.assertEqual(sum(len(one.lines) for one in planned), contracts * (1 if records >= 5 else 2))
            return queries
        count(1, 2)  # fills what Odoo keeps: access rights, rules
        self.assertEqual(count(1, 2), count(12, 20))


@tagged("post_install", "-at_install")
class TestMinimumCommitment(UsageCommon):
    """R62: blank bills the actual usage, more bills the larger of both; as one line of its own."""

    def billed(self, *prices, minimum):
        subscription = self.make_usage_contract(minimum_commitment=minimum)
        for price in prices:
            self.use(subscription, "2026-01-31", price_unit=price)
        self.bill(subscription.contract_id, "2026-02-02")
        moves = self.invoices(subscription.contract_id)
        return [(line.name.split("\n")[0], line.price_subtotal) for line in moves.invoice_line_ids.sorted("sequence")]

    def test_table(self):
        line, top_up = "Azure", "Azure: minimum commitment"
        for minimum, prices, expected in (
                (0.0, (), []),
                (0.0, (80.0,), [(line, 80.0)]),
                (100.0, (), [(top_up, 100.0)]),
                (100.0, (80.0,), [(line, 80.0), (top_up, 20.0)]),
                (100.0, (60.0, 40.0), [(line, 100.0)]),
                (100.0, (99.99, 0.02), [(line, 100.01)]),
        ):
            with self.subTest(minimum=minimum, prices=prices):
                self.assertEqual(self.billed(*prices, minimum=minimum), expected)

    def test_a_negative_minimum_is_refused(self):
        with mute_logger("odoo.sql_db"), self.assertRaisesRegex(Exception, "minimum_positive"):
            self.make_usage_contract(minimum_commitment=-1.0)

    def test_late_usage_eats_the_top_up(self):
        subscription = self.make_usage_contract(minimum_commitment=100.0)
        self.use(subscription, "2026-01-31", price_unit=80.0)
        self.bill(subscription.contract_id, "2026-02-02")
        self.use(subscription, "2026-01-31", price_unit=15.0, today="2026-02-10")
        self.use(subscription, "2026-02-28", price_unit=500.0)
        self.bill(subscription.contract_id, "2026-03-02")
        self.assertEqual(self.usage_lines(self.invoices(subscription.contract_id)[1]), [
            ("Azure", 1, 15.0, "2026-01-01", "2026-01-31"),
            ("Azure: minimum commitment", -1, -15.0, "2026-01-01", "2026-01-31"),
            ("Azure", 1, 500.0, "2026-02-01", "2026-02-28")])

    def test_undo_and_bill_again_gives_the_same_lines(self):
        subscription = self.make_usage_contract(minimum_commitment=100.0)
        contract = subscription.contract_id
        usage = self.use(subscription, "2026-01-31", price_unit=80.0)
        self.bill(contract, "2026-02-02", "2026-03-02")
        first = self.invoices(contract)[0]
        lines = self.usage_lines(first)
        first.unlink()
        self.assertRecordValues(usage, [{"state": "confirmed", "invoice_line_id": False}])
        self.bill(contract, "2026-03-03")
        again = self.invoices(contract).filtered(lambda move: str(move.invoice_date) == "2026-02-02")
        self.assertEqual(self.usage_lines(again), lines)
        self.assertEqual(usage.invoice_id, again)
