from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.tests import Form, HttpCase, JsonRpcException, new_test_user, tagged
from odoo.tools import SQL, mute_logger

from .common import BillingCommon

GROUPS = ("viewer", "user", "admin")


class ChangeLogCommon(BillingCommon):
    def five_at_thirty(self, *days, **vals):
        """Return a contract of 5 × 30.00 a month from April, billed on ``days``."""
        contract = self.make_contract({"quantity": 5, "price_unit": 30.0}, date_start="2026-04-01", **vals)
        self.bill(contract, *days)
        return contract

    def make_user(self, group):
        return new_test_user(
            self.env, login=f"logs_{group}", groups=f"work365_billing.billing_group_{group}",
            company_id=self.company.id, company_ids=self.company.ids)

    def amounts(self, move):
        return move.invoice_line_ids.sorted("sequence").mapped("price_subtotal")


@tagged("post_install", "-at_install")
class TestArchiving(ChangeLogCommon):
    """A change that is left out of the bill by hand, and taken back."""

    def one_more(self, contract, day="2026-04-16", entered="2026-06-10"):
        with self.today(entered):
            return contract.subscription_ids.change_quantity(6, day)

    def test_a_change_left_out_is_never_billed_but_its_quantity_counts_from_the_next_cycle(self):
        contract = self.five_at_thirty("2026-04-02", "2026-05-02", "2026-06-02")
        log = self.one_more(contract)
        with self.today("2026-06-11"):
            opened = log.action_exclude()
            window = Form(self.env[opened["res_model"]].browse(opened["res_id"]))
            self.assertEqual((str(window.counts_from), window.difference), ("2026-07-01", -75.0))
            window.reason = "Agreed by phone"
            window.save().action_confirm()
        self.assertRecordValues(log, [{
            "state": "archived", "archive_reason": "Agreed by phone", "billing_move_id": False, "applied": True}])
        message = contract.subscription_ids.message_ids[0].body
        self.assertIn("Left out of the bill: Update 04/16/2026 +1. Reason: Agreed by phone", message)
        self.bill(contract, "2026-07-02", "2026-08-02")
        self.assertEqual([self.amounts(move) for move in self.invoices(contract)[3:]], [[180.0], [180.0]])

    def test_what_is_taken_back_before_a_bill_is_billed(self):
        contract = self.five_at_thirty("2026-04-02", "2026-05-02", "2026-06-02")
        log = self.one_more(contract)
        with self.today("2026-06-11"):
            log.exclude("By mistake")
            log.action_include()
        self.assertRecordValues(log, [{"state": "active", "archive_reason": False, "counts_from": False}])
        self.assertIn("No longer left out", contract.subscription_ids.message_ids[0].body)
        self.bill(contract, "2026-07-02")
        self.assertEqual(self.amounts(self.invoices(contract)[3]), [180.0, 15.0, 30.0, 30.0])

    def test_what_invoices_depend_on_is_not_taken_back(self):
        contract = self.make_contract(
            {"quantity": 5, "price_unit": 30.0}, date_start="2026-04-01", billing_policy="arrears")
        log = self.one_more(contract, entered="2026-04-20")
        with self.today("2026-04-20"):
            log.exclude("A present")
        self.bill(contract, "2026-05-01")
        self.assertEqual(self.amounts(self.invoices(contract)), [150.0])
        with self.assertRaisesRegex(UserError, "was made without this change"):
            log.include()
        self.invoices(contract).unlink()
        self.assertEqual(log.state, "archived")  # by hand: undoing the invoice does not bring it back
        with self.today("2026-05-01"):
            log.include()
        self.bill(contract, "2026-05-02", "2026-06-01")
        self.assertEqual([self.amounts(move) for move in self.invoices(contract)], [[150.0, 15.0], [180.0]])

    def test_a_reduction_of_what_was_left_out_is_not_credited(self):
        contract = self.five_at_thirty("2026-04-02", refund_policy="yes")
        log = self.one_more(contract, "2026-04-11", "2026-04-11")
        with self.today("2026-04-21"):
            log.exclude("A present")
            contract.subscription_ids.change_quantity(5)
        self.bill(contract, "2026-05-02")
        self.assertEqual(self.amounts(self.invoices(contract)[1]), [150.0])
        with self.assertRaisesRegex(UserError, "was made without this change"):
            log.include()  # the later change is billed

    def test_the_first_cycle_can_be_left_out_as_well(self):
        contract = self.make_contract(
            {"quantity": 5, "price_unit": 30.0}, {"quantity": 1, "price_unit": 10.0}, date_start="2026-04-01")
        log = contract.subscription_ids[0].change_log_ids
        with self.today("2026-04-01"):
            log.exclude("First month free")
        self.bill(contract, "2026-04-02", "2026-05-02")
        self.assertEqual([self.amounts(move) for move in self.invoices(contract)], [[10.0], [150.0, 10.0]])

    def test_only_what_waits_to_be_billed_is_left_out_and_never_without_a_reason(self):
        contract = self.five_at_thirty("2026-04-02")
        with self.today("2026-04-10"):
            waiting = contract.subscription_ids.change_quantity(8, "2026-05-10")
            with self.assertRaisesRegex(UserError, "withdraw it"):
                waiting.action_exclude()
            with self.assertRaisesRegex(UserError, "is archived already"):
                contract.change_log_ids.filtered(lambda log: log.event == "create").action_exclude()
            with self.assertRaisesRegex(UserError, "was not archived by hand"):
                contract.change_log_ids.filtered(lambda log: log.event == "create").include()
            log = contract.subscription_ids.change_quantity(7)
            for reason in ("", "  ", False):
                with self.assertRaisesRegex(UserError, "Say why"):
                    log.exclude(reason)
        self.assertEqual(log.state, "active")

    def test_who_may_only_read_leaves_nothing_out(self):
        contract = self.five_at_thirty()
        log = contract.change_log_ids.with_user(self.make_user("viewer"))
        for attempt in (lambda: log.exclude("x"), log.include, log.withdraw, log.action_exclude):
            with self.assertRaises(AccessError):
                attempt()
        contract.change_log_ids.with_user(self.make_user("user")).exclude("Agreed")
        self.assertEqual(contract.change_log_ids.state, "archived")


