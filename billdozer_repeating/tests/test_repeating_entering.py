"""What the form proposes and tells before a repeating invoice is saved."""

from odoo import Command
from odoo.tests import Form, tagged

from .repeating_common import RepeatingCommon


@tagged("post_install", "-at_install")
class TestRepeatingEntering(RepeatingCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.domain_name = cls._create_product(
            name="Domain", lst_price=180.0, taxes_id=False, repeating_interval="annually")

    def new_form(self, run_date="2026-01-01"):
        form = Form(self.env["repeating.invoice"])
        form.partner_id = self.customer
        form.run_date = run_date
        return form

    def add_line(self, form, product, **vals):
        with form.line_ids.new() as line:
            line.product_id = product
            for name, value in vals.items():
                line[name] = value

    # ---- the interval -----------------------------------------------------------------------------------------------

    def test_the_first_product_proposes_its_interval_once(self):
        form = self.new_form()
        self.add_line(form, self.domain_name)
        self.assertEqual(form.interval, "annually")
        form.interval = "monthly"
        self.add_line(form, self.licence)
        with form.line_ids.edit(0) as line:
            line.price_unit = 200.0
        self.assertEqual(form.interval, "monthly")

    def test_an_interval_that_was_chosen_stays(self):
        form = self.new_form()
        form.interval = "weekly"
        self.add_line(form, self.domain_name)
        self.assertEqual(form.interval, "weekly")

    def test_later_products_and_saved_ones_propose_nothing(self):
        form = self.new_form()
        self.add_line(form, self.licence)
        self.add_line(form, self.domain_name)
        self.assertEqual(form.interval, "monthly")
        repeating = self.make_repeating({"price_unit": 1.0}, run_date="2026-03-01", today="2026-01-01")
        with Form(repeating) as form, form.line_ids.edit(0) as line:
            line.product_id = self.domain_name
        self.assertEqual(repeating.interval, "monthly")

    def test_the_name_follows_the_interval_until_it_is_written(self):
        form = self.new_form()
        self.assertEqual(form.name, "Blue Yonder – Monthly")
        self.add_line(form, self.domain_name)
        self.assertEqual(form.name, "Blue Yonder – Annually")
        form.name = "Domains"
        form.interval = "monthly"
        self.assertEqual(form.name, "Domains")

    # ---- what follows at once ---------------------------------------------------------------------------------------

    def assertFollows(self, form, count, total):
        """Compare the message of ``form`` with what saving it makes."""
        self.assertIn(f": {count}, $\N{NO-BREAK SPACE}{total} in total (before tax)", form.past_message)
        repeating = form.save()
        moves = self.invoices_of(repeating)
        self.assertEqual((len(moves), f"{sum(moves.mapped('amount_untaxed')):,.2f}"), (count, total))
        self.assertFalse(repeating.past_message)

    def test_the_invoices_of_a_run_date_in_the_past_are_told(self):
        with self.today("2026-03-20"):  # the run of 1 April is due from 17 March on
            form = self.new_form()
            self.add_line(form, self.licence, quantity=3, price_unit=33.333, discount=10)
            self.add_line(form, self.licence, price_unit=50.0, term=2)
            self.assertFollows(form, 4, "460.00")

    def test_a_run_date_within_the_days_in_advance_is_told(self):
        with self.today("2026-01-10"):
            form = self.new_form("2026-01-25")
            self.add_line(form, self.licence, price_unit=100.0)
            self.assertFollows(form, 1, "100.00")

    def test_a_later_run_date_is_not_told(self):
        with self.today("2026-01-10"):
            form = self.new_form("2026-01-26")
            self.add_line(form, self.licence, price_unit=100.0)
            self.assertFalse(form.past_message)

    def test_immediate_lines_are_told(self):
        with self.today("2026-01-10"):
            form = self.new_form("2026-03-01")
            self.add_line(form, self.licence, price_unit=100.0)
            self.add_line(form, self.licence, price_unit=50.0, term=1, immediate=True)
            self.assertFollows(form, 1, "50.00")

    def test_weekly_and_other_runs_are_told(self):
        with self.today("2026-01-10"):
            form = self.new_form("2026-01-01")
            form.interval = "weekly"
            form.weekday = "0"
            self.add_line(form, self.licence, price_unit=10.0)
            self.assertFollows(form, 3, "30.00")  # 5, 12 and 19 January
            form = self.new_form("2026-01-01")
            form.interval = "other"
            self.assertFalse(form.past_message)
            form.month_01 = form.month_07 = True
            self.add_line(form, self.licence, price_unit=10.0)
            self.assertFollows(form, 1, "10.00")

    def test_what_was_billed_elsewhere_is_left_out(self):
        with self.today("2026-03-20"):
            form = self.new_form()
            form.billed_through = "2026-02-28"
            self.add_line(form, self.licence, price_unit=100.0)
            self.assertFollows(form, 2, "200.00")

    def test_nothing_without_a_line(self):
        with self.today("2026-03-20"):
            self.assertFalse(self.new_form().past_message)

    def test_what_awaits_approval_is_told_until_it_is_approved(self):
        self.company.billdozer_approve = True
        self.env.user.group_ids += self.env.ref("billdozer_repeating.billdozer_group_approver")
        with self.today("2026-02-10"):
            repeating = self.env["repeating.invoice"].create({
                "partner_id": self.customer.id, "run_date": "2026-01-01",
                "line_ids": [Command.create({"product_id": self.licence.id, "price_unit": 100.0})]})
            self.assertIn("until it is approved", repeating.past_message)
            self.assertIn(": 2, $\N{NO-BREAK SPACE}200.00", repeating.past_message)
            repeating.action_approve()
            self.assertEqual(self.run_dates(repeating), ["2026-01-01", "2026-02-01"])
            self.assertFalse(repeating.past_message)
