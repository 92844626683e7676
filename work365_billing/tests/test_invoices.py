from odoo import Command
from odoo.tests import tagged

from .common import BillingCommon


@tagged("post_install", "-at_install")
class TestInvoices(BillingCommon):
    """What an invoice takes from contract, customer, product and company."""

    def test_journal_salesperson_terms_analytics_and_links(self):
        journal = self.company_data["default_journal_sale"].copy({"name": "Cloud"})
        plan = self.env["account.analytic.plan"].create({"name": "Projects"})
        project = self.env["account.analytic.account"].create({"name": "Cloud", "plan_id": plan.id})
        term = self.env.ref("account.account_payment_term_30days")
        contract = self.make_contract(
            {"quantity": 2, "price_unit": 30.0, "analytic_distribution": {str(project.id): 100}},
            date_start="2026-04-01", journal_id=journal.id, user_id=self.env.user.id, payment_term_id=term.id)
        self.bill(contract, "2026-04-02")
        move = self.invoices(contract)
        row = contract.schedule_ids.sorted("cycle_start")[0]
        self.assertRecordValues(move, [{
            "journal_id": journal.id, "invoice_user_id": self.env.user.id, "invoice_payment_term_id": term.id,
            "partner_id": self.customer.id, "company_id": self.company.id, "billing_contract_id": contract.id,
            "billing_schedule_id": row.id, "billing_kind": "regular", "invoice_origin": contract.name,
            "state": "draft"}])
        self.assertRecordValues(move.invoice_line_ids, [{
            "analytic_distribution": {str(project.id): 100}, "product_id": self.licence.id,
            "account_id": self.company_data["default_account_revenue"].id,
            "billing_subscription_id": contract.subscription_ids.id}])
        self.assertRecordValues(row, [{
            "state": "invoiced", "active": False, "status": "inactive", "resulting_invoice_id": move.id,
            "run_type": "automatic"}])
        self.assertEqual(str(row.run_date), "2026-04-02")
        self.assertRecordValues(move.billing_run_id, [{
            "run_type": "automatic", "mode": "regular", "contract_count": 1, "invoiced_count": 1, "state": "done"}])
        self.assertRecordValues(move.billing_run_id.job_ids, [{
            "job_type": "invoice", "state": "succeeded", "outcome": "invoiced", "invoice_id": move.id,
            "schedule_id": row.id, "contract_id": contract.id}])

    def test_analytic_distribution_models_apply_where_the_subscription_has_none(self):
        plan = self.env["account.analytic.plan"].create({"name": "Projects"})
        cloud, other = self.env["account.analytic.account"].create([
            {"name": "Cloud", "plan_id": plan.id}, {"name": "Other", "plan_id": plan.id}])
        product = self._create_product(name="Azure", lst_price=100.0, taxes_id=False)
        self.env["account.analytic.distribution.model"].create({
            "product_id": product.id, "analytic_distribution": {str(cloud.id): 100}})
        contract = self.make_contract(
            {"product_id": product.id, "name": "by model", "price_unit": 100.0},
            {"product_id": product.id, "name": "its own", "price_unit": 50.0,
             "analytic_distribution": {str(other.id): 100}},
            {"name": "none", "price_unit": 30.0},
            date_start="2026-04-01")
        self.bill(contract, "2026-04-02")
        move = self.invoices(contract)
        self.assertEqual(move.invoice_line_ids.sorted("sequence").mapped("analytic_distribution"), [
            {str(cloud.id): 100}, {str(other.id): 100}, False])
        self.assertFalse(move.line_ids.analytic_line_ids)
        move.action_post()
        self.assertEqual(sorted(move.line_ids.analytic_line_ids.mapped("amount")), [50.0, 100.0])

    def test_taxes_of_the_product_through_the_fiscal_position(self):
        tax = self.company_data["default_tax_sale"]
        other = tax.copy({"name": "Abroad", "amount": 0.0})
        position = self.env["account.fiscal.position"].create({"name": "Abroad"})
        other.write({"fiscal_position_ids": [Command.link(position.id)], "original_tax_ids": [Command.link(tax.id)]})
        product = self._create_product(name="Azure", lst_price=100.0, taxes_id=[Command.set(tax.ids)])
        taxed = {"product_id": product.id, "tax_ids": [Command.set(tax.ids)]}
        home = self.make_contract(taxed, date_start="2026-04-01")
        customer = self.env["res.partner"].create({"name": "Abroad Ltd", "property_account_position_id": position.id})
        abroad = self.make_contract(taxed, date_start="2026-04-01", partner_id=customer.id)
        self.bill(home | abroad, "2026-04-02")
        self.assertEqual(self.invoices(home).invoice_line_ids.tax_ids, tax)
        self.assertEqual(self.invoices(home).amount_total, 115.0)
        self.assertEqual(self.invoices(abroad).invoice_line_ids.tax_ids, other)
        self.assertEqual(self.invoices(abroad).fiscal_position_id, position)
        self.assertEqual(self.invoices(abroad).amount_total, 100.0)

    def test_taxes_and_price_default_from_the_product(self):
        tax = self.company_data["default_tax_sale"]
        product = self._create_product(name="Azure", lst_price=100.0, taxes_id=[Command.set(tax.ids)])
        contract = self.env["billing.contract"].create({
            "partner_id": self.customer.id, "date_start": "2026-04-01", "frequency": "quarterly",
            "subscription_ids": [Command.create({"product_id": product.id})]})
        self.assertEqual(contract.name, "Blue Yonder – Quarterly")
        self.assertRecordValues(contract.subscription_ids, [{
            "name": "Azure", "price_unit": 100.0, "sales_unit": "quarterly", "quantity": 1.0, "tax_ids": tax.ids}])
        self.assertAlmostEqual(contract.subscription_ids.monthly_price, 100 / 3, 12)

    def test_foreign_currency_uses_the_rate_of_the_invoice_date(self):
        currency = self.setup_other_currency("EUR", rates=[("2026-01-01", 2.0), ("2026-04-02", 4.0)])
        contract = self.make_contract({"price_unit": 30.0}, date_start="2026-04-01", currency_id=currency.id)
        self.bill(contract, "2026-04-02")
        move = self.invoices(contract)
        self.assertRecordValues(move, [{"currency_id": currency.id, "amount_total": 30.0, "amount_total_signed": 7.5}])

    def test_currency_without_cents(self):
        currency = self.setup_other_currency("JPY", rounding=1.0, rates=[("2026-01-01", 100.0)])
        contract = self.make_contract(
            {"price_unit": 1000.0, "quantity": 1, "date_start": "2026-04-11"}, date_start="2026-04-01",
            currency_id=currency.id)
        self.bill(contract, "2026-04-02")
        self.assertEqual(self.invoices(contract).amount_untaxed, 667.0)

    def test_the_period_is_printed_in_the_language_of_the_customer(self):
        contract = self.make_contract({"price_unit": 30.0}, date_start="2026-04-01")
        self.bill(contract, "2026-04-02")
        self.assertEqual(self.invoices(contract).invoice_line_ids.name, "Business Premium\n04/01/2026 – 04/30/2026")

    def test_auto_sync_posts_after_the_invoice_is_saved(self):
        contract = self.make_contract({"price_unit": 30.0}, date_start="2026-04-01", auto_sync=True)
        draft = self.make_contract({"price_unit": 30.0}, date_start="2026-04-01")
        self.run_job("2026-04-02")
        self.assertRecordValues(self.invoices(contract), [{"state": "posted"}])
        self.assertRecordValues(self.invoices(draft), [{"state": "draft"}])
        job = self.env["billing.job"].search([("contract_id", "=", contract.id), ("job_type", "=", "post")])
        self.assertRecordValues(job, [{"state": "succeeded", "invoice_id": self.invoices(contract).id}])

    def test_a_second_run_makes_nothing(self):
        contract = self.make_contract({"price_unit": 30.0}, date_start="2026-04-01")
        self.run_job("2026-05-15")
        runs = self.env["billing.run"].search_count([])
        self.run_job("2026-05-15", time="06:00:00")
        self.assertEqual(len(self.invoices(contract)), 2)
        self.assertEqual(self.env["billing.run"].search_count([]), runs)
