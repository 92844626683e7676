from odoo import Command
from odoo.exceptions import UserError, ValidationError
from odoo.tests import Form, tagged
from odoo.tools import mute_logger

from .usage_common import UsageCommon


@tagged("post_install", "-at_install")
class TestRateCard(UsageCommon):
    """The total quantity of a subscription in a billing cycle decides the tier that prices all of it."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.per_unit = cls.make_card((100, 1.0), (500, 0.8), default_rate=0.5)
        cls.per_range = cls.make_card((100, 90.0), (500, 300.0), default_rate=700.0, rate_type="block")

    def billed(self, card, *quantities, **subscription):
        """Return quantity, price and subtotal of the lines of January's usage."""
        usage = self.make_usage_contract(rate_card_id=card.id, **subscription)
        for day, quantity in enumerate(quantities, start=3):
            self.use(usage, f"2026-01-{day:02}", quantity=quantity)
        self.bill(usage.contract_id, "2026-02-02")
        lines = self.invoices(usage.contract_id).invoice_line_ids.sorted("sequence")
        return [(line.quantity, round(line.price_unit, 4), line.price_subtotal) for line in lines]

    def test_boundaries(self):
        for quantities, unit, whole in (
                ((99.99,), [(99.99, 1.0, 99.99)], [(1, 90.0, 90.0)]),
                ((100,), [(100, 1.0, 100.0)], [(1, 90.0, 90.0)]),
                ((100.01,), [(100.01, 0.8, 80.01)], [(1, 300.0, 300.0)]),
                ((60, 40), [(100, 1.0, 100.0)], [(1, 90.0, 90.0)]),
                ((60, 41), [(101, 0.8, 80.8)], [(1, 300.0, 300.0)]),
                ((500,), [(500, 0.8, 400.0)], [(1, 300.0, 300.0)]),
                ((501,), [(501, 0.5, 250.5)], [(1, 700.0, 700.0)]),
        ):
            with self.subTest(quantities=quantities):
                self.assertEqual(self.billed(self.per_unit, *quantities), unit)
                self.assertEqual(self.billed(self.per_range, *quantities), whole)

    def test_it_is_one_line_also_without_grouping_and_reaches_the_minimum(self):
        self.assertEqual(
            self.billed(self.per_unit, 60, 41, usage_rollup="none", minimum_commitment=100.0),
            [(101, 0.8, 80.8), (1, 19.2, 19.2)])

    def test_each_cycle_starts_again_and_late_usage_moves_its_own_cycle(self):
        usage = self.make_usage_contract(rate_card_id=self.per_unit.id)
        contract = usage.contract_id
        self.use(usage, "2026-01-31", quantity=90)
        self.bill(contract, "2026-02-02")
        self.use(usage, "2026-01-30", quantity=60, today="2026-02-10")  # 150 at 0.80 are 120.00
        self.use(usage, "2026-02-28", quantity=90)
        self.bill(contract, "2026-03-02")
        self.assertEqual([self.usage_lines(move) for move in self.invoices(contract)], [
            [("Azure", 90, 90.0, "2026-01-01", "2026-01-31")],
            [("Azure", 1, 30.0, "2026-01-01", "2026-01-31"), ("Azure", 90, 90.0, "2026-02-01", "2026-02-28")]])

    def test_a_correction_falls_back_into_the_lower_tier(self):
        usage = self.make_usage_contract(rate_card_id=self.per_range.id)
        contract = usage.contract_id
        record = self.use(usage, "2026-01-31", quantity=120)
        self.bill(contract, "2026-02-02")
        self.env["billing.usage"].create({
            "subscription_id": usage.id, "corrects_id": record.id, "quantity": -20})
        self.bill(contract, "2026-03-02")
        credit = self.invoices(contract)[1]
        self.assertEqual((credit.move_type, self.usage_lines(credit)), (
            "out_refund", [("Azure", 1, 210.0, "2026-01-01", "2026-01-31")]))

    def test_a_price_of_its_own_stays_outside_the_tiers(self):
        usage = self.make_usage_contract(rate_card_id=self.per_unit.id)
        tiered = self.use(usage, "2026-01-10", quantity=100)
        priced = self.use(usage, "2026-01-10", quantity=50, price_unit=3.0)
        self.assertRecordValues(tiered | priced, [
            {"is_tiered": True, "amount": 0.0}, {"is_tiered": False, "amount": 150.0}])
        with self.today("2026-01-12"):
            self.assertRecordValues(usage, [{"usage_quantity": 150.0, "usage_amount": 250.0}])
        self.bill(usage.contract_id, "2026-02-02")
        self.assertEqual(self.usage_lines(self.invoices(usage.contract_id)), [
            ("Azure", 100, 100.0, "2026-01-01", "2026-01-31"), ("Azure", 50, 150.0, "2026-01-01", "2026-01-31")])

    def test_undo_and_bill_again_gives_the_same_lines(self):
        usage = self.make_usage_contract(rate_card_id=self.per_range.id)
        self.use(usage, "2026-01-31", quantity=120)
        self.bill(usage.contract_id, "2026-02-02")
        first = self.invoices(usage.contract_id)
        lines = self.usage_lines(first)
        first.button_cancel()
        self.bill(usage.contract_id, "2026-02-03")
        again = self.invoices(usage.contract_id) - first
        self.assertEqual(self.usage_lines(again), lines)

    # ---- entering ---------------------------------------------------------------------------------------------------

    def test_tiers_are_sorted(self):
        with Form(self.env["billing.rate.card"]) as form:
            form.name = "Traffic"
            for limit, price in ((500, 0.8), (100, 1.0)):
                with form.tier_ids.new() as tier:
                    tier.up_to = limit
                    tier.price = price
        card = form.record
        card.invalidate_recordset()
        self.assertEqual(
            [(tier.up_to, tier.price) for tier in card.tier_ids], [(100.0, 1.0), (500.0, 0.8)])
        self.assertEqual(card._get_billing_card().amount(100), 100)

    def test_overlaps_and_negatives_are_refused(self):
        for name, tiers, values in (
                ("up_to_uniq", [(100, 1.0), (100, 2.0)], {}),
                ("up_to_positive", [(0, 1.0)], {}),
                ("price_positive", [(10, -1.0)], {}),
                ("default_rate_positive", [(10, 1.0)], {"default_rate": -1.0}),
        ):
            with self.subTest(name), mute_logger("odoo.sql_db"), self.assertRaisesRegex(Exception, name), \
                    self.env.cr.savepoint():
                self.make_card(*tiers, **values)

    def test_a_card_of_another_currency_is_refused(self):
        euro = self.env.ref("base.EUR")
        euro.active = True
        card = self.make_card((100, 1.0), currency_id=euro.id)
        with self.assertRaisesRegex(ValidationError, "choose a rate card in that currency"):
            self.make_usage_contract(rate_card_id=card.id)

    def test_the_currency_of_contract_and_card_stays(self):
        euro = self.env.ref("base.EUR")
        euro.active = True
        self.env["res.currency.rate"].create({"currency_id": euro.id, "name": "2026-01-01", "rate": 0.9})
        usage = self.make_usage_contract(rate_card_id=self.per_unit.id, activate=False)
        with self.assertRaisesRegex(UserError, "make a new rate card"):
            self.per_unit.currency_id = euro
        with self.assertRaisesRegex(ValidationError, "choose a rate card in that currency"):
            usage.contract_id.currency_id = euro

    def test_a_copy_has_its_own_tiers(self):
        copy = self.per_unit.copy()
        self.assertEqual(copy.tier_ids.mapped("up_to"), [100.0, 500.0])
        copy.tier_ids = [Command.clear()]
        self.assertEqual(len(self.per_unit.tier_ids), 2)
