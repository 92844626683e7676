from odoo import Command
from odoo.exceptions import UserError, ValidationError
from odoo.tests import Form, tagged

from .common import BillingCommon


@tagged("post_install", "-at_install")
class TestNonRecurring(BillingCommon):
    """Contracts without cycles: each item is billed the day after it is entered, or after its *Invoice On* date."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.setup = cls._create_product(name="Setup", lst_price=80.0, taxes_id=False)

    def make_items(self, *days, today="2026-01-10", **vals):
        """Return an active contract with an item of 10.00, 20.00, … to be invoiced on each of ``days``."""
        items = [
            Command.create({"product_id": self.setup.id, "name": f"Item {number}", "price_unit": 10.0 * number,
                            "invoice_on": day, "tax_ids": False})
            for number, day in enumerate(days, start=1)]
        return self.make_contract(
            contract_type="non_recurring", date_start="2026-01-10", today=today, item_ids=items, **vals)

    def add_item(self, contract, day, price=5.0, **vals):
        return self.env["billing.item"].create({
            "contract_id": contract.id, "product_id": self.setup.id, "name": "Visit", "price_unit": price,
            "invoice_on": day, "tax_ids": False, **vals})

    def ledger(self, contract):
        return [
            (str(row.cycle_start), str(row.cycle_end), str(row.schedule_date), row.state)
            for row in contract.schedule_ids.sorted("cycle_start")]

    def amounts(self, contract):
        return [(str(move.invoice_date), move.amount_untaxed) for move in self.invoices(contract)]

    # ---- the day after ----------------------------------------------------------------------------------------------

    def test_items_are_billed_the_day_after_they_are_entered(self):
        contract = self.make_items("2026-01-10")
        self.assertEqual(self.ledger(contract), [("2026-01-10", "2026-01-10", "2026-01-11", "pending")])
        self.assertEqual(str(contract.next_invoice_date), "2026-01-11")
        self.assertEqual(contract.next_invoice_amount, 10.0)
        self.bill(contract, "2026-01-10", "2026-01-11", "2026-01-12")
        self.assertInvoices(contract, [("out_invoice", "2026-01-11", "2026-01-11", [(1, 10.0, 10.0, False, False)])])
        self.assertEqual(self.ledger(contract), [("2026-01-10", "2026-01-10", "2026-01-11", "invoiced")])
        self.assertFalse(contract.next_invoice_date)
        self.assertEqual(contract.state, "active")

    def test_one_invoice_for_each_day_also_when_the_job_is_late(self):
        contract = self.make_items("2026-01-12", "2026-01-11", "2026-01-11")
        self.bill(contract, "2026-01-15")
        self.assertEqual(self.amounts(contract), [("2026-01-12", 50.0), ("2026-01-13", 10.0)])

    def test_the_offset_of_the_contract_decides_how_long_after(self):
        for offset, due in ((0, "2026-02-10"), (1, "2026-02-11"), (30, "2026-03-12"), (-3, "2026-02-07")):
            contract = self.make_items("2026-02-10", billing_offset=offset)
            self.assertEqual(str(contract.next_invoice_date), due)
            self.bill(contract, due)
            self.assertEqual(self.amounts(contract), [(due, 10.0)])

    def test_items_are_entered_day_by_day(self):
        contract = self.make_items("2026-01-10")
        self.bill(contract, "2026-01-11")
        with self.today("2026-01-11"):
            self.add_item(contract, "2026-01-11")
        self.bill(contract, "2026-01-12")
        with self.today("2026-01-20"):
            self.add_item(contract, "2026-01-20", 7.0)
            self.add_item(contract, "2026-01-20", -2.0)
            self.add_item(contract, "2026-01-20", 99.0, billable=False)
        self.bill(contract, "2026-01-21")
        self.assertEqual(self.amounts(contract), [("2026-01-11", 10.0), ("2026-01-12", 5.0), ("2026-01-21", 5.0)])

    def test_an_item_for_a_day_that_is_billed_goes_to_the_next_free_day(self):
        contract = self.make_items("2026-01-10", "2026-01-11")
        self.bill(contract, "2026-01-12")
        with self.today("2026-01-12"):
            self.add_item(contract, "2026-01-10")
        self.assertEqual(self.ledger(contract)[-1], ("2026-01-12", "2026-01-12", "2026-01-13", "pending"))
        self.bill(contract, "2026-01-13")
        self.assertEqual(self.amounts(contract), [("2026-01-11", 10.0), ("2026-01-12", 20.0), ("2026-01-13", 5.0)])

    def test_discounts_and_taxes_hold_for_items(self):
        contract = self.make_items("2026-12-01", discount=10.0)
        tax = self.company_data["default_tax_sale"]
        with self.today("2026-01-10"):
            self.add_item(contract, "2026-01-10", 200.0, discount=5.0, tax_ids=[Command.set(tax.ids)])
            self.add_item(contract, "2026-01-10", -50.0)
        self.bill(contract, "2026-01-11")
        move = self.invoices(contract)
        self.assertEqual(
            [(line.discount, line.price_subtotal, line.tax_ids) for line in move.invoice_line_ids.sorted("sequence")],
            [(14.5, 171.0, tax), (0.0, -50.0, tax.browse())])

    def test_a_negative_day_is_a_credit_note(self):
        contract = self.make_items("2026-12-01")
        with self.today("2026-01-10"):
            self.add_item(contract, "2026-01-10", -30.0)
        self.bill(contract, "2026-01-11")
        self.assertInvoices(contract, [("out_refund", "2026-01-11", "2026-01-11", [(-1, -30.0, 30.0, False, False)])])

    # ---- the ledger follows the items -------------------------------------------------------------------------------

    def test_the_schedule_follows_what_is_entered(self):
        contract = self.make_items("2026-01-20", "2026-01-20")
        first, second = contract.item_ids
        with self.today("2026-01-12"):
            first.invoice_on = "2026-01-25"
            self.assertEqual([row[0] for row in self.ledger(contract)], ["2026-01-20", "2026-01-25"])
            second.invoice_on = "2026-01-25"
            self.assertEqual([row[0] for row in self.ledger(contract)], ["2026-01-25"])
            first.billable = False
            second.unlink()
            self.assertEqual(self.ledger(contract), [])
            first.billable = True
            self.assertEqual([row[0] for row in self.ledger(contract)], ["2026-01-25"])
            contract.action_suspend()
            self.add_item(contract, "2026-01-13")
            self.assertEqual([row[0] for row in self.ledger(contract)], ["2026-01-25"])
            contract.action_activate()
            self.assertEqual([row[0] for row in self.ledger(contract)], ["2026-01-13", "2026-01-25"])
        other = self.make_items("2026-01-26", name="Other")
        with self.today("2026-01-12"):
            first.contract_id = other
        self.assertEqual([row[0] for row in self.ledger(contract)], ["2026-01-13"])
        self.assertEqual([row[0] for row in self.ledger(other)], ["2026-01-25", "2026-01-26"])

    def test_an_undone_invoice_frees_its_items_and_their_day(self):
        contract = self.make_items("2026-01-10", "2026-01-10")
        self.bill(contract, "2026-01-11")
        with self.today("2026-01-12"):
            self.add_item(contract, "2026-01-10")
            self.assertEqual([row[0] for row in self.ledger(contract)], ["2026-01-10", "2026-01-11"])
            self.invoices(contract).unlink()
        self.assertEqual(self.ledger(contract), [("2026-01-10", "2026-01-10", "2026-01-11", "pending")])
        self.bill(contract, "2026-01-13")
        self.assertEqual(self.amounts(contract), [("2026-01-11", 35.0)])
        with self.today("2026-01-14"):
            move = self.invoices(contract)
            move.action_post()
            wizard = self.env["account.move.reversal"].with_context(
                active_model="account.move", active_ids=move.ids,
            ).create({"date": "2026-01-14", "journal_id": move.journal_id.id})
            wizard.refund_moves()
            wizard.new_move_ids.action_post()
        self.assertRecordValues(contract.schedule_ids, [{"state": "pending", "on_hold": True}])
        self.bill(contract, "2026-01-15")
        with self.today("2026-01-15"):
            window = self.env["billing.generate"].create(
                {"contract_id": contract.id, "schedule_id": contract.schedule_ids.id})
            window.action_proceed()
        self.assertEqual(window.invoice_id.amount_untaxed, 35.0)
        self.bill(contract, "2026-01-16")
        self.assertEqual(contract.schedule_ids.resulting_invoice_id, window.invoice_id)

    def test_a_skipped_day_takes_its_items_out_of_billing(self):
        contract = self.make_items("2026-01-10", "2026-01-20")
        with self.today("2026-01-10"):
            contract.schedule_ids.sorted("cycle_start")[0].action_skip()
        self.assertEqual(contract.item_ids.mapped("billable"), [False, True])
        self.assertIn("Item 1 is no longer billable", " ".join(map(str, contract.message_ids.mapped("body"))))
        self.bill(contract, "2026-01-21")
        self.assertEqual(self.amounts(contract), [("2026-01-21", 20.0)])
        with self.today("2026-01-22"):
            contract.item_ids[0].billable = True
        self.bill(contract, "2026-01-23")
        self.assertEqual(self.amounts(contract), [("2026-01-12", 10.0), ("2026-01-21", 20.0)])

    def test_a_day_in_error_is_parked_and_later_days_wait(self):
        contract = self.make_items("2026-01-10", "2026-01-11")
        self.setup.active = False
        self.run_job("2026-01-12")
        self.assertEqual([row[3] for row in self.ledger(contract)], ["error", "pending"])
        self.assertFalse(self.invoices(contract))
        with self.today("2026-01-12"):
            contract.item_ids[0].unlink()
        self.assertEqual(self.ledger(contract), [("2026-01-11", "2026-01-11", "2026-01-12", "pending")])
        self.assertFalse(contract.activity_ids)
        self.setup.active = True
        self.bill(contract, "2026-01-13")
        self.assertEqual(self.amounts(contract), [("2026-01-12", 20.0)])

    def test_the_contract_closes_when_its_end_has_passed_and_all_is_billed(self):
        contract = self.make_items("2026-01-10", "2026-02-10", date_end="2026-01-31")
        self.bill(contract, "2026-01-11", "2026-02-01", "2026-02-10")
        self.assertEqual(contract.state, "active")
        self.bill(contract, "2026-02-11")
        self.assertEqual(self.amounts(contract), [("2026-01-11", 10.0), ("2026-02-11", 20.0)])
        self.assertEqual(contract.state, "closed")
        with self.today("2026-02-12"):
            self.invoices(contract)[-1].unlink()
        self.assertEqual(contract.state, "active")
        self.bill(contract, "2026-02-13")
        self.assertEqual((len(self.invoices(contract)), contract.state), (2, "closed"))

    # ---- screens ----------------------------------------------------------------------------------------------------

    def test_the_window_bills_a_day_ahead_and_the_job_makes_no_second_invoice(self):
        contract = self.make_items("2026-01-20", "2026-01-25")
        with self.today("2026-01-12"):
            window = self.env["billing.generate"].create({"contract_id": contract.id})
            row = window.schedule_id.with_context(billing_short_name=True)
            self.assertEqual(row.display_name, "Items of 01/20/2026")
            self.assertTrue(window.future_message)
            self.assertEqual(window.preview_line_ids.mapped("amount"), [10.0])
            self.assertEqual(window.ineligible_line_ids.mapped("name"), ["Item 2"])
            window.action_proceed()
        self.bill(contract, "2026-01-21", "2026-01-26")
        self.assertEqual(self.amounts(contract), [("2026-01-21", 10.0), ("2026-01-26", 20.0)])

    def test_replacing_bills_the_same_items_again(self):
        contract = self.make_items("2026-01-10", "2026-01-10")
        self.bill(contract, "2026-01-11")
        old = self.invoices(contract)
        with self.today("2026-01-12"):
            self.add_item(contract, "2026-01-10")
            window = self.env["billing.generate"].create({
                "contract_id": contract.id, "schedule_id": old.billing_schedule_id.id, "replace_existing": True})
            window.action_proceed()
        self.assertEqual(window.invoice_id.amount_untaxed, 30.0)
        self.assertEqual(old.billing_replaced_by_id, window.invoice_id)

    def test_a_change_log_invoice_by_hand_takes_the_items_that_are_due(self):
        contract = self.make_items("2026-01-10", "2026-01-20")
        with self.today("2026-01-10"):
            window = self.env["billing.generate"].create({"contract_id": contract.id, "date_to": "2026-01-10"})
            window.action_proceed()
        self.assertEqual(window.invoice_id.amount_untaxed, 10.0)
        self.assertEqual([row[0] for row in self.ledger(contract) if row[3] == "pending"], ["2026-01-20"])

    def test_a_draft_tells_what_follows_when_it_is_activated(self):
        contract = self.make_items("2026-01-12", "2026-01-13", activate=False)
        with self.today("2026-01-20"):
            self.assertEqual(
                contract.past_message,
                "The start is in the past: 2 invoices of $\xa030.00 in total (before tax) follow at once when you "
                "activate.")
            contract.action_activate()
        self.bill(contract, "2026-01-20")
        self.assertEqual(self.amounts(contract), [("2026-01-13", 10.0), ("2026-01-14", 20.0)])

    def test_subscriptions_are_refused_with_the_way_out(self):
        contract = self.make_items("2026-01-10")
        with self.assertRaisesRegex(ValidationError, "non-recurring.*never be billed. Enter a non-recurring item"):
            self.env["billing.subscription"].create({
                "contract_id": contract.id, "product_id": self.licence.id, "price_unit": 1.0})
        recurring = self.make_contract({"price_unit": 1.0}, date_start="2026-01-01", activate=False)
        with self.assertRaisesRegex(ValidationError, "Enter a non-recurring item"):
            recurring.contract_type = "non_recurring"

    def test_the_type_is_fixed_once_the_contract_is_active(self):
        contract = self.make_items("2026-01-10", activate=False)
        contract.contract_type = "item_based"
        contract.contract_type = "non_recurring"
        with self.today("2026-01-10"):
            contract.action_activate()
        for other in ("recurring", "item_based"):
            with self.assertRaisesRegex(UserError, "its type can no longer change: close it and make a new contract"):
                contract.contract_type = other
        contract.contract_type = "non_recurring"
        contract.action_suspend()
        with self.assertRaisesRegex(UserError, "its type can no longer change"):
            contract.contract_type = "recurring"
        copy = contract.copy()
        copy.contract_type = "recurring"
        self.assertRecordValues(copy, [{"contract_type": "recurring", "state": "draft"}])

    def test_the_form_hides_what_has_no_meaning(self):
        form = Form(self.env["billing.contract"])
        form.partner_id = self.customer
        form.contract_type = "non_recurring"
        self.assertEqual(form.name, "Blue Yonder – Monthly")
        with self.assertRaisesRegex(AssertionError, "invisible"):
            form.frequency = "annual"
        contract = form.save()
        with self.assertRaisesRegex(ValidationError, "nothing to bill"):
            contract.action_activate()
        named = self.env["billing.contract"].create(
            {"partner_id": self.customer.id, "contract_type": "non_recurring", "date_start": "2026-01-01"})
        self.assertEqual(named.name, "Blue Yonder – Non-Recurring")
