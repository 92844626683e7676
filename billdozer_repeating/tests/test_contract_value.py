"""Calculate Contract Value: what billdozer.md 2.11 says, against hand-computed amounts."""

from datetime import date

from odoo import Command
from odoo.exceptions import AccessError, UserError
from odoo.tests import new_test_user, tagged

from .repeating_common import RepeatingCommon


@tagged("post_install", "-at_install")
class TestContractValue(RepeatingCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.vat = cls.env["account.tax"].create({"name": "VAT 15 %", "amount": 15.0, "type_tax_use": "sale"})
        cls.support = cls._create_product(name="Support", lst_price=50.0, taxes_id=False)
        cls.support.repeating_contract_value = False
        # A year with all kinds of lines, and one without an end: 115 + 30 + 50, and 10 + 20 with tax.
        cls.year = cls.make_repeating(
            {"price_unit": 100.0, "tax_ids": [Command.set(cls.vat.ids)]},
            {"price_unit": 30.0, "name": "Training", "term": 3},
            {"price_unit": 50.0, "name": "Support", "product_id": cls.support.id},
            {"price_unit": 500.0, "name": "Setup", "term": 1, "immediate": True},
            run_date="2026-01-01", term=12, name="Year")
        cls.contract = cls.year.contract_id
        cls.open = cls.make_repeating(
            {"price_unit": 10.0}, {"price_unit": 20.0, "name": "Router", "term": 2},
            run_date="2026-01-01", name="Open", contract_id=cls.contract.id)

    def setUp(self):
        super().setUp()
        self.run_job("2026-02-20")  # with what is made ahead for March, still a draft
        moves = self.invoices(self.contract)
        self.assertEqual(sorted(moves.mapped("amount_total")), [10.0, 30.0, 30.0, 195.0, 195.0, 195.0, 500.0])
        moves.filtered(lambda move: move.invoice_date < date(2026, 3, 1)).action_post()
        setup = moves.filtered(lambda move: move.amount_total == 500.0)
        self.env["account.payment.register"].with_context(
            active_model="account.move", active_ids=setup.ids).create({})._create_payments()

    def value(self, until="2026-12-31", today="2026-02-20"):
        with self.today(today):
            return self.contract.calculate_value(until)

    def assertFigures(self, value, **expected):
        found = {name: getattr(value, name) for name in ("amount", "balance", "future", "settlement")}
        found |= {
            "immediate": value.count(is_immediate=True), "other": value.count(is_immediate=False),
            "total": value.count(), "coming": value.count(is_open=True)}
        self.assertEqual(found, expected)

    def test_a_year(self):
        # 12 × 115 + 3 × 30 + 500 + 2 × 20; January and February are posted, the rest comes.
        value = self.value()
        self.assertFigures(
            value, amount=2010.0, balance=450.0, future=1780.0, settlement=2230.0,
            immediate=1, other=24, total=25, coming=20)
        self.assertEqual([(line.name, *amounts) for line, *amounts in value.rows], [
            ("Hosting", 230.0, 1150.0, 1380.0), ("Training", 60.0, 30.0, 90.0), ("Setup", 500.0, 0.0, 500.0),
            ("Router", 40.0, 0.0, 40.0)])
        self.assertEqual(
            [(str(one.date), one.name, one.total) for one in value.coming if one.name == "Year"][:2],
            [("2026-04-01", "Year", 165.0), ("2026-05-01", "Year", 165.0)])

    def test_the_future_is_what_the_job_makes(self):
        future, before = self.value().future, self.invoices(self.contract)
        drafts = sum(before.filtered(lambda move: move.state == "draft").mapped("amount_total"))
        self.run_job("2026-12-16")
        made = self.invoices(self.contract) - before
        self.assertEqual((drafts, sum(made.filtered(
            lambda move: move.invoice_date <= date(2026, 12, 31)).mapped("amount_total"))), (205.0, 1575.0))
        self.assertEqual(future, 1780.0)
        self.assertEqual(self.value(today="2026-12-20").amount, 2010.0)

    def test_an_earlier_day(self):
        # Until 30 April: March as a draft, and April.
        self.assertFigures(
            self.value("2026-04-30"), amount=4 * 115.0 + 90.0 + 500.0 + 40.0, balance=450.0, future=205.0 + 175.0,
            settlement=830.0, immediate=1, other=8, total=9, coming=4)

    def test_a_credit_note_subtracts(self):
        february = self.invoices_of(self.year).filtered(lambda move: str(move.invoice_date) == "2026-02-01")
        with self.today("2026-02-20"):
            february._reverse_moves([{"date": "2026-02-20", "invoice_date": "2026-02-20"}], cancel=True)
        self.assertFigures(
            self.value(), amount=2010.0 - 145.0, balance=255.0, future=1780.0, settlement=2035.0,
            immediate=1, other=24, total=25, coming=20)

    def test_only_active_repeating_invoices_count_in_the_value(self):
        with self.today("2026-02-20"):
            self.open.cancel("2026-02-20")
        value = self.value()
        self.assertEqual((self.open.state, value.amount, value.balance, value.future), (
            "inactive", 1970.0, 450.0, 1690.0))

    def test_a_suspended_contract_is_active_again_on_its_day(self):
        with self.today("2026-02-20"):
            self.contract.suspend("2026-02-20", resume_on="2026-09-10")
        # March is a draft; no run from April to September, whose first day is suspended.
        self.assertEqual(self.value().future, 205.0 + 3 * 175.0)

    def test_the_prefilled_day(self):
        with self.today("2026-02-20"):
            self.assertEqual(str(self.contract._get_default_value_date()), "2026-12-31")
            self.contract.date_end = "2026-06-30"
            self.assertEqual(str(self.contract._get_default_value_date()), "2026-06-30")
            self.contract.date_end = False
            self.year.cancel("2026-02-20")
            self.assertEqual(str(self.contract._get_default_value_date()), "2027-02-20")

    def test_refusals(self):
        with self.assertRaisesRegex(UserError, "Enter the day until which"):
            self.value(False)
        with self.assertRaisesRegex(UserError, "within the next 30 years"):
            self.value("2206-12-31")

    def test_the_window_of_a_viewer_and_its_paper(self):
        viewer = new_test_user(
            self.env, login="value_viewer", groups="work365_billing.billing_group_viewer", company_id=self.company.id,
            company_ids=[Command.set(self.company.ids)], tz="UTC")
        counted = ("account.move", "billing.schedule", "billing.run", "billing.change.log")
        before = [self.env[model].search_count([]) for model in counted]
        with self.today("2026-02-20"):
            action = self.contract.with_user(viewer).action_calculate_value()
            window = self.env["billing.contract.value"].with_user(viewer).browse(action["res_id"])
            self.assertRecordValues(window, [{
                "date_until": date(2026, 12, 31), "amount_value": 2010.0, "amount_balance": 450.0,
                "amount_future": 1780.0, "amount_settlement": 2230.0, "immediate_count": 1, "other_count": 24,
                "invoice_count": 25, "future_count": 20, "problem": False}])
            html, _kind = self.env["ir.actions.report"].with_user(viewer)._render_qweb_html(
                window.action_print()["report_name"], window.ids)
            window.date_until = False
            self.assertIn("Enter the day", window.problem)
            with self.assertRaisesRegex(UserError, "Enter the day"):
                window.action_print()
        for text in (b"2,010.00", b"2,230.00", b"1 + ", b"Training", b"12/01/2026"):
            self.assertIn(text, html.replace(b"<span>1</span>", b"1"))
        self.assertEqual([self.env[model].search_count([]) for model in counted], before)
        other = new_test_user(
            self.env, login="value_other", groups="work365_billing.billing_group_viewer", company_id=self.company.id,
            company_ids=[Command.set(self.company.ids)], tz="UTC")
        with self.assertRaises(AccessError):
            window.with_user(other).read(["amount_value"])

    def test_who_sees_contracts_but_not_their_invoices_sees_no_value(self):
        group = self.env["res.groups"].create({"name": "Contracts Alone"})
        self.env["ir.model.access"].create([
            {"name": model, "model_id": self.env["ir.model"]._get(model).id, "group_id": group.id, "perm_read": True,
             **rights} for model, rights in (
                 ("billing.contract", {}), ("billing.contract.value", {"perm_create": True, "perm_write": True}))])
        user = new_test_user(
            self.env, login="value_alone", groups="base.group_user", company_id=self.company.id,
            company_ids=[Command.set(self.company.ids)], tz="UTC")
        user.group_ids |= group
        contract = self.contract.with_user(user)
        self.assertTrue(contract.name)
        with self.assertRaises(AccessError):
            contract.calculate_value("2026-12-31")
