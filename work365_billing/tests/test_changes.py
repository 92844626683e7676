from odoo import Command
from odoo.exceptions import UserError, ValidationError
from odoo.tests import tagged

from .common import BillingCommon


@tagged("post_install", "-at_install")
class TestChanges(BillingCommon):
    """Changes of quantity and price: what they make of the bill, with refunds on and off."""

    def lines(self, move):
        return [
            (line.quantity, line.price_subtotal, str(line.billing_period_start), str(line.billing_period_end))
            for line in move.invoice_line_ids.sorted("sequence")]

    def test_a_known_change_within_the_cycle_is_a_line_of_its_own(self):
        contract = self.make_contract({"quantity": 10, "price_unit": 30.0}, date_start="2026-04-01", today="2026-03-20")
        with self.today("2026-03-25"):
            contract.subscription_ids.change_quantity(12, "2026-04-16")
        self.assertEqual(contract.subscription_ids.quantity, 10)
        self.bill(contract, "2026-04-02")
        self.assertEqual(self.lines(self.invoices(contract)), [
            (10, 300.0, "2026-04-01", "2026-04-30"), (2, 30.0, "2026-04-16", "2026-04-30")])
        scheduled = contract.change_log_ids.filtered(lambda log: log.event == "update")
        self.assertEqual((scheduled.state, scheduled.applied), ("archived", False))
        self.run_job("2026-04-16")
        self.assertEqual(contract.subscription_ids.quantity, 12)
        self.bill(contract, "2026-05-02")
        self.assertEqual(self.lines(self.invoices(contract)[1]), [(12, 360.0, "2026-05-01", "2026-05-31")])

    def test_reductions_of_invoiced_periods_with_refunds_on_and_off(self):
        for policy, lines in (
            ("yes", [(4, 120.0, "2026-05-01", "2026-05-31"), (-1, -15.0, "2026-04-16", "2026-04-30")]),
            ("no", [(4, 120.0, "2026-05-01", "2026-05-31")]),
        ):
            contract = self.make_contract(
                {"quantity": 5, "price_unit": 30.0}, date_start="2026-04-01", refund_policy=policy)
            self.bill(contract, "2026-04-02")
            with self.today("2026-04-16"):
                log = contract.subscription_ids.change_quantity(4)
            self.bill(contract, "2026-05-02", "2026-06-02")
            self.assertEqual(self.lines(self.invoices(contract)[1]), lines)
            self.assertEqual(self.lines(self.invoices(contract)[2]), [(4, 120.0, "2026-06-01", "2026-06-30")])
            self.assertEqual(log.state, "archived")

    def test_global_setting_decides_when_the_contract_says_so(self):
        contract = self.make_contract({"quantity": 5, "price_unit": 30.0}, date_start="2026-04-01")
        self.assertFalse(contract.refunds_active)
        self.company.billing_refund = True
        self.assertTrue(contract.refunds_active)
        contract.refund_policy = "no"
        self.assertFalse(contract.refunds_active)

    def test_reduction_known_before_the_bill_lowers_it_whatever_the_policy(self):
        for policy in ("advance", "arrears"):
            contract = self.make_contract(
                {"quantity": 5, "price_unit": 30.0}, date_start="2026-04-01", billing_policy=policy, refund_policy="no",
                today="2026-03-20")
            with self.today("2026-03-25"):
                contract.subscription_ids.change_quantity(4, "2026-04-16")
            self.bill(contract, "2026-04-02", "2026-05-01")
            self.assertEqual(self.lines(self.invoices(contract)[0]), [
                (5, 150.0, "2026-04-01", "2026-04-30"), (-1, -15.0, "2026-04-16", "2026-04-30")])

    def test_deactivation_does_not_refund_by_default(self):
        contract = self.make_contract(
            {"quantity": 5, "price_unit": 30.0}, {"quantity": 1, "price_unit": 10.0}, date_start="2026-04-01",
            refund_policy="yes")
        self.bill(contract, "2026-04-02")
        first = contract.subscription_ids[0]
        with self.today("2026-04-16"):
            log = first.deactivate()
        self.assertRecordValues(log, [{"state": "archived", "quantity": -5.0, "event": "deactivate"}])
        self.assertRecordValues(first, [{"state": "inactive", "quantity": 0.0}])
        self.bill(contract, "2026-05-02")
        self.assertEqual(self.lines(self.invoices(contract)[1]), [(1, 10.0, "2026-05-01", "2026-05-31")])

    def test_deactivation_of_everything_with_refund_makes_a_credit_note(self):
        contract = self.make_contract({"quantity": 5, "price_unit": 30.0}, date_start="2026-04-01", refund_policy="yes")
        self.bill(contract, "2026-04-02")
        invoice = self.invoices(contract)
        invoice.action_post()
        with self.today("2026-04-16"):
            contract.subscription_ids.deactivate(refund=True)
        self.bill(contract, "2026-05-02")
        credit = self.invoices(contract)[1]
        self.assertRecordValues(credit, [{
            "move_type": "out_refund", "amount_total": 75.0, "reversed_entry_id": invoice.id}])
        self.assertIn(invoice.name, credit.invoice_line_ids.name)
        credit.action_post()
        self.assertEqual(invoice.amount_residual, 75.0)

    def test_price_change_acts_from_the_next_cycle(self):
        contract = self.make_contract({"quantity": 5, "price_unit": 30.0}, date_start="2026-04-01")
        self.bill(contract, "2026-04-02")
        with self.today("2026-04-16"):
            contract.subscription_ids.change_price(40.0)
        self.bill(contract, "2026-05-02")
        self.assertEqual(self.lines(self.invoices(contract)[1]), [(5, 200.0, "2026-05-01", "2026-05-31")])

    def test_retroactive_price_is_the_same_as_known_in_time(self):
        contract = self.make_contract({"quantity": 5, "price_unit": 30.0}, date_start="2026-04-01")
        self.bill(contract, "2026-04-02", "2026-05-02")
        with self.today("2026-05-10"):
            contract.subscription_ids.change_price(40.0, "2026-05-01")
        self.bill(contract, "2026-06-02")
        self.assertEqual(self.lines(self.invoices(contract)[2]), [
            (5, 200.0, "2026-06-01", "2026-06-30"), (5, 50.0, "2026-05-01", "2026-05-31")])

    def test_writing_quantity_and_price_on_an_active_contract_is_a_change_from_today(self):
        contract = self.make_contract({"quantity": 5, "price_unit": 30.0}, date_start="2026-04-01")
        with self.today("2026-04-10"):
            contract.subscription_ids.write({"quantity": 7, "price_unit": 33.0})
        self.assertRecordValues(contract.change_log_ids.sorted("id"), [
            {"event": "create", "quantity": 5.0, "price_unit": 30.0, "state": "active"},
            {"event": "update", "quantity": 2.0, "price_unit": 33.0, "state": "active"},
        ])
        self.assertRecordValues(contract.subscription_ids, [{"quantity": 7.0, "price_unit": 33.0}])

    def test_scheduled_changes_keep_later_edits(self):
        contract = self.make_contract({"quantity": 5, "price_unit": 30.0}, date_start="2026-04-01")
        sub = contract.subscription_ids
        with self.today("2026-04-10"):
            scheduled = sub.change_quantity(8, "2026-05-10")
            sub.quantity = 6
        self.assertRecordValues(scheduled, [{"state": "scheduled", "quantity": 3.0, "applied": False}])
        self.assertEqual(sub.quantity, 6)
        self.run_job("2026-05-10")
        self.assertEqual(sub.quantity, 9)
        self.assertEqual(sum(contract.change_log_ids.mapped("quantity")), 9)

    def test_change_before_the_start_or_below_zero_is_refused(self):
        contract = self.make_contract({"quantity": 5, "price_unit": 30.0}, date_start="2026-04-01")
        with self.today("2026-04-10"), self.assertRaises(ValidationError):
            contract.subscription_ids.change_quantity(6, "2026-03-31")
        with self.today("2026-04-10"), self.assertRaises(ValidationError):
            contract.subscription_ids.change_quantity(-1)

    def test_change_logs_are_not_deleted(self):
        contract = self.make_contract({"quantity": 5, "price_unit": 30.0}, date_start="2026-04-01")
        with self.assertRaises(UserError):
            contract.change_log_ids.sudo().unlink()

    def test_items_are_billed_once_as_entered_and_never_prorated(self):
        contract = self.make_contract(
            {"quantity": 1, "price_unit": 30.0}, date_start="2026-04-01", today="2026-03-20", discount=10.0,
            item_ids=[
                Command.create({"product_id": self.licence.id, "name": "Setup", "price_unit": 99.99, "quantity": 2,
                                "invoice_on": "2026-04-02", "tax_ids": False, "discount": 5.0}),
                Command.create({"product_id": self.licence.id, "name": "Goodwill", "price_unit": -20.0,
                                "invoice_on": "2026-04-02", "tax_ids": False}),
                Command.create({"product_id": self.licence.id, "name": "Later", "price_unit": 1.0,
                                "invoice_on": "2026-04-03", "tax_ids": False}),
            ])
        self.bill(contract, "2026-04-02", "2026-05-02")
        first, second = self.invoices(contract)
        self.assertEqual(
            [(line.name.split("\n")[0], line.quantity, line.price_unit, line.discount, line.price_subtotal)
             for line in first.invoice_line_ids.sorted("sequence")],
            [("Business Premium", 1, 30.0, 10.0, 27.0), ("Setup", 2, 99.99, 14.5, 170.98),
             ("Goodwill", 1, -20.0, 0.0, -20.0)])
        self.assertEqual(second.invoice_line_ids.mapped("price_subtotal"), [27.0, 0.9])
        self.assertEqual(contract.item_ids.mapped("invoice_id"), first | second)

    def test_zero_price_makes_an_invoice(self):
        contract = self.make_contract({"quantity": 3, "price_unit": 0.0}, date_start="2026-04-01")
        self.bill(contract, "2026-04-02")
        self.assertInvoices(
            contract, [("out_invoice", "2026-04-02", "2026-04-02", [(3, 0.0, 0.0, "2026-04-01", "2026-04-30")])])

    def test_without_a_line_the_period_waits_for_its_end_and_is_then_skipped_with_the_reasons(self):
        contract = self.make_contract(
            {"quantity": 1, "price_unit": 30.0, "billable": False}, date_start="2026-04-01")
        self.run_job("2026-04-02")
        row = contract.schedule_ids.sorted("cycle_start")[0]
        self.assertRecordValues(row, [{"state": "pending", "active": True, "reason": "nothing_to_bill"}])
        self.assertIn("not billable", row.message)
        told = self.env["billing.job"].search([("schedule_id", "=", row.id)])
        self.assertRecordValues(told, [{"outcome": "nothing_to_bill", "state": "nothing_to_bill"}])
        self.run_job("2026-04-02", time="06:00:00")  # the same is told once a day
        self.assertEqual(self.env["billing.job"].search([("schedule_id", "=", row.id)]), told)
        contract.subscription_ids.billable = True
        self.bill(contract, "2026-04-03")
        self.assertRecordValues(row, [{"state": "invoiced", "active": False, "reason": False}])
        contract.subscription_ids.billable = False
        self.run_job("2026-05-02")
        self.run_job("2026-06-01")
        row = contract.schedule_ids.sorted("cycle_start")[1]
        self.assertRecordValues(row, [{"state": "skipped", "active": False, "reason": "nothing_to_bill"}])
        job = self.env["billing.job"].search([("schedule_id", "=", row.id)], limit=1)
        self.assertRecordValues(job, [{"outcome": "skipped", "state": "nothing_to_bill"}])

    def test_the_cent_is_never_lost_with_a_discount_of_many_digits(self):
        contract = self.make_contract(
            {"quantity": 7, "price_unit": 33.33, "discount": 7.25}, date_start="2026-04-01", discount=12.5,
            refund_policy="yes")
        self.bill(contract, "2026-04-02")
        with self.today("2026-04-11"):
            contract.subscription_ids.change_quantity(0, "2026-04-11")
        self.bill(contract, "2026-05-02")
        billed, credit = self.invoices(contract)
        # 7 × 33.33 × 0.875 × 0.9275 = 189.345…; ten of thirty days stay
        self.assertEqual(billed.amount_untaxed, 189.35)
        self.assertAlmostEqual(billed.amount_untaxed - credit.amount_untaxed, 63.12)

    def test_a_change_entered_while_the_contract_is_a_draft(self):
        contract = self.make_contract({"quantity": 24, "price_unit": 22.0}, date_start="2026-04-01", activate=False)
        sub = contract.subscription_ids
        with self.today("2026-04-20"):
            sub.change_quantity(28, "2026-04-16")
            self.assertEqual(contract.change_log_ids.sorted("id").mapped("quantity"), [24, 4])
            sub.write({"quantity": 30, "price_unit": 21.0})
            self.assertEqual(contract.change_log_ids.sorted("id").mapped("quantity"), [26, 4])
            contract.action_activate()
        self.assertEqual((sub.quantity, sub.price_unit), (30, 21.0))
        self.run_job("2026-04-20")
        self.assertEqual(
            [(line.quantity, line.price_subtotal)
             for line in self.invoices(contract).invoice_line_ids.sorted("sequence")],
            [(26, 546.0), (4, 42.0)])

    def test_a_price_entered_late_is_not_undone_by_a_change_of_quantity(self):
        contract = self.make_contract({"quantity": 5, "price_unit": 30.0}, date_start="2026-04-01")
        sub = contract.subscription_ids
        self.bill(contract, "2026-04-02", "2026-05-02")
        with self.today("2026-05-20"):
            sub.change_quantity(6)
            sub.change_price(40.0, "2026-05-01")
        self.assertRecordValues(sub, [{"quantity": 6.0, "price_unit": 40.0}])
        self.bill(contract, "2026-06-02")
        # May as known now: 5 × 40.00 and one more for 12 of its 31 days; 150.00 of it was billed.
        self.assertAlmostEqual(sum(line[1] for line in self.lines(self.invoices(contract)[2])[1:]), 50.0 + 15.48)
        self.assertEqual(self.lines(self.invoices(contract)[2])[0], (6, 240.0, "2026-06-01", "2026-06-30"))

    def test_a_change_that_a_later_one_makes_negative_is_refused(self):
        contract = self.make_contract({"quantity": 5, "price_unit": 30.0}, date_start="2026-04-01")
        sub = contract.subscription_ids
        with self.today("2026-04-20"):
            sub.change_quantity(1)
            with self.assertRaises(ValidationError):
                sub.change_quantity(2, "2026-04-10")
            with self.assertRaises(ValidationError):
                sub.deactivate("2026-04-10")
        self.assertEqual(sub.quantity, 1)

    def test_a_start_corrected_before_the_bill_is_what_is_billed(self):
        contract = self.make_contract({"quantity": 5, "price_unit": 30.0}, date_start="2026-04-01")
        with self.today("2026-04-01"):
            contract.subscription_ids.date_start = "2026-04-16"
        self.bill(contract, "2026-04-02", "2026-05-02")
        self.assertEqual([self.lines(move) for move in self.invoices(contract)], [
            [(5, 75.0, "2026-04-16", "2026-04-30")], [(5, 150.0, "2026-05-01", "2026-05-31")]])

    def test_a_start_is_not_moved_into_a_cycle_that_is_invoiced_without_it(self):
        contract = self.make_contract(
            {"quantity": 5, "price_unit": 30.0, "date_start": "2026-05-10"}, {"quantity": 1, "price_unit": 1.0},
            date_start="2026-04-01")
        self.bill(contract, "2026-04-02")
        with self.today("2026-04-20"), self.assertRaisesRegex(UserError, "add a new subscription"):
            contract.subscription_ids[0].date_start = "2026-04-16"
        with self.today("2026-04-20"):
            contract.subscription_ids[0].date_start = "2026-05-01"
        self.bill(contract, "2026-05-02")
        self.assertEqual(self.lines(self.invoices(contract)[1])[0], (5, 150.0, "2026-05-01", "2026-05-31"))

    def test_subscriptions_that_start_with_the_contract_follow_its_start(self):
        contract = self.make_contract(
            {"quantity": 5, "price_unit": 30.0}, {"quantity": 1, "price_unit": 30.0, "date_start": "2026-04-21"},
            date_start="2026-04-10")
        with self.today("2026-04-10"):
            contract.date_start = "2026-04-01"
        self.bill(contract, "2026-04-11")
        self.assertEqual(self.lines(self.invoices(contract)), [
            (5, 150.0, "2026-04-01", "2026-04-30"), (1, 10.0, "2026-04-21", "2026-04-30")])

    def test_an_end_is_not_extended_over_a_cycle_that_is_invoiced_without_it(self):
        contract = self.make_contract(
            {"quantity": 5, "price_unit": 30.0, "date_end": "2026-04-15"}, date_start="2026-04-01")
        sub = contract.subscription_ids
        with self.today("2026-04-01"):
            sub.date_end = "2026-04-20"
        self.bill(contract, "2026-04-02")
        for end in ("2026-05-31", False):
            with self.assertRaisesRegex(UserError, "starts the day after"):
                sub.date_end = end
        with self.today("2026-04-25"):
            sub.copy({"date_start": "2026-04-21", "date_end": False})
        self.bill(contract, "2026-05-02")
        self.assertEqual([self.lines(move) for move in self.invoices(contract)], [
            [(5, 100.0, "2026-04-01", "2026-04-20")],
            [(5, 150.0, "2026-05-01", "2026-05-31"), (5, 50.0, "2026-04-21", "2026-04-30")]])

    def test_a_late_entry_reaches_into_a_cycle_that_had_nothing_to_bill(self):
        contract = self.make_contract({"quantity": 0, "price_unit": 30.0}, date_start="2026-04-01")
        self.run_job("2026-04-02")
        self.run_job("2026-05-01")
        self.assertRecordValues(contract.schedule_ids.sorted("cycle_start")[0], [
            {"state": "skipped", "reason": "nothing_to_bill"}])
        with self.today("2026-05-01"):
            contract.subscription_ids.change_quantity(2, "2026-04-16")
        self.bill(contract, "2026-05-02", "2026-06-02")
        self.assertEqual([self.lines(move) for move in self.invoices(contract)], [
            [(2, 60.0, "2026-05-01", "2026-05-31"), (2, 30.0, "2026-04-16", "2026-04-30")],
            [(2, 60.0, "2026-06-01", "2026-06-30")]])

    def test_a_cycle_that_was_not_billable_or_skipped_by_hand_is_not_billed_later(self):
        contract = self.make_contract({"quantity": 2, "price_unit": 30.0, "billable": False}, date_start="2026-04-01")
        self.run_job("2026-04-02")
        self.run_job("2026-05-01")
        with self.today("2026-05-01"):
            contract.subscription_ids.billable = True
            contract.schedule_ids.filtered(lambda row: str(row.cycle_start) == "2026-05-01").action_skip()
            contract.subscription_ids.change_quantity(3, "2026-05-16")
        self.bill(contract, "2026-06-02")
        self.assertEqual(self.lines(self.invoices(contract)), [(3, 90.0, "2026-06-01", "2026-06-30")])

    def test_a_subscription_that_starts_later_is_corrected_until_then(self):
        contract = self.make_contract(
            {"quantity": 5, "price_unit": 30.0, "date_start": "2026-05-16"}, {"quantity": 1, "price_unit": 1.0},
            date_start="2026-04-01")
        sub = contract.subscription_ids[0]
        self.bill(contract, "2026-04-02")
        with self.today("2026-04-20"):
            sub.write({"quantity": 6, "price_unit": 31.0})
        self.assertRecordValues(sub.change_log_ids, [
            {"event": "create", "quantity": 6.0, "price_unit": 31.0, "state": "active"}])
        with self.today("2026-04-20"):
            sub.write({"quantity": 7, "date_start": "2026-05-05"})
            self.assertRecordValues(sub.change_log_ids, [{"event": "create", "quantity": 7.0}])
            sub.date_start = "2026-05-16"
        self.bill(contract, "2026-05-02")
        self.assertEqual(self.lines(self.invoices(contract)[1])[0], (7, 112.0, "2026-05-16", "2026-05-31"))
        with self.today("2026-05-10"):
            sub.quantity = 8  # it is billed: a change from its start
        self.assertEqual(sub.change_log_ids.sorted("id").mapped("quantity"), [7, 1])
        self.run_job("2026-05-16")
        self.assertEqual(sub.quantity, 8)
        self.bill(contract, "2026-06-02")
        self.assertEqual(self.lines(self.invoices(contract)[2])[:2], [
            (8, 248.0, "2026-06-01", "2026-06-30"), (1, 16.0, "2026-05-16", "2026-05-31")])

    def test_the_discount_of_the_contract_spares_items_of_a_negative_quantity_too(self):
        item = {"product_id": self.licence.id, "invoice_on": "2026-04-02", "tax_ids": False}
        contract = self.make_contract(
            {"quantity": 1, "price_unit": 30.0}, date_start="2026-04-01", discount=10.0,
            item_ids=[Command.create({**item, "quantity": -1, "price_unit": 5.0}),
                      Command.create({**item, "quantity": -2, "price_unit": -5.0})])
        self.bill(contract, "2026-04-02")
        self.assertEqual(
            self.invoices(contract).invoice_line_ids.sorted("sequence").mapped("price_subtotal"), [27.0, -5.0, 9.0])

    def test_an_item_that_is_due_after_the_end_keeps_the_contract_until_it_is_billed(self):
        contract = self.make_contract(
            {"quantity": 5, "price_unit": 30.0}, date_start="2026-04-01", date_end="2026-04-30",
            item_ids=[Command.create({
                "product_id": self.licence.id, "price_unit": 99.0, "invoice_on": "2026-05-10", "tax_ids": False})])
        self.bill(contract, "2026-04-02", "2026-05-01", "2026-05-09")
        self.assertEqual(contract.state, "active")
        self.bill(contract, "2026-05-10", "2026-05-11")
        self.assertInvoices(contract, [
            ("out_invoice", "2026-04-02", "2026-04-02", [(5, 30.0, 150.0, "2026-04-01", "2026-04-30")]),
            ("out_invoice", "2026-05-10", "2026-05-10", [(1, 99.0, 99.0, False, False)])])
        self.assertEqual(contract.state, "closed")

    def test_a_start_in_the_past_tells_number_and_total_before_the_activation(self):
        contract = self.make_contract(
            {"quantity": 10, "price_unit": 12.0}, date_start="2026-01-15", activate=False)
        with self.today("2026-04-20"):
            self.assertRegex(contract.past_message, r"4 invoices of .*480\.00")
            contract.action_activate()
            self.assertFalse(contract.past_message)
        self.run_job("2026-04-20")
        self.assertEqual(self.invoices(contract).mapped("amount_untaxed"), [120.0] * 4)

    def test_an_increase_after_a_reduction_that_was_not_credited_uses_what_is_paid(self):
        for again, april in ((5, []), (7, [20.0])):
            contract = self.make_contract(
                {"quantity": 5, "price_unit": 30.0}, date_start="2026-04-01", refund_policy="no")
            sub = contract.subscription_ids
            self.bill(contract, "2026-04-02")
            with self.today("2026-04-11"):
                sub.change_quantity(4)
            with self.today("2026-04-21"):
                sub.change_quantity(again)
            self.bill(contract, "2026-05-02")
            lines = self.lines(self.invoices(contract)[1])
            self.assertEqual(lines[0], (again, again * 30.0, "2026-05-01", "2026-05-31"))
            self.assertEqual([line[1] for line in lines[1:]], april)