@tagged("post_install", "-at_install")
class TestDeltas(ChangeLogCommon):
    """The quantity is the sum of the changes that have taken effect, at all times."""

    def tamper(self, subscription, quantity):
        """Set the quantity in the database, behind the back of everything."""
        self.env.flush_all()
        self.env.cr.execute(SQL(
            "UPDATE billing_subscription SET quantity = %s WHERE id = %s", quantity, subscription.id))
        self.env.invalidate_all()

    def search_mismatch(self):
        return self.env["billing.subscription"].search(
            [("company_id", "=", self.company.id), ("log_difference", "!=", 0)])

    def test_every_way_of_changing_keeps_the_sum(self):
        contract = self.five_at_thirty("2026-04-02")
        sub = contract.subscription_ids
        with self.today("2026-04-10"):
            sub.change_quantity(8, "2026-05-10")
            sub.quantity = 6
            sub.change_quantity(4, "2026-04-05")
            sub.write({"quantity": 9, "price_unit": 31.0})
            waiting = sub.change_quantity(20, "2026-05-12")
            waiting.withdraw()
        self.assertEqual((sub.quantity, sub.logged_quantity, sub.log_difference), (9.0, 9.0, 0.0))
        self.run_job("2026-05-10")
        self.assertEqual((sub.quantity, sub.log_difference), (12.0, 0.0))
        with self.today("2026-05-20"):
            sub.pause("2026-06-01", "2026-06-10")
            sub.copy()
        self.run_job("2026-06-01")
        self.assertEqual((sub.quantity, sub.log_difference), (0.0, 0.0))
        self.run_job("2026-06-10")
        self.assertEqual(sub.quantity, 12.0)
        self.assertFalse(self.search_mismatch())

    def test_several_changes_that_wait_each_keep_their_difference(self):
        contract = self.five_at_thirty()
        sub = contract.subscription_ids
        with self.today("2026-04-10"):
            sub.change_quantity(8, "2026-05-10")   # +3
            sub.change_quantity(6, "2026-06-10")   # -2
            sub.change_quantity(10, "2026-05-20")  # +2
            sub.quantity = 7                       # +2, today
        expected = {"2026-05-09": 7, "2026-05-10": 10, "2026-05-20": 12, "2026-06-10": 10}
        for day, quantity in expected.items():
            self.run_job(day)
            self.assertEqual(sub.quantity, quantity, day)

    def test_a_difference_is_refused_at_the_end_of_a_write(self):
        contract = self.five_at_thirty()
        sub = contract.subscription_ids
        self.tamper(sub, 7)
        with self.today("2026-04-10"):
            for attempt in (lambda: sub.change_price(31.0), lambda: sub.change_quantity(9), lambda: sub.pause(),
                            lambda: sub.write({"quantity": 8})):
                with self.assertRaisesRegex(ValidationError, "do not add up"), self.env.cr.savepoint():
                    attempt()
        self.assertRecordValues(sub, [{"quantity": 7.0, "logged_quantity": 5.0, "state": "active"}])
        self.assertEqual(len(sub.change_log_ids), 1)

    def test_the_job_says_that_a_change_could_not_take_effect(self):
        contract = self.five_at_thirty("2026-04-02")
        with self.today("2026-04-10"):
            log = contract.subscription_ids.change_quantity(8, "2026-04-20")
        self.tamper(contract.subscription_ids, 7)
        self.run_job("2026-04-20")
        self.assertRecordValues(log, [{"state": "scheduled", "applied": False}])
        self.assertIn("do not add up", contract.activity_ids.note)

    def test_the_report_finds_a_difference_and_an_administrator_repairs_it(self):
        contract = self.five_at_thirty("2026-04-02")
        sub = contract.subscription_ids
        self.assertFalse(self.search_mismatch())
        self.tamper(sub, 7)
        self.assertEqual(self.search_mismatch(), sub)
        self.assertNotIn(sub, self.env["billing.subscription"].search([("log_difference", "=", 0)]))
        self.assertRecordValues(sub, [{"quantity": 7.0, "logged_quantity": 5.0, "log_difference": 2.0}])
        with self.assertRaisesRegex(AccessError, "Only a billing administrator"):
            sub.with_user(self.make_user("user")).action_repair_logs()
        with self.today("2026-04-16"):
            sub.with_user(self.make_user("admin")).action_repair_logs()
        self.assertFalse(self.search_mismatch())
        self.assertRecordValues(sub.change_log_ids.sorted("id")[-1], [
            {"event": "update", "quantity": 2.0, "state": "active", "applied": True}])
        self.assertIn("booked the difference (Update 04/16/2026 +2)", sub.message_ids[0].body)
        self.bill(contract, "2026-05-02")
        self.assertEqual(self.amounts(self.invoices(contract)[1]), [210.0, 30.0])

    def test_the_report_is_read_with_as_many_queries_for_fifty(self):
        contract = self.make_contract(
            *[{"quantity": number, "price_unit": 1.0} for number in range(1, 51)], date_start="2026-04-01")
        subs = self.env["billing.subscription"].browse(contract.subscription_ids.ids)
        self.env.flush_all()
        counts = []
        for some in (subs[:1], subs):
            self.env.invalidate_all()
            before = self.env.cr.sql_log_count
            some.mapped("log_difference")
            counts.append(self.env.cr.sql_log_count - before)
        self.assertEqual(*counts)

    def test_the_job_applies_fifty_changes_with_as_many_queries_as_two(self):
        def apply(number):
            contract = self.make_contract(
                *[{"quantity": 1, "price_unit": 1.0}] * number, date_start="2026-04-01", name=f"{number}")
            with self.today("2026-04-10"):
                for sub in contract.subscription_ids:
                    sub.change_quantity(3, "2026-05-10")
            self.env.flush_all()
            self.env.invalidate_all()
            with self.today("2026-05-10"):
                before = self.env.cr.sql_log_count
                self.env["billing.executor"]._apply_changes(self.company)
                self.env.flush_all()
                count = self.env.cr.sql_log_count - before
            self.assertEqual(set(contract.subscription_ids.mapped("quantity")), {3.0})
            return count
        apply(2)
        self.assertEqual(apply(2), apply(50))


