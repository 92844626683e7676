"""What other addons do when invoices are created and posted happens with complete journal items as well."""

from unittest.mock import patch

from odoo import Command
from odoo.exceptions import ValidationError
from odoo.tests import tagged

from ..models.account_move_posting import SETTLING
from ..models.plain_way import SYNCHRONISATION, find_extension
from .matrix_common import MatrixCommon


@tagged("post_install", "-at_install")
class TestInvoiceOverrides(MatrixCommon):
    """Each override stands above all others, as that of an addon which is loaded last."""

    def _override(self, name, function, model_name="account.move"):
        model = self.registry[model_name]
        original = getattr(model, name)
        self.startPatcher(patch.object(model, name, lambda move, *args, **kw: function(original, move, *args, **kw)))

    def _prepare(self):
        return self.vals(self.line(self.tax_15), self.line(self.tax_7, price=10, quantity=1))

    def test_create_that_changes_the_values(self):
        def create(original, move, vals_list):
            for vals in vals_list:
                lines = vals["invoice_line_ids"]
                lines[0][2].update(price_unit=50, tax_ids=[self.tax_7.id])
                lines.append(Command.create({"name": "Delivery", "price_unit": 4.5, **self.line(self.tax_15)}))
            return original(move, vals_list)

        self._override("create", create)
        self.assertSameBothWays(self._prepare)

    def test_create_that_leaves_the_proven(self):
        def create(original, move, vals_list):
            return original(move, [{**vals, "invoice_cash_rounding_id": self.cash_rounding_a.id} for vals in vals_list])

        self._override("create", create)
        self.assertSameBothWays(self._prepare)

    def test_create_that_gives_totals(self):
        """What looks complete and is not goes on as in Odoo: with a number of its own, and with storno accounting."""
        def create(original, move, vals_list):
            for vals in vals_list:
                vals["invoice_cash_rounding_id"] = self.cash_rounding_a.id
                for _command, _id, line in vals["invoice_line_ids"]:
                    line["price_subtotal"] = line["price_unit"] * line["quantity"]
            return original(move, vals_list)

        self._override("create", create)
        self.assertSameBothWays(self._prepare)
        self.company.account_storno = True
        self.assertSameBothWays(lambda: {**self._prepare(), "move_type": "out_refund"}, "storno accounting")

    def test_create_of_journal_items(self):
        """Who changes the values of journal items sees those that Odoo makes, one kind after the other."""
        def create(original, line, vals_list):
            return original(line, [
                {**vals, "price_unit": 50} if vals.get("product_id") else vals for vals in vals_list])

        self._override("create", create, "account.move.line")
        self.assertSameBothWays(self._prepare, f"extended by {self.registry['account.move.line'].__module__}")
        [move] = self.env["account.move"]._billing_create([self._prepare()])
        self.assertRecordValues(move, [{"amount_untaxed": 200.0, "amount_tax": 26.0, "amount_residual": 226.0}])

    def test_computed_by_others(self):
        """What another addon computes of its own on top of Odoo's is not taken from what we know."""
        def amount(original, move):
            original(move)
            for one in move:
                one.amount_untaxed_signed += 1

        def residual(original, line):
            original(line)
            line.filtered("tax_line_id").amount_residual = 7.0

        self._override("_compute_amount", amount)
        self._override("_compute_amount_residual", residual, "account.move.line")
        self.assertSameBothWays(self._prepare)
        [move] = self.env["account.move"]._billing_create([self._prepare()])
        self.assertEqual(move.amount_untaxed_signed, 110.99)
        self.assertEqual(move.line_ids.filtered("tax_line_id").mapped("amount_residual"), [7.0, 7.0])

    def test_written_once(self):
        """What follows from the journal items is inserted with them."""
        written = []
        model = self.registry["account.move.line"]
        original = model._write_multi

        def write_multi(lines, vals_list):
            written.append(vals_list)
            return original(lines, vals_list)

        self.startPatcher(patch.object(model, "_write_multi", write_multi))
        Move = self.env["account.move"].with_context(tracking_disable=True, skip_analytic_sync=True)
        moves = Move._billing_create([self._prepare() for _number in range(3)])
        self.env.flush_all()
        self.assertEqual(written, [])
        self.assertEqual(moves.mapped("amount_total"), [125.69] * 3)
        Move.create([self._prepare()])
        self.env.flush_all()
        self.assertTrue(written, "or this test looks at the wrong place")

    def test_taxes_that_do_not_mix(self):
        self.company.tax_exigibility = True
        transition = self.other_revenue.copy({"reconcile": True})
        vals = {"tax_exigibility": "on_payment", "cash_basis_transition_account_id": transition.id}
        on_payment = self.make_tax(3, **vals, **self.make_repartition((100, self.revenue, self.tag_tax)))
        at_once = self.make_tax(4, **self.make_repartition((100, self.revenue, self.tag_tax)))
        for create in (self.env["account.move"].create, self.env["account.move"]._billing_create):
            with self.assertRaisesRegex(ValidationError, "cannot be mixed on the same journal item"):
                create([self.vals(self.line(on_payment, at_once))])

    def test_create_that_changes_the_invoices(self):
        def create(original, move, vals_list):
            moves = original(move, vals_list)
            for one in moves:
                one.ref = "Changed"
                one.invoice_line_ids[0].price_unit = 70
                one.invoice_line_ids[1].unlink()
                one.write({"invoice_line_ids": [Command.create(self.line(self.tax_15, self.tax_7))]})
            return moves

        self._override("create", create)
        self.assertSameBothWays(self._prepare)
        [move] = self.env["account.move"]._billing_create([self._prepare()])
        self.assertRecordValues(move, [{"ref": "Changed", "amount_untaxed": 309.99, "amount_tax": 53.5}])

    def test_create_that_changes_the_customer(self):
        """The journal items of the new invoices follow, and what is added to them is completed, in euro as well."""
        other = self.env["res.partner"].create({"name": "Other"})

        def create(original, move, vals_list):
            moves = original(move, vals_list)
            for one in moves:
                one.partner_id = other
                one.write({"invoice_line_ids": [Command.create(self.line(self.tax_15, price=12.34))]})
            return moves

        self._override("create", create)
        self.assertSameBothWays(lambda: {**self._prepare(), "currency_id": self.euro.id})
        [move] = self.env["account.move"]._billing_create([self._prepare()])
        self.assertEqual(move.line_ids.partner_id, other)
        self.assertEqual(move.amount_untaxed, 147.01)

    def test_create_that_makes_more(self):
        def create(original, move, vals_list):
            more = original(move, [{**self._prepare(), "ref": "More"} for _vals in vals_list])
            more.invoice_line_ids[0].quantity = 1
            return original(move, vals_list)

        self._override("create", create)
        self.assertSameBothWays(self._prepare)
        more = self.env["account.move"].search([("ref", "=", "More")])
        self.assertEqual(more.mapped("amount_untaxed"), [43.33, 43.33])
        self.assertEqual([len(one.line_ids) for one in more], [5, 5])

    def test_post(self):
        def post(original, move, soft=True):
            move.invoice_line_ids[0].discount = 50
            posted = original(move, soft=soft)
            posted.ref = "Posted"
            return posted

        self._override("_post", post)
        self.assertSameBothWays(self._prepare)
        [move] = self.env["account.move"]._billing_create([self._prepare()])
        move._post()
        self.assertRecordValues(move, [{"ref": "Posted", "state": "posted", "amount_untaxed": 60.0}])

    def test_change_while_posting(self):
        """What an addon changes once the invoice is posted stays as Odoo leaves it."""
        def hash_moves(original, move, **kw):
            move.invoice_line_ids[0].price_unit = 50
            move.line_ids.filtered("date_maturity").name = "Changed"
            return original(move, **kw)

        self._override("_hash_moves", hash_moves)
        self.assertSameBothWays(self._prepare)
        [move] = self.env["account.move"]._billing_create([self._prepare()])
        move._billing_post()
        self.assertEqual(move.invoice_line_ids.mapped("price_unit"), [50.0, 10.0])
        self.assertEqual(move.line_ids.filtered("date_maturity").name, "Changed")

    def test_write_that_changes_lines(self):
        def write(original, move, vals):
            if vals.get("state") == "posted":
                move.invoice_line_ids[0].price_unit = 50
            return original(move, vals)

        self._override("write", write)
        self.assertSameBothWays(self._prepare)
        [move] = self.env["account.move"]._billing_create([self._prepare()])
        self.assertTrue(find_extension(self.env, SETTLING))
        move._billing_post()
        self.assertRecordValues(move, [{"state": "posted", "amount_untaxed": 160.0, "amount_tax": 23.2}])

    def test_nobody_else_has_a_hand_in_it(self):
        """So that what is created and posted here is what the tests compare."""
        self.assertFalse(find_extension(self.env, SYNCHRONISATION))
        self.assertFalse(find_extension(self.env, SETTLING))

    def test_extended_taxes(self):
        """An addon may read the record of a line, and there is none before the invoice exists."""
        model = self.registry["account.tax"]
        original = model._prepare_base_line_grouping_key

        def grouping_key(tax, base_line):
            if base_line["record"] is not None:  # as Odoo calls it to know the keys
                base_line["record"].ensure_one()
            return original(tax, base_line)

        self.startPatcher(patch.object(model, "_prepare_base_line_grouping_key", grouping_key))
        self.assertSameBothWays(self._prepare, f"extended by {model.__module__}")

    def test_extended_synchronisation(self):
        def terms(original, move):
            original(move)
            for one in move:
                one.needed_terms = {key: {**vals, "name": "Extended"} for key, vals in one.needed_terms.items()}

        self._override("_compute_needed_terms", terms)
        self.assertSameBothWays(self._prepare, f"extended by {self.registry['account.move'].__module__}")
        [move] = self.env["account.move"]._billing_create([self._prepare()])
        self.assertEqual(move.line_ids.filtered("date_maturity").name, "Extended")
