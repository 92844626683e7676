from psycopg2.errors import CheckViolation

from odoo import Command, fields
from odoo.exceptions import UserError, ValidationError
from odoo.tests import tagged
from odoo.tools import mute_logger

from .common import BillingCommon


@tagged("post_install", "-at_install")
class TestCopy(BillingCommon):
    """A copy carries no billing state; what a bill was computed from stays as it is, and before the first bill not."""

    @staticmethod
    def day(text):
        return fields.Date.to_date(text)

    def rows(self, contract):
        """Return the complete schedules of ``contract`` as (from, to, schedule date, state)."""
        return [
            (str(row.cycle_start), str(row.cycle_end), str(row.schedule_date), row.state)
            for row in contract.schedule_ids.sorted("cycle_start")]

    # ---- copying ----------------------------------------------------------------------------------------------------

    def test_copying_a_contract_copies_no_billing_state(self):
        contract = self.make_contract(
            {"quantity": 10, "price_unit": 12.0, "discount": 5.0}, {"name": "Phone", "quantity": 2, "price_unit": 7.5},
            date_start="2026-01-01", billed_through="2026-01-31", frequency="quarterly", discount=10.0, auto_sync=True,
            item_ids=[Command.create({"product_id": self.licence.id, "name": "Move", "price_unit": 80.0,
                                      "invoice_on": "2026-02-01"})])
        self.bill(contract, "2026-04-02")
        first, second = contract.subscription_ids
        with self.today("2026-04-10"):
            first.change_quantity(12, "2026-04-05")
            first.change_quantity(20, "2026-09-01")
            first.change_price(13.0, "2026-04-05")
            second.deactivate("2026-04-10")
            copy = contract.copy()
        self.assertRecordValues(copy, [{
            "partner_id": self.customer.id, "state": "draft", "date_start": self.day("2026-01-01"),
            "frequency": "quarterly", "discount": 10.0, "auto_sync": True, "billed_through": False,
            "next_invoice_date": False, "invoice_count": 0, "schedule_count": 0, "change_log_count": 2}])
        self.assertFalse(copy.schedule_ids | copy.with_context(active_test=False).schedule_ids)
        self.assertFalse(copy.invoice_ids)
        self.assertFalse(copy.item_ids)
        self.assertRecordValues(copy.subscription_ids, [
            {"name": "Business Premium", "quantity": 12, "price_unit": 13.0, "discount": 5.0, "state": "active",
             "date_start": self.day("2026-01-01")},
            {"name": "Phone", "quantity": 0, "price_unit": 7.5, "discount": 0.0, "state": "active",
             "date_start": self.day("2026-01-01")}])
        self.assertRecordValues(copy.change_log_ids.sorted("id"), [
            {"event": "create", "quantity": 12, "price_unit": 13.0, "state": "active", "applied": True,
             "effective_date": self.day("2026-01-01"), "invoice_line_id": False, "billing_move_id": False},
            {"event": "create", "quantity": 0, "price_unit": 7.5, "state": "active", "applied": True,
             "effective_date": self.day("2026-01-01"), "invoice_line_id": False, "billing_move_id": False}])

    def test_duplicating_an_invoice_copies_no_billing_link(self):
        contract = self.make_contract(
            {"quantity": 10, "price_unit": 12.0}, date_start="2026-04-01",
            item_ids=[Command.create({"product_id": self.licence.id, "price_unit": 80.0, "invoice_on": "2026-04-01"})])
        self.bill(contract, "2026-04-02")
        move = self.invoices(contract)
        copy = move.copy()
        self.assertRecordValues(copy, [{
            "billing_contract_id": False, "billing_schedule_id": False, "billing_run_id": False, "billing_kind": False,
            "billing_replaced_by_id": False, "billing_row_ids": [], "amount_untaxed": 200.0}])
        names = [name for name in copy.invoice_line_ids._fields if name.startswith("billing_")]
        self.assertGreaterEqual(len(names), 7)
        self.assertFalse([line[name] for line in copy.invoice_line_ids for name in names if line[name]])
        copy.unlink()
        self.assertRecordValues(contract.schedule_ids.sorted("cycle_start")[0], [
            {"state": "invoiced", "active": False, "resulting_invoice_id": move.id}])

    # ---- changing what cycles are computed from ---------------------------------------------------------------------

    def test_terms_are_fixed_once_billed_and_the_message_names_the_way_out(self):
        contract = self.make_contract({"quantity": 10, "price_unit": 12.0}, date_start="2026-04-01")
        self.bill(contract, "2026-04-02")
        for name, value in (
                ("date_start", "2026-03-01"), ("frequency", "quarterly"), ("billing_policy", "arrears"),
                ("alignment", "calendar"), ("proration_unit", "months"), ("last_day_anchor", True),
                ("currency_id", self.setup_other_currency("EUR").id)):
            with self.assertRaisesRegex(UserError, "already billed.*End it.*make a new contract.*Duplicate"):
                contract[name] = value
        rows = self.rows(contract)
        contract.write({"date_start": "2026-04-01", "frequency": "monthly", "discount": 5.0, "billing_offset": 1})
        self.assertEqual(self.rows(contract), rows)

    def test_before_the_first_bill_the_schedules_are_rebuilt(self):
        contract = self.make_contract(
            {"quantity": 10, "price_unit": 12.0}, date_start="2026-04-01", date_end="2026-09-30", today="2026-03-01")
        self.assertEqual(self.rows(contract), [
            ("2026-04-01", "2026-04-30", "2026-04-02", "pending"),
            ("2026-05-01", "2026-05-31", "2026-05-02", "pending"),
            ("2026-06-01", "2026-06-30", "2026-06-02", "pending"),
            ("2026-07-01", "2026-07-31", "2026-07-02", "pending"),
            ("2026-08-01", "2026-08-31", "2026-08-02", "pending"),
            ("2026-09-01", "2026-09-30", "2026-09-02", "pending")])
        with self.today("2026-03-01"):
            contract.frequency = "quarterly"
            self.assertEqual(self.rows(contract), [
                ("2026-04-01", "2026-06-30", "2026-04-02", "pending"),
                ("2026-07-01", "2026-09-30", "2026-07-02", "pending")])
            contract.billing_policy = "arrears"
            self.assertEqual(self.rows(contract), [
                ("2026-04-01", "2026-06-30", "2026-07-01", "pending"),
                ("2026-07-01", "2026-09-30", "2026-10-01", "pending")])
            contract.date_start = "2026-05-15"
            self.assertEqual(self.rows(contract), [
                ("2026-05-15", "2026-08-14", "2026-08-15", "pending"),
                ("2026-08-15", "2026-09-30", "2026-10-01", "pending")])
            contract.alignment = "calendar"
            self.assertEqual(self.rows(contract), [
                ("2026-05-15", "2026-06-30", "2026-07-01", "pending"),
                ("2026-07-01", "2026-09-30", "2026-10-01", "pending")])
            contract.billing_offset = -2
            self.assertEqual(self.rows(contract), [
                ("2026-05-15", "2026-06-30", "2026-06-28", "pending"),
                ("2026-07-01", "2026-09-30", "2026-09-28", "pending")])
        self.assertEqual(contract.next_invoice_date, self.day("2026-06-28"))

    def test_after_the_only_bill_is_undone_the_terms_are_free_again(self):
        for undo in ("unlink", "button_cancel"):
            contract = self.make_contract(
                {"quantity": 10, "price_unit": 12.0}, date_start="2026-04-01", date_end="2026-09-30")
            self.bill(contract, "2026-04-02")
            getattr(self.invoices(contract), undo)()
            with self.today("2026-04-03"):
                contract.frequency = "quarterly"
            self.assertEqual(self.rows(contract), [
                ("2026-04-01", "2026-06-30", "2026-04-02", "pending"),
                ("2026-07-01", "2026-09-30", "2026-07-02", "pending")])
            self.bill(contract, "2026-04-03")
            self.assertEqual(
                [(move.state, move.amount_untaxed) for move in self.invoices(contract)][-1], ("draft", 360.0))

    # ---- the end ----------------------------------------------------------------------------------------------------

    def test_extending_the_end_bills_the_rest_of_the_cut_cycle_once_to_the_cent(self):
        for unit, first in (("days", 50.02), ("months", 50.02)):
            contract = self.make_contract(
                {"quantity": 7, "price_unit": 14.29}, date_start="2026-05-01", date_end="2026-06-15",
                proration_unit=unit)
            self.bill(contract, "2026-05-02", "2026-06-02")
            with self.today("2026-06-10"):
                contract.date_end = "2026-07-20"
            self.assertEqual(self.rows(contract), [
                ("2026-05-01", "2026-05-31", "2026-05-02", "invoiced"),
                ("2026-06-01", "2026-06-15", "2026-06-02", "invoiced"),
                ("2026-06-16", "2026-06-30", "2026-06-17", "pending"),
                ("2026-07-01", "2026-07-20", "2026-07-02", "pending")])
            self.bill(contract, "2026-06-17", "2026-07-02", "2026-07-21")
            moves = self.invoices(contract)
            self.assertEqual(
                [(str(move.invoice_date), move.amount_untaxed) for move in moves],
                [("2026-05-02", 100.03), ("2026-06-02", first), ("2026-06-17", round(100.03 - first, 2)),
                 ("2026-07-02", 64.54)])
            self.assertEqual(contract.state, "closed")

    def test_shortening_the_end_cuts_the_last_cycle(self):
        contract = self.make_contract({"quantity": 10, "price_unit": 12.0}, date_start="2026-05-01")
        self.bill(contract, "2026-05-02")
        with self.today("2026-05-10"):
            contract.date_end = "2026-07-15"
        self.assertEqual(self.rows(contract), [
            ("2026-05-01", "2026-05-31", "2026-05-02", "invoiced"),
            ("2026-06-01", "2026-06-30", "2026-06-02", "pending"),
            ("2026-07-01", "2026-07-15", "2026-07-02", "pending")])
        with self.today("2026-05-10"):
            contract.date_end = "2026-05-31"
        self.assertEqual(self.rows(contract), [("2026-05-01", "2026-05-31", "2026-05-02", "invoiced")])
        with self.today("2026-05-10"):
            contract.date_end = False
        self.assertEqual(len(self.rows(contract)), 13)
        self.assertEqual(self.rows(contract)[1], ("2026-06-01", "2026-06-30", "2026-06-02", "pending"))

    def test_an_end_within_a_billed_cycle_is_refused_with_the_way_out(self):
        contract = self.make_contract({"quantity": 10, "price_unit": 12.0}, date_start="2026-05-01")
        self.bill(contract, "2026-05-02")
        with self.assertRaisesRegex(ValidationError, "billed up to 2026-05-31.*deactivate its subscriptions"):
            contract.date_end = "2026-05-20"

    def test_end_before_start_and_discounts_out_of_range_are_refused(self):
        contract = self.make_contract({"quantity": 10, "price_unit": 12.0}, date_start="2026-05-01", activate=False)
        item = self.env["billing.item"].create({"contract_id": contract.id, "product_id": self.licence.id})
        for record, name, value in (
                (contract, "date_end", "2026-04-30"), (contract, "discount", 100.01), (contract, "discount", -1),
                (contract.subscription_ids, "date_end", "2026-04-30"), (contract.subscription_ids, "discount", 101),
                (contract.subscription_ids, "quantity", -1), (item, "discount", 101)):
            with self.assertRaises(CheckViolation), mute_logger("odoo.sql_db"), self.cr.savepoint():
                record[name] = value
                record.flush_recordset()
            self.env.invalidate_all()
        contract.write({"date_end": "2026-05-01", "discount": 100})
        self.assertEqual((contract.date_end, contract.discount), (self.day("2026-05-01"), 100))

    # ---- invoicing cycle range --------------------------------------------------------------------------------------

    def ahead(self, contract):
        return len(contract.schedule_ids.filtered(lambda row: row.state == "pending"))

    def test_the_cycle_range_is_topped_up_exactly(self):
        for frequency, wanted, second in (
                ("monthly", 12, "2026-05-02"), ("quarterly", 4, "2026-07-02"), ("semi_annual", 2, "2026-10-02"),
                ("annual", 2, "2027-04-02"), ("triennial", 2, "2029-04-02")):
            contract = self.make_contract(
                {"quantity": 1, "price_unit": 12.0}, date_start="2026-04-01", frequency=frequency)
            self.assertEqual((len(contract.schedule_ids), self.ahead(contract)), (wanted, wanted), frequency)
            self.bill(contract, "2026-04-02")
            self.assertEqual((len(contract.schedule_ids), self.ahead(contract)), (wanted + 1, wanted), frequency)
            self.bill(contract, second)
            self.assertEqual((len(contract.schedule_ids), self.ahead(contract)), (wanted + 2, wanted), frequency)
            contract.action_close()

    def test_generating_ahead_by_hand_tops_up_too(self):
        contract = self.make_contract({"quantity": 1, "price_unit": 12.0}, date_start="2026-04-01")
        for number in (1, 2):
            with self.today("2026-04-01"):
                self.env["billing.generate"].create({"contract_id": contract.id}).action_proceed()
            self.assertEqual((len(contract.schedule_ids), self.ahead(contract)), (12 + number, 12))

    def test_the_range_is_a_setting_and_an_end_limits_it(self):
        self.company.billing_range_monthly = 3
        contract = self.make_contract({"quantity": 1, "price_unit": 12.0}, date_start="2026-04-01")
        self.assertEqual(self.ahead(contract), 3)
        ending = self.make_contract({"quantity": 1, "price_unit": 12.0}, date_start="2026-04-01", date_end="2026-05-10")
        self.assertEqual(self.rows(ending), [
            ("2026-04-01", "2026-04-30", "2026-04-02", "pending"),
            ("2026-05-01", "2026-05-10", "2026-05-02", "pending")])

    def test_a_start_in_the_past_makes_the_missed_schedules_and_the_range_ahead(self):
        contract = self.make_contract({"quantity": 1, "price_unit": 12.0}, date_start="2026-01-15", today="2026-04-20")
        rows = self.rows(contract)
        self.assertEqual(len(rows), 4 + 12)
        self.assertEqual((rows[0][:3], rows[-1][:3]), (
            ("2026-01-15", "2026-02-14", "2026-01-16"), ("2027-04-15", "2027-05-14", "2027-04-16")))

    def test_a_contract_entered_as_active_has_its_schedules(self):
        contract = self.make_contract(
            {"quantity": 10, "price_unit": 12.0}, date_start="2026-04-01", date_end="2026-05-31", state="active",
            activate=False)
        self.assertEqual(self.rows(contract), [
            ("2026-04-01", "2026-04-30", "2026-04-02", "pending"),
            ("2026-05-01", "2026-05-31", "2026-05-02", "pending")])
        draft = self.make_contract({"quantity": 10, "price_unit": 12.0}, date_start="2026-04-01", activate=False)
        self.assertFalse(draft.schedule_ids)
        with self.today("2026-04-01"):
            draft.write({"state": "active", "date_end": "2026-04-30"})
        self.assertEqual(self.rows(draft), [("2026-04-01", "2026-04-30", "2026-04-02", "pending")])

    def test_only_the_states_of_the_table_follow_each_other(self):
        contract = self.make_contract({"price_unit": 30.0}, date_start="2026-04-01", activate=False)
        with self.assertRaisesRegex(UserError, "is Draft and cannot become Suspended"):
            contract.action_suspend()
        with self.today("2026-04-01"):
            contract.action_activate()
            contract.action_suspend()
            contract.action_suspend()
            contract.action_activate()
            contract.action_close()
        self.assertEqual(contract.state, "closed")
        for change in (contract.action_activate, contract.action_suspend, lambda: contract.write({"state": "active"}),
                       lambda: contract.write({"date_end": "2027-01-01"})):
            with self.assertRaisesRegex(UserError, "is closed and is not billed any more: duplicate it"):
                change()
