"""Any repeating invoice against a second opinion: dates, lines, amounts."""

from hypothesis import given

from odoo.tests import tagged

from odoo.addons.work365_billing.tests.lives import examples

from .repeating_lives import LAST, RepeatingLives, lives


@tagged("post_install", "-at_install")
class TestRepeatingOracle(RepeatingLives):
    def found(self, repeating):
        return [
            (move.invoice_date,
             [(line.price_subtotal, line.quantity) for line in move.invoice_line_ids.sorted("sequence")])
            for move in self.invoices_of(repeating)]

    @examples(6)
    @given(life=lives())
    def test_one_late_run_bills_the_same(self, life):
        repeating = self.begin(life, 2)
        self.run_job(LAST)
        self.assertEqual(self.found(repeating), life.expected(), life)
