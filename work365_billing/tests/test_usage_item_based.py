from odoo.tests import tagged

from .usage_common import UsageCommon


@tagged("post_install", "-at_install")
class TestUsageItemBased(UsageCommon):
    """Usage of a subscription with cycles of its own: tiers and minimum count in those, and its own rows bill them."""

    FIRST, SECOND, THIRD, FOURTH = (
        ("2026-01-15", "2026-02-14"), ("2026-02-15", "2026-03-14"), ("2026-03-15", "2026-04-14"),
        ("2026-04-15", "2026-05-14"))
    MINIMUM = "Azure: minimum commitment"

    def setUp(self):
        super().setUp()
        self.card = self.make_card((100, 1.0), (500, 0.8), default_rate=0.5)
        self.contract = self.make_contract(
            {"quantity": 1, "price_unit": 10.0, "name": "Support"},
            {"product_id": self.azure.id, "name": "Azure", "pricing": "usage", "quantity": 1,
             "date_start": "2026-01-15", "sales_unit": "monthly", "rate_card_id": self.card.id,
             "minimum_commitment": 50.0},
            contract_type="item_based", date_start="2026-01-01")
        self.usage = self.contract.subscription_ids[1]
        self.use(self.usage, "2026-02-10", quantity=90)
        self.bill(self.contract, "2026-01-02", "2026-01-16", "2026-02-02", "2026-02-16")

    def of_usage(self):
        """Return the lines of each invoice of the subscription, by its date."""
        moves = self.invoices(self.contract).filtered(lambda move: self.usage in move.line_ids.billing_subscription_id)
        return {str(move.invoice_date): self.usage_lines(move) for move in moves}

    def go_on(self):
        """Enter late usage of two cycles and bill what follows of it."""
        self.use(self.usage, "2026-02-01", quantity=60, today="2026-02-20")
        self.use(self.usage, "2026-03-01", quantity=20)
        self.bill(self.contract, "2026-03-02", "2026-03-16")
        self.use(self.usage, "2026-03-10", quantity=40, today="2026-03-20")
        self.bill(self.contract, "2026-04-02", "2026-04-16")

    def test_late_usage_moves_the_tier_and_the_minimum_of_its_own_cycle(self):
        self.go_on()
        self.assertEqual(self.of_usage(), {
            "2026-02-16": [("Azure", 90, 90.0, *self.FIRST)],
            # 150 at 0.80 are 120.00; the second cycle is 30.00 below its minimum
            "2026-03-16": [("Azure", 1, 30.0, *self.FIRST), ("Azure", 20, 20.0, *self.SECOND),
                           (self.MINIMUM, 1, 30.0, *self.SECOND)],
            # 60.00 are above the minimum: what had been added to it comes back
            "2026-04-16": [("Azure", 40, 40.0, *self.SECOND), (self.MINIMUM, -1, -30.0, *self.SECOND),
                           (self.MINIMUM, 1, 50.0, *self.THIRD)]})
        supported = self.invoices(self.contract).filtered(
            lambda move: self.usage not in move.line_ids.billing_subscription_id)
        self.assertEqual([(str(move.invoice_date), move.amount_untaxed) for move in supported], [
            (day, 10.0) for day in ("2026-01-02", "2026-02-02", "2026-03-02", "2026-04-02")])

    def test_undone_it_is_billed_again_with_the_same_lines(self):
        self.go_on()
        expected = self.of_usage()
        last = self.invoices(self.contract)[-1]
        with self.today("2026-04-17"):
            last.unlink()
        self.run_job("2026-04-17")
        self.assertEqual(self.of_usage(), expected)

    def test_new_prices_of_the_card_are_for_what_is_not_billed_yet(self):
        self.go_on()
        self.card.tier_ids.sorted("up_to")[0].price = 2.0
        self.card.tier_ids.sorted("up_to")[1].price = 0.9
        self.usage.minimum_commitment = 80.0
        self.use(self.usage, "2026-02-02", quantity=10, today="2026-04-20")
        self.use(self.usage, "2026-05-01", quantity=10)
        self.bill(self.contract, "2026-05-02", "2026-05-16")
        # ten more in a cycle of 150 cost ten times 0.90: what is billed of it stays, and its minimum is over
        self.assertEqual(self.of_usage()["2026-05-16"], [
            ("Azure", 10, 9.0, *self.FIRST), ("Azure", 10, 20.0, *self.FOURTH), (self.MINIMUM, 1, 60.0, *self.FOURTH)])
