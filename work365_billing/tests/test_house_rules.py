"""What Odoo would drop without a word."""

from odoo.tests import TransactionCase, tagged

ADDONS = ("work365_billing", "billdozer_repeating")
MARKS = ("_constrains", "_onchange", "_ondelete")


@tagged("post_install", "-at_install")
class TestHouseRules(TransactionCase):
    def test_overrides_keep_their_decorators(self):
        """Odoo takes a check, an onchange or a rule of deletion for one by the decorator of the last override alone."""
        lost = [
            (name, cls.__module__, method, mark)
            for name, model in self.registry.items()
            for number, cls in enumerate(model.__mro__) if cls.__module__.startswith(tuple(
                f"odoo.addons.{addon}." for addon in ADDONS))
            for method, function in vars(cls).items() if callable(function)
            for mark in MARKS if not hasattr(function, mark)
            if any(hasattr(vars(other).get(method), mark) for other in model.__mro__[number + 1:])]
        self.assertEqual(lost, [])
