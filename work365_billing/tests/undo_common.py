from odoo import Command, fields
from odoo.tests import freeze_time

from .common import BillingCommon


class UndoCommon(BillingCommon):
    """A contract billed from April to July; July also bills an item and a late change."""

    JULY = [
        (6, 30.0, 180.0, "2026-07-01", "2026-07-31"), (1, 15.0, 15.0, "2026-04-16", "2026-04-30"),
        (1, 30.0, 30.0, "2026-05-01", "2026-05-31"), (1, 30.0, 30.0, "2026-06-01", "2026-06-30"),
        (1, 80.0, 80.0, False, False)]
    AUGUST = [(6, 30.0, 180.0, "2026-08-01", "2026-08-31")]

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.setup = cls._create_product(name="Setup", lst_price=80.0, taxes_id=False)
        cls.contract = cls.make_contract(
            {"quantity": 5, "price_unit": 30.0}, date_start="2026-04-01", date_end="2026-12-31", refund_policy="yes",
            item_ids=[Command.create(
                {"product_id": cls.setup.id, "name": "Setup", "price_unit": 80.0, "invoice_on": "2026-07-02"})])

        # April to July are billed; July also bills the item and, late, one more unit since 16 April.
        for day in ("2026-04-02", "2026-05-02", "2026-06-02", "2026-07-02"):
            with freeze_time(f"{day} 08:00:00"):
                if day == "2026-07-02":
                    cls.contract.subscription_ids.change_quantity(6, "2026-04-16")
                cls.env["billing.generate"].create({"contract_id": cls.contract.id}).action_proceed()

    def setUp(self):
        super().setUp()
        self.july = self.invoices(self.contract)[-1]
        self.row = self.july.billing_schedule_id
        self.late = self.contract.change_log_ids.filtered(lambda log: log.event == "update")
        self.item = self.contract.item_ids
        self.sub = self.contract.subscription_ids

    # ---- what is compared -------------------------------------------------------------------------------------------

    def lines(self, move):
        return [
            (line.quantity, line.price_unit, line.price_subtotal,
             line.billing_period_start and str(line.billing_period_start),
             line.billing_period_end and str(line.billing_period_end))
            for line in move.invoice_line_ids.sorted("sequence")]

    def said(self):
        """Return the newest message on the contract."""
        return str(self.contract.message_ids.sorted("id")[-1].body)

    def assertHolds(self, move):
        """The row of July, the late change and the item are billed by ``move``."""
        self.assertRecordValues(self.row, [{
            "state": "invoiced", "active": False, "status": "inactive", "on_hold": False,
            "resulting_invoice_id": move.id}])
        self.assertRecordValues(self.late, [{"state": "archived", "billing_move_id": move.id}])
        self.assertEqual(self.late.invoice_line_id.move_id, move)
        self.assertRecordValues(self.item, [{"invoice_id": move.id}])

    def assertFree(self):
        """The row of July, the late change and the item are to be billed."""
        self.assertRecordValues(self.row, [{
            "state": "pending", "active": True, "status": "active", "on_hold": False, "resulting_invoice_id": False,
            "run_date": False, "run_type": False}])
        self.assertRecordValues(self.late, [{
            "state": "active", "applied": True, "billing_move_id": False, "invoice_line_id": False}])
        self.assertFalse(self.item.invoice_line_id)
        self.assertEqual(self.contract.next_invoice_date, fields.Date.to_date("2026-07-02"))

    def assertOnHold(self):
        self.assertRecordValues(self.row, [{
            "state": "pending", "active": True, "on_hold": True, "resulting_invoice_id": False, "reason": "on_hold"}])
        self.assertIn("Generate its invoice again, or skip", self.row.message)
        self.assertEqual(self.contract.next_invoice_date, fields.Date.to_date("2026-08-02"))

    def reverse(self, move, modify=False, day="2026-07-10"):
        with self.today(day):
            wizard = self.env["account.move.reversal"].with_context(
                active_model="account.move", active_ids=move.ids,
            ).create({"date": day, "journal_id": move.journal_id.id})
            (wizard.modify_moves if modify else wizard.refund_moves)()
        return wizard.new_move_ids

    def credit(self, move, day="2026-07-10"):
        """Credit ``move`` in full, as a clerk does: the credit note is posted and reconciles itself."""
        note = self.reverse(move, day=day)
        with self.today(day):
            note.action_post()
        self.assertEqual(move.payment_state, "reversed")
        return note

    def generate(self, row, day="2026-07-12", **vals):
        with self.today(day):
            wizard = self.env["billing.generate"].create(
                {"contract_id": self.contract.id, "schedule_id": row.id, **vals})
            wizard.action_proceed()
        return wizard.invoice_id
