from odoo.tests import TransactionCase, tagged

from ..engine import reasons
from ..models import billing_reason


@tagged("post_install", "-at_install")
class TestReasons(TransactionCase):
    """The list of reasons is closed: every code has words and a next step."""

    def test_every_code_is_explained(self):
        self.assertEqual(set(billing_reason.REASONS), set(reasons.ALL_CODES))
        self.assertEqual(len(set(reasons.ALL_CODES)), len(reasons.ALL_CODES))
        for code in reasons.ALL_CODES:
            what, step = billing_reason.REASONS[code]
            self.assertTrue(str(what).endswith(".") or ":" in str(what), code)
            self.assertTrue(str(step), code)
            self.assertEqual(billing_reason.explain(self.env, code), f"{what} {step}")

    def test_the_fields_offer_exactly_the_codes(self):
        for model in ("billing.schedule", "billing.job"):
            codes = [code for code, _label in self.env[model]._fields["reason"]._description_selection(self.env)]
            self.assertEqual(codes, list(reasons.ALL_CODES))
