"""What the hourly job and the list read does not grow with the number of repeating invoices."""

from collections import Counter

from odoo.tests import freeze_time, tagged

from odoo.addons.work365_billing.tests.test_planner import StatementsMixin

from .repeating_common import RepeatingCommon

# What the list shows, its computed columns included.
COLUMNS = (
    "account_number", "partner_id", "interval", "run_date", "collect_on", "term", "date_end",
    "amount_outstanding_excl", "repeating_amount_excl", "escalation_percent", "activate_on", "billdozer_id", "state",
    "contract_state", "next_run_date", "invoice_count")


@tagged("post_install", "-at_install")
class TestRepeatingSpeed(StatementsMixin, RepeatingCommon):

    def make_many(self, count):
        """Return repeating invoices of clients of their own, with three lines each, whose first run is made."""
        partners = self.env["res.partner"].create([{"name": f"Client {number}"} for number in range(count)])
        lines = ({"price_unit": 100.0, "escalate": True}, {"price_unit": 30.0, "name": "Router", "term": 3},
                 {"price_unit": 5.0, "name": "Mail", "quantity": 4})
        with self.today("2026-01-01"):
            return self.env["repeating.invoice"].create([
                self.repeating_vals(*lines, partner_id=partner.id, run_date="2026-01-01", escalation_percent=8.0)
                for partner in partners])

    def measure(self, work):
        """Return the statements of ``work()`` on an empty cache."""
        self.env.flush_all()
        self.env.invalidate_all()
        with self.statements() as found:
            work()
            self.env.flush_all()
        return found

    def assertSameNumber(self, few, many):
        self.assertEqual(len(few), len(many), self.grown(few, many))

    def grown(self, few, many):
        """Return the beginnings of the statements that are sent more often, with how much more often."""
        few, many = (Counter(" ".join(statement.split())[:90] for statement in found) for found in (few, many))
        return "\n".join(f"{count} {statement}" for statement, count in (many - few).most_common(20))

    def test_the_job_plans_and_tops_up_in_batches(self):
        many = self.make_many(40)

        def job(chosen):
            with freeze_time("2026-02-01 05:00:00"):
                chosen.contract_id._top_up_schedules()
                planned = self.env["billing.planner"]._plan_due(chosen.contract_id, self.company._billing_today())
            self.assertEqual([float(one.amount) for one in planned if one.lines], [150.0] * len(chosen))

        self.measure(lambda: job(many[:1]))  # what Odoo loads once
        self.measure(lambda: job(many))  # makes the rows that are missing: afterwards there is nothing to write
        self.assertSameNumber(self.measure(lambda: job(many[:5])), self.measure(lambda: job(many)))

    def test_the_job_bills_in_batches(self):
        """Odoo makes each invoice and line; what is ours is done once for a chunk."""
        few, many = self.make_many(5), self.make_many(40)
        self.run_job("2026-01-17")  # bills February of all

        def bill(chosen, day):
            with freeze_time(f"{day} 05:00:00"):
                self.env["billing.executor"]._bill_here(chosen.contract_id, "saved")

        first = self.measure(lambda: bill(few, "2026-02-14"))
        second = self.measure(lambda: bill(many, "2026-02-14"))
        self.assertEqual({tuple(self.run_dates(one)) for one in few | many}, {
            ("2026-01-01", "2026-02-01", "2026-03-01")})
        self.assertLess((len(second) - len(first)) / 35, 4, self.grown(first, second))

    def test_the_list_is_read_in_batches(self):
        many = self.make_many(80)
        self.run_job("2026-01-17")
        many.invoice_ids.action_post()
        with freeze_time("2026-01-20 12:00:00"):
            self.measure(lambda: many[:1].read(COLUMNS))
            few, all_of_them = (
                self.measure(lambda chosen=chosen: chosen.read(COLUMNS)) for chosen in (many[:5], many))
        # One more: the runs of 80 are more than the 1,000 records that Odoo reads at a time.
        self.assertLessEqual(len(all_of_them) - len(few), 1, self.grown(few, all_of_them))
        self.assertRecordValues(many, [
            {"amount_outstanding_excl": 300.0, "repeating_amount_excl": 150.0, "invoice_count": 2}] * 80)
