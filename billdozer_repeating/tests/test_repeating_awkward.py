"""Repeating invoices at awkward moments: edited after an invoice was made ahead, moved, shared, undone."""

from itertools import pairwise

from odoo import Command
from odoo.exceptions import UserError, ValidationError
from odoo.tests import Form, tagged

from .repeating_common import RepeatingCommon


@tagged("post_install", "-at_install")
class TestAwkward(RepeatingCommon):

    def make(self, *lines, **vals):
        return self.make_repeating(*(lines or ({"price_unit": 100.0},)), **{"run_date": "2026-01-01", **vals})

    def totals(self, repeating):
        return [(str(move.invoice_date), move.amount_untaxed) for move in self.invoices_of(repeating)
                if move.state != "cancel"]

    def totals_of_contract(self, contract):
        return [(str(move.invoice_date), move.amount_untaxed) for move in self.invoices(contract)]

    # ---- edits ------------------------------------------------------------------------------------------------------

    def test_a_price_edited_after_the_draft_was_made_ahead(self):
        """The run of 1 February comes after the change: what its draft lacks is on the next invoice, explained."""
        repeating = self.make()
        self.run_job("2026-01-20")  # 1 February is made
        with self.today("2026-01-25"):
            repeating.line_ids.price_unit = 150.0
        self.run_job("2026-03-20")
        self.assertEqual(self.totals(repeating), [
            ("2026-01-01", 100.0), ("2026-02-01", 100.0), ("2026-03-01", 200.0), ("2026-04-01", 150.0)])
        self.assertEqual(self.invoices_of(repeating)[2].invoice_line_ids.mapped(
            lambda line: (str(line.billing_period_start), line.price_subtotal)), [
                ("2026-03-01", 150.0), ("2026-02-01", 50.0)])

    def test_a_quantity_edited_before_the_start(self):
        repeating = self.make(run_date="2026-03-01", today="2026-01-01")
        with self.today("2026-01-10"):
            repeating.line_ids.write({"quantity": 4, "price_unit": 90.0})
        self.run_job("2026-03-20")
        self.assertEqual(self.totals(repeating), [("2026-03-01", 360.0), ("2026-04-01", 360.0)])

    def test_an_edit_after_the_last_run(self):
        repeating = self.make(term=2)
        self.run_job("2026-03-05")
        self.assertEqual(repeating.state, "inactive")
        with self.today("2026-03-10"):
            repeating.line_ids.price_unit = 300.0
        self.run_job("2026-06-01")
        self.assertEqual(self.totals(repeating), [("2026-01-01", 100.0), ("2026-02-01", 100.0)])

    def test_two_lines_of_the_same_item(self):
        repeating = self.make({"price_unit": 10.0}, {"price_unit": 10.0})
        with self.today("2026-01-05"):
            repeating.line_ids[0].quantity = 5
        self.run_job("2026-01-20")
        self.assertRuns(repeating, [
            ("2026-01-01", [("Hosting", 1.0, 10.0, 10.0)] * 2),
            ("2026-02-01", [("Hosting", 5.0, 10.0, 50.0), ("Hosting", 1.0, 10.0, 10.0)])])

    def test_the_run_date_edited_before_the_first_invoice_takes_the_lines_along(self):
        repeating = self.make(
            {"price_unit": 10.0, "term": 2}, {"price_unit": 1.0, "name": "Later", "date_start": "2026-04-01"},
            run_date="2026-03-01", term=3, today="2026-01-01")
        with self.today("2026-01-10"):
            repeating.run_date = "2026-02-15"
        self.assertEqual(
            [(line.name, str(line.date_start), line.date_end and str(line.date_end)) for line in repeating.line_ids],
            [("Hosting", "2026-02-15", "2026-04-14"), ("Later", "2026-04-01", False)])
        self.assertEqual(str(repeating.date_end), "2026-05-14")
        self.run_job("2026-08-01")
        self.assertEqual(self.totals(repeating), [("2026-02-15", 10.0), ("2026-03-15", 10.0), ("2026-04-15", 1.0)])

    def test_a_line_that_starts_before_the_run_date_or_after_the_end(self):
        repeating = self.make(
            {"price_unit": 10.0}, {"price_unit": 1.0, "name": "Early", "date_start": "2025-11-01", "term": 3},
            {"price_unit": 2.0, "name": "Never", "date_start": "2027-06-01"}, term=3)
        self.run_job("2026-12-01")
        self.assertEqual(self.totals(repeating), [("2026-01-01", 11.0), ("2026-02-01", 10.0), ("2026-03-01", 10.0)])

    def test_a_term_shorter_than_what_is_billed(self):
        repeating = self.make(term=12)
        self.run_job("2026-05-20")
        with self.today("2026-05-20"):
            repeating.term = 3
        self.run_job("2026-12-20")
        self.assertEqual(len(self.totals(repeating)), 6)
        self.assertEqual((repeating.state, str(repeating.date_end)), ("inactive", "2026-03-31"))

    def test_a_longer_term_goes_on(self):
        repeating = self.make(term=2)
        with self.today("2026-02-10"):
            repeating.term = 4
        self.run_job("2026-12-20")
        self.assertEqual(len(self.totals(repeating)), 4)

    def test_a_shorter_term_than_that_of_a_line_is_refused(self):
        repeating = self.make({"price_unit": 10.0, "term": 6}, term=12)
        with self.assertRaisesRegex(ValidationError, "6 months"):
            repeating.term = 3
            self.env.flush_all()

    def test_a_price_scheduled_on_the_subscription_is_a_new_base_of_escalation(self):
        repeating = self.make({"price_unit": 100.0, "escalate": True}, escalation_percent=10.0)
        with self.today("2026-01-05"):
            repeating.line_ids.subscription_id.change_price(200.0, "2026-06-01")
        self.run_job("2027-01-20")
        totals = dict(self.totals(repeating))
        self.assertEqual(
            [totals[day] for day in ("2026-05-01", "2026-06-01", "2026-12-01", "2027-01-01", "2027-02-01")],
            [100.0, 200.0, 200.0, 220.0, 220.0])
        self.assertEqual(repeating.line_ids.price_unit, 220.0)

    # ---- the contract is shared -------------------------------------------------------------------------------------

    def test_a_contract_with_items_and_an_offset(self):
        contract = self.make_contract(
            contract_type="item_based", date_start="2026-01-01", activate=False, billing_offset=1,
            item_ids=[Command.create({"product_id": self.licence.id, "name": "Delivery", "price_unit": 40.0,
                                      "tax_ids": False, "invoice_on": "2026-01-20"})])
        repeating = self.make(
            {"price_unit": 100.0}, {"price_unit": 7.0, "name": "Set-up", "term": 1, "immediate": True},
            contract_id=contract.id, today="2025-12-20")
        self.assertEqual(self.totals(repeating), [("2025-12-20", 7.0), ("2026-01-01", 100.0)])
        self.run_job("2026-02-14")  # the item goes with the first run that is made on or after its day
        self.assertEqual(self.totals_of_contract(contract), [
            ("2025-12-20", 7.0), ("2026-01-01", 100.0), ("2026-02-01", 100.0), ("2026-03-01", 140.0)])

    # ---- undone -----------------------------------------------------------------------------------------------------

    def test_undo_of_an_immediate_item(self):
        repeating = self.make(
            {"price_unit": 100.0}, {"price_unit": 7.0, "name": "Set-up", "term": 1, "immediate": True},
            run_date="2026-03-01", today="2026-01-10")
        self.invoices_of(repeating).unlink()
        self.run_job("2026-01-11")
        self.assertEqual([amount for _day, amount in self.totals(repeating)], [7.0])
        self.run_job("2026-01-12")
        self.assertEqual([amount for _day, amount in self.totals(repeating)], [7.0])

    def test_a_full_credit_waits_for_somebody(self):
        repeating = self.make()
        [move] = self.invoices_of(repeating)
        with self.today("2026-01-05"):
            move.action_post()
            move._reverse_moves([{"invoice_date": move.invoice_date}], cancel=True)
        self.assertTrue(repeating.schedule_ids.filtered(lambda row: str(row.cycle_start) == "2026-01-01").on_hold)
        self.run_job("2026-01-20")
        self.assertNotIn(("2026-01-01", 100.0), self.totals(repeating)[1:])

    def test_a_cancelled_draft_is_billed_again(self):
        repeating = self.make()
        with self.today("2026-01-05"):
            self.invoices_of(repeating).button_cancel()
        self.run_job("2026-01-06")
        self.assertEqual(self.totals(repeating), [("2026-01-01", 100.0)])

    def test_replaced(self):
        repeating = self.make()
        with self.today("2026-01-05"):
            window = self.env["billing.generate"].create({
                "contract_id": repeating.contract_id.id,
                "schedule_id": repeating.schedule_ids.filtered(lambda row: row.state == "invoiced").id,
                "replace_existing": True})
            window.action_proceed()
        old, new = self.invoices_of(repeating)
        self.assertEqual(old.billing_replaced_by_id, new)
        self.assertRecordValues(new, [{
            "amount_untaxed": 100.0, "repeating_invoice_id": repeating.id, "collection_date": old.collection_date}])
        self.run_job("2026-01-06")
        self.assertEqual(self.invoices_of(repeating), old | new)

    # ---- copies, companies, currencies ------------------------------------------------------------------------------

    def test_a_duplicate_has_no_billing_state(self):
        repeating = self.make({"price_unit": 100.0, "escalate": True}, term=12, escalation_percent=10.0)
        self.run_job("2026-02-20")
        with self.today("2026-02-20"):
            repeating.change_run_date("2026-04-10", confirm=True)
            copy = repeating.copy({"run_date": "2026-06-01"})
        self.assertRecordValues(copy, [{
            "anchor_date": False, "restart_date": False, "billed_through": False, "state": "active", "invoice_ids": [],
            "term": 12}])
        self.assertEqual(str(copy.date_end), "2027-05-31")
        self.assertEqual(copy.line_ids.mapped(lambda line: (str(line.date_start), line.subscription_id.state)), [
            ("2026-06-01", "active")])
        self.assertNotEqual(copy.line_ids.subscription_id, repeating.line_ids.subscription_id)
        self.run_job("2026-06-01")
        self.assertEqual(self.totals(copy), [("2026-06-01", 100.0)])

    def test_the_days_in_advance_are_changed(self):
        repeating = self.make(run_date="2026-07-01", today="2026-01-02")
        self.company.billdozer_days_in_advance = 30
        self.assertEqual(str(repeating.schedule_ids.sorted("cycle_start")[0].schedule_date), "2026-06-01")
        self.run_job("2026-06-01")
        self.assertEqual(self.totals(repeating), [("2026-07-01", 100.0)])

    def test_company_b(self):
        other = self.setup_other_company(name="Company B")
        company = other["company"]
        company.billdozer_days_in_advance = 0
        with self.today("2026-01-01"):
            mine, theirs = self.env["repeating.invoice"].with_context(
                allowed_company_ids=[self.company.id, company.id]).create([
                    self.repeating_vals({"price_unit": 10.0}, run_date="2026-01-10"),
                    self.repeating_vals({"price_unit": 20.0}, run_date="2026-01-10", company_id=company.id)])
        self.assertNotEqual(mine.contract_id, theirs.contract_id)
        self.assertEqual(theirs.contract_id.company_id, company)
        self.assertEqual((len(self.invoices_of(mine)), len(self.invoices_of(theirs))), (1, 0))
        self.run_job("2026-01-10")
        self.assertEqual(self.invoices_of(theirs).company_id, company)
        self.assertEqual(self.totals(theirs), [("2026-01-10", 20.0)])

    def test_a_foreign_currency_with_and_without_a_rate(self):
        euro = self.setup_other_currency("EUR", rates=[("2020-01-01", 2.0)])
        repeating = self.make(currency_id=euro.id)
        self.assertRecordValues(self.invoices_of(repeating), [{
            "currency_id": euro.id, "amount_total": 100.0, "amount_total_signed": 50.0}])
        self.assertEqual(repeating.contract_id.currency_id, euro)
        home = self.make()
        self.assertNotEqual(home.contract_id, repeating.contract_id)
        euro.rate_ids.unlink()
        self.run_job("2026-01-20")
        self.assertEqual(self.totals(home), [("2026-01-01", 100.0), ("2026-02-01", 100.0)])

    def test_an_archived_product(self):
        repeating = self.make()
        self.licence.active = False
        self.run_job("2026-01-20")
        row = repeating.schedule_ids.filtered(lambda row: str(row.cycle_start) == "2026-02-01")
        self.assertRecordValues(row, [{"state": "error"}])
        self.assertIn("archived", row.message)
        self.licence.active = True
        self.run_job("2026-01-22")
        self.assertEqual(self.totals(repeating), [("2026-01-01", 100.0), ("2026-02-01", 100.0)])

    # ---- approval ---------------------------------------------------------------------------------------------------

    def test_edited_while_it_awaits_approval(self):
        self.company.billdozer_approve = True
        self.env.user.group_ids += self.env.ref("billdozer_repeating.billdozer_group_approver")
        repeating = self.make({"price_unit": 100.0}, {"price_unit": 7.0, "name": "Set-up", "term": 1,
                                                      "immediate": True})
        self.run_job("2026-01-10")
        self.assertFalse(self.invoices(repeating.contract_id))
        with self.today("2026-01-11"):
            repeating.write({"run_date": "2026-01-15", "line_ids": [
                Command.update(repeating.line_ids[0].id, {"price_unit": 80.0, "quantity": 2})]})
            self.assertFalse(self.invoices(repeating.contract_id))
            repeating.action_approve()
        self.assertEqual(sorted(amount for _day, amount in self.totals(repeating)), [7.0, 160.0])
        self.run_job("2026-02-01")
        self.assertEqual(sorted(self.totals(repeating))[-1:], [("2026-02-15", 160.0)])

    # ---- change run date --------------------------------------------------------------------------------------------

    def test_changed_twice_back_and_forth(self):
        repeating = self.make()
        with self.today("2026-01-02"):
            repeating.change_run_date("2026-03-20", confirm=True)
            repeating.change_run_date("2026-02-01", confirm=True)
            self.assertEqual(str(repeating.next_run_date), "2026-02-01")
            repeating.change_run_date("2026-02-10", confirm=True)
        self.run_job("2026-03-10")
        self.assertEqual(self.run_dates(repeating), ["2026-01-01", "2026-02-10", "2026-03-10"])
        rows = repeating.schedule_ids.sorted("cycle_start")
        self.assertTrue(all(a.cycle_end < b.cycle_start for a, b in pairwise(rows)))

    def test_changed_in_a_suspended_contract(self):
        repeating = self.make()
        with self.today("2026-01-05"):
            repeating.contract_id.suspend("2026-01-05", resume_on="2026-03-10")
            repeating.change_run_date("2026-03-20", confirm=True)
        self.run_daily("2026-03-08", "2026-03-12")
        self.run_job("2026-04-10")
        self.assertEqual(self.run_dates(repeating), ["2026-01-01", "2026-03-20", "2026-04-20"])

    def test_reactivated_after_a_change(self):
        repeating = self.make()
        with self.today("2026-01-02"):
            repeating.change_run_date("2026-02-15", confirm=True)
        self.run_job("2026-02-15")
        with self.today("2026-02-20"):
            repeating.cancel("2026-02-20")
        self.run_job("2026-02-21")
        self.assertEqual(repeating.state, "inactive")
        with self.today("2026-04-20"):
            repeating.reactivate("2026-05-01")
        self.run_job("2026-06-01")
        self.assertEqual(self.run_dates(repeating), ["2026-01-01", "2026-02-15", "2026-05-15", "2026-06-15"])

    def test_a_weekly_run_date_on_another_weekday(self):
        repeating = self.make(interval="weekly", weekday="0", term=1, today="2025-12-01")  # 1 January is a Thursday
        self.run_job("2026-03-01")
        self.assertEqual(self.run_dates(repeating), ["2026-01-05", "2026-01-12", "2026-01-19", "2026-01-26"])

    def test_other_months_with_the_31st(self):
        repeating = self.make(run_date="2026-01-31", interval="other", months="2,4,12")
        self.run_job("2027-02-20")
        self.assertEqual(self.run_dates(repeating), ["2026-02-28", "2026-04-30", "2026-12-31", "2027-02-28"])

    # ---- cancel -----------------------------------------------------------------------------------------------------

    def test_cancelled_with_a_last_access_before_the_run_date(self):
        repeating = self.make(run_date="2026-03-01", today="2026-01-01")
        with self.today("2026-01-10"):
            repeating.cancel("2026-01-31")
        self.assertEqual(repeating.state, "inactive")
        self.run_job("2026-05-01")
        self.assertFalse(self.invoices_of(repeating))

    def test_the_form_saves_unchanged(self):
        repeating = self.make()
        form = Form(repeating)
        form.collect_on = "last"
        form.save()
        self.assertEqual(repeating.collect_on, "last")
        with self.assertRaises(UserError):
            repeating.interval = "annually"
