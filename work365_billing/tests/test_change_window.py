from lxml import html

from odoo.exceptions import AccessError, UserError
from odoo.tests import Form, new_test_user, tagged

from .common import BillingCommon


@tagged("post_install", "-at_install")
class TestChangeWindow(BillingCommon):
    """The windows of changes: what they show before they are confirmed is what the job bills afterwards."""

    def five_at_thirty(self, *more, **vals):
        vals = {"date_start": "2026-04-01", **vals}
        return self.make_contract({"quantity": 5, "price_unit": 30.0}, *more, **vals)

    def open(self, record, action):
        """Press the button ``action`` of ``record`` and return the form of the window that opens."""
        opened = getattr(record, f"action_{action}")()
        return Form(self.env[opened["res_model"]].browse(opened["res_id"]))

    def table(self, window):
        """Return the rows of the preview as lists of the texts in their cells."""
        rows = html.fromstring(window.preview).xpath("//tbody/tr")
        return [[self.plain(" ".join(cell.itertext())) for cell in row.xpath("./td")] for row in rows]

    def plain(self, text):
        """Return ``text`` without the marks that keep an amount together."""
        return " ".join(text.replace("\ufeff", "").split())

    def confirm(self, form):
        """Confirm the window and return what it had planned, one per invoice that follows."""
        window = form.save()
        rows, _edits = window._get_rows()
        window.action_confirm()
        return [row.with_it for row in rows if row.with_it and row.with_it.lines]

    def assertBilledAsShown(self, contract, planned):
        """Run the job on the days of the preview and compare the new invoices with it, line by line."""
        before = self.invoices(contract)
        for day in sorted({one.schedule_date for one in planned}):
            self.run_job(day)
        made = self.invoices(contract) - before
        self.assertEqual(
            [(one.schedule_date, float(one.amount)) for one in planned],
            [(move.invoice_date, move.amount_untaxed_signed) for move in made])
        for one, move in zip(planned, made, strict=True):
            sign = -1 if move.move_type == "out_refund" else 1
            self.assertEqual(
                [(float(line.quantity), float(line.amount), line.start, line.end) for line in one.lines],
                [(line.quantity * sign, line.price_subtotal * sign, line.billing_period_start or None,
                  line.billing_period_end or None) for line in move.invoice_line_ids.sorted("sequence")])

    # ---- quantity and price -----------------------------------------------------------------------------------------

    def test_one_more_from_16_april_entered_on_10_june(self):
        contract = self.five_at_thirty()
        self.bill(contract, "2026-04-02", "2026-05-02", "2026-06-02")
        with self.today("2026-06-10"):
            window = self.open(contract.subscription_ids, "change_quantity")
            self.assertEqual((self.plain(window.current), window.new_quantity), ("5 at $ 30.00 (Monthly)", 5.0))
            window.effective = "custom"
            window.effective_date = "2026-04-16"
            window.new_quantity = 6
            self.assertEqual(self.table(window), [
                ["07/02/2026 07/01/2026 – 07/31/2026",
                 "$ 150.00 07/01/2026 – 07/31/2026 × 5: $ 150.00",
                 ("$ 255.00 07/01/2026 – 07/31/2026 × 6: $ 180.00 04/16/2026 – 04/30/2026 × 1: $ 15.00 "
                  "05/01/2026 – 05/31/2026 × 1: $ 30.00 06/01/2026 – 06/30/2026 × 1: $ 30.00"),
                 "+$ 105.00"],
            ])
            self.assertEqual(window.difference, 105.0)
            self.assertEqual(self.plain(window.summary), "$ 105.00 more is billed on these invoices, before tax.")
            planned = self.confirm(window)
        self.assertBilledAsShown(contract, planned)
        self.assertEqual(
            self.invoices(contract)[-1].invoice_line_ids.sorted("sequence").mapped("price_subtotal"),
            [180.0, 15.0, 30.0, 30.0])

    def test_the_preview_writes_nothing(self):
        contract = self.five_at_thirty()
        self.bill(contract, "2026-04-02")
        with self.today("2026-04-10"):
            window = self.open(contract.subscription_ids, "deactivate")
            window.refund = "yes"
            window.save()
            self.env.flush_all()
            self.assertEqual(contract.change_log_ids.mapped("event"), ["create"])
            self.assertRecordValues(contract.subscription_ids, [{"quantity": 5.0, "state": "active"}])

    def test_on_renewal_is_the_start_of_the_next_cycle_that_is_not_invoiced(self):
        contract = self.five_at_thirty()
        self.bill(contract, "2026-04-02")
        with self.today("2026-04-10"):
            window = self.open(contract.subscription_ids, "change_quantity")
            self.assertEqual(str(window.effective_date), "2026-04-10")
            window.effective = "renewal"
            self.assertEqual(str(window.effective_date), "2026-05-01")
            window.new_quantity = 3
            self.assertEqual([row[3] for row in self.table(window)], ["$ -60.00"] * 2)
            planned = self.confirm(window)
        log = contract.change_log_ids.filtered(lambda log: log.event == "update")
        self.assertRecordValues(log, [{"quantity": -2.0, "state": "scheduled", "applied": False}])
        self.assertBilledAsShown(contract, planned)

    def test_on_renewal_jumps_over_what_is_invoiced_ahead_and_ends_with_the_contract(self):
        contract = self.five_at_thirty(date_end="2026-06-30")
        self.bill(contract, "2026-04-02")
        sub = contract.subscription_ids
        with self.today("2026-04-10"):
            may = contract.schedule_ids.sorted("cycle_start")[1]
            may.action_generate_invoice()
            self.env["billing.generate"].create({"contract_id": contract.id, "schedule_id": may.id}).action_proceed()
            self.assertEqual(str(sub._get_renewal_day()), "2026-06-01")
        with self.today("2026-06-10"):
            window = self.open(sub, "change_quantity")
            window.effective = "renewal"
            self.assertFalse(window.effective_date)

    def test_a_price_acts_from_the_next_cycle_and_is_recorded(self):
        contract = self.five_at_thirty()
        self.bill(contract, "2026-04-02")
        with self.today("2026-04-10"):
            window = self.open(contract.subscription_ids, "change_price")
            window.new_price = 40.0
            self.assertIn("first cycle that begins on that day", window.explanation)
            self.assertEqual([row[1:] for row in self.table(window)], [
                ["$ 150.00 05/01/2026 – 05/31/2026 × 5: $ 150.00",
                 "$ 200.00 05/01/2026 – 05/31/2026 × 5: $ 200.00", "+$ 50.00"]])
            planned = self.confirm(window)
        self.assertRecordValues(contract.change_log_ids.filtered("applied").sorted("id")[-1], [
            {"event": "update", "quantity": 0.0, "price_unit": 40.0, "sets_price": True}])
        self.assertBilledAsShown(contract, planned)

    def test_other_lines_of_the_contract_are_in_the_totals(self):
        contract = self.five_at_thirty({"quantity": 2, "price_unit": 50.0, "name": "Other"}, discount=10.0)
        self.bill(contract, "2026-04-02")
        with self.today("2026-04-10"):
            window = self.open(contract.subscription_ids[0], "change_quantity")
            window.new_quantity = 7
            [row] = self.table(window)
            # 150 and 100 less ten percent; two more for 21 of 30 days of April
            self.assertEqual((row[1][:8], row[2][:8], row[3]), ("$ 225.00", "$ 316.80", "+$ 91.80"))
            planned = self.confirm(window)
        self.assertBilledAsShown(contract, planned)

    # ---- deactivate -------------------------------------------------------------------------------------------------

    def test_an_annual_contract_deactivated_with_refund_is_credited_after_its_end(self):
        contract = self.make_contract(
            {"quantity": 1, "price_unit": 1200.0, "sales_unit": "annual"}, date_start="2025-01-01",
            date_end="2025-12-31", frequency="annual", refund_policy="yes")
        self.bill(contract, "2025-01-02")
        self.invoices(contract).action_post()
        with self.today("2025-11-20"):
            window = self.open(contract.subscription_ids, "deactivate")
            window.effective = "custom"
            window.effective_date = "2025-12-01"
            self.assertEqual((window.refund, window.difference), ("no", 0.0))
            self.assertIn("What is invoiced stays as it is", window.explanation)
            self.assertEqual(window.summary, "The next invoices stay as they are.")
            window.refund = "yes"
            self.assertIn("are credited", window.explanation)
            self.assertEqual(self.table(window), [[
                "01/01/2026 Credit Note Final change-log invoice", "Nothing",
                "$ -101.92 12/01/2025 – 12/31/2025 × -1: $ -101.92", "$ -101.92"]])
            planned = self.confirm(window)
        self.run_job("2025-12-01")
        self.assertBilledAsShown(contract, planned)
        credit = self.invoices(contract)[-1]
        self.assertRecordValues(credit, [{"move_type": "out_refund", "amount_total": 101.92}])
        self.assertEqual(str(credit.invoice_date), "2026-01-01")

    def test_apply_refund_says_when_the_policy_forbids_it_and_what_follows(self):
        contract = self.five_at_thirty()
        self.bill(contract, "2026-04-02")
        with self.today("2026-04-16"):
            window = self.open(contract.subscription_ids, "deactivate")
            self.assertEqual(window.refund_info, "Blue Yonder · Process Refunds: No (global setting)")
            window.refund = "yes"
            self.assertIn("Refunds are off for this contract", window.explanation)
            self.assertEqual(window.difference, -150.0)  # May is not billed; April is not credited
            self.company.billing_refund = True
            contract.refund_policy = "yes"
            window = self.open(contract.subscription_ids, "deactivate")
            self.assertEqual(window.refund_info, "Blue Yonder · Process Refunds: Yes (this contract)")
            window.refund = "yes"
            self.assertEqual(window.difference, -225.0)
            planned = self.confirm(window)
        self.assertEqual([float(one.amount) for one in planned], [-75.0])
        self.assertBilledAsShown(contract, planned)

    # ---- pause, resume, new start -----------------------------------------------------------------------------------

    def test_pause_and_resume_show_what_each_policy_costs(self):
        contract = self.five_at_thirty(refund_policy="yes")
        sub = contract.subscription_ids
        self.bill(contract, "2026-04-02")
        with self.today("2026-04-16"):
            window = self.open(sub, "pause")
            window.resume_on = "2026-05-16"
            differences = {}
            for policy in ("full", "nothing", "credit"):
                window.pause_policy = policy
                differences[policy] = round(window.difference, 2)
            self.assertEqual(differences, {"full": 0.0, "nothing": -72.58, "credit": -147.58})
            planned = self.confirm(window)
            self.assertEqual(sub.state, "paused")
        self.assertBilledAsShown(contract, planned)

    def test_resume_earlier_through_the_window(self):
        contract = self.five_at_thirty()
        sub = contract.subscription_ids
        self.bill(contract, "2026-04-02")
        with self.today("2026-04-16"):
            sub.pause(resume_on="2026-08-01")
            window = self.open(sub, "change")
            self.assertEqual((window.action, window.available_actions), ("resume", "resume,price,deactivate"))
            self.assertRegex(window.current, "Paused since 04/16/2026")
            window.effective = "renewal"
            self.assertEqual(window.difference, 300.0)  # May, and June that is the next cycle
            planned = self.confirm(window)
        self.assertEqual(len(planned), 2)
        self.assertBilledAsShown(contract, planned)

    def test_reactivate_proposes_the_old_quantity(self):
        contract = self.five_at_thirty()
        sub = contract.subscription_ids
        self.bill(contract, "2026-04-02")
        with self.today("2026-04-16"):
            sub.deactivate()
        with self.today("2026-05-10"):
            window = self.open(sub, "change")
            self.assertEqual((window.action, window.new_quantity), ("activate", 5.0))
            window.new_quantity = 2
            planned = self.confirm(window)
        self.run_job("2026-05-10")
        self.assertEqual(sub.state, "active")
        self.assertEqual([float(one.amount) for one in planned], [42.58, 60.0])

    # ---- refusals ---------------------------------------------------------------------------------------------------

    def test_what_is_refused_is_said_before_and_refused_again(self):
        self.licence.write({"billing_reduction": "window", "billing_reduction_days": 7})
        contract = self.five_at_thirty()
        with self.today("2026-04-16"):
            window = self.open(contract.subscription_ids, "deactivate")
            self.assertIn("the last day was 04/08/2026", window.problem)
            self.assertFalse(window.preview)
            with self.assertRaisesRegex(UserError, "04/08/2026"):
                window.save().action_confirm()
        self.assertEqual(contract.subscription_ids.state, "active")

    def test_a_window_without_a_change_is_refused(self):
        contract = self.five_at_thirty()
        with self.today("2026-04-16"):
            window = self.open(contract.subscription_ids, "change_quantity")
            self.assertEqual(window.summary, "Nothing changes.")
            with self.assertRaisesRegex(UserError, "This changes nothing"):
                window.save().action_confirm()

    def test_a_viewer_opens_no_window(self):
        contract = self.five_at_thirty()
        viewer = new_test_user(
            self.env, "changes_viewer", "work365_billing.billing_group_viewer", company_id=self.company.id,
            company_ids=self.company.ids)
        sub = contract.subscription_ids.with_user(viewer)
        for action in ("change", "change_quantity", "change_price", "pause", "deactivate"):
            with self.assertRaises(AccessError, msg=action):
                getattr(sub, f"action_{action}")()

    # ---- changes that wait ------------------------------------------------------------------------------------------

    def test_a_change_that_waits_is_edited(self):
        contract = self.five_at_thirty()
        sub = contract.subscription_ids
        self.bill(contract, "2026-04-02")
        with self.today("2026-04-10"):
            log = sub.change_quantity(8, "2026-05-11")
            window = self.open(log, "edit")
            self.assertEqual((str(window.effective_date), window.new_quantity), ("2026-05-11", 8.0))
            window.effective_date = "2026-05-21"
            window.new_quantity = 6
            # May: 5 more days of … 3 for 21 days are 60.97, 1 for 11 days 10.65; June: 240 and 180
            self.assertEqual(round(window.difference, 2), round(10.65 - 60.97 - 60.0, 2))
            planned = self.confirm(window)
            self.assertRecordValues(sub.change_log_ids.sorted("id")[-1], [
                {"event": "update", "quantity": 1.0, "state": "scheduled"}])
            self.assertFalse(log.exists())
            self.assertIn("Edited: Update 05/11/2026 +3. Now: Update 05/21/2026 +1", sub.message_ids[0].body)
        self.assertBilledAsShown(contract, planned)

    def test_a_change_that_waits_is_withdrawn(self):
        contract = self.five_at_thirty()
        sub = contract.subscription_ids
        self.bill(contract, "2026-04-02")
        with self.today("2026-04-10"):
            log = sub.change_quantity(8, "2026-05-01")
            window = self.open(log, "withdraw")
            self.assertEqual(window.difference, -180.0)  # May and June
            planned = self.confirm(window)
            self.assertEqual(sub.change_log_ids.mapped("event"), ["create"])
            self.assertIn("Withdrawn: Update 05/01/2026 +3", sub.message_ids[0].body)
        self.assertBilledAsShown(contract, planned)
        self.assertEqual(sub.quantity, 5)

    def test_a_pause_that_waits_is_edited_and_withdrawn_with_its_resume(self):
        contract = self.five_at_thirty()
        sub = contract.subscription_ids
        with self.today("2026-04-10"):
            window = self.open(sub.pause("2026-05-01", "2026-06-01", "nothing"), "edit")
            self.assertEqual((window.pause_policy, str(window.resume_on)), ("nothing", "2026-06-01"))
            window.resume_on = "2026-07-01"
            self.confirm(window)
            logs = sub.change_log_ids.sorted("id")[1:]
            self.assertEqual(
                [(log.event, str(log.effective_date), log.quantity) for log in logs],
                [("pause", "2026-05-01", -5.0), ("resume", "2026-07-01", 5.0)])
            self.confirm(self.open(logs[0], "withdraw"))
            self.assertEqual(sub.change_log_ids.mapped("event"), ["create"])

    def test_ends_prices_and_new_starts_that_wait_are_edited(self):
        contract = self.five_at_thirty()
        sub = contract.subscription_ids
        with self.today("2026-04-10"):
            window = self.open(sub.change_price(40.0, "2026-05-01"), "edit")
            window.new_price = 45.0
            self.confirm(window)
            window = self.open(sub.deactivate("2026-06-01"), "edit")
            window.effective_date = "2026-06-16"
            window.refund = "yes"
            self.confirm(window)
            window = self.open(sub.reactivate("2026-08-01", 2), "edit")
            window.new_quantity = 3
            self.confirm(window)
        self.assertRecordValues(sub.change_log_ids.sorted("effective_date"), [
            {"event": "create", "quantity": 5.0, "price_unit": 30.0, "refund": True},
            {"event": "update", "quantity": 0.0, "price_unit": 45.0, "refund": True},
            {"event": "deactivate", "quantity": -5.0, "price_unit": 30.0, "refund": True},
            {"event": "activate", "quantity": 3.0, "price_unit": 30.0, "refund": True}])

    def test_once_billed_in_advance_it_needs_an_undo_first(self):
        contract = self.five_at_thirty(today="2026-03-20")
        with self.today("2026-03-25"):
            log = contract.subscription_ids.change_quantity(8, "2026-04-16")
        self.bill(contract, "2026-04-02")
        with self.today("2026-04-10"):
            for action in ("edit", "withdraw"):
                with self.assertRaisesRegex(UserError, "delete or cancel that draft"):
                    getattr(log, f"action_{action}")()
            self.invoices(contract).unlink()
            self.assertEqual(log.state, "scheduled")
            self.confirm(self.open(log, "withdraw"))
        self.bill(contract, "2026-04-11")
        self.assertEqual(self.invoices(contract).amount_total, 150.0)

    def test_what_has_taken_effect_is_neither_edited_nor_withdrawn(self):
        contract = self.five_at_thirty()
        for action in ("edit", "withdraw"):
            with self.assertRaisesRegex(UserError, "has taken effect and stays"):
                getattr(contract.change_log_ids, f"action_{action}")()
