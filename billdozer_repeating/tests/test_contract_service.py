"""Cancel, suspend and activate a contract with repeating invoices; archiving its client; its subscriptions."""

from odoo import Command
from odoo.exceptions import UserError, ValidationError
from odoo.tests import tagged

from .repeating_common import RepeatingCommon

OFF, ON = "Switch the service off for Blue Yonder", "Switch the service on for Blue Yonder"


@tagged("post_install", "-at_install")
class TestContractService(RepeatingCommon):
    def make(self, **vals):
        repeating = self.make_repeating({"price_unit": 100.0}, **{"run_date": "2026-01-01", **vals})
        repeating.contract_id.user_id = self.env.user
        return repeating

    def assertFollowUps(self, contract, *expected):
        found = contract.activity_ids.sorted("date_deadline")
        self.assertEqual([(activity.summary, str(activity.date_deadline), activity.user_id) for activity in found], [
            (summary, day, contract.user_id) for summary, day in expected])

    def assertBilled(self, repeating, *months):
        self.assertRuns(repeating, [(f"2026-{month:02}-01", [("Hosting", 1.0, 100.0, 100.0)]) for month in months])

    # ---- cancel -----------------------------------------------------------------------------------------------------

    def test_cancel_as_of_today(self):
        repeating = self.make()
        self.run_job("2026-02-13")
        with self.today("2026-02-13"):
            repeating.contract_id.close("2026-02-13")
        self.assertRecordValues(repeating, [{"state": "inactive", "next_run_date": False}])
        self.assertEqual((repeating.contract_id.state, str(repeating.date_end)), ("closed", "2026-02-13"))
        self.assertFollowUps(repeating.contract_id, (OFF, "2026-02-13"))
        self.run_job("2026-05-01")
        self.assertBilled(repeating, 1, 2)

    def test_cancel_bills_the_run_of_the_last_day_whole(self):
        repeating = self.make(run_date="2026-03-01", today="2026-01-05")
        with self.today("2026-03-20"):  # the job has not run for long
            moves = repeating.contract_id.close("2026-03-20")
        self.assertEqual(moves, self.invoices_of(repeating))
        self.assertBilled(repeating, 3)
        self.assertEqual((repeating.contract_id.state, repeating.state), ("closed", "inactive"))

    def test_cancel_as_of_a_day_to_come(self):
        repeating = self.make()
        contract = repeating.contract_id
        self.run_job("2026-02-13")
        with self.today("2026-02-13"):
            window = self.env["billing.contract.close"].create({"contract_id": contract.id, "stop_date": "2026-04-10"})
            self.assertIn("becomes inactive: Blue Yonder", window.preview)
            self.assertEqual(window.difference, 200.0)
            contract.close("2026-04-10")
            contract.close("2026-04-10")
        self.assertFollowUps(contract, (OFF, "2026-04-10"))
        self.assertEqual((repeating.state, contract.state), ("active", "active"))
        self.run_daily("2026-03-10", "2026-04-20")
        self.run_job("2026-06-01")
        self.assertBilled(repeating, 1, 2, 3, 4)
        self.assertEqual((repeating.state, contract.state), ("inactive", "closed"))
        self.assertEqual(contract.subscription_ids.state, "inactive")

    def test_cancel_with_a_refund_credits_the_runs_after_the_last_day(self):
        repeating = self.make()
        contract = repeating.contract_id
        contract.refund_policy = "yes"
        self.run_job("2026-02-20")  # with March
        self.invoices_of(repeating).action_post()
        with self.today("2026-02-20"):
            credit = contract.close("2026-02-20", refund=True)
        self.assertRecordValues(credit, [{"move_type": "out_refund", "amount_total": 100.0, "state": "draft"}])
        self.assertEqual((repeating.state, contract.state), ("inactive", "closed"))

    def test_a_later_end_withdraws_the_cancellation(self):
        contract = self.make().contract_id
        with self.today("2026-01-05"):
            contract.close("2026-06-30")
            contract.date_end = "2026-12-31"
        self.assertFollowUps(contract)

    def test_a_contract_without_repeating_invoices_has_no_follow_up(self):
        contract = self.make_contract({"price_unit": 10.0, "quantity": 1}, date_start="2026-01-01")
        with self.today("2026-01-05"):
            self.assertEqual(contract.action_open_close()["name"], "Close Blue Yonder")
            contract.suspend("2026-02-01", "2026-03-01")
        self.assertFollowUps(contract)

    # ---- suspend and activate ---------------------------------------------------------------------------------------

    def test_suspend_and_activate(self):
        repeating = self.make()
        contract = repeating.contract_id
        with self.today("2026-01-10"):
            contract.suspend("2026-01-20", resume_on="2026-03-10")
            self.assertFollowUps(contract, (OFF, "2026-01-20"), (ON, "2026-03-10"))
        self.run_job("2026-01-20")
        with self.today("2026-01-21"):
            self.assertEqual(contract.state, "suspended")
            contract.resume("2026-04-05")
        self.assertFollowUps(contract, (OFF, "2026-01-20"), (ON, "2026-04-05"))
        self.run_job("2026-04-20")
        self.assertFollowUps(contract, (ON, "2026-04-05"))
        self.run_job("2026-05-20")
        self.assertEqual(self.run_dates(repeating), ["2026-01-01", "2026-05-01", "2026-06-01"])

    def test_activate_today(self):
        contract = self.make().contract_id
        with self.today("2026-01-10"):
            contract.suspend("2026-01-10")
            self.assertFollowUps(contract, (OFF, "2026-01-10"))
            contract.resume()
        self.assertFollowUps(contract, (ON, "2026-01-10"))

    def test_withdraw(self):
        contract = self.make().contract_id
        with self.today("2026-01-10"):
            contract.suspend("2026-02-01", resume_on="2026-03-10")
            contract.withdraw_suspension()
        self.assertFollowUps(contract)
        self.assertIn("The suspension was withdrawn.", "".join(contract.message_ids.mapped("body")))

    # ---- the client -------------------------------------------------------------------------------------------------

    def test_an_archived_client_is_not_invoiced(self):
        repeating = self.make()
        contract, client = repeating.contract_id, repeating.partner_id
        january = self.invoices_of(repeating)
        january.action_post()
        with self.today("2026-01-10"):
            client.action_archive()
            body = contract.message_ids[0].body
            for text in ("archived Blue Yonder", "next run", "02/01/2026", january.name, "100.00</t> unpaid"):
                self.assertIn(text.replace("</t>", ""), body)
            self.assertEqual(repeating.calculate("2026-01-10", "2026-06-30"), [])
            self.assertEqual(contract.calculate_value("2026-06-30").future, 0.0)
        for day in ("2026-01-20", "2026-01-21", "2026-02-20"):
            self.run_job(day)
        self.assertBilled(repeating, 1)
        rows = repeating.schedule_ids.filtered(lambda row: row.reason)
        self.assertEqual(
            [(str(row.cycle_start), row.state, row.reason, row.attempts) for row in rows.sorted("cycle_start")],
            [("2026-02-01", "skipped", "partner_archived", 0), ("2026-03-01", "skipped", "partner_archived", 0)])
        self.assertFollowUps(contract)
        jobs = self.env["billing.job"].search([("contract_id", "=", contract.id), ("state", "!=", "done")])
        self.assertEqual(len(jobs.filtered(lambda job: job.schedule_id in rows)), len(rows))
        with self.today("2026-02-25"):
            client.action_unarchive()
        self.assertIn("restored Blue Yonder", contract.message_ids[0].body)
        self.run_job("2026-03-20")
        self.assertBilled(repeating, 1, 4)

    def test_an_immediate_line_of_an_archived_client_is_skipped_once(self):
        repeating = self.make()
        contract, client = repeating.contract_id, repeating.partner_id
        with self.today("2026-01-10"):
            client.action_archive()
            repeating.line_ids = [Command.create({
                "product_id": self.licence.id, "name": "Set-up", "price_unit": 50.0, "tax_ids": False, "term": 1,
                "immediate": True})]
        row = contract.schedule_ids.filtered(lambda row: not row.repeating_invoice_id)
        self.assertRecordValues(row, [{"state": "skipped", "reason": "partner_archived", "attempts": 0}])
        for day in ("2026-01-11", "2026-01-12"):
            self.run_job(day)
        self.assertEqual(self.env["billing.job"].search_count([("schedule_id", "=", row.id)]), 1)
        self.assertEqual(contract.schedule_ids.filtered(lambda one: not one.repeating_invoice_id), row)
        with self.today("2026-01-12"):
            client.action_unarchive()
        self.run_job("2026-01-13")
        self.assertBilled(repeating, 1)
        self.assertEqual(len(contract.invoice_ids), 1)
        with self.today("2026-01-13"):
            repeating.line_ids.item_id.billable = True  # what the chatter says
        self.run_job("2026-01-14")
        self.assertEqual((contract.invoice_ids - self.invoices_of(repeating)[0]).mapped("amount_untaxed"), [50.0])

    def test_archiving_a_client_without_repeating_invoices_tells_nothing(self):
        contract = self.make_contract({"price_unit": 10.0, "quantity": 1}, date_start="2026-01-01")
        before = contract.message_ids
        self.customer.action_archive()
        self.assertEqual(contract.message_ids, before)

    # ---- subscriptions of lines -------------------------------------------------------------------------------------

    def test_a_line_s_subscription_is_changed_on_its_line(self):
        repeating = self.make()
        subscription = repeating.line_ids.subscription_id
        for name, value in (("name", "Other"), ("date_end", "2026-12-31"), ("discount", 5.0), ("billable", False)):
            with self.assertRaisesRegex(ValidationError, "the repeating invoice Blue Yonder: change it there"):
                subscription[name] = value
            subscription.invalidate_recordset(flush=False)
        with self.assertRaisesRegex(UserError, "use Cancel Repeating Invoice"):
            subscription.deactivate("2026-02-01")
        with self.today("2026-01-10"):
            window = self.env["billing.subscription.change"].create(
                {"subscription_id": subscription.id, "action": "deactivate"})
            self.assertIn("use Cancel Repeating Invoice", window.problem)
            repeating.line_ids.write({"name": "New", "discount": 10.0, "date_end": "2026-12-31"})
            subscription.price_unit = 120.0
        self.assertRecordValues(subscription, [{"name": "New", "discount": 10.0, "price_unit": 120.0}])
        self.assertEqual(repeating.line_ids.price_unit, 120.0)

    def test_a_line_that_is_not_billed_is_deleted_with_its_subscription(self):
        repeating = self.make(run_date="2026-06-01", today="2026-01-05")
        subscription = repeating.line_ids.subscription_id
        with self.assertRaisesRegex(UserError, "use Cancel Repeating Invoice"):
            subscription.unlink()
        repeating.unlink()
        self.assertFalse(subscription.exists())

    def test_a_new_start_of_the_contract_leaves_the_lines(self):
        repeating = self.make(run_date="2026-06-01", today="2026-06-01", term=0)
        contract = repeating.contract_id
        self.assertEqual((str(contract.date_start), str(repeating.line_ids.date_start)), ("2026-06-01", "2026-06-01"))
        contract.subscription_ids._follow_start(contract.date_start)
        self.assertEqual(str(contract.subscription_ids.date_start), "2026-06-01")
