from odoo import Command
from odoo.exceptions import ValidationError
from odoo.tests import Form, new_test_user, tagged

from odoo.addons.work365_billing.tests.charge_common import ChargeCommon

from .common import BilldozerCommon


@tagged("post_install", "-at_install")
class TestCollectionDate(BilldozerCommon):
    """The day on which an invoice is collected, on the invoice."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.clerk = new_test_user(
            cls.env, login="collection_clerk", groups="work365_billing.billing_group_user",
            company_id=cls.company.id, company_ids=[Command.set(cls.company.ids)], tz="UTC", lang="en_US")

    def make_invoice(self, collect_on="10", day="2026-08-01", post=False, **vals):
        move = self.env["account.move"].create({
            "move_type": "out_invoice", "partner_id": self.customer.id, "invoice_date": day,
            "invoice_line_ids": [Command.create({
                "product_id": self.licence.id, "quantity": 1, "price_unit": 100.0, "tax_ids": False})],
            **self.env["account.move"]._prepare_collection_vals(self.company, collect_on, day), **vals})
        if post:
            move.action_post()
        return move

    def assertCollection(self, move, date, unmoved, reason):
        self.assertRecordValues(move, [{
            "collection_date": move._fields["collection_date"].to_date(date),
            "collection_date_unmoved": move._fields["collection_date"].to_date(unmoved), "collection_reason": reason}])

    def test_the_values_tell_the_agreed_day_and_why(self):
        Move = self.env["account.move"]
        moved = Move._prepare_collection_vals(self.company, "10", "2026-08-01")
        self.assertEqual({name: str(value) for name, value in moved.items()}, {
            "collection_date": "2026-08-11", "collection_date_unmoved": "2026-08-10",
            "collection_reason": "National Women's Day (observed)"})
        same = Move._prepare_collection_vals(self.company, "12", "2026-08-01")
        self.assertEqual((str(same["collection_date"]), same["collection_reason"]), ("2026-08-12", False))
        last = Move._prepare_collection_vals(self.company, "last", "2026-05-01")
        self.assertEqual((str(last["collection_date"]), last["collection_reason"]), ("2026-06-01", "Sunday"))

    def test_an_invoice_keeps_what_it_was_made_with(self):
        self.assertCollection(
            self.make_invoice(), "2026-08-11", "2026-08-10", "National Women's Day (observed)")
        self.assertCollection(self.make_invoice("12"), "2026-08-12", "2026-08-12", False)

    def test_other_invoices_are_not_collected(self):
        self.assertCollection(self.init_invoice("out_invoice", products=self.licence), False, False, False)

    def test_a_copy_is_not_collected(self):
        self.assertCollection(self.make_invoice().copy(), False, False, False)

    def test_a_clerk_changes_the_date_of_an_open_invoice(self):
        for post in (False, True):
            with self.subTest(posted=post):
                move = self.make_invoice(post=post).with_user(self.clerk)
                move.collection_date = "2026-08-14"
                self.assertCollection(move, "2026-08-14", "2026-08-10", "Entered by hand")
                move.collection_date = "2026-08-10"
                self.assertCollection(move, "2026-08-10", "2026-08-10", False)

    def test_the_change_is_tracked(self):
        move = self.make_invoice().with_context(tracking_disable=False, mail_notrack=False)
        self.cr.flush()
        move.collection_date = "2026-08-14"
        self.cr.flush()
        tracked = move.message_ids.tracking_value_ids.filtered(lambda value: value.field_id.name == "collection_date")
        self.assertEqual(
            [(str(value.old_value_datetime.date()), str(value.new_value_datetime.date())) for value in tracked],
            [("2026-08-11", "2026-08-14")])

    def test_never_before_the_invoice_date(self):
        move = self.make_invoice()
        with self.assertRaisesRegex(ValidationError, "before its date of 08/01/2026"), self.cr.savepoint():
            move.collection_date = "2026-07-31"
        with self.assertRaisesRegex(ValidationError, "cannot be collected on 08/11/2026"), self.cr.savepoint():
            move.invoice_date = "2026-08-12"
        move.write({"invoice_date": "2026-08-12", "collection_date": "2026-08-12"})
        self.assertCollection(move, "2026-08-12", "2026-08-10", "Entered by hand")

    def test_nothing_changes_once_it_is_collected(self):
        move = self.make_invoice(post=True)
        self.pay(move, 40.0)
        move.collection_date = "2026-08-14"  # the rest is still to be collected
        self.assertTrue(move.collection_is_open)
        self.pay(move, 60.0)
        self.assertFalse(move.collection_is_open)
        with self.assertRaisesRegex(ValidationError, "stays as it is. Nothing is left to collect"), self.cr.savepoint():
            move.collection_date = "2026-08-17"
        self.assertCollection(move, "2026-08-14", "2026-08-10", "Entered by hand")

    def pay(self, move, amount):
        self.env["account.payment.register"].with_context(
            active_model="account.move", active_ids=move.ids).create({
                "amount": amount, "payment_date": "2026-08-11"}).action_create_payments()

    def test_nothing_changes_once_it_is_cancelled(self):
        move = self.make_invoice()
        move.button_cancel()
        with self.assertRaisesRegex(ValidationError, "is cancelled, so it is not collected"), self.cr.savepoint():
            move.collection_date = "2026-08-14"

    def test_the_form_lets_a_clerk_change_it_only_while_it_is_open(self):
        move = self.make_invoice(post=True)
        with Form(move.with_user(self.clerk)) as form:
            form.collection_date = "2026-08-13"
        self.pay(move, 100.0)
        with self.assertRaisesRegex(AssertionError, "collection_date"):
            Form(move.with_user(self.clerk)).collection_date = "2026-08-14"

    def test_it_is_found_by_its_collection_date(self):
        move = self.make_invoice()
        found = self.env["account.move"].search([("collection_date", "=", "2026-08-11")])
        self.assertEqual(found, move)

    def test_the_printed_invoice_has_account_number_and_collection_date(self):
        self.customer.account_number = "AC-1001"
        move = self.make_invoice(post=True)
        html = self.print_html(move)
        self.assertIn("AC-1001", html)
        self.assertIn("Collection Date", html)
        self.assertIn("08/11/2026", html)
        contact = self.env["res.partner"].create({"name": "Accounts", "parent_id": self.customer.id})
        self.assertIn("AC-1001", self.print_html(self.make_invoice(partner_id=contact.id)))
        self.customer.account_number = False
        self.assertNotIn("Account Number", self.print_html(self.make_invoice()))

    def print_html(self, move):
        return self.env["ir.actions.report"]._render_qweb_html(
            "account.report_invoice", move.ids)[0].decode()


@tagged("post_install", "-at_install")
class TestChargeOnCollectionDate(ChargeCommon):
    """A card is charged on the collection date of the invoice, where it has one."""

    def test_the_job_waits_for_the_collection_date(self):
        contract = self.make_automatic(auto_charge=False, auto_send=False)
        self.run_job("2026-01-02")
        move = contract.invoice_ids
        move.collection_date = "2026-01-06"
        contract.auto_charge = True
        task = self.env["billing.job"].sudo().create({
            "contract_id": contract.id, "schedule_id": move.billing_schedule_id.id, "job_type": "charge",
            "invoice_id": move.id})
        move.collection_date = "2026-01-07"
        self.assertEqual(str(task.collection_date), "2026-01-07")
        self.run_job("2026-01-06")
        self.assertRecordValues(task, [{"state": "waiting", "transaction_id": False}])
        self.run_job("2026-01-07")
        self.assertEqual(task.state, "succeeded")
        self.assertRecordValues(move, [{"amount_residual": 0.0}])
