from odoo import Command
from odoo.exceptions import UserError, ValidationError
from odoo.tests import tagged

from .common import BillingCommon


@tagged("post_install", "-at_install")
class TestReductionRules(BillingCommon):
    """Whether a product may be reduced: by whom it is asked, until when, and what is never asked."""

    def make(self, rule, days=7, **vals):
        self.licence.write({"billing_reduction": rule, "billing_reduction_days": days})
        return self.make_contract({"quantity": 5, "price_unit": 30.0}, date_start="2026-04-01", **vals)

    def reductions(self, sub, day=None):
        return {
            "quantity": lambda: sub.change_quantity(4, day),
            "written": lambda: sub.write({"quantity": 4}),
            "deactivate": lambda: sub.deactivate(day),
            "pause": lambda: sub.pause(day),
        }

    def test_allowed_is_the_default_and_asks_nothing(self):
        self.assertEqual(self.env["product.template"].new({}).billing_reduction, "allowed")
        sub = self.make("allowed").subscription_ids
        with self.today("2026-12-10"):
            sub.change_quantity(4)
            sub.deactivate()
        self.assertEqual(sub.state, "inactive")

    def test_not_allowed_refuses_every_way_down_and_no_way_up(self):
        contract = self.make("not_allowed")
        sub = contract.subscription_ids
        with self.today("2026-04-02"):
            for name, attempt in self.reductions(sub).items():
                with self.assertRaisesRegex(UserError, "can only grow", msg=name), self.env.cr.savepoint():
                    attempt()
            sub.change_quantity(6)
            sub.change_price(1.0)
            sub.pause(policy="full")
            sub.resume()
        self.assertEqual(contract.change_log_ids.sorted("id").mapped("quantity"), [5, 1, 0, 0, 0])

    def test_the_window_counts_from_the_activation_and_names_its_last_day(self):
        contract = self.make("window", 7)
        sub = contract.subscription_ids
        with self.today("2026-04-08"):
            sub.change_quantity(4)
        with self.today("2026-04-09"):
            for name, attempt in self.reductions(sub).items():
                with self.assertRaisesRegex(
                        UserError, "within 7 days .* the last day was 04/08/2026", msg=name), self.env.cr.savepoint():
                    if name == "quantity":
                        sub.change_quantity(3)
                    elif name == "written":
                        sub.quantity = 3
                    else:
                        attempt()
            sub.change_quantity(9)
        self.assertEqual(sub.quantity, 9)

    def test_the_day_that_counts_is_that_of_the_reduction(self):
        sub = self.make("window", 7).subscription_ids
        with self.today("2026-04-20"):
            sub.change_quantity(4, "2026-04-08")
            with self.assertRaisesRegex(UserError, "04/08/2026"):
                sub.deactivate("2026-05-01")
        self.assertEqual(sub.quantity, 4)

    def test_a_later_start_and_a_new_start_open_the_window_again(self):
        contract = self.make("window", 5)
        contract.subscription_ids = [Command.create(self._subscription_vals(
            {"quantity": 3, "price_unit": 10.0, "date_start": "2026-05-10"}))]
        first, later = contract.subscription_ids.sorted("id")
        with self.today("2026-05-15"):
            later.change_quantity(2)
        with self.today("2026-04-03"):
            first.deactivate()
        with self.today("2026-08-01"):
            first.reactivate()
        with self.today("2026-08-06"):
            first.change_quantity(1)
        with self.today("2026-08-07"), self.assertRaisesRegex(UserError, "08/06/2026"):
            first.change_quantity(0)
        self.assertEqual((first.quantity, later.quantity), (1, 2))

    def test_a_draft_an_ended_contract_and_an_undone_invoice_are_not_asked(self):
        contract = self.make("not_allowed", activate=False, date_end="2026-04-30")
        contract.subscription_ids.quantity = 2  # it is being entered
        with self.today("2026-04-01"):
            contract.action_activate()
        self.bill(contract, "2026-04-02")
        with self.today("2026-04-02"):
            self.invoices(contract).button_cancel()
        self.bill(contract, "2026-04-03")
        self.run_job("2026-05-02")
        self.assertEqual(contract.state, "closed")
        self.assertEqual(self.invoices(contract).mapped("amount_total"), [60.0, 60.0])

    def test_a_cancelled_order_is_taken_back_whatever_the_product_says(self):
        sub = self.make("not_allowed").subscription_ids
        self.run_job("2026-04-02")
        with self.today("2026-04-10"):
            sub._withdraw()
        self.assertRecordValues(sub, [{"state": "inactive", "quantity": 0.0}])

    def test_a_window_is_not_negative(self):
        with self.assertRaises(ValidationError):
            self.licence.billing_reduction_days = -1
