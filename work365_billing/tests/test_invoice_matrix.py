"""Invoices that are created with all their journal items equal those that Odoo completes: every stored field."""

from collections.abc import Callable
from copy import deepcopy
from dataclasses import dataclass
from unittest.mock import patch

from odoo import Command
from odoo.exceptions import UserError
from odoo.tests import tagged

from .matrix_common import MatrixCommon


@dataclass(frozen=True)
class Case:
    """One row of the matrix.

    :param prepare: function of the test that returns the values of the invoice
    :param reason: why the invoice goes the plain way; None when it is completed
    """

    name: str
    prepare: Callable
    reason: str | None = None


TAXES = (
    Case("no tax", lambda t: t.vals(t.line())),
    Case("one tax", lambda t: t.vals(t.line(t.tax_15), t.line(t.tax_15, price=0.05))),
    Case("several taxes", lambda t: t.vals(t.line(t.tax_15, t.tax_7), t.line(t.tax_7), t.line())),
    Case("price includes the tax", lambda t: t.vals(t.line(t.included, price=9.99), t.line(t.included, price=0.01))),
    Case("included and excluded", lambda t: t.vals(t.line(t.included, t.tax_7, price=9.99))),
    Case("a tax on a tax", lambda t: t.vals(t.line(t.on_top, t.tax_15), t.line(t.tax_15))),
    Case("group of taxes", lambda t: t.vals(t.line(t.group), t.line(t.tax_15))),
    Case("amount per unit", lambda t: t.vals(t.line(t.fixed, quantity=7), t.line(t.fixed, t.tax_15))),
    Case("part of the price", lambda t: t.vals(t.line(t.division))),
    Case("repartition with tags", lambda t: t.vals(t.line(t.spread, price=0.07), t.line(t.spread))),
    Case("repartition on the line's account", lambda t: t.vals(t.line(t.own_account), t.line(t.own_account, account_id=(
        t.other_revenue.id)))),
    Case("withholding", lambda t: t.vals(t.line(t.tax_15, t.withholding))),
    Case("reverse charge", lambda t: t.vals(t.line(t.reverse_charge), t.line(t.tax_15))),
    Case("tax of zero percent", lambda t: t.vals(t.line(t.zero))),
    Case("tags of the product", lambda t: t.vals(t.line(t.tax_15, product_id=t.tagged_product.id))),
    Case("archived tax", lambda t: t.vals(t.line(t.archived))),
    Case("due on payment", lambda t: t.vals(t.line(t.on_payment)), "tax due on payment"),
    Case("taxes set by a command", lambda t: t.vals(t.line(tax_ids=[Command.set(t.tax_15.ids)]))),
    Case("taxes given one by one", lambda t: t.vals(t.line(tax_ids=[Command.link(t.tax_15.id)])),
         "taxes given one by one"),
    Case("group with one due on payment", lambda t: t.vals(t.line(t.group_on_payment)), "tax due on payment"),
)
AMOUNTS = (
    Case("discount", lambda t: t.vals(t.line(t.tax_15, discount=12.5), t.line(t.tax_15, discount=33.33))),
    Case("all discounted", lambda t: t.vals(t.line(t.tax_15, discount=100), t.line(t.tax_15))),
    Case("nothing to pay", lambda t: t.vals(t.line(t.tax_15, price=0.0))),
    Case("negative line", lambda t: t.vals(t.line(t.tax_15), t.line(t.tax_15, price=-10.1, quantity=1))),
    Case("negative quantity", lambda t: t.vals(t.line(t.tax_15, quantity=5), t.line(t.tax_7, quantity=-2))),
    Case("lines that cancel out", lambda t: t.vals(t.line(t.tax_15), t.line(t.tax_15, quantity=-3))),
    Case("price with many digits", lambda t: t.vals(t.line(t.tax_15, price=1 / 3, quantity=2.345))),
    Case("no quantity", lambda t: t.vals(t.line(t.tax_15, quantity=0), t.line(t.tax_15))),
    Case("many lines", lambda t: t.vals(*[t.line(t.tax_15, price=0.01 + n / 7, quantity=n) for n in range(1, 20)])),
    Case("sections and notes", lambda t: t.vals(
        t.note("line_section"), t.line(t.tax_15), t.note("line_subsection"), t.line(), t.note())),
    Case("only a note", lambda t: t.vals(t.note())),
    Case("lines of other accounts", lambda t: t.vals(
        t.line(t.tax_15), t.line(t.tax_15, account_id=t.other_revenue.id))),
    Case("product in dozens", lambda t: t.vals(t.line(t.tax_15, product_id=t.product_b.id))),
    Case("discounts on an account of their own", lambda t: t.vals(t.line(t.tax_15, discount=10)),
         "discounts on an account of their own"),
)
CREDITS = (
    Case("credit note", lambda t: t.vals(t.line(t.tax_15), move_type="out_refund")),
    Case("credit note, several taxes", lambda t: t.vals(
        t.line(t.tax_15, t.withholding), t.line(t.spread), move_type="out_refund")),
    Case("credit note with a negative line", lambda t: t.vals(
        t.line(t.tax_15), t.line(t.tax_7, price=-5), move_type="out_refund")),
    Case("credit note of an invoice", lambda t: t.vals(
        t.line(t.tax_15), move_type="out_refund", reversed_entry_id=t.make_posted().id, invoice_currency_rate=1.0)),
    Case("credit note in instalments", lambda t: t.vals(
        t.line(t.tax_15), move_type="out_refund", invoice_payment_term_id=t.pay_terms_b.id)),
    Case("credit note in euro", lambda t: t.vals(t.line(t.tax_15), move_type="out_refund", currency_id=t.euro.id)),
)
TERMS = (
    Case("at once", lambda t: t.vals(t.line(t.tax_15), invoice_payment_term_id=t.pay_terms_a.id)),
    Case("instalments", lambda t: t.vals(t.line(t.tax_15), invoice_payment_term_id=t.pay_terms_b.id)),
    Case("instalments and a fixed part", lambda t: t.vals(
        t.line(t.tax_15, t.tax_7), invoice_payment_term_id=t.three_parts.id)),
    Case("instalments on one day", lambda t: t.vals(t.line(t.tax_15), invoice_payment_term_id=t.one_day.id)),
    Case("instalments in euro", lambda t: t.vals(
        t.line(t.tax_15), currency_id=t.euro.id, invoice_payment_term_id=t.three_parts.id)),
    Case("early discount on the tax", lambda t: t.vals(
        t.line(t.tax_15), invoice_payment_term_id=t.early["included"].id)),
    Case("early discount off the tax", lambda t: t.vals(
        t.line(t.tax_15), invoice_payment_term_id=t.early["excluded"].id)),
    Case("early discount in euro", lambda t: t.vals(
        t.line(t.tax_15), currency_id=t.euro.id, invoice_payment_term_id=t.early["included"].id)),
    Case("early discount in the tax", lambda t: t.vals(t.line(t.tax_15), invoice_payment_term_id=t.early["mixed"].id),
         "discount of early payment in the tax"),
    Case("due later without terms", lambda t: t.vals(t.line(t.tax_15), invoice_date_due="2024-04-30")),
    Case("terms and a due date", lambda t: t.vals(
        t.line(t.tax_15), invoice_payment_term_id=t.pay_terms_b.id, invoice_date_due="2024-04-01")),
    Case("no due date", lambda t: t.vals(t.line(t.tax_15), invoice_date_due=False), "no due date"),
)
SETTINGS = (
    Case("euro at the rate of the day", lambda t: t.vals(t.line(t.tax_15, t.tax_7), t.line(), currency_id=t.euro.id)),
    Case("euro at a given rate", lambda t: t.vals(
        t.line(t.tax_15), t.line(t.included), currency_id=t.euro.id, invoice_currency_rate=0.777)),
    Case("euro, many lines", lambda t: t.vals(
        *[t.line(t.tax_15, price=1.11 * n) for n in range(1, 9)], currency_id=t.euro.id)),
    Case("currency without cents", lambda t: t.vals(t.line(t.tax_15), t.line(t.included), currency_id=t.yen.id)),
    Case("fiscal position", lambda t: t.vals(
        t.line(t.tax_sale_b, account_id=t.other_revenue.id), fiscal_position_id=t.position.id)),
    Case("analytic distribution", lambda t: t.vals(
        t.line(t.tax_15, analytic_distribution={str(t.sales.id): 60, str(t.support.id): 40}), t.line(t.tax_15))),
    Case("analytic distribution of the tax", lambda t: t.vals(
        t.line(t.analytic_tax, analytic_distribution={str(t.sales.id): 100}), t.line(t.analytic_tax))),
    Case("partner of a company", lambda t: t.vals(t.line(t.tax_15), partner_id=t.employee.id)),
    Case("language of the partner", lambda t: t.vals(t.line(t.tax_15), partner_id=t.french.id)),
    Case("receivable account of the partner", lambda t: t.vals(t.line(t.tax_15), partner_id=t.partner_b.id)),
    Case("texts and references", lambda t: t.vals(
        t.line(t.tax_15), ref="PO 7", payment_reference="+++1+++", narration="<p>Thanks</p>", invoice_origin="C1",
        invoice_user_id=t.env.uid, invoice_payment_term_id=t.pay_terms_b.id)),
    Case("cash rounding", lambda t: t.vals(t.line(t.tax_15), invoice_cash_rounding_id=t.cash_rounding_a.id),
         "invoice_cash_rounding_id given"),
    Case("cash rounding in the tax", lambda t: t.vals(t.line(t.tax_15), invoice_cash_rounding_id=t.cash_rounding_b.id),
         "invoice_cash_rounding_id given"),
    Case("computed before", lambda t: t.vals(t.line(t.tax_15, extra_tax_data={"price_unit": 33.33, "currency_id": (
        t.company.currency_id.id)})), "extra_tax_data given"),
    Case("account left to Odoo", lambda t: t.vals({"product_id": t.product_a.id, "tax_ids": [], "quantity": 1}),
         "account_id not given"),
    Case("vendor bill", lambda t: t.vals(
        t.line(), move_type="in_invoice", journal_id=t.company_data["default_journal_purchase"].id),
        "no customer document"),
)


