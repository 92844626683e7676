from odoo import Command, fields
from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.tests import Form, new_test_user, tagged

from .common import BillingCommon


@tagged("post_install", "-at_install")
class TestClose(BillingCommon):
    """Closing a contract as of a day: what is left is shown, billed or credited, and nothing waits afterwards."""

    def five_at_thirty(self, *more, **vals):
        return self.make_contract(
            {"quantity": 5, "price_unit": 30.0}, *more, **{"date_start": "2026-04-01", **vals})

    def item(self, day, price=80.0, **vals):
        return Command.create({"product_id": self.licence.id, "name": "Set-up", "price_unit": price, "invoice_on": day,
                               "tax_ids": False, **vals})

    def lines(self, move):
        return [
            (line.quantity, line.price_subtotal, str(line.billing_period_start), str(line.billing_period_end))
            for line in move.invoice_line_ids.sorted("sequence")]

    def open(self, contract):
        opened = contract.action_open_close()
        return Form(self.env[opened["res_model"]].browse(opened["res_id"]))

    def said(self, contract):
        return str(contract.message_ids.sorted("id")[-1].body)

    def assertSettled(self, contract, stop):
        """The contract is closed as of ``stop``: nothing waits, and nothing is billed any more."""
        self.assertRecordValues(contract, [{
            "state": "closed", "date_end": fields.Date.to_date(stop),
            "auto_renew": False, "suspend_on": False, "resume_on": False, "suspend_policy": False,
            "next_invoice_date": False, "catch_up_run_id": False}])
        self.assertFalse(contract.schedule_ids.filtered(lambda row: row.state in ("pending", "error")))
        self.assertLessEqual(set(contract.change_log_ids.mapped("state")), {"archived"})
        self.assertLessEqual(set(contract.subscription_ids.mapped("state")), {"inactive"})
        self.assertFalse(contract.item_ids.filtered(lambda item: item.billable and not item.invoice_line_id))
        before = self.invoices(contract)
        self.run_job("2028-01-01")
        self.assertEqual(self.invoices(contract), before)
        self.assertEqual(contract.state, "closed")

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

    # ---- states -----------------------------------------------------------------------------------------------------

    def test_a_suspended_contract_closes_and_suspended_days_stay_as_chosen(self):
        for policy, amounts in (("nothing", [150.0]), ("credit", [150.0, 75.0]), ("full", [150.0, 150.0, 50.0])):
            contract = self.five_at_thirty(refund_policy="yes")
            self.bill(contract, "2026-04-02")
            with self.today("2026-04-16"):
                contract.suspend(policy=policy)
            with self.today("2026-06-10"):
                with self.assertRaisesRegex(UserError, "will be suspended on 07/01/2026"):
                    contract.close("2026-07-01")
                contract.close()
            self.assertEqual(self.invoices(contract).mapped("amount_untaxed"), amounts)
            self.assertSettled(contract, "2026-06-10")

    def test_a_suspension_to_come_is_withdrawn_or_stops_it(self):
        contract = self.five_at_thirty(refund_policy="yes")
        with self.today("2026-04-10"):
            contract.suspend("2026-05-16")
            with self.assertRaisesRegex(UserError, "will be suspended on 05/31/2026"):
                contract.close("2026-05-31")
            contract.close("2026-05-10")
        self.assertFalse(contract.suspend_on)
        self.run_daily("2026-05-01", "2026-05-03")
        self.run_job("2026-05-11")
        self.assertEqual(self.invoices(contract).mapped("amount_untaxed"), [150.0, 48.39])
        self.assertSettled(contract, "2026-05-10")

    def test_what_is_refused_and_what_to_do(self):
        contract = self.five_at_thirty(date_end="2026-08-31")
        self.bill(contract, "2026-04-02")
        with self.today("2026-06-10"):
            sub = contract.subscription_ids
            sub.change_quantity(6, "2026-06-05")
            for stop, error, words in (
                    ("2026-03-31", ValidationError, "starts on 04/01/2026: choose that day or a later one"),
                    ("2026-09-01", ValidationError, "ends on 08/31/2026: choose that day or an earlier one"),
                    ("2026-05-31", ValidationError, "was changed on 06/05/2026: choose that day or a later one")):
                with self.assertRaisesRegex(error, words):
                    contract.close(stop)
                self.assertRegex(self.env["billing.contract.close"].create(
                    {"contract_id": contract.id, "stop_date": stop}).problem, words)
            self.assertEqual((contract.state, sub.quantity, len(self.invoices(contract))), ("active", 6.0, 1))
            self.licence.billing_reduction = "not_allowed"
            with self.assertRaisesRegex(UserError, "may not be reduced"):
                contract.close(refund=True)
            contract.close()
            with self.assertRaisesRegex(UserError, "is closed already"):
                contract.close()
            with self.assertRaisesRegex(UserError, "is closed already"):
                contract.action_open_close()
            before = self.invoices(contract)
            contract.action_close()
            self.assertEqual(self.invoices(contract), before)
        draft = self.five_at_thirty(activate=False)
        with self.assertRaisesRegex(UserError, "is a draft, nothing of it is billed"):
            draft.action_open_close()

    def test_a_state_that_is_written_or_imported_does_not_pass_the_closing_by(self):
        contract = self.five_at_thirty()
        self.bill(contract, "2026-04-02")
        with self.today("2026-06-10"):
            with self.assertRaisesRegex(UserError, "never be billed or credited: use Close Contract"):
                contract.write({"state": "closed"})
            result = contract.load([".id", "state"], [[str(contract.id), "Closed"]])
            self.assertFalse(result["ids"])
            self.assertRegex(result["messages"][0]["message"], "use Close Contract")
            self.assertEqual(contract.state, "active")
            contract.close()
        self.assertEqual(sum(self.invoices(contract).mapped("amount_untaxed")), 150.0 + 150.0 + 50.0)
        draft = self.five_at_thirty(activate=False)
        draft.write({"state": "closed"})
        self.assertEqual(draft.state, "closed")

    def test_what_cannot_be_billed_is_named_and_nothing_is_done(self):
        contract = self.five_at_thirty()
        self.licence.active = False
        self.run_job("2026-04-02")
        self.assertEqual(contract.schedule_ids.sorted("cycle_start")[0].state, "error")
        with self.today("2026-04-20"):
            self.assertRegex(self.open(contract).problem, "A product is archived")
            with self.assertRaisesRegex(UserError, "A product is archived.*Then close the contract"):
                contract.action_close()
            self.env.invalidate_all()
        self.assertEqual(contract.state, "active")
        self.licence.active = True
        with self.today("2026-04-20"):
            contract.action_close()
        self.assertEqual(self.invoices(contract).mapped("amount_untaxed"), [100.0])
        self.assertSettled(contract, "2026-04-20")
        self.assertFalse(contract.activity_ids)

    def test_periods_on_hold(self):
        contract = self.five_at_thirty()
        self.bill(contract, "2026-04-02", "2026-05-02")
        for move in self.invoices(contract):
            move.action_post()
            move._reverse_moves(cancel=True)
        april, may = contract.schedule_ids.filtered("on_hold").sorted("cycle_start")
        with self.today("2026-05-10"):
            with self.assertRaisesRegex(UserError, "04/01/2026 – 04/30/2026 is on hold"):
                contract.close("2026-04-30")
            april.action_skip()
            self.assertFalse(contract.close("2026-04-30"))
        self.assertRecordValues(may, [{"state": "skipped", "reason": "ended", "on_hold": False}])
        self.assertSettled(contract, "2026-04-30")

    def test_missed_periods(self):
        contract = self.five_at_thirty(catch_up="current")
        with self.today("2026-06-10"):
            window = self.open(contract)
            self.assertIn("Missed period", window.preview)
            window.save().action_confirm()
        self.assertEqual([self.lines(move) for move in self.invoices(contract)], [
            [(5, 50.0, "2026-06-01", "2026-06-10")]])
        self.assertSettled(contract, "2026-06-10")
        contract = self.five_at_thirty(catch_up="ask")
        self.run_job("2026-06-10")
        self.assertTrue(contract.catch_up_run_id)
        with self.today("2026-06-10"):
            contract.close()
        self.assertEqual(self.invoices(contract).mapped("amount_untaxed"), [150.0, 150.0, 50.0])
        self.assertSettled(contract, "2026-06-10")

    def test_a_contract_that_has_not_begun_just_closes(self):
        contract = self.five_at_thirty(date_start="2026-08-01", today="2026-04-01")
        draft = self.five_at_thirty(activate=False)
        with self.today("2026-04-20"):
            (contract | draft).action_close()
        self.assertEqual((contract | draft).mapped("state"), ["closed", "closed"])
        self.assertFalse((contract | draft).invoice_ids)

    # ---- the window -------------------------------------------------------------------------------------------------

    def test_what_the_window_shows_is_done_and_linked(self):
        contract = self.five_at_thirty(refund_policy="yes", auto_sync=True)
        self.bill(contract, "2026-04-02", "2026-05-02")
        with self.today("2026-05-20"):
            before = self.env["billing.change.log"].search_count([])
            window = self.open(contract)
            self.assertEqual(window.summary, "Nothing is left to bill or to credit.")
            self.assertIn("05/21/2026 – 05/31/2026 is invoiced already and is not credited.", window.preview)
            window.refund = "yes"
            self.assertEqual(round(window.difference, 2), -53.23)
            self.assertIn("05/21/2026 – 05/31/2026 is invoiced already and is credited.", window.preview)
            self.assertIn("Credit Note", window.preview)
            self.assertEqual(self.env["billing.change.log"].search_count([]), before)
            record = window.save()
            record.action_confirm()
            with self.assertRaisesRegex(UserError, "done already"):
                record.action_confirm()
        self.assertRecordValues(record.invoice_ids, [
            {"move_type": "out_refund", "amount_untaxed": 53.23, "state": "draft"}])
        self.assertEqual(record.result, "The contract is closed as of 05/20/2026.")
        self.assertIn("closed the contract: 05/20/2026 was its last day", self.said(contract))
        self.assertFalse(record.invoice_ids.billing_run_id.job_ids.filtered(lambda job: job.job_type != "invoice"))
        self.assertSettled(contract, "2026-05-20")

    def test_rights(self):
        viewer, clerk = (
            new_test_user(self.env, f"close_{name}", f"work365_billing.billing_group_{name}",
                          company_id=self.company.id, company_ids=self.company.ids) for name in ("viewer", "user"))
        contract = self.five_at_thirty()
        for attempt in (contract.with_user(viewer).close, contract.with_user(viewer).action_open_close):
            with self.assertRaises(AccessError):
                attempt()
        with self.today("2026-05-10"):
            moves = contract.with_user(clerk).close()
        self.assertEqual(moves.create_uid, clerk)
        self.assertEqual(moves.mapped("amount_untaxed"), [150.0, 48.39])
        self.assertSettled(contract, "2026-05-10")

    def test_a_waiting_bulk_job_is_told_that_it_is_closed(self):
        contract = self.five_at_thirty()
        with self.today("2026-04-10"):
            window = self.env["billing.bulk.generate"].create({"mode": "regular", "row_ids": [Command.create({
                "contract_id": contract.id, "schedule_id": contract.schedule_ids.sorted("cycle_start")[0].id})]})
            window.action_proceed()
            job = window.row_ids.job_id
            self.assertIn("The contract waits in", self.open(contract).preview)
            contract.close()
        self.run_job("2026-04-11")
        self.assertRecordValues(job, [{"outcome": "skipped", "reason": "not_active"}])
        self.assertEqual(self.invoices(contract).mapped("amount_untaxed"), [50.0])

    # ---- undone -----------------------------------------------------------------------------------------------------

    def test_an_undone_invoice_of_a_closed_contract_is_billed_again_and_it_closes_again(self):
        contract = self.five_at_thirty(refund_policy="yes")
        self.bill(contract, "2026-04-02")
        with self.today("2026-04-20"):
            credit = contract.close(refund=True)
            self.assertEqual(credit.amount_untaxed, 50.0)
            credit.unlink()
            self.assertEqual(contract.state, "active")
            self.assertIn("is to be billed again, or skipped", self.said(contract))
            with self.assertRaisesRegex(UserError, "is closed and is not billed any more"):
                contract.date_end = "2026-12-31"
            with self.assertRaisesRegex(ValidationError, "was closed as of 04/20/2026"):
                contract.close("2026-04-25")
        with self.env.cr.savepoint() as savepoint:
            self.run_job("2026-04-21")
            self.assertEqual(self.invoices(contract).mapped("amount_untaxed"), [150.0, 50.0])
            self.assertEqual(contract.state, "closed")
            savepoint.rollback()
            self.env.invalidate_all()
        with self.today("2026-04-20"):
            contract.close(refund=True)
        self.assertEqual(self.invoices(contract).mapped("amount_untaxed"), [150.0, 50.0])
        self.assertSettled(contract, "2026-04-20")
