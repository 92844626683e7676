from psycopg2.errors import UniqueViolation

from odoo import Command
from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.tests import Form, new_test_user, tagged
from odoo.tools import file_open, mute_logger

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


@tagged("post_install", "-at_install")
class TestUsageUndo(UsageCommon):
    """Usage follows its invoice as items do."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.subscription = cls.make_usage_contract()
        cls.contract = cls.subscription.contract_id
        cls.usage = cls.use(cls.subscription, "2026-01-10", price_unit=10.0) | cls.use(
            cls.subscription, "2026-01-20", price_unit=20.0)

    def setUp(self):
        super().setUp()
        self.bill(self.contract, "2026-02-02")
        self.move = self.invoices(self.contract)

    def assertBilledBy(self, move):
        self.assertRecordValues(self.usage, [
            {"state": "invoiced", "invoice_line_id": move.invoice_line_ids.id} for _usage in self.usage])

    def assertWaiting(self):
        self.assertRecordValues(self.usage, [{"state": "confirmed", "invoice_line_id": False}] * 2)

    def test_cancel_and_revive(self):
        self.move.button_cancel()
        self.assertWaiting()
        self.move.button_draft()
        self.assertBilledBy(self.move)

    def test_a_cancelled_invoice_whose_usage_is_billed_elsewhere_stays_cancelled(self):
        self.move.button_cancel()
        with self.today("2026-02-10"):
            self.contract.schedule_ids.filtered(lambda row: str(row.cycle_start) == "2026-02-01").action_skip()
        self.bill(self.contract, "2026-03-02")
        march = self.invoices(self.contract) - self.move
        self.assertBilledBy(march)
        with self.assertRaisesRegex(UserError, "it would be billed twice"):
            self.move.button_draft()
        self.assertBilledBy(march)

    def test_a_line_taken_off_the_draft_is_billed_next_time(self):
        self.move.invoice_line_ids.unlink()
        self.assertWaiting()
        self.bill(self.contract, "2026-03-02")
        self.assertBilledBy(self.invoices(self.contract) - self.move)

    def test_replace(self):
        with self.today("2026-02-10"):
            self.use(self.subscription, "2026-01-25", price_unit=40.0)  # was not on the old one
            window = self.env["billing.generate"].create({
                "schedule_id": self.move.billing_schedule_id.id, "replace_existing": True})
            window.action_proceed()
        self.assertEqual(self.usage_lines(window.invoice_id), [("Azure", 1, 30.0, "2026-01-01", "2026-01-31")])
        self.assertBilledBy(window.invoice_id)

    def test_credit_in_full_waits_with_the_period(self):
        with self.today("2026-02-10"):
            self.move.action_post()
            self.env["account.move.reversal"].create({
                "move_ids": self.move.ids, "journal_id": self.move.journal_id.id}).refund_moves()
            credit = self.move.reversal_move_ids
            credit.action_post()
        row = self.move.billing_schedule_id
        self.assertTrue(row.on_hold)
        self.bill(self.contract, "2026-03-02")
        self.assertEqual(self.invoices(self.contract), self.move)
        with self.today("2026-03-03"):
            window = self.env["billing.generate"].create({"schedule_id": row.id})
            window.action_proceed()
        self.assertEqual(self.usage_lines(window.invoice_id), [("Azure", 1, 30.0, "2026-01-01", "2026-01-31")])
        self.assertBilledBy(window.invoice_id)

    def test_reverse_and_create_moves_the_usage(self):
        with self.today("2026-02-10"):
            self.move.action_post()
            wizard = self.env["account.move.reversal"].create({
                "move_ids": self.move.ids, "journal_id": self.move.journal_id.id})
            new = self.env["account.move"].browse(wizard.modify_moves()["res_id"])
        self.assertBilledBy(new)
        self.assertEqual(new.invoice_line_ids.billing_usage_ids, self.usage)

    def test_billed_usage_stays_as_it_is(self):
        clerk = new_test_user(
            self.env, login="usage_clerk", groups="work365_billing.billing_group_user",
            company_id=self.company.id, company_ids=[Command.set(self.company.ids)])
        usage = self.usage[0].with_user(clerk)
        for values in ({"quantity": 2}, {"price_unit": 1.0}, {"state": "confirmed"}, {"period_end": "2026-01-12"}):
            with self.assertRaisesRegex(UserError, "is billed by"):
                usage.write(values)
        with self.assertRaisesRegex(UserError, "is billed by"):
            usage.action_reprice()
        with self.assertRaisesRegex(UserError, "stays as its proof"):
            usage.unlink()
        with self.assertRaises(AccessError):
            usage.write({"invoice_line_id": False})
        waiting = self.use(self.subscription, "2026-02-10", price_unit=1.0).with_user(clerk)
        with self.assertRaises(AccessError):
            waiting.write({"state": "invoiced"})


@tagged("post_install", "-at_install")
class TestUsageEntry(UsageCommon):
    """What is stamped, corrected, refused and imported."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.subscription = cls.make_usage_contract(markup=10.0, reference="AZ-1")
        cls.contract = cls.subscription.contract_id

    def test_the_markup_is_stamped_until_it_is_repriced(self):
        billed = self.use(self.subscription, "2026-01-31", cost=100.0)
        self.bill(self.contract, "2026-02-02")
        waiting = self.use(self.subscription, "2026-02-10", cost=100.0)
        own = self.use(self.subscription, "2026-02-11", cost=100.0, markup=50.0)
        self.subscription.markup = 20.0
        usages = billed | waiting | own
        self.assertEqual(usages.mapped("amount"), [110.0, 110.0, 150.0])
        self.subscription.action_reprice_usage()
        self.assertEqual(usages.mapped("markup"), [10.0, 20.0, 20.0])
        self.assertEqual(usages.mapped("amount"), [110.0, 120.0, 120.0])
        self.bill(self.contract, "2026-03-02")
        self.assertEqual(
            self.usage_lines(self.invoices(self.contract)[1]), [("Azure", 1, 240.0, "2026-02-01", "2026-02-28")])

    def test_a_correction_takes_back_what_was_billed(self):
        usage = self.use(self.subscription, "2026-01-31", "2026-01-01", quantity=10, price_unit=5.0)
        self.bill(self.contract, "2026-02-02")
        correction = self.env["billing.usage"].create({
            "subscription_id": self.subscription.id, "corrects_id": usage.id, "quantity": -4})
        self.assertRecordValues(correction, [{
            "period_start": usage.period_start, "period_end": usage.period_end, "price_unit": 5.0, "amount": -20.0}])
        for words, values in (
                ("enter it as a correction", {"quantity": -4, "period_start": "2026-01-31"}),
                ("more than there was", {"corrects_id": usage.id, "quantity": -7}),
                ("not another correction", {"corrects_id": correction.id, "quantity": 0}),
                ("the period of the usage", {"corrects_id": usage.id, "quantity": -1, "period_start": "2026-01-30"}),
        ):
            with self.subTest(words), self.assertRaisesRegex(ValidationError, words), self.env.cr.savepoint():
                self.use(self.subscription, "2026-01-31", **{"period_start": "2026-01-01", **values})
        self.bill(self.contract, "2026-03-02")
        credit = self.invoices(self.contract)[1]
        self.assertEqual(credit.move_type, "out_refund")
        self.assertEqual(self.usage_lines(credit), [("Azure", 4, 20.0, "2026-01-01", "2026-01-31")])

    def test_what_is_refused(self):
        licence = self.make_contract({"quantity": 1, "price_unit": 1.0}, date_start="2026-01-01").subscription_ids
        other = self.env.ref("base.EUR")
        other.active = True
        migrated = self.make_usage_contract(contract={"billed_through": "2026-03-31"})
        ended = self.make_usage_contract(date_end="2026-02-28")
        later = self.make_usage_contract("2026-05-01")
        for words, subscription, values in (
                ("not usage-based", licence, {}),
                ("enter the cost in that currency", self.subscription, {"currency_id": other.id}),
                ("billed elsewhere through", migrated, {}),
                ("it ended on", ended, {"period_start": "2026-03-01"}),
                ("it starts on", later, {"period_start": "2026-03-01"}),
                ("is negative", self.subscription, {"cost": -1.0}),
        ):
            with self.subTest(words), self.assertRaisesRegex(ValidationError, words):
                self.use(subscription, "2026-03-31", **values)
        for name, values in (
                ("end_after_start", {"period_start": "2026-04-01"}), ("price_positive", {"price_unit": -1.0})):
            with mute_logger("odoo.sql_db"), self.assertRaisesRegex(Exception, name), self.env.cr.savepoint():
                self.use(self.subscription, "2026-03-31", **values)

    def test_a_contract_closed_by_hand_takes_no_usage(self):
        with self.today("2026-01-05"):
            self.contract.action_close()
        with self.assertRaisesRegex(UserError, "is closed"):
            self.use(self.subscription, "2026-01-05", cost=1.0)

    def test_a_type_stays_once_there_is_usage(self):
        self.use(self.subscription, "2026-01-05", cost=1.0)
        with self.assertRaisesRegex(UserError, "has usage"):
            self.subscription.pricing = "licence"
        with self.assertRaisesRegex(UserError, "quantity is always 1"):
            self.subscription.change_quantity(5, "2026-01-05")

    def test_no_price_is_missing(self):
        rows = self.env["billing.missing.data"].search([("contract_id", "=", self.contract.id)])
        self.assertNotIn("no_price", rows.mapped("problem"))

    def test_the_form_hides_what_means_nothing(self):
        with Form(self.env["billing.contract"]) as form:
            form.partner_id = self.customer
            form.date_start = "2026-01-01"
            with form.subscription_ids.new() as line:
                line.product_id = self.azure
                line.pricing = "usage"
        self.assertRecordValues(form.record.subscription_ids, [{"quantity": 1.0, "price_unit": 0.0}])

    def test_figures_of_the_subscription(self):
        self.use(self.subscription, "2026-01-31", quantity=3, price_unit=10.0)
        self.bill(self.contract, "2026-02-02")
        self.use(self.subscription, "2026-02-09", quantity=5, price_unit=10.0)
        self.use(self.subscription, "2026-02-10", quantity=2, cost=10.0, state="unconfirmed")
        self.use(self.subscription, "2026-02-11", quantity=9, cost=10.0, state="archived")
        with self.today("2026-02-12"):
            self.env.invalidate_all()
            self.assertRecordValues(self.subscription, [{
                "usage_count": 4, "usage_quantity": 7.0, "usage_amount": 61.0, "last_usage_revenue": 30.0}])

    # ---- files ------------------------------------------------------------------------------------------------------

    COLUMNS = ("subscription_reference", "reference", "name", "period_start", "period_end", "quantity", "cost")

    def load(self, *rows, columns=COLUMNS):
        return self.env["billing.usage"].load(list(columns), [list(row) for row in rows])

    def row(self, number, subscription="AZ-1", **values):
        return tuple({
            "subscription_reference": subscription, "reference": f"R{number}", "name": f"VM {number}",
            "period_start": "2026-01-01", "period_end": "2026-01-31", "quantity": "1", "cost": "2.5",
            **values}.values())

    def test_import_by_reference(self):
        result = self.load(*(self.row(number) for number in range(3)))
        self.assertFalse(result["messages"])
        self.assertRecordValues(self.env["billing.usage"].browse(result["ids"]), [
            {"subscription_id": self.subscription.id, "reference": f"R{number}", "name": f"VM {number}",
             "markup": 10.0, "amount": 2.75, "state": "confirmed"} for number in range(3)])

    def test_import_by_external_id(self):
        self.env["ir.model.data"].create({
            "name": "azure_1", "module": "__import__", "model": "billing.subscription", "res_id": self.subscription.id})
        result = self.load(
            ("__import__.azure_1", "2026-01-01", "2026-01-31", "7"),
            columns=("subscription_id/id", "period_start", "period_end", "cost"))
        self.assertFalse(result["messages"])
        self.assertEqual(self.env["billing.usage"].browse(result["ids"]).subscription_id, self.subscription)

    def test_a_file_is_not_imported_twice(self):
        self.assertFalse(self.load(self.row(1), self.row(2))["messages"])
        with mute_logger("odoo.sql_db", "odoo.models"):
            result = self.load(self.row(3), self.row(2))
        self.assertFalse(result["ids"])
        self.assertEqual([message["record"] for message in result["messages"]], [1])
        self.assertIn("was imported before", result["messages"][0]["message"])
        self.assertEqual(len(self.subscription.usage_ids), 2)
        with mute_logger("odoo.sql_db"), self.assertRaises(UniqueViolation):
            self.use(self.subscription, "2026-01-31", reference="R1")

    def test_an_unknown_subscription_is_named(self):
        with mute_logger("odoo.models"):
            result = self.load(self.row(1), self.row(2, "AZ-9"))
        self.assertFalse(result["ids"])
        self.assertIn("AZ-9", result["messages"][-1]["message"])
        self.assertFalse(self.subscription.usage_ids)

    def test_the_template_can_be_imported(self):
        self.subscription.reference = "AZ-1001"
        [template] = self.env["billing.usage"].get_import_templates()
        with file_open(template["template"].lstrip("/")) as file:
            header, *rows = [line.rstrip("\n").split(",") for line in file]
        result = self.env["billing.usage"].load(header, rows)
        self.assertFalse(result["messages"])
        self.assertEqual(
            self.env["billing.usage"].browse(result["ids"]).mapped("amount"), [474.7775, 60.0])
