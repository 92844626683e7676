"""Three years of one contract, month by month: the hourly job runs on every day, people change their minds.

The table is worked out by hand from DESIGN section 4; nothing in it is computed by the code under test.
"""

from datetime import date, timedelta

from odoo import Command
from odoo.tests import tagged

from .common import BillingCommon

# Each cycle of a monthly contract from 31 January 2024 with the lines of its invoice, made on the day after its start:
# (quantity, unit price, amount, first day, last day).
TABLE = [
    # 10 licences at 12.00
    ("2024-01-31", "2024-02-28", [(10, 12.0, 120.0, "2024-01-31", "2024-02-28")]),
    ("2024-02-29", "2024-03-30", [(10, 12.0, 120.0, "2024-02-29", "2024-03-30")]),
    # five more from 15 March: 60.00 x 16/31 = 30.97
    ("2024-03-31", "2024-04-29", [
        (15, 12.0, 180.0, "2024-03-31", "2024-04-29"), (5, 6.194, 30.97, "2024-03-15", "2024-03-30")]),
    ("2024-04-30", "2024-05-30", [(15, 12.0, 180.0, "2024-04-30", "2024-05-30")]),  # its draft is deleted once
    ("2024-05-31", "2024-06-29", [(15, 12.0, 180.0, "2024-05-31", "2024-06-29")]),
    # 13.50 from the cycle after 10 June
    ("2024-06-30", "2024-07-30", [(15, 13.5, 202.5, "2024-06-30", "2024-07-30")]),
    ("2024-07-31", "2024-08-30", [(15, 13.5, 202.5, "2024-07-31", "2024-08-30")]),
    # three fewer from 10 August, credited: 40.50 x 21/31 = 27.44
    ("2024-08-31", "2024-09-29", [
        (12, 13.5, 162.0, "2024-08-31", "2024-09-29"), (-3, 9.146667, -27.44, "2024-08-10", "2024-08-30")]),
    ("2024-09-30", "2024-10-30", [(12, 13.5, 162.0, "2024-09-30", "2024-10-30")]),
    # an item to be invoiced on 5 October
    ("2024-10-31", "2024-11-29", [(12, 13.5, 162.0, "2024-10-31", "2024-11-29"), (1, 250.0, 250.0, False, False)]),
    # support at 1,200.00 a year from 15 November: 100.00 x 15/30 = 50.00
    ("2024-11-30", "2024-12-30", [
        (12, 13.5, 162.0, "2024-11-30", "2024-12-30"), (1, 100.0, 100.0, "2024-11-30", "2024-12-30"),
        (1, 50.0, 50.0, "2024-11-15", "2024-11-29")]),
    ("2024-12-31", "2025-01-30", [
        (12, 13.5, 162.0, "2024-12-31", "2025-01-30"), (1, 100.0, 100.0, "2024-12-31", "2025-01-30")]),
    # the contract has renewed itself for a year
    ("2025-01-31", "2025-02-27", [
        (12, 13.5, 162.0, "2025-01-31", "2025-02-27"), (1, 100.0, 100.0, "2025-01-31", "2025-02-27")]),
    # two more from 15 January, entered on 20 February: 27.00 x 16/31 = 13.94, and a whole cycle
    ("2025-02-28", "2025-03-30", [
        (14, 13.5, 189.0, "2025-02-28", "2025-03-30"), (2, 6.97, 13.94, "2025-01-15", "2025-01-30"),
        (2, 13.5, 27.0, "2025-01-31", "2025-02-27"), (1, 100.0, 100.0, "2025-02-28", "2025-03-30")]),
    ("2025-03-31", "2025-04-29", [
        (14, 13.5, 189.0, "2025-03-31", "2025-04-29"), (1, 100.0, 100.0, "2025-03-31", "2025-04-29")]),
    # six more from 20 May, entered on 2 April: 81.00 x 11/31 = 28.74, known when the cycle is billed
    ("2025-04-30", "2025-05-30", [
        (14, 13.5, 189.0, "2025-04-30", "2025-05-30"), (6, 4.79, 28.74, "2025-05-20", "2025-05-30"),
        (1, 100.0, 100.0, "2025-04-30", "2025-05-30")]),
    ("2025-05-31", "2025-06-29", [
        (20, 13.5, 270.0, "2025-05-31", "2025-06-29"), (1, 100.0, 100.0, "2025-05-31", "2025-06-29")]),
    ("2025-06-30", "2025-07-30", [
        (20, 13.5, 270.0, "2025-06-30", "2025-07-30"), (1, 100.0, 100.0, "2025-06-30", "2025-07-30")]),
    # support deactivated on 10 July without a refund
    ("2025-07-31", "2025-08-30", [(20, 13.5, 270.0, "2025-07-31", "2025-08-30")]),
    ("2025-08-31", "2025-09-29", [(20, 13.5, 270.0, "2025-08-31", "2025-09-29")]),
    # paused from 10 September to 9 November, credited: 270.00 x 20/30
    ("2025-09-30", "2025-10-30", [(-20, 9.0, -180.0, "2025-09-10", "2025-09-29")]),
    ("2025-10-31", "2025-11-29", [(20, 9.0, 180.0, "2025-11-10", "2025-11-29")]),
    ("2025-11-30", "2025-12-30", [(20, 13.5, 270.0, "2025-11-30", "2025-12-30")]),
    ("2025-12-31", "2026-01-30", [(20, 13.5, 270.0, "2025-12-31", "2026-01-30")]),
    # renewed once more
    ("2026-01-31", "2026-02-27", [(20, 13.5, 270.0, "2026-01-31", "2026-02-27")]),
    ("2026-02-28", "2026-03-30", [(20, 13.5, 270.0, "2026-02-28", "2026-03-30")]),
    # one licence is left from 20 March: 256.50 x 11/31 = 91.02 back, more than the new cycle costs
    ("2026-03-31", "2026-04-29", [
        (1, 13.5, 13.5, "2026-03-31", "2026-04-29"), (-19, 4.790526, -91.02, "2026-03-20", "2026-03-30")]),
    ("2026-04-30", "2026-05-30", [(1, 13.5, 13.5, "2026-04-30", "2026-05-30")]),
    ("2026-05-31", "2026-06-29", [(1, 13.5, 13.5, "2026-05-31", "2026-06-29")]),
    # three, at 20.00 from the next cycle, since 15 June: 27.00 x 15/30 at the old price
    ("2026-06-30", "2026-07-30", [
        (3, 20.0, 60.0, "2026-06-30", "2026-07-30"), (2, 6.75, 13.5, "2026-06-15", "2026-06-29")]),
    ("2026-07-31", "2026-08-30", [(3, 20.0, 60.0, "2026-07-31", "2026-08-30")]),
    ("2026-08-31", "2026-09-29", [(3, 20.0, 60.0, "2026-08-31", "2026-09-29")]),
    ("2026-09-30", "2026-10-30", [(3, 20.0, 60.0, "2026-09-30", "2026-10-30")]),
    ("2026-10-31", "2026-11-29", [(3, 20.0, 60.0, "2026-10-31", "2026-11-29")]),
    ("2026-11-30", "2026-12-30", [(3, 20.0, 60.0, "2026-11-30", "2026-12-30")]),
    ("2026-12-31", "2027-01-30", [(3, 20.0, 60.0, "2026-12-31", "2027-01-30")]),
]
# One fewer from 20 January 2027, credited the day after the end: 20.00 x 11/31 = 7.10.
FINAL = ("2027-01-31", "2027-01-31", [(-1, 7.1, -7.1, "2027-01-20", "2027-01-30")])


