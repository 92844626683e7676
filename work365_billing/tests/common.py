"""Shared ground of the accounting tests: one company, one tax, a customer, a product, and a clock."""

from contextlib import contextmanager
from datetime import timedelta

from odoo import Command, fields
from odoo.tests import freeze_time

from odoo.addons.account.tests.common import AccountTestInvoicingCommon


class BillingCommon(AccountTestInvoicingCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.company = cls.company_data["company"]
        cls.company.billing_tz = "UTC"
        cls.customer = cls.env["res.partner"].create({"name": "Blue Yonder"})
        cls.licence = cls._create_product(name="Business Premium", lst_price=12.0, taxes_id=False)
        cls.cron = cls.env.ref("work365_billing.ir_cron_generate_invoices")

    @classmethod
    def get_default_groups(cls):
        groups = super().get_default_groups()
        admin = cls.env.ref("work365_billing.billing_group_admin", raise_if_not_found=False)
        return groups | admin if admin else groups

    # ---- making records ---------------------------------------------------------------------------------------------

    @classmethod
    def make_contract(cls, *subscriptions, activate=True, today=None, **vals):
        """Return a contract with ``subscriptions`` (dicts), made and activated on ``today`` (default its start)."""
        values = {
            "partner_id": cls.customer.id,
            "name": vals.pop("name", "Blue Yonder"),
            "subscription_ids": [Command.create(cls._subscription_vals(sub)) for sub in subscriptions],
            **vals,
        }
        with freeze_time(f"{today or values['date_start']} 08:00:00"):
            contract = cls.env["billing.contract"].create(values)
            if activate:
                contract.action_activate()
        return contract

    @classmethod
    def _subscription_vals(cls, vals):
        return {
            "product_id": cls.licence.id, "name": "Business Premium", "sales_unit": "monthly", "tax_ids": False, **vals}

    # ---- running ----------------------------------------------------------------------------------------------------

    def run_job(self, day, time="05:00:00", cron=None):
        """Run the hourly job, or ``cron``, once on ``day``."""
        with freeze_time(f"{day} {time}"), self.enter_registry_test_mode():
            self.env.flush_all()
            self.assertIs((cron or self.cron).with_user(self.env.ref("base.user_root")).method_direct_trigger(), True)
        self.env.invalidate_all()

    def bill(self, contracts, *days):
        """Run the job on each of ``days`` and compare what it makes with the plan of the day before, line by line."""
        for day in days:
            before = {contract: self.invoices(contract) for contract in contracts}
            with self.today(fields.Date.to_date(day) - timedelta(days=1)):
                plans = {contract: contract.plan(day) for contract in contracts}
            self.run_job(day)
            for contract in contracts:
                planned = [plan for plan in plans[contract] if plan["lines"]]
                self.assertPlanIsRun(planned, self.invoices(contract) - before[contract])

    def run_daily(self, first, last):
        """Run the hourly job once on every day from ``first`` to ``last``, both included."""
        day, last = fields.Date.to_date(first), fields.Date.to_date(last)
        with self.many_runs() as run:
            while day <= last:
                run(day)
                day += timedelta(days=1)

    @contextmanager
    def many_runs(self):
        """Yield ``run(day, job=True)``, which moves a clock of its own to that day and runs the hourly job.

        Much faster than as many calls of ``run_job``; without ``job`` it only moves the clock, to noon.
        """
        cron = self.cron.with_user(self.env.ref("base.user_root"))

        def run(day, job=True):
            clock.move_to(f"{day} {'05' if job else '12'}:00:00")
            if job:
                self.env.flush_all()
                self.assertIs(cron.method_direct_trigger(), True)
                self.env.invalidate_all()

        with freeze_time("2000-01-01") as clock, self.enter_registry_test_mode():
            yield run

    @contextmanager
    def today(self, day):
        """Do something at noon of ``day``."""
        with freeze_time(f"{day} 12:00:00"):
            yield

    # ---- comparing --------------------------------------------------------------------------------------------------

    def invoices(self, contract):
        """Return all invoices of ``contract``, oldest first."""
        return self.env["account.move"].search(
            [("billing_contract_id", "=", contract.id)], order="invoice_date, id")

    def assertInvoices(self, contract, expected):
        """Compare all invoices of ``contract`` with ``expected``, completely.

        :param expected: a list of (move type, invoice date, due date, lines), a line being
            (quantity, unit price, subtotal, period from, period to)
        """
        day = fields.Date.to_string
        found = [
            (move.move_type, day(move.invoice_date), day(move.invoice_date_due), [
                (line.quantity, round(line.price_unit, 6), line.price_subtotal,
                 line.billing_period_start and day(line.billing_period_start),
                 line.billing_period_end and day(line.billing_period_end))
                for line in move.invoice_line_ids.sorted("sequence")])
            for move in self.invoices(contract)]
        self.assertEqual(found, expected)

    def assertPlanIsRun(self, plan, moves):
        """Compare what was planned with what was made, line by line."""
        self.assertEqual(len(plan), len(moves))
        names = ("quantity", "price_unit", "discount", "billing_period_start", "billing_period_end")
        for planned, move in zip(plan, moves, strict=True):
            self.assertEqual(
                (planned["invoice_date"], planned["move_type"], planned["journal_id"], planned["currency_id"]),
                (move.invoice_date, move.move_type, move.journal_id.id, move.currency_id.id))
            lines = move.invoice_line_ids.sorted("sequence")
            self.assertEqual(len(planned["lines"]), len(lines))
            for vals, line in zip(planned["lines"], lines, strict=True):
                self.assertEqual([vals[name] or False for name in names], [line[name] or False for name in names])
                self.assertEqual(
                    (vals["product_id"], vals["name"], vals["tax_ids"], vals["account_id"]),
                    (line.product_id.id, line.name, line.tax_ids.ids, line.account_id.id))
