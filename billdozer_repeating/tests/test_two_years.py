"""Two years of one repeating invoice: the hourly job runs on every day, people change their minds.

The tables are worked out by hand from DESIGN section 5; nothing in them is computed by the code under test.
"""

from datetime import date, timedelta

from odoo.tests import tagged

from .collection_common import CollectionCommon
from .repeating_common import RepeatingCommon

# Run date; the 25th on or after it, moved off weekends and South African holidays; hosting; training or none.
TABLE = [
    ("2026-01-31", "2026-02-25", (2, 100.0, 200.0), 30.0),
    ("2026-02-28", "2026-03-25", (2, 100.0, 200.0), 30.0),
    ("2026-03-31", "2026-04-28", (2, 100.0, 200.0), 30.0),  # Saturday, Sunday, Freedom Day
    ("2026-04-30", "2026-05-25", (2, 100.0, 200.0), None),  # the three months of the training are over
    ("2026-05-31", "2026-06-25", (3, 100.0, 300.0), None),  # a third one since 10 May
    ("2026-06-30", "2026-07-27", (3, 100.0, 300.0), None),  # Saturday
    ("2026-07-31", "2026-08-25", (3, 100.0, 300.0), None),
    # suspended from 5 August to 10 October: the runs of 31 August and 30 September are never billed
    ("2026-10-31", "2026-11-25", (3, 100.0, 300.0), None),
    ("2026-11-30", "2026-12-28", (3, 100.0, 300.0), None),  # Christmas, Saturday, Sunday
    ("2026-12-31", "2027-01-25", (3, 100.0, 300.0), None),
    ("2027-01-31", "2027-02-25", (3, 110.0, 330.0), None),  # the first anniversary
    ("2027-02-28", "2027-03-25", (3, 110.0, 330.0), None),
    ("2027-03-31", "2027-04-26", (3, 110.0, 330.0), None),  # Sunday
    # the run date was changed to the 15th
    ("2027-04-15", "2027-04-26", (3, 110.0, 330.0), None),
    ("2027-05-15", "2027-05-25", (3, 110.0, 330.0), None),
    ("2027-06-15", "2027-06-25", (3, 110.0, 330.0), None),  # credited with the cancellation
    ("2027-07-15", "2027-07-26", (3, 110.0, 330.0), None),  # made ahead, cancelled with it
    # cancelled on 5 July, re-activated from 1 September
    ("2027-09-15", "2027-09-27", (3, 110.0, 330.0), None),  # Saturday
    ("2027-10-15", "2027-10-25", (3, 110.0, 330.0), None),
    ("2027-11-15", "2027-11-25", (3, 110.0, 330.0), None),
    ("2027-12-15", "2027-12-28", (3, 110.0, 330.0), None),  # Saturday, Day of Goodwill on a Sunday and its Monday
    ("2028-01-15", "2028-01-25", (3, 110.0, 330.0), None),
]
LAST = date(2028, 2, 3)
# The set-up fee on the day of saving; 25 January is a Sunday.
SETUP = ("2026-01-10", "2026-01-26", "2026-01-26", [("Set-up", 1.0, 500.0, 500.0, False, False)])
# Last days of the runs that the next one does not tell: before the suspended ones, the moved one, the cancellation.
LEDGER = [
    ("2026-01-31", "2026-02-27", "invoiced"), ("2026-02-28", "2026-03-30", "invoiced"),
    ("2026-03-31", "2026-04-29", "invoiced"), ("2026-04-30", "2026-05-30", "invoiced"),
    ("2026-05-31", "2026-06-29", "invoiced"), ("2026-06-30", "2026-07-30", "invoiced"),
    ("2026-07-31", "2026-08-30", "invoiced"), ("2026-08-31", "2026-09-29", "skipped"),
    ("2026-09-30", "2026-10-30", "skipped"), ("2026-10-31", "2026-11-29", "invoiced"),
    ("2026-11-30", "2026-12-30", "invoiced"), ("2026-12-31", "2027-01-30", "invoiced"),
    ("2027-01-31", "2027-02-27", "invoiced"), ("2027-02-28", "2027-03-30", "invoiced"),
    ("2027-03-31", "2027-04-14", "invoiced"), ("2027-04-15", "2027-05-14", "invoiced"),
    ("2027-05-15", "2027-06-14", "invoiced"), ("2027-06-15", "2027-07-14", "skipped"),
    ("2027-07-15", "2027-08-14", "skipped"), ("2027-09-15", "2027-10-14", "invoiced"),
    ("2027-10-15", "2027-11-14", "invoiced"), ("2027-11-15", "2027-12-14", "invoiced"),
    ("2027-12-15", "2028-01-14", "invoiced"), ("2028-01-15", "2028-02-14", "invoiced"),
]