@tagged("post_install", "-at_install")
class TestInvoiceMatrix(MatrixCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        payable = cls.company_data["default_account_tax_sale"]
        cls.included = cls.make_tax(21, price_include_override="tax_included")
        cls.on_top = cls.make_tax(10, include_base_amount=True, sequence=0, **cls.make_repartition((
            100, payable, cls.tag_tax)))
        cls.group = cls.make_tax(0, amount_type="group", children_tax_ids=[Command.set((
            cls.make_tax(5) | cls.make_tax(9.975)).ids)])
        cls.fixed = cls.make_tax(0.33, amount_type="fixed")
        cls.division = cls.make_tax(18, amount_type="division")
        cls.spread = cls.make_tax(19, **cls.make_repartition(
            (33.33, payable, cls.tag_tax), (66.67, payable.copy(), cls.tag_tax | cls.tag_base)))
        cls.own_account = cls.make_tax(8, **cls.make_repartition((100, None, cls.tag_tax)))
        cls.withholding = cls.make_tax(-10)
        cls.reverse_charge = cls.make_tax(20, **cls.make_repartition(
            (100, payable, cls.tag_tax), (-100, payable.copy(), cls.tag_base)))
        cls.zero = cls.make_tax(0)
        cls.archived = cls.make_tax(3, active=False)
        cls.on_payment = cls.make_tax(
            15, tax_exigibility="on_payment", cash_basis_transition_account_id=payable.copy({"reconcile": True}).id)
        cls.group_on_payment = cls.make_tax(
            0, amount_type="group", children_tax_ids=[Command.set((cls.tax_7 | cls.on_payment).ids)])
        cls.analytic_tax = cls.make_tax(15, analytic=True)
        cls.three_parts = cls.make_term(("percent", 33.33, 0), ("fixed", 10, 10), ("percent", 66.67, 30))
        cls.one_day = cls.make_term(("percent", 50, 15), ("percent", 50, 15))
        cls.early = {
            kind: cls.make_term(
                ("percent", 100, 30), early_discount=True, discount_percentage=2, discount_days=10,
                early_pay_discount_computation=kind)
            for kind in ("included", "excluded", "mixed")}
        cls.yen = cls.setup_other_currency("JPY", rates=[("2024-01-01", 148.3)])
        cls.tagged_product = cls._create_product(name="Tagged", account_tag_ids=[Command.set(cls.tag_base.ids)])
        cls.position = cls.fiscal_pos_a.copy()
        cls.position.account_ids = [Command.create({
            "account_src_id": cls.company_data["default_account_receivable"].id,
            "account_dest_id": cls.partner_b.property_account_receivable_id.id})]
        cls.employee = cls.env["res.partner"].create({"name": "Ann", "parent_id": cls.partner_a.id})
        cls.env["res.lang"]._activate_lang("fr_FR")
        cls.tax_15.with_context(lang="fr_FR").name = "TVA"
        cls.french = cls.env["res.partner"].create({"name": "Blanche", "lang": "fr_FR"})

    def make_posted(self):
        move = self.env["account.move"].create(self.vals(self.line(self.tax_15)))
        move.action_post()
        return move

    def _compare(self, cases):
        for case in cases:
            with self.subTest(case.name):
                self.assertSameBothWays(lambda case=case: case.prepare(self), case.reason)

    def test_taxes(self):
        self._compare(TAXES)

    def test_taxes_rounded_together(self):
        self.company.tax_calculation_rounding_method = "round_globally"
        self._compare(TAXES)

    def test_amounts(self):
        *cases, discounted = AMOUNTS
        self._compare(cases)
        self.company.account_discount_expense_allocation_id = self.company_data["default_account_expense"]
        self._compare([discounted])

    def test_credits(self):
        self._compare(CREDITS)

    def test_terms(self):
        self._compare(TERMS)

    def test_settings(self):
        self._compare(SETTINGS)

    def test_in_another_language(self):
        self.env = self.env(context={**self.env.context, "lang": "fr_FR"})
        self._compare((*TAXES[:3], *TERMS[:3]))

    def test_as_the_system(self):
        """The job runs as the superuser, without tracking."""
        env = self.env(su=True, context={**self.env.context, "tracking_disable": True, "skip_analytic_sync": True})
        for case in (*TAXES[:3], *SETTINGS[:3], *TERMS[:3]):
            with self.subTest(case.name):
                self.assertSameBothWays(lambda case=case: case.prepare(self), case.reason, env)

    def test_distribution_models(self):
        self.env["account.analytic.distribution.model"].create([
            {"product_id": self.product_a.id, "analytic_distribution": {str(self.sales.id): 100}},
            {"partner_id": self.customer.id, "analytic_distribution": {str(self.support.id): 100}},
            {"account_prefix": self.other_revenue.code, "analytic_distribution": {str(self.support.id): 50}}])

        def prepare():
            lines = [
                self.line(self.analytic_tax), self.line(self.tax_15, product_id=self.product_b.id),
                self.line(self.analytic_tax, product_id=self.licence.id, account_id=self.other_revenue.id),
                self.line(self.tax_15, analytic_distribution={str(self.support.id): 100}), self.note()]
            for line in lines[:3]:
                del line["analytic_distribution"]
            return self.vals(*lines)

        self.assertSameBothWays(prepare)

    def test_partly_deductible(self):
        """Odoo refuses that on invoices of today."""
        vals = self.vals(self.line(self.tax_15, deductible_amount=50))
        self.assertEqual(self.find_reason(vals), "not fully deductible")

    def test_storno_accounting(self):
        self.company.account_storno = True
        self.assertSameBothWays(lambda: self.vals(self.line(self.tax_15), move_type="out_refund"), "storno accounting")

    def test_companies(self):
        """Invoices of another company, in its own currency, with its taxes and accounts."""
        other = self.setup_other_company(currency_id=self.euro.id)
        env = self.env(context={**self.env.context, "allowed_company_ids": [other["company"].id, self.company.id]})

        def prepare():
            return self.vals(
                self.line(other["default_tax_sale"], account_id=other["default_account_revenue"].id),
                company_id=other["company"].id, journal_id=other["default_journal_sale"].id,
                currency_id=self.euro.id)

        self.assertSameBothWays(prepare, env=env)
        self.assertSameBothWays(lambda: prepare() | {"currency_id": self.company_data["currency"].id}, env=env)

    def test_what_belongs_to_another_company(self):
        """It is looked for in all invoices at once, and named as Odoo names it."""
        other = self.setup_other_company()
        archived = self.revenue.copy({"active": False})
        own, account, tax = (self.vals(self.line(self.tax_15), line) for line in (
            self.line(account_id=archived.id), self.line(account_id=other["default_account_revenue"].id),
            self.line(other["default_tax_sale"])))
        journal = own | {"journal_id": other["default_journal_sale"].id}
        partner = own | {"partner_id": self.customer.copy({"company_id": other["company"].id}).id}
        self.assertEqual(len(self.env["account.move"]._billing_create([own, own])), 2)
        for vals in (account, tax, journal, partner):
            named = []
            for make in (self.env["account.move"].create, self.env["account.move"]._billing_create):
                with self.assertRaisesRegex(UserError, "no company crossover is allowed") as refused:
                    make([deepcopy(own), deepcopy(vals)])
                named.append(str(refused.exception).splitlines()[1])
            self.assertEqual(named[1], named[0])

    def test_payments_are_not_asked_about(self):
        """Odoo asks thrice per batch which payments reconcile the invoices that are being created."""
        cursor = type(self.env.cr)
        with patch.object(cursor, "execute", autospec=True, side_effect=cursor.execute) as execute:
            move = self.env["account.move"]._billing_create([self.vals(self.line(self.tax_15))])
            self.env.flush_all()
        self.assertFalse([call for call in execute.call_args_list if "payment_ids" in str(call.args[1])])
        move._post()
        payment = self.env["account.payment.register"].with_context(
            active_model="account.move", active_ids=move.ids).create({})._create_payments()
        self.assertEqual(move.reconciled_payment_ids, payment)

    def test_all_at_once(self):
        """One batch of everything, invoices of both ways side by side."""
        cases = [case for table in (TAXES, AMOUNTS[:-1], CREDITS, TERMS, SETTINGS) for case in table]
        plain = self.env["account.move"].create([case.prepare(self) for case in cases])
        complete = self.env["account.move"]._billing_create([case.prepare(self) for case in cases])
        for case, one, other in zip(cases, plain, complete, strict=True):
            with self.subTest(case.name):
                self.assertSame(one, other)
