"""Charging: once per invoice, never above its balance, whoever starts it and whatever the provider answers."""

from datetime import datetime, timedelta

from odoo import Command
from odoo.exceptions import UserError
from odoo.tests import tagged

from .charge_common import ALL_DONE, ChargeCommon


@tagged("post_install", "-at_install")
class TestCharge(ChargeCommon):
    """What the hourly job does."""

    # ---- the answers ------------------------------------------------------------------------------------------------

    def test_success_pays_the_invoice(self):
        contract = self.make_automatic()
        self.run_job("2026-01-02")
        move = self.invoices(contract)
        self.assertTasks(contract, ALL_DONE)
        self.assertRecordValues(move, [{"payment_state": "paid", "amount_residual": 0.0}])
        self.assertRecordValues(self.transactions(contract), [{
            "state": "done", "operation": "offline", "amount": 100.0, "currency_id": move.currency_id.id,
            "token_id": self.token.id, "partner_id": self.customer.id, "company_id": self.company.id}])
        self.assertRecordValues(self.transactions(contract).payment_id, [{
            "amount": 100.0, "partner_id": self.customer.id,
            "journal_id": self.company_data["default_journal_bank"].id}])
        charge = self.tasks(contract, "charge")
        self.assertRecordValues(charge, [{
            "attempts": 1, "transaction_id": self.transactions(contract).id,
            "message": "$\xa0100.00 charged to 1234."}])
        self.run_job("2026-01-02", "06:00:00")
        self.assertEqual(len(self.transactions(contract)), 1)

    def test_in_order_post_charge_send(self):
        contract = self.make_automatic()
        self.run_job("2026-01-02")
        mail = self.tasks(contract, "send").mail_message_id
        self.assertIn("This invoice is already paid", mail.body)
        bodies = [message.body for message in self.invoices(contract).message_ids.sorted("id")]
        [confirmed] = [index for index, body in enumerate(bodies) if "has been confirmed" in body]
        self.assertLess(confirmed, bodies.index(mail.body))

    def test_only_what_is_switched_on(self):
        for vals, expected in (
            ({"auto_send": False}, ALL_DONE[:2]),
            ({"auto_charge": False}, [ALL_DONE[0], ALL_DONE[2]]),
            ({"auto_charge": False, "auto_send": False}, ALL_DONE[:1]),
            ({"auto_sync": False, "auto_charge": False, "auto_send": False}, []),
        ):
            contract = self.make_automatic(**vals)
            self.run_job("2026-01-02")
            self.assertTasks(contract, expected)

    def test_generated_by_hand_runs_no_automation(self):
        contract = self.make_automatic()
        with self.today("2026-01-02"):
            self.env["billing.generate"].create({"contract_id": contract.id}).action_proceed()
        self.run_job("2026-01-02", "13:00:00")
        self.assertTasks(contract, [])
        self.assertEqual(self.invoices(contract).state, "draft")

    def test_pending_waits_for_the_provider(self):
        contract = self.make_automatic("pending")
        self.run_job("2026-01-02")
        self.assertTasks(contract, [ALL_DONE[0], ("charge", "in_progress"), ALL_DONE[2]])
        self.assertIn("is pending", self.tasks(contract, "charge").message)
        self.run_job("2026-01-03")
        self.assertRecordValues(self.transactions(contract), [{"state": "pending"}])
        self.transactions(contract).action_demo_set_done()
        self.run_job("2026-01-04")
        self.assertTasks(contract, ALL_DONE)
        self.assertEqual(self.invoices(contract).payment_state, "paid")

    def test_pending_is_followed_as_soon_as_odoo_processes_the_answer(self):
        for answer, state in (("done", "succeeded"), ("canceled", "waiting"), ("error", "waiting")):
            contract = self.make_automatic("pending")
            self.run_job("2026-01-02")
            with self.today("2026-01-02"):
                getattr(self.transactions(contract), f"action_demo_set_{answer}")()
                self.transactions(contract)._post_process()
                self.transactions(contract)._post_process()
            self.assertRecordValues(self.tasks(contract, "charge"), [{"state": state, "attempts": 1}])

    def test_authorized_waits_for_the_capture(self):
        self.provider.capture_manually = True
        contract = self.make_automatic()
        self.run_job("2026-01-02")
        charge = self.tasks(contract, "charge")
        self.assertRecordValues(charge, [{"state": "in_progress"}])
        self.assertIn("capture it", charge.message)
        self.transactions(contract)._set_done()
        self.run_job("2026-01-03")
        self.assertRecordValues(charge, [{"state": "succeeded"}])

    def test_refusal_is_tried_five_times_with_growing_pauses(self):
        for answer in ("error", "cancel"):
            contract = self.make_automatic(answer)
            now, waits = datetime(2026, 1, 2, 5), []
            for attempt in range(1, 6):
                self.run_job(now.date(), now.time())
                charge = self.tasks(contract, "charge")
                self.assertEqual((charge.attempts, len(self.transactions(contract))), (attempt, attempt))
                self.assertRecordValues(self.invoices(contract), [{
                    "state": "posted", "payment_state": "not_paid", "amount_residual": 100.0}])
                self.assertRegex(charge.message, "refused to charge 1234: .*The invoice stays open")
                self.assertRecordValues(contract.activity_ids, [{
                    "user_id": self.salesperson.id,
                    "summary": f"{self.invoices(contract).name} could not be charged"}])
                if attempt < 5:
                    self.assertEqual(charge.state, "waiting")
                    waits.append((charge.not_before - now) // timedelta(minutes=1))
                    self.run_job(now.date(), (now + timedelta(minutes=40)).time())
                    now = charge.not_before
            self.assertEqual(waits, [50, 100, 200, 400])
            self.assertTasks(contract, [ALL_DONE[0], ("charge", "failed"), ALL_DONE[2]])
            self.run_job("2026-01-09")
            self.assertEqual(set(self.transactions(contract).mapped("state")), {answer})
            self.assertEqual(len(self.transactions(contract)), 5)
            self.assertIn(
                "encountered an error" if answer == "error" else "has been canceled",
                " ".join(self.invoices(contract).message_ids.mapped("body")))

    def test_run_now_with_another_payment_method(self):
        contract = self.make_automatic("error")
        self.run_job("2026-01-02")
        self.swap(contract, "done")
        self.run_now(self.tasks(contract, "charge"))
        self.assertTasks(contract, ALL_DONE)
        self.assertEqual(self.transactions(contract).mapped("state"), ["error", "done"])
        self.assertEqual(self.invoices(contract).payment_state, "paid")
        self.assertFalse(contract.activity_ids)
        with self.assertRaisesRegex(UserError, "waiting or failed"):
            self.run_now(self.tasks(contract, "charge"))

    def test_one_refused_charge_does_not_harm_the_others(self):
        first, second, third = self.make_automatic(), self.make_automatic("error"), self.make_automatic()
        self.run_job("2026-01-02")
        states = [self.tasks(contract, "charge").state for contract in (first, second, third)]
        self.assertEqual(states, ["succeeded", "waiting", "succeeded"])

    # ---- never above the balance ------------------------------------------------------------------------------------

    def test_a_payment_before_the_charge_lowers_it(self):
        contract = self.make_automatic("error")
        self.run_job("2026-01-02")
        with self.today("2026-01-02"):
            self.pay(self.invoices(contract), 40.0)
        self.swap(contract, "done")
        self.run_job("2026-01-02", "06:00:00")
        self.assertEqual(self.transactions(contract).mapped("amount"), [100.0, 60.0])
        self.assertRecordValues(self.invoices(contract), [{"payment_state": "paid", "amount_residual": 0.0}])

    def test_a_payment_that_is_not_booked_yet_lowers_it_too(self):
        contract = self.make_automatic("error")
        self.run_job("2026-01-02")
        payment = self.env["account.payment"].create({
            "amount": 40.0, "partner_id": self.customer.id, "payment_type": "inbound", "date": "2026-01-02",
            "journal_id": self.company_data["default_journal_bank"].id,
            "invoice_ids": [Command.set(self.invoices(contract).ids)]})
        payment.outstanding_account_id = False
        payment.state = "in_process"  # as Odoo's full accounting leaves it until the bank statement comes
        self.assertRecordValues(payment, [{"state": "in_process", "move_id": False}])
        self.assertEqual(self.invoices(contract).amount_residual, 100.0)
        self.swap(contract, "done")
        self.run_job("2026-01-02", "06:00:00")
        self.assertEqual(self.transactions(contract).mapped("amount"), [100.0, 60.0])

    def test_a_partial_credit_before_the_charge_lowers_it(self):
        contract = self.make_automatic("error")
        self.run_job("2026-01-02")
        move = self.invoices(contract)
        with self.today("2026-01-02"):
            credit = move._reverse_moves([{"invoice_date": "2026-01-02"}])
            credit.invoice_line_ids.price_unit = 30.0
            credit.action_post()
        self.swap(contract, "done")
        self.run_job("2026-01-02", "06:00:00")
        self.assertEqual(self.transactions(contract).mapped("amount"), [100.0, 70.0])
        self.assertEqual(move.payment_state, "paid")

    def test_nothing_is_charged_where_nothing_is_open(self):
        contract = self.make_automatic("error")
        self.run_job("2026-01-02")
        with self.today("2026-01-02"):
            self.pay(self.invoices(contract), 100.0)
        self.run_job("2026-01-02", "06:00:00")
        self.assertRecordValues(self.tasks(contract, "charge"), [{
            "state": "cancelled", "message": "Nothing is left to charge on this invoice."}])
        self.assertEqual(len(self.transactions(contract)), 1)
        self.assertFalse(contract.activity_ids)

    def test_a_failed_charge_is_closed_when_the_customer_pays_otherwise(self):
        contract = self.make_automatic("error")
        self.run_job("2026-01-02")
        self.tasks(contract, "charge").sudo().write({"state": "failed", "attempts": 5, "not_before": False})
        with self.today("2026-01-02"):
            self.pay(self.invoices(contract), 100.0)
        self.run_job("2026-01-02", "06:00:00")
        self.assertRecordValues(self.tasks(contract, "charge"), [{"state": "cancelled"}])
        self.assertFalse(contract.activity_ids)

    def test_a_zero_invoice_is_posted_and_sent(self):
        contract = self.make_automatic(price=0.0)
        self.run_job("2026-01-02")
        self.assertTasks(contract, [ALL_DONE[0], ("charge", "cancelled"), ALL_DONE[2]])
        self.assertFalse(self.transactions(contract))

    def test_a_credit_note_is_posted_and_sent_and_never_charged(self):
        contract = self.make_automatic(refund_policy="yes", auto_charge=False)
        self.run_job("2026-01-02")
        with self.today("2026-01-10"):
            contract.auto_charge = True
            contract.subscription_ids.deactivate("2026-01-17", refund=True)
        self.run_job("2026-02-02")
        credit = self.invoices(contract)[-1]
        self.assertRecordValues(credit, [{"move_type": "out_refund", "state": "posted"}])
        self.assertEqual([job.job_type for job in self.tasks(contract) if job.invoice_id == credit], ["post", "send"])
        self.assertEqual(set(self.tasks(contract).mapped("state")), {"succeeded"})
        self.assertFalse(self.transactions(contract))

    def test_a_fully_credited_or_replaced_invoice_is_not_charged(self):
        for replaced in (False, True):
            contract = self.make_automatic("error")
            self.run_job("2026-01-02")
            move = self.invoices(contract)
            with self.today("2026-01-02"):
                if replaced:
                    self.env["billing.generate"].create({
                        "contract_id": contract.id, "schedule_id": move.billing_schedule_id.id,
                        "replace_existing": True}).action_proceed()
                else:
                    move._reverse_moves([{"invoice_date": "2026-01-02"}], cancel=True)
            self.swap(contract, "done")
            self.run_job("2026-01-02", "06:00:00")
            self.assertRecordValues(self.tasks(contract, "charge"), [{"state": "cancelled"}])
            self.assertEqual(move.transaction_ids.mapped("state"), ["error"])
            with self.assertRaisesRegex(UserError, "Nothing is left"):
                self.charge(move)

    # ---- when -------------------------------------------------------------------------------------------------------

    def test_dated_after_today_everything_waits_for_the_date(self):
        contract = self.make_automatic(
            date_start="2026-02-01", today="2026-01-10", billing_offset=-3, invoice_date_policy="cycle_start")
        self.run_job("2026-01-29")
        self.assertTasks(contract, [("post", "waiting"), ("charge", "waiting"), ("send", "waiting")])
        with self.today("2026-01-30"):
            self.invoices(contract).action_post()
        self.run_job("2026-01-31")
        self.assertTasks(contract, [ALL_DONE[0], ("charge", "waiting"), ("send", "waiting")])
        with self.assertRaisesRegex(UserError, "collected on 2026-02-01"):
            self.run_now(self.tasks(contract, "charge"), "2026-01-31")
        self.run_job("2026-02-01")
        self.assertTasks(contract, ALL_DONE)

    def test_charge_waits_for_a_refused_posting(self):
        contract = self.make_automatic()
        plan = self.env["account.analytic.plan"].create({"name": "Projects", "applicability_ids": [
            Command.create({"business_domain": "invoice", "applicability": "mandatory"})]})
        self.env["account.analytic.account"].create({"name": "Alpha", "plan_id": plan.id})
        self.run_job("2026-01-02")
        self.assertTasks(contract, [("post", "waiting"), ("charge", "waiting"), ("send", "waiting")])
        with self.assertRaisesRegex(UserError, "must be posted before it is charged"):
            self.run_now(self.tasks(contract, "charge"))
        with self.assertRaisesRegex(UserError, "must be posted before it is sent"):
            self.run_now(self.tasks(contract, "send"))
        plan.applicability_ids.unlink()
        self.run_now(self.tasks(contract))
        self.assertTasks(contract, ALL_DONE)

    # ---- what stands in the way -------------------------------------------------------------------------------------

    def test_an_archived_payment_method_is_told_at_once_and_by_the_job(self):
        contract = self.make_automatic()
        self.token.active = False
        self.assertRecordValues(contract.activity_ids, [{
            "user_id": self.salesperson.id, "summary": "The payment method was archived"}])
        self.run_job("2026-01-02")
        self.assertTasks(contract, [ALL_DONE[0], ("charge", "waiting"), ALL_DONE[2]])
        self.assertRecordValues(self.tasks(contract, "charge"), [{
            "attempts": 1, "message": "The payment method 1234 is archived: choose another."}])
        self.assertFalse(self.transactions(contract))

    def test_an_open_payment_of_the_customer_stops_the_charge(self):
        for state in ("draft", "pending", "authorized"):
            contract = self.make_automatic("error")
            self.run_job("2026-01-02")
            self.swap(contract, "done")
            other = self.transactions(contract).copy({
                "reference": f"portal {state}", "operation": "online_redirect",
                "invoice_ids": [Command.set(contract.invoice_ids.ids)]})
            other.state = state
            self.run_job("2026-01-02", "06:00:00")
            charge = self.tasks(contract, "charge")
            self.assertRecordValues(charge, [{"state": "waiting", "attempts": 2}])
            self.assertIn(f"portal {state}", charge.message)
            with self.assertRaisesRegex(UserError, f"portal {state}"):
                self.charge(contract.invoice_ids)
            with self.assertRaisesRegex(UserError, f"portal {state}"):
                self.run_now(charge)
            if state != "authorized":
                self.assertEqual(charge.unsettled_transaction_id, other)
                charge.action_cancel_transaction()
                self.run_now(charge)
                self.assertEqual(self.transactions(contract).mapped("state"), ["error", "cancel", "done"])

    def test_a_done_payment_that_is_not_booked_stops_the_charge(self):
        contract = self.make_automatic("error")
        self.run_job("2026-01-02")
        other = self.transactions(contract).copy({
            "reference": "portal", "invoice_ids": [Command.set(contract.invoice_ids.ids)]})
        other.write({"state": "done", "is_post_processed": False})
        self.swap(contract, "done")
        with self.assertRaisesRegex(UserError, "portal of this invoice is on its way"):
            self.charge(contract.invoice_ids)

    def test_an_invoice_made_out_to_somebody_else_is_not_charged(self):
        contract = self.make_automatic(auto_sync=False, auto_charge=False, auto_send=False)
        self.run_job("2026-01-02")
        move = self.invoices(contract)
        move.partner_id = self.env["res.partner"].create({"name": "Tailspin"})
        with self.today("2026-01-02"):
            move.action_post()
        with self.assertRaisesRegex(UserError, "made out to Tailspin"):
            self.charge(move)

    def test_a_blocked_invoice_is_not_charged(self):
        contract = self.make_automatic("error")
        self.run_job("2026-01-02")
        self.invoices(contract).action_toggle_block_payment()
        with self.assertRaisesRegex(UserError, "is blocked"):
            self.charge(self.invoices(contract))

    def test_each_company_charges_with_its_own_provider(self):
        other = self.setup_other_company(name="Company B")
        other["company"].billing_tz = "UTC"
        provider = self.make_provider(other)
        token = self.make_token("done", provider=provider)
        own = self.make_automatic()
        with self.today("2026-01-01"):
            foreign = self.env["billing.contract"].with_company(other["company"]).create({
                "partner_id": self.customer.id, "company_id": other["company"].id, "date_start": "2026-01-01",
                "auto_sync": True, "auto_charge": True, "payment_token_id": token.id,
                "subscription_ids": [Command.create({
                    "product_id": self.licence.id, "name": "B", "sales_unit": "monthly", "price_unit": 70.0,
                    "tax_ids": False})]})
            foreign.action_activate()
        self.run_job("2026-01-02")
        for contract, expected, amount in ((own, self.provider, 100.0), (foreign, provider, 70.0)):
            self.assertRecordValues(self.transactions(contract), [{"provider_id": expected.id, "amount": amount}])
            self.assertRecordValues(self.transactions(contract).payment_id, [{
                "company_id": contract.company_id.id, "journal_id": expected.journal_id.id}])
            self.assertEqual(contract.invoice_ids.payment_state, "paid")