@tagged("post_install", "-at_install")
class TestTwoYears(RepeatingCommon, CollectionCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.company.country_id = cls.env.ref("base.za")

    def test_two_years_of_a_repeating_invoice(self):
        contract = self.make_contract(
            name="Two years", contract_type="item_based", date_start="2026-01-10", payment_method_id=self.account.id,
            activate=False)
        repeating = self.make_repeating(
            {"price_unit": 100.0, "quantity": 2, "escalate": True},
            {"price_unit": 30.0, "name": "Training", "term": 3},
            {"price_unit": 500.0, "name": "Set-up", "term": 1, "immediate": True},
            contract_id=contract.id, run_date="2026-01-31", term=24, escalation_percent=10.0, collect_on="25",
            today="2026-01-10")
        hosting = repeating.line_ids.filtered(lambda line: line.name == "Hosting")
        events = {
            "2026-05-10": lambda: hosting.write({"quantity": 3}),
            "2026-08-05": lambda: contract.suspend("2026-08-05", resume_on="2026-10-10"),
            "2027-03-20": lambda: repeating.change_run_date("2027-04-15", confirm=True),
            "2027-06-20": lambda: self.on(repeating, "2027-06-15").action_post(),
            "2027-07-05": lambda: repeating.cancel("2027-07-10", credit_moves=(
                self.on(repeating, "2027-06-15") | self.on(repeating, "2027-07-15"))),
            "2027-09-01": lambda: repeating.reactivate("2027-09-01"),
        }
        day = date(2026, 1, 10)
        with self.many_runs() as run:
            while day <= LAST:
                run(day)
                if str(day) in events:
                    run(day, job=False)
                    events.pop(str(day))()
                self.check_made_on_its_day(repeating, day)
                day += timedelta(days=1)
        self.assertFalse(events)
        self.check_invoices(repeating)
        self.check_ledger(repeating)
        self.assertRecordValues(repeating, [{"state": "inactive", "next_run_date": False, "term": 24}])
        self.assertEqual((str(repeating.run_date), str(repeating.date_end)), ("2026-01-31", "2028-01-30"))
        self.assertEqual(contract.state, "active")

    def on(self, repeating, day):
        return self.invoices_of(repeating).filtered(lambda move: str(move.invoice_date) == day)

    def check_made_on_its_day(self, repeating, day):
        """Fifteen days before the run date, no day earlier or later; what is re-activated, on that day."""
        ahead = str(day + timedelta(days=15))
        made = [run for run, *_rest in TABLE if run <= ahead and (run != "2027-09-15" or day > date(2027, 8, 31))]
        self.assertEqual(self.run_dates(repeating), [SETUP[0], *made], day)

    def check_invoices(self, repeating):
        last_days = {first: last for first, last, _state in LEDGER}
        last_days.update({"2027-03-31": "2027-04-29"})  # billed whole, before the run date was changed
        expected = [SETUP]
        for run, collected, hosting, training in TABLE:
            period = (run, last_days[run])
            lines = [("Hosting", float(hosting[0]), *hosting[1:], *period)]
            lines += [("Training", 1.0, training, training, *period)] if training else []
            expected.append((run, collected, collected, lines))
        self.assertWhole(repeating, expected)
        states = {str(move.invoice_date): (move.state, move.payment_state) for move in self.invoices_of(repeating)
                  if move.move_type == "out_invoice" and (move.state, move.payment_state) != ("draft", "not_paid")}
        self.assertEqual(states, {"2027-06-15": ("posted", "reversed"), "2027-07-15": ("cancel", "not_paid")})
        credit = self.on(repeating, "2027-06-15").reversal_move_ids
        self.assertRecordValues(credit, [{
            "move_type": "out_refund", "invoice_date": date(2027, 7, 5), "amount_total": 330.0, "state": "posted",
            "payment_state": "paid", "collection_date": False}])

    def check_ledger(self, repeating):
        rows = repeating.schedule_ids.sorted("cycle_start")
        self.assertEqual([(str(row.cycle_start), str(row.cycle_end), row.state) for row in rows], LEDGER)
        self.assertEqual(set(rows.mapped("kind")), {"regular"})
        invoiced = rows.filtered(lambda row: row.state == "invoiced")
        self.assertEqual(
            [(row.cycle_start, row.resulting_invoice_id.invoice_date) for row in invoiced],
            [(row.cycle_start, row.cycle_start) for row in invoiced])
