from odoo.exceptions import UserError, ValidationError
from odoo.tests import tagged

from .common import BillingCommon


@tagged("post_install", "-at_install")
class TestPause(BillingCommon):
    """Pause and resume of a subscription, by each policy; deactivation and new start."""

    def lines(self, move):
        return [
            (line.quantity, line.price_subtotal, str(line.billing_period_start), str(line.billing_period_end))
            for line in move.invoice_line_ids.sorted("sequence")]

    def five_at_thirty(self, *more, **vals):
        return self.make_contract({"quantity": 5, "price_unit": 30.0}, *more, date_start="2026-04-01", **vals)

    def pause_from_16_april(self, contract, policy, resume_on="2026-05-16"):
        with self.today("2026-04-16"):
            return contract.subscription_ids[0].pause(resume_on=resume_on, policy=policy)

    # ---- policies ---------------------------------------------------------------------------------------------------

    def test_bill_in_full_marks_and_changes_no_amount(self):
        contract = self.five_at_thirty()
        sub = contract.subscription_ids
        self.bill(contract, "2026-04-02")
        self.pause_from_16_april(contract, "full")
        self.assertRecordValues(sub, [{"state": "paused", "quantity": 5.0}])
        with self.today("2026-04-20"):
            self.assertRegex(sub.pause_message, r"Paused since 04/16/2026 · Bill in Full · resumes on 05/16/2026")
        self.bill(contract, "2026-05-02", "2026-05-16", "2026-06-02")
        self.assertRecordValues(sub, [{"state": "active", "quantity": 5.0}])
        self.assertEqual(self.invoices(contract).mapped("amount_total"), [150.0, 150.0, 150.0])

    def test_bill_nothing_keeps_what_is_invoiced(self):
        contract = self.five_at_thirty(refund_policy="yes")
        sub = contract.subscription_ids
        self.bill(contract, "2026-04-02")
        log = self.pause_from_16_april(contract, "nothing")
        self.assertRecordValues(log, [{
            "event": "pause", "state": "archived", "quantity": -5.0, "pause_policy": "nothing", "refund": False}])
        self.assertEqual(str(log.counts_from), "2026-05-01")
        self.assertRecordValues(sub, [{"state": "paused", "quantity": 0.0}])
        self.assertIn("what is invoiced before 05/01/2026 stays", sub.message_ids.mapped("body")[0])
        self.bill(contract, "2026-05-02", "2026-05-16", "2026-06-02")
        self.assertEqual([self.lines(move) for move in self.invoices(contract)], [
            [(5, 150.0, "2026-04-01", "2026-04-30")],
            [(5, 77.42, "2026-05-16", "2026-05-31")],  # the resume was known on 2 May
            [(5, 150.0, "2026-06-01", "2026-06-30")]])
        self.assertRecordValues(sub, [{"state": "active", "quantity": 5.0}])

    def test_credit_the_pause_gives_back_what_is_invoiced_if_refunds_are_on(self):
        for refunds, credit in (("yes", [(-5, -75.0, "2026-04-16", "2026-04-30")]), ("no", [])):
            contract = self.five_at_thirty(refund_policy=refunds)
            self.bill(contract, "2026-04-02")
            self.pause_from_16_april(contract, "credit")
            self.bill(contract, "2026-05-02", "2026-06-02")
            self.assertEqual([self.lines(move) for move in self.invoices(contract)[1:]], [
                [(5, 77.42, "2026-05-16", "2026-05-31"), *credit],
                [(5, 150.0, "2026-06-01", "2026-06-30")]])

    def test_an_open_pause_skips_the_cycles_with_the_reason_until_it_is_resumed(self):
        contract = self.five_at_thirty()
        sub = contract.subscription_ids
        self.bill(contract, "2026-04-02")
        self.pause_from_16_april(contract, "nothing", resume_on=None)
        self.bill(contract, "2026-05-02", "2026-06-01")
        may = contract.schedule_ids.sorted("cycle_start")[1]
        self.assertRecordValues(may, [{"state": "skipped", "reason": "nothing_to_bill"}])
        self.assertIn("Business Premium: Paused: no day of this cycle is billed.", may.message)
        with self.today("2026-06-21"):
            sub.resume()
        self.bill(contract, "2026-06-22", "2026-07-02")
        self.assertEqual([self.lines(move) for move in self.invoices(contract)[1:]], [
            [(5, 50.0, "2026-06-21", "2026-06-30")], [(5, 150.0, "2026-07-01", "2026-07-31")]])

    def test_a_resume_within_what_is_paid_bills_nothing_twice(self):
        contract = self.five_at_thirty(refund_policy="yes")
        self.bill(contract, "2026-04-02")
        self.pause_from_16_april(contract, "nothing", resume_on=None)
        with self.today("2026-04-21"):
            contract.subscription_ids.resume()
        self.bill(contract, "2026-05-02")
        self.assertEqual(self.lines(self.invoices(contract)[1]), [(5, 150.0, "2026-05-01", "2026-05-31")])

    def test_a_pause_of_zero_days_is_no_pause(self):
        contract = self.five_at_thirty()
        with self.today("2026-04-10"):
            self.assertFalse(contract.subscription_ids.pause("2026-04-20", "2026-04-20", "credit"))
        self.assertEqual(contract.change_log_ids.mapped("event"), ["create"])

    def test_a_future_pause_waits_and_is_on_the_invoice_of_its_cycle(self):
        contract = self.five_at_thirty(today="2026-03-20")
        sub = contract.subscription_ids
        with self.today("2026-03-25"):
            sub.pause("2026-04-11", "2026-04-21", "nothing")
        self.assertRecordValues(sub, [{"state": "active", "quantity": 5.0}])
        self.bill(contract, "2026-04-02")
        self.assertEqual(self.lines(self.invoices(contract)), [
            (5, 150.0, "2026-04-01", "2026-04-30"), (-5, -100.0, "2026-04-11", "2026-04-30"),
            (5, 50.0, "2026-04-21", "2026-04-30")])
        for day, state, quantity in (
                ("2026-04-11", "paused", 0), ("2026-04-20", "paused", 0), ("2026-04-21", "active", 5)):
            self.run_job(day)
            self.assertRecordValues(sub, [{"state": state, "quantity": quantity}])

    # ---- with other changes -----------------------------------------------------------------------------------------

    def test_the_quantity_does_not_change_while_paused_but_the_price_does(self):
        contract = self.five_at_thirty()
        sub = contract.subscription_ids
        for policy, day, after in (("full", "2026-04-10", "2026-04-12"), ("nothing", "2026-04-14", "2026-04-16")):
            with self.today(day):
                sub.pause(policy=policy)
                for attempt in (lambda: sub.change_quantity(6), lambda: sub.write({"quantity": 9}),
                                lambda: sub.change_quantity(6, "2026-06-01")):
                    with self.assertRaisesRegex(UserError, "resume it first"), self.env.cr.savepoint():
                        attempt()
                sub.change_price(40.0 if policy == "full" else 50.0)
            with self.today(after):
                sub.resume()
                self.assertRecordValues(sub, [{"state": "active", "quantity": 5.0}])

    def test_a_pause_over_a_waiting_change_is_refused_and_after_it_is_fine(self):
        contract = self.five_at_thirty()
        sub = contract.subscription_ids
        with self.today("2026-04-10"):
            sub.change_quantity(8, "2026-05-10")
            for days in (("2026-05-01", None), ("2026-05-01", "2026-06-01")):
                with self.assertRaisesRegex(UserError, "05/10/2026, within the pause"):
                    sub.pause(*days)
            sub.pause("2026-05-01", "2026-05-05")
            sub.pause("2026-05-10", "2026-05-15")
        self.assertEqual(sub.change_log_ids.sorted(lambda log: (log.effective_date, log.id)).mapped("quantity"), [
            5, -5, 5, 3, -8, 8])

    def test_what_changes_before_a_waiting_pause_or_end_goes_with_it(self):
        contract = self.five_at_thirty()
        sub = contract.subscription_ids
        with self.today("2026-04-10"):
            sub.pause("2026-05-01", "2026-06-01", "nothing")
            sub.deactivate("2026-07-01", refund=True)
            sub.quantity = 7
        self.assertRecordValues(sub.change_log_ids.sorted(lambda log: (log.effective_date, log.id)), [
            {"event": "create", "quantity": 5.0}, {"event": "update", "quantity": 2.0},
            {"event": "pause", "quantity": -7.0}, {"event": "resume", "quantity": 7.0},
            {"event": "deactivate", "quantity": -7.0}])
        for day, state, quantity in (
                ("2026-05-01", "paused", 0), ("2026-06-01", "active", 7), ("2026-07-01", "inactive", 0)):
            self.run_job(day)
            self.assertRecordValues(sub, [{"state": state, "quantity": quantity}])

    def test_what_is_entered_before_a_past_pause_bills_no_paused_day_whatever_the_refunds(self):
        for refunds in ("yes", "no"):
            contract = self.five_at_thirty(refund_policy=refunds)
            sub = contract.subscription_ids
            with self.today("2026-04-01"):
                sub.pause("2026-05-01", "2026-06-01", "credit")
            self.run_daily("2026-04-02", "2026-04-02")
            self.run_job("2026-05-01")
            self.run_job("2026-06-02")
            with self.today("2026-06-10"):
                sub.change_quantity(6, "2026-04-16")
            self.assertRecordValues(sub.change_log_ids.sorted("id")[-3:], [
                {"event": "update", "quantity": 1.0, "completes_id": False},
                {"event": "pause", "quantity": -1.0, "completes_id": sub.change_log_ids.sorted("id")[1].id},
                {"event": "resume", "quantity": 1.0, "completes_id": sub.change_log_ids.sorted("id")[2].id}])
            self.assertEqual(sub.quantity, 6)
            self.bill(contract, "2026-07-02")
            july = self.invoices(contract)[-1]
            self.assertEqual(july.amount_total, 6 * 30 + 15.0 + 30.0)  # April from the 16th, and June

    def test_a_deactivation_counters_what_is_billed_ahead(self):
        contract = self.five_at_thirty(today="2026-03-20", refund_policy="yes")
        sub = contract.subscription_ids
        with self.today("2026-03-25"):
            sub.change_quantity(7, "2026-04-21")
        self.bill(contract, "2026-04-02")
        with self.today("2026-04-11"):
            sub.deactivate(refund=True)
        self.assertEqual(sorted(sub.change_log_ids.mapped("quantity")), [-5, -2, 2, 5])
        self.run_job("2026-04-21")
        self.assertRecordValues(sub, [{"state": "inactive", "quantity": 0.0}])
        self.bill(contract, "2026-05-02")
        self.assertEqual(
            (self.invoices(contract)[0].amount_total, self.invoices(contract)[1].amount_total), (170.0, 120.0))

    def test_a_paused_subscription_can_be_deactivated(self):
        contract = self.five_at_thirty()
        sub = contract.subscription_ids
        with self.today("2026-04-10"):
            sub.pause(resume_on="2026-06-01")
            sub.deactivate("2026-05-01")
            self.assertEqual(sub.change_log_ids.filtered(lambda log: not log.applied).mapped("event"), ["deactivate"])
        self.run_job("2026-06-02")
        self.assertRecordValues(sub, [{"state": "inactive", "quantity": 0.0}])

    # ---- resume and new start ---------------------------------------------------------------------------------------

    def test_an_earlier_resume_takes_the_place_of_the_one_that_waits(self):
        contract = self.five_at_thirty()
        sub = contract.subscription_ids
        with self.today("2026-04-10"):
            sub.pause(resume_on="2026-06-01")
        with self.today("2026-04-20"):
            sub.resume()
        self.assertEqual(sub.change_log_ids.sorted("id").mapped("event"), ["create", "pause", "resume"])
        self.run_job("2026-06-01")
        self.assertRecordValues(sub, [{"state": "active", "quantity": 5.0}])

    def test_an_earlier_resume_counters_one_that_is_billed_ahead(self):
        contract = self.five_at_thirty(today="2026-03-20")
        sub = contract.subscription_ids
        with self.today("2026-03-25"):
            sub.pause("2026-04-11", "2026-04-21", "credit")
        self.bill(contract, "2026-04-02")
        with self.today("2026-04-16"):
            self.run_job("2026-04-11")
            sub.resume("2026-04-16")
        self.run_job("2026-04-21")
        self.assertRecordValues(sub, [{"state": "active", "quantity": 5.0}])
        self.bill(contract, "2026-05-02")
        self.assertEqual(
            sum(self.invoices(contract).mapped("amount_total")), 150.0 + 150.0 - 25.0)  # five of thirty days

    def test_a_new_start_bills_again_from_its_day(self):
        contract = self.five_at_thirty()
        sub = contract.subscription_ids
        self.bill(contract, "2026-04-02")
        with self.today("2026-04-16"):
            sub.deactivate()
            with self.assertRaisesRegex(UserError, "there is nothing to pause"):
                sub.pause()
        with self.today("2026-06-10"):
            with self.assertRaises(ValidationError):
                sub.reactivate(quantity=0)
            log = sub.reactivate("2026-06-16", 3)
        self.assertRecordValues(log, [{"event": "activate", "quantity": 3.0, "state": "scheduled"}])
        self.bill(contract, "2026-06-16", "2026-07-02")
        self.assertEqual([self.lines(move) for move in self.invoices(contract)[1:]], [
            [(3, 45.0, "2026-06-16", "2026-06-30")], [(3, 90.0, "2026-07-01", "2026-07-31")]])
        self.assertRecordValues(sub, [{"state": "active", "quantity": 3.0}])
        with self.today("2026-07-10"), self.assertRaisesRegex(UserError, "change its quantity instead"):
            sub.reactivate()

    def test_a_new_start_has_the_old_quantity_and_a_written_quantity_is_one_too(self):
        contract = self.five_at_thirty({"quantity": 2, "price_unit": 10.0})
        first, second = contract.subscription_ids
        with self.today("2026-04-16"):
            contract.subscription_ids[0].deactivate()
            contract.subscription_ids[1].deactivate()
        with self.today("2026-05-10"):
            first.reactivate()
            second.price_unit = 11.0
            self.assertRecordValues(second, [{"state": "inactive", "quantity": 0.0, "price_unit": 11.0}])
            second.quantity = 4
        self.assertRecordValues(first + second, [
            {"state": "active", "quantity": 5.0}, {"state": "active", "quantity": 4.0}])
        self.assertEqual(second.change_log_ids.sorted("id").mapped("event"), [
            "create", "deactivate", "update", "activate"])

    def test_bad_input_is_refused_with_the_way_out(self):
        contract = self.five_at_thirty()
        sub = contract.subscription_ids
        with self.today("2026-04-10"):
            for attempt, error, words in (
                    (lambda: sub.pause("2026-03-31"), ValidationError, "starts on 04/01/2026"),
                    (lambda: sub.pause("2026-04-20", "2026-04-19"), ValidationError, "or a later one for the resume"),
                    (lambda: sub.pause(policy="half"), ValidationError, "Choose what the pause does"),
                    (sub.resume, UserError, "is not paused on 04/10/2026")):
                with self.assertRaisesRegex(error, words):
                    attempt()
            sub.pause()
            with self.assertRaisesRegex(UserError, "is paused already"):
                sub.pause()
        self.assertEqual(contract.change_log_ids.sorted("id").mapped("event"), ["create", "pause"])
