from odoo import Command, fields
from odoo.tests import new_test_user, tagged

from .common import BillingCommon


@tagged("post_install", "-at_install")
class TestSaleOrder(BillingCommon):
    """A confirmed order makes a contract or extends the customer's; the order does not invoice its recurring lines."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.tax = cls.company_data["default_tax_sale"]
        cls.premium = cls._create_product(
            name="Microsoft 365 Business Premium", lst_price=22.0, taxes_id=cls.tax, invoice_policy="order")
        cls.premium.product_tmpl_id.write({"billing_recurring": True, "billing_frequency": "monthly"})
        cls.defender = cls._create_product(name="Defender for Business", lst_price=36.0, taxes_id=cls.tax)
        cls.defender.product_tmpl_id.write({"billing_recurring": True, "billing_frequency": "annual"})
        cls.onboarding = cls._create_product(
            name="Onboarding", lst_price=950.0, taxes_id=cls.tax, type="service", invoice_policy="order")
        cls.seller = new_test_user(
            cls.env, "seller", groups="sales_team.group_sale_salesman", company_id=cls.company.id,
            company_ids=[Command.set(cls.company.ids)])
        cls.euro = cls.setup_other_currency("EUR")
        cls.term = cls.env.ref("account.account_payment_term_30days")

    def order(self, *lines, **vals):
        """Return a quotation of the salesperson with ``lines`` as (product, quantity, values)."""
        return self.env["sale.order"].with_user(self.seller).create({
            "partner_id": self.customer.id, "payment_term_id": self.term.id, **vals,
            "order_line": [
                Command.create({"product_id": product.id, "product_uom_qty": quantity, **more})
                for product, quantity, more in lines]})

    @staticmethod
    def day(text):
        return fields.Date.to_date(text)

    def confirm(self, order, day="2026-03-10"):
        with self.today(day):
            order.action_confirm()
        return self.contracts()

    def contracts(self):
        return self.env["billing.contract"].search([("partner_id", "=", self.customer.id)], order="id")

    def test_confirming_makes_an_active_contract_with_the_values_of_the_order(self):
        order = self.order(
            (self.premium, 25, {"price_unit": 20.9, "discount": 5.0, "name": "Premium seats\nWith Teams"}),
            (self.onboarding, 1, {}))
        contract = self.confirm(order)
        self.assertRecordValues(contract, [{
            "partner_id": self.customer.id, "company_id": self.company.id, "currency_id": self.company.currency_id.id,
            "frequency": "monthly", "billing_policy": "advance", "state": "active", "user_id": self.seller.id,
            "payment_term_id": self.term.id, "date_start": self.day("2026-03-10"), "date_end": False}])
        self.assertRecordValues(contract.subscription_ids, [{
            "product_id": self.premium.id, "name": "Premium seats", "quantity": 25, "price_unit": 20.9, "discount": 5.0,
            "sales_unit": "monthly", "tax_ids": self.tax.ids, "date_start": self.day("2026-03-10"), "date_end": False,
            "billable": True, "state": "active"}])
        self.assertRecordValues(contract.change_log_ids, [
            {"event": "create", "effective_date": self.day("2026-03-10"), "quantity": 25, "price_unit": 20.9,
             "state": "active"}])
        self.assertEqual(len(contract.schedule_ids), 12)
        self.assertEqual(
            [(str(row.cycle_start), str(row.cycle_end), row.state)
             for row in contract.schedule_ids.sorted("cycle_start")[:2]],
            [("2026-03-10", "2026-04-09", "pending"), ("2026-04-10", "2026-05-09", "pending")])
        self.assertEqual(order.order_line.billing_subscription_id, contract.subscription_ids)
        self.assertEqual((order.billing_contract_ids, order.billing_contract_count), (contract, 1))
        self.assertIn(contract.name, order.message_ids[0].body)

    def test_recurring_lines_are_not_invoiced_on_the_order_and_the_others_are(self):
        order = self.order((self.premium, 25, {}), (self.onboarding, 1, {}))
        contract = self.confirm(order)
        self.assertRecordValues(order.order_line, [
            {"qty_to_invoice": 0, "invoice_status": "no", "untaxed_amount_to_invoice": 0, "amount_to_invoice": 0},
            {"qty_to_invoice": 1, "invoice_status": "to invoice", "untaxed_amount_to_invoice": 950.0,
             "amount_to_invoice": 1092.5}])
        self.assertEqual(order.invoice_status, "to invoice")
        move = order.sudo()._create_invoices()
        self.assertEqual(move.invoice_line_ids.mapped("product_id"), self.onboarding)
        self.assertEqual(order.order_line.mapped("invoice_status"), ["no", "invoiced"])
        self.assertEqual((order.invoice_status, order.order_line[0].qty_invoiced), ("no", 0))
        self.run_job("2026-03-11")
        self.assertInvoices(contract, [
            ("out_invoice", "2026-03-11", "2026-04-10", [(25, 22.0, 550.0, "2026-03-10", "2026-04-09")])])
        self.assertEqual(order.invoice_ids, move)
        order.order_line[0].product_uom_qty = 30
        self.assertEqual((order.order_line[0].qty_to_invoice, order.invoice_status), (0, "no"))

    def test_order_of_recurring_lines_only_has_nothing_to_invoice(self):
        order = self.order((self.premium, 25, {}))
        self.confirm(order)
        self.assertEqual(order.invoice_status, "no")
        self.assertEqual((order.amount_to_invoice, order.amount_invoiced), (0, 0))

    def test_a_second_order_extends_the_contract_and_another_frequency_makes_one(self):
        first = self.confirm(self.order((self.premium, 25, {})))
        order = self.order((self.premium, 5, {"price_unit": 21.0}), (self.defender, 30, {}))
        contracts = self.confirm(order, "2026-03-20")
        self.assertEqual((len(contracts), contracts[0]), (2, first))
        self.assertRecordValues(first.subscription_ids, [
            {"quantity": 25, "price_unit": 22.0, "date_start": self.day("2026-03-10")},
            {"quantity": 5, "price_unit": 21.0, "date_start": self.day("2026-03-20")}])
        self.assertRecordValues(contracts[1], [
            {"frequency": "annual", "date_start": self.day("2026-03-20"), "state": "active"}])
        self.assertRecordValues(contracts[1].subscription_ids, [
            {"sales_unit": "annual", "quantity": 30, "price_unit": 36.0}])
        self.assertEqual(len(contracts[1].schedule_ids), 2)
        self.assertEqual((order.billing_contract_ids, order.billing_contract_count), (contracts, 2))
        action = order.sudo().action_view_billing_contracts()
        self.assertEqual(action["domain"], [("id", "in", contracts.ids)])

    def test_another_currency_or_company_makes_another_contract(self):
        first = self.confirm(self.order((self.premium, 25, {})))
        pricelist = self.env["product.pricelist"].create({"name": "Euro", "currency_id": self.euro.id})
        second = self.confirm(self.order((self.premium, 1, {"price_unit": 10.0}), pricelist_id=pricelist.id)) - first
        self.assertRecordValues(second, [{"currency_id": self.euro.id, "company_id": self.company.id}])
        other = self.setup_other_company()["company"]
        other.billing_tz = "UTC"
        order = self.env["sale.order"].sudo().with_company(other).create({
            "partner_id": self.customer.id, "company_id": other.id,
            "order_line": [Command.create({"product_id": self.premium.id, "product_uom_qty": 1})]})
        third = self.confirm(order) - first - second
        self.assertRecordValues(third, [{"company_id": other.id, "state": "active"}])
        self.assertEqual(third.subscription_ids.tax_ids.company_id, other)

    def test_a_draft_or_ended_or_closed_contract_is_not_extended(self):
        made = {
            "draft": self.make_contract({"quantity": 1, "price_unit": 1.0}, date_start="2026-03-01", activate=False),
            "ended": self.make_contract(
                {"quantity": 1, "price_unit": 1.0}, date_start="2025-01-01", date_end="2025-12-31"),
            "closed": self.make_contract({"quantity": 1, "price_unit": 1.0}, date_start="2026-01-01"),
        }
        made["closed"].action_close()
        order = self.order((self.premium, 25, {}))
        self.confirm(order)
        new = order.billing_contract_ids
        self.assertFalse(new & self.env["billing.contract"].union(*made.values()))
        self.assertEqual([contract.state for contract in made.values()], ["draft", "active", "closed"])
        self.assertEqual([len(contract.subscription_ids) for contract in made.values()], [1, 1, 1])

    def test_contract_that_starts_later_bills_the_line_from_its_start(self):
        contract = self.make_contract(
            {"quantity": 1, "price_unit": 1.0}, date_start="2026-04-01", today="2026-03-01")
        self.confirm(self.order((self.premium, 25, {})))
        self.assertRecordValues(contract.subscription_ids, [
            {"quantity": 1, "date_start": self.day("2026-04-01")},
            {"quantity": 25, "date_start": self.day("2026-04-01")}])

    def test_cancelling_before_the_first_bill_withdraws_everything(self):
        order = self.order((self.premium, 25, {}), (self.onboarding, 1, {}))
        contract = self.confirm(order)
        with self.today("2026-03-10"):
            order._action_cancel()
        self.assertRecordValues(contract, [{"state": "closed", "next_invoice_date": False}])
        self.assertFalse(contract.subscription_ids | order.order_line.billing_subscription_id)
        self.assertFalse(contract.schedule_ids)
        self.run_job("2026-03-11")
        self.assertInvoices(contract, [])
        self.assertEqual((order.billing_contract_count, order.invoice_status), (0, "no"))

    def test_cancelling_the_extension_leaves_the_contract_as_it_was(self):
        contract = self.confirm(self.order((self.premium, 25, {})))
        self.run_job("2026-03-11")
        second = self.order((self.premium, 5, {}))
        self.confirm(second, "2026-03-20")
        with self.today("2026-03-21"):
            second._action_cancel()
        self.assertRecordValues(contract.subscription_ids, [{"quantity": 25, "state": "active"}])
        self.run_job("2026-04-11")
        self.assertInvoices(contract, [
            ("out_invoice", "2026-03-11", "2026-04-10", [(25, 22.0, 550.0, "2026-03-10", "2026-04-09")]),
            ("out_invoice", "2026-04-11", "2026-05-11", [(25, 22.0, 550.0, "2026-04-10", "2026-05-09")])])

    def test_cancelling_after_the_first_bill_deactivates_with_a_refund(self):
        order = self.order((self.premium, 30, {}))
        contract = self.confirm(order)
        contract.refund_policy = "yes"
        self.run_job("2026-03-11")
        with self.today("2026-03-26"):
            order._action_cancel()
        self.assertRecordValues(contract.subscription_ids, [{"quantity": 0, "state": "inactive"}])
        self.assertRecordValues(contract.change_log_ids.sorted("id"), [
            {"event": "create", "quantity": 30, "effective_date": self.day("2026-03-10"), "state": "archived",
             "refund": True},
            {"event": "deactivate", "quantity": -30, "effective_date": self.day("2026-03-26"), "state": "active",
             "refund": True}])
        self.run_job("2026-04-11")
        self.run_job("2026-05-11")
        # 15 of the 31 days that were billed in advance
        self.assertInvoices(contract, [
            ("out_invoice", "2026-03-11", "2026-04-10", [(30, 22.0, 660.0, "2026-03-10", "2026-04-09")]),
            ("out_refund", "2026-04-11", "2026-05-11", [(30, 10.645, 319.35, "2026-03-26", "2026-04-09")])])

    def test_confirming_again_after_a_cancellation_bills_again(self):
        order = self.order((self.premium, 30, {}))
        first = self.confirm(order)
        with self.today("2026-03-10"):
            order._action_cancel()
            order.action_draft()
        again = self.confirm(order, "2026-03-12") - first
        self.assertRecordValues(again, [{"state": "active", "date_start": self.day("2026-03-12")}])
        self.assertEqual(order.order_line.billing_subscription_id, again.subscription_ids)
        self.run_job("2026-03-13")
        with self.today("2026-03-20"):
            order._action_cancel()
            order.action_draft()
        self.confirm(order, "2026-03-25")
        self.assertRecordValues(again.subscription_ids, [
            {"quantity": 0, "state": "inactive", "date_start": self.day("2026-03-12")},
            {"quantity": 30, "state": "active", "date_start": self.day("2026-03-25")}])
        self.assertEqual(order.order_line.billing_subscription_id, again.subscription_ids[1])
        self.assertEqual(order.invoice_status, "no")

    def test_a_copy_of_the_order_has_no_subscription(self):
        order = self.order((self.premium, 30, {}))
        contract = self.confirm(order)
        copy = order.copy()
        self.assertFalse(copy.order_line.billing_subscription_id)
        self.assertEqual(copy.billing_contract_count, 0)
        self.assertEqual(order.billing_contract_ids, contract)
