from odoo import Command
from odoo.exceptions import UserError, ValidationError
from odoo.tests import new_test_user, tagged

from .common import BillingCommon


@tagged("post_install", "-at_install")
class TestSaleOrderChanges(BillingCommon):
    """What is changed on a confirmed order changes what its contract bills: the two never say different things."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.premium = cls._create_product(name="Premium", lst_price=20.0, taxes_id=False, invoice_policy="order")
        cls.premium.product_tmpl_id.write({"billing_recurring": True, "billing_frequency": "monthly"})
        cls.other = cls._create_product(name="Other", lst_price=5.0, taxes_id=False)
        cls.seller = new_test_user(
            cls.env, "seller", groups="sales_team.group_sale_salesman", company_id=cls.company.id,
            company_ids=[Command.set(cls.company.ids)])
        cls.order = cls.env["sale.order"].with_user(cls.seller).create({
            "partner_id": cls.customer.id,
            "order_line": [Command.create({"product_id": cls.premium.id, "product_uom_qty": 3})]})
        cls.line = cls.order.order_line

    def setUp(self):
        super().setUp()
        with self.today("2026-04-01"):
            self.order.action_confirm()
        self.subscription = self.line.sudo().billing_subscription_id
        self.contract = self.subscription.contract_id
        self.contract.refund_policy = "yes"

    def edit(self, day, **vals):
        with self.today(day):
            self.order.write({"order_line": [Command.update(self.line.id, vals)]})

    def logs(self):
        return [(log.event, str(log.effective_date), log.quantity, log.price_unit if log.sets_price else None)
                for log in self.subscription.change_log_ids.sorted("id")]

    def test_more_and_less_is_billed_from_the_day_of_the_change(self):
        self.run_job("2026-04-02")
        self.edit("2026-04-16", product_uom_qty=5)
        self.assertEqual(self.subscription.quantity, 5)
        message = self.contract.message_ids[0].body
        self.assertIn("Premium was changed on", message)
        self.assertIn(self.order.name, message)
        self.assertIn("Quantity 3 → 5", message)
        self.run_job("2026-05-02")
        self.edit("2026-05-17", product_uom_qty=2)
        self.run_job("2026-06-02")
        # 2 x 20.00 for 15 of 30 days; 3 x 20.00 for 15 of 31 days back
        self.assertInvoices(self.contract, [
            ("out_invoice", "2026-04-02", "2026-04-02", [(3, 20.0, 60.0, "2026-04-01", "2026-04-30")]),
            ("out_invoice", "2026-05-02", "2026-05-02", [
                (5, 20.0, 100.0, "2026-05-01", "2026-05-31"), (2, 10.0, 20.0, "2026-04-16", "2026-04-30")]),
            ("out_invoice", "2026-06-02", "2026-06-02", [
                (2, 20.0, 40.0, "2026-06-01", "2026-06-30"), (-3, 9.676667, -29.03, "2026-05-17", "2026-05-31")])])
        self.assertEqual(self.logs(), [
            ("create", "2026-04-01", 3, 20.0), ("update", "2026-04-16", 2, None), ("update", "2026-05-17", -3, None)])
        self.assertEqual((self.line.qty_to_invoice, self.order.invoice_status), (0, "no"))

    def test_a_new_price_and_discount_act_from_the_next_cycle(self):
        self.run_job("2026-04-02")
        self.edit("2026-04-16", price_unit=18.0, discount=10.0)
        self.assertIn("Unit Price 20 → 18", self.contract.message_ids[0].body)
        self.run_job("2026-05-02")
        self.assertInvoices(self.contract, [
            ("out_invoice", "2026-04-02", "2026-04-02", [(3, 20.0, 60.0, "2026-04-01", "2026-04-30")]),
            ("out_invoice", "2026-05-02", "2026-05-02", [(3, 18.0, 48.6, "2026-05-01", "2026-05-31")])])

    def test_what_the_contract_says_already_is_no_change(self):
        with self.today("2026-04-10"):
            self.subscription.change_quantity(4)
        messages = self.contract.message_ids
        self.edit("2026-04-11", product_uom_qty=4)
        self.edit("2026-04-11", product_uom_qty=4, name="Premium seats")
        self.assertEqual(self.contract.message_ids, messages)
        self.assertEqual(self.logs(), [("create", "2026-04-01", 3, 20.0), ("update", "2026-04-10", 1, None)])

    def test_none_is_left(self):
        self.run_job("2026-04-02")
        self.edit("2026-04-16", product_uom_qty=0)
        self.assertRecordValues(self.subscription, [{"quantity": 0, "state": "active"}])
        self.edit("2026-04-20", product_uom_qty=3)
        self.run_job("2026-05-02")
        # four days of 3 x 20.00 back: 60.00 x 15/30, and 60.00 x 11/30 again
        self.assertEqual(self.invoices(self.contract)[1].invoice_line_ids.mapped("price_subtotal"), [60.0, -30.0, 22.0])

    def test_a_change_that_the_contract_refuses_is_refused_on_the_order(self):
        self.run_job("2026-04-02")
        template = self.premium.product_tmpl_id

        def forbid():
            template.billing_reduction = "not_allowed"

        def pause():
            template.billing_reduction = "allowed"
            self.subscription.pause("2026-04-10")

        for prepare, quantity, words in (
                (forbid, 2, "may not be reduced"), (forbid, -1, "cannot be negative"), (pause, 5, "resume it first")):
            with self.today("2026-04-10"):
                prepare()
            with self.assertRaisesRegex((UserError, ValidationError), words), self.cr.savepoint():
                self.edit("2026-04-16", product_uom_qty=quantity)
            self.env.invalidate_all()
            self.assertEqual(self.line.product_uom_qty, 3)

    def test_what_is_not_billed_any_more_is_not_revived_by_the_order(self):
        self.run_job("2026-04-02")
        with self.today("2026-04-10"):
            self.subscription.deactivate()
        with self.assertRaisesRegex(UserError, "reactivate it on"), self.cr.savepoint():
            self.edit("2026-04-16", product_uom_qty=5)
        self.edit("2026-04-16", product_uom_qty=0)
        self.assertRecordValues(self.subscription, [{"quantity": 0, "state": "inactive"}])

    def test_a_closed_contract_is_told(self):
        self.contract.action_close()
        with self.assertRaisesRegex(UserError, "is closed"), self.cr.savepoint():
            self.edit("2026-04-16", product_uom_qty=5)

    def test_a_line_that_is_added_joins_the_contract(self):
        self.run_job("2026-04-02")
        with self.today("2026-04-16"):
            self.order.write({"order_line": [
                Command.create({"product_id": self.premium.id, "product_uom_qty": 1}),
                Command.create({"product_id": self.other.id, "product_uom_qty": 1})]})
        added, other = self.order.order_line[1:]
        self.assertEqual(added.sudo().billing_subscription_id, self.contract.subscription_ids[1])
        self.assertEqual((added.qty_to_invoice, other.sudo().billing_subscription_id.id), (0, False))
        self.run_job("2026-05-02")
        self.assertEqual(
            self.invoices(self.contract)[1].invoice_line_ids.mapped("price_subtotal"), [60.0, 20.0, 10.0])

    def test_the_product_of_a_billed_line_stays(self):
        self.assertFalse(self.line.product_updatable)
        with self.assertRaisesRegex(UserError, "cannot modify the product"), self.cr.savepoint():
            self.edit("2026-04-16", product_id=self.other.id)

    def test_before_it_is_billed_the_first_entry_is_corrected_from_today(self):
        self.edit("2026-04-01", product_uom_qty=5)
        self.run_job("2026-04-02")
        self.assertEqual(self.invoices(self.contract).amount_untaxed, 100.0)
