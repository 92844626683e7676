from psycopg2.errors import UniqueViolation

from odoo.exceptions import UserError, ValidationError
from odoo.tests import Form, tagged
from odoo.tools import file_open, mute_logger

from .usage_common import UsageCommon


@tagged("post_install", "-at_install")
class TestUsageEntry(UsageCommon):
    """What is stamped, corrected, refused and imported."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.subscription = cls.make_usage_contract(markup=10.0, reference="AZ-1")
        cls.contract = cls.subscription.contract_id

    def test_the_markup_is_stamped_until_it_is_repriced(self):
        billed = self.use(self.subscription, "2026-01-31", cost=100.0)
        self.bill(self.contract, "2026-02-02")
        waiting = self.use(self.subscription, "2026-02-10", cost=100.0)
        own = self.use(self.subscription, "2026-02-11", cost=100.0, markup=50.0)
        self.subscription.markup = 20.0
        usages = billed | waiting | own
        self.assertEqual(usages.mapped("amount"), [110.0, 110.0, 150.0])
        self.subscription.action_reprice_usage()
        self.assertEqual(usages.mapped("markup"), [10.0, 20.0, 20.0])
        self.assertEqual(usages.mapped("amount"), [110.0, 120.0, 120.0])
        self.bill(self.contract, "2026-03-02")
        self.assertEqual(
            self.usage_lines(self.invoices(self.contract)[1]), [("Azure", 1, 240.0, "2026-02-01", "2026-02-28")])

    def test_a_correction_takes_back_what_was_billed(self):
        usage = self.use(self.subscription, "2026-01-31", "2026-01-01", quantity=10, price_unit=5.0)
        self.bill(self.contract, "2026-02-02")
        correction = self.env["billing.usage"].create({
            "subscription_id": self.subscription.id, "corrects_id": usage.id, "quantity": -4})
        self.assertRecordValues(correction, [{
            "period_start": usage.period_start, "period_end": usage.period_end, "price_unit": 5.0, "amount": -20.0}])
        for words, values in (
                ("enter it as a correction", {"quantity": -4, "period_start": "2026-01-31"}),
                ("more than there was", {"corrects_id": usage.id, "quantity": -7}),
                ("not another correction", {"corrects_id": correction.id, "quantity": 0}),
                ("the period of the usage", {"corrects_id": usage.id, "quantity": -1, "period_start": "2026-01-30"}),
        ):
            with self.subTest(words), self.assertRaisesRegex(ValidationError, words), self.env.cr.savepoint():
                self.use(self.subscription, "2026-01-31", **{"period_start": "2026-01-01", **values})
        self.bill(self.contract, "2026-03-02")
        credit = self.invoices(self.contract)[1]
        self.assertEqual(credit.move_type, "out_refund")
        self.assertEqual(self.usage_lines(credit), [("Azure", 4, 20.0, "2026-01-01", "2026-01-31")])

    def test_what_is_refused(self):
        licence = self.make_contract({"quantity": 1, "price_unit": 1.0}, date_start="2026-01-01").subscription_ids
        other = self.env.ref("base.EUR")
        other.active = True
        migrated = self.make_usage_contract(contract={"billed_through": "2026-03-31"})
        ended = self.make_usage_contract(date_end="2026-02-28")
        later = self.make_usage_contract("2026-05-01")
        for words, subscription, values in (
                ("not usage-based", licence, {}),
                ("enter the cost in that currency", self.subscription, {"currency_id": other.id}),
                ("billed elsewhere through", migrated, {}),
                ("it ended on", ended, {"period_start": "2026-03-01"}),
                ("it starts on", later, {"period_start": "2026-03-01"}),
                ("is negative", self.subscription, {"cost": -1.0}),
        ):
            with self.subTest(words), self.assertRaisesRegex(ValidationError, words):
                self.use(subscription, "2026-03-31", **values)
        for name, values in (
                ("end_after_start", {"period_start": "2026-04-01"}), ("price_positive", {"price_unit": -1.0})):
            with mute_logger("odoo.sql_db"), self.assertRaisesRegex(Exception, name), self.env.cr.savepoint():
                self.use(self.subscription, "2026-03-31", **values)

    def test_a_contract_closed_by_hand_takes_no_usage(self):
        with self.today("2026-01-05"):
            self.contract.action_close()
        with self.assertRaisesRegex(UserError, "is closed"):
            self.use(self.subscription, "2026-01-05", cost=1.0)

    def test_a_type_stays_once_there_is_usage(self):
        self.use(self.subscription, "2026-01-05", cost=1.0)
        with self.assertRaisesRegex(UserError, "has usage"):
            self.subscription.pricing = "licence"
        with self.assertRaisesRegex(UserError, "quantity is always 1"):
            self.subscription.change_quantity(5, "2026-01-05")

    def test_no_price_is_missing(self):
        rows = self.env["billing.missing.data"].search([("contract_id", "=", self.contract.id)])
        self.assertNotIn("no_price", rows.mapped("problem"))

    def test_the_form_hides_what_means_nothing(self):
        with Form(self.env["billing.contract"]) as form:
            form.partner_id = self.customer
            form.date_start = "2026-01-01"
            with form.subscription_ids.new() as line:
                line.product_id = self.azure
                line.pricing = "usage"
        self.assertRecordValues(form.record.subscription_ids, [{"quantity": 1.0, "price_unit": 0.0}])

    def test_figures_of_the_subscription(self):
        self.use(self.subscription, "2026-01-31", quantity=3, price_unit=10.0)
        self.bill(self.contract, "2026-02-02")
        self.use(self.subscription, "2026-02-09", quantity=5, price_unit=10.0)
        self.use(self.subscription, "2026-02-10", quantity=2, cost=10.0, state="unconfirmed")
        self.use(self.subscription, "2026-02-11", quantity=9, cost=10.0, state="archived")
        with self.today("2026-02-12"):
            self.env.invalidate_all()
            self.assertRecordValues(self.subscription, [{
                "usage_count": 4, "usage_quantity": 7.0, "usage_amount": 61.0, "last_usage_revenue": 30.0}])

    # ---- files ------------------------------------------------------------------------------------------------------

    COLUMNS = ("subscription_reference", "reference", "name", "period_start", "period_end", "quantity", "cost")

    def load(self, *rows, columns=COLUMNS):
        return self.env["billing.usage"].load(list(columns), [list(row) for row in rows])

    def row(self, number, subscription="AZ-1", **values):
        return tuple({
            "subscription_reference": subscription, "reference": f"R{number}", "name": f"VM {number}",
            "period_start": "2026-01-01", "period_end": "2026-01-31", "quantity": "1", "cost": "2.5",
            **values}.values())

    def test_import_by_reference(self):
        result = self.load(*(self.row(number) for number in range(3)))
        self.assertFalse(result["messages"])
        self.assertRecordValues(self.env["billing.usage"].browse(result["ids"]), [
            {"subscription_id": self.subscription.id, "reference": f"R{number}", "name": f"VM {number}",
             "markup": 10.0, "amount": 2.75, "state": "confirmed"} for number in range(3)])

    def test_import_by_external_id(self):
        self.env["ir.model.data"].create({
            "name": "azure_1", "module": "__import__", "model": "billing.subscription", "res_id": self.subscription.id})
        result = self.load(
            ("__import__.azure_1", "2026-01-01", "2026-01-31", "7"),
            columns=("subscription_id/id", "period_start", "period_end", "cost"))
        self.assertFalse(result["messages"])
        self.assertEqual(self.env["billing.usage"].browse(result["ids"]).subscription_id, self.subscription)

    def test_a_file_is_not_imported_twice(self):
        self.assertFalse(self.load(self.row(1), self.row(2))["messages"])
        with mute_logger("odoo.sql_db", "odoo.models"):
            result = self.load(self.row(3), self.row(2))
        self.assertFalse(result["ids"])
        self.assertEqual([message["record"] for message in result["messages"]], [1])
        self.assertIn("was imported before", result["messages"][0]["message"])
        self.assertEqual(len(self.subscription.usage_ids), 2)
        with mute_logger("odoo.sql_db"), self.assertRaises(UniqueViolation):
            self.use(self.subscription, "2026-01-31", reference="R1")

    def test_an_unknown_subscription_is_named(self):
        with mute_logger("odoo.models"):
            result = self.load(self.row(1), self.row(2, "AZ-9"))
        self.assertFalse(result["ids"])
        self.assertIn("AZ-9", result["messages"][-1]["message"])
        self.assertFalse(self.subscription.usage_ids)

    def test_the_template_can_be_imported(self):
        self.subscription.reference = "AZ-1001"
        [template] = self.env["billing.usage"].get_import_templates()
        with file_open(template["template"].lstrip("/")) as file:
            header, *rows = [line.rstrip("\n").split(",") for line in file]
        result = self.env["billing.usage"].load(header, rows)
        self.assertFalse(result["messages"])
        self.assertEqual(
            self.env["billing.usage"].browse(result["ids"]).mapped("amount"), [474.7775, 60.0])