@tagged("post_install", "-at_install")
class TestThreeYears(BillingCommon):
    def test_three_years_of_a_contract(self):
        contract = self.make_contract(
            {"quantity": 10, "price_unit": 12.0}, name="Three years", date_start="2024-01-31", date_end="2025-01-30",
            auto_renew=True, renewal_months=12, refund_policy="yes", today="2024-01-20")
        licences = contract.subscription_ids
        events = {
            "2024-03-15": lambda: licences.change_quantity(15),
            "2024-05-03": lambda: self.invoices(contract).filtered(
                lambda move: str(move.invoice_date) == "2024-05-01").unlink(),
            "2024-06-10": lambda: licences.change_price(13.5),
            "2024-08-10": lambda: licences.change_quantity(12),
            "2024-10-05": lambda: contract.write({"item_ids": [Command.create({
                "product_id": self.licence.id, "name": "Migration", "price_unit": 250.0, "tax_ids": False,
                "invoice_on": "2024-10-05"})]}),
            "2024-11-15": lambda: contract.write({"subscription_ids": [Command.create(self._subscription_vals({
                "name": "Support", "price_unit": 1200.0, "sales_unit": "annual", "date_start": "2024-11-15"}))]}),
            "2025-02-20": lambda: licences.change_quantity(14, "2025-01-15"),
            "2025-04-02": lambda: licences.change_quantity(20, "2025-05-20"),
            "2025-07-10": lambda: (contract.subscription_ids - licences).deactivate("2025-07-10"),
            "2025-09-10": lambda: licences.pause("2025-09-10", "2025-11-10", policy="credit"),
            "2026-03-20": lambda: licences.change_quantity(1),
            "2026-06-01": lambda: contract.write({"auto_renew": False}),
            "2026-06-15": lambda: (licences.change_quantity(3), licences.change_price(20.0)),
            "2027-01-20": lambda: licences.change_quantity(2),
        }
        day = date(2024, 1, 25)
        with self.many_runs() as run:
            while day <= date(2027, 2, 3):
                run(day)
                if str(day) in events:
                    run(day, job=False)
                    events.pop(str(day))()
                day += timedelta(days=1)
        self.assertFalse(events)
        self.check_ledger(contract)
        self.check_invoices(contract)
        self.assertEqual(
            (contract.state, str(contract.date_end), contract.next_invoice_date), ("closed", "2027-01-30", False))
        self.assertEqual([(sub.name, sub.quantity, sub.state) for sub in contract.subscription_ids], [
            ("Business Premium", 2.0, "active"), ("Support", 0.0, "inactive")])
        self.assertEqual(set(contract.change_log_ids.mapped("state")), {"archived"})

    def check_ledger(self, contract):
        rows = contract.schedule_ids.sorted(lambda row: (row.cycle_start, row.kind))
        self.assertEqual(
            [(row.kind, str(row.cycle_start), str(row.cycle_end), row.state) for row in rows],
            [("regular", first, last, "invoiced") for first, last, _lines in TABLE]
            + [("change_log", *FINAL[:2], "invoiced")])
        self.assertEqual(rows.resulting_invoice_id, self.invoices(contract))

    def check_invoices(self, contract):
        expected = []
        for first, _last, lines in [*TABLE, FINAL]:
            made = date.fromisoformat(first) + timedelta(days=first != FINAL[0])
            credit = sum(line[2] for line in lines) < 0
            sign = -1 if credit else 1
            expected.append((
                "out_refund" if credit else "out_invoice", str(made), str(made),
                [(sign * line[0], line[1], sign * line[2], *line[3:]) for line in lines]))
        self.assertInvoices(contract, expected)