@tagged("post_install", "-at_install")
class TestDeleting(ChangeLogCommon, HttpCase):
    """Nobody deletes a change log, whatever it is tried with."""

    def call(self, method, *args):
        with mute_logger("odoo.http"):
            return self.make_jsonrpc_request(
                f"/web/dataset/call_kw/billing.change.log/{method}",
                {"model": "billing.change.log", "method": method, "args": args, "kwargs": {}})

    def test_change_logs_are_not_deleted_nor_written_by_any_group(self):
        contract = self.five_at_thirty()
        with self.today("2026-04-10"):
            contract.subscription_ids.change_quantity(8, "2026-05-10")
        ids = contract.change_log_ids.ids
        for group in GROUPS:
            self.make_user(group)
            self.authenticate(f"logs_{group}", f"logs_{group}")
            for method, args in (("unlink", (ids,)), ("write", (ids, {"state": "archived"})),
                                 ("write", (ids, {"quantity": 0.0})), ("action_archive", (ids,))):
                try:
                    self.call(method, *args)
                except JsonRpcException as refusal:
                    # Without a field "active" Odoo's own archiving stops at once, whoever asks.
                    expected = "AssertionError" if method == "action_archive" else "AccessError"
                    self.assertIn(expected, str(refusal), f"{group} {method}")
                else:
                    self.fail(f"{group} may {method}")
        self.assertEqual(len(contract.change_log_ids), 2)
        self.assertEqual(set(contract.change_log_ids.mapped("state")), {"active", "scheduled"})
        with self.assertRaisesRegex(UserError, "audit trail"):
            contract.change_log_ids.filtered("applied").sudo().unlink()
