from ast import literal_eval
from datetime import timedelta

from odoo import Command
from odoo.exceptions import UserError, ValidationError
from odoo.tests import tagged

from ..engine import obstacles
from ..models import collection_obstacle
from .collection_common import CollectionCommon


@tagged("post_install", "-at_install")
class TestObstacles(CollectionCommon):
    """What stops a collection: each code by its own cause, and gone once that is mended."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.contract = cls.make_collected()
        cls.mandate = cls.make_mandate(cls.contract, amount_max=100.0)
        cls.move = cls.make_invoice(cls.contract)

    def assertObstacle(self, code, move=None):
        move = move or self.move
        self.env.invalidate_all()
        self.assertEqual(move._get_collection_obstacles(), {move: code})
        self.assertEqual(move.collection_obstacle, code or False)
        text = code and collection_obstacle.explain(self.env, code)
        self.assertEqual(move.collection_obstacle_text, text or False)

    def test_every_code_has_its_words(self):
        self.assertEqual(set(collection_obstacle.OBSTACLES), set(obstacles.ALL_CODES))
        self.assertEqual(len(obstacles.ALL_CODES), len(set(obstacles.ALL_CODES)))
        for code in obstacles.ALL_CODES:
            what, step = collection_obstacle.OBSTACLES[code]
            self.assertTrue(str(what).endswith(".") and str(step).endswith("."), code)

    def test_nothing(self):
        self.assertObstacle(None)

    def test_the_invoice(self):
        self.assertObstacle(obstacles.NOT_POSTED, self.make_invoice(self.contract, post=False))
        self.move.action_toggle_block_payment()
        self.assertObstacle(obstacles.BLOCKED)
        self.move.action_toggle_block_payment()
        other = self.make_invoice(self.contract)
        self.move._billing_mark_replaced(other)
        self.assertObstacle(obstacles.REPLACED)
        self.pay(other)
        self.assertObstacle(obstacles.NOTHING_OPEN, other)

    def pay(self, move, amount=None):
        values = {"journal_id": self.company_data["default_journal_bank"].id, **({"amount": amount} if amount else {})}
        self.env["account.payment.register"].with_context(
            active_model="account.move", active_ids=move.ids).create(values)._create_payments()

    def test_a_credit_note_is_not_collected(self):
        credit = self.move._reverse_moves()
        credit.write({"collection_date": "2026-01-15", "invoice_date": "2026-01-02"})
        credit.action_post()
        self.assertObstacle(obstacles.NOTHING_OPEN, credit)

    def test_a_payment_on_its_way(self):
        self.env["payment.transaction"].sudo().create({
            "provider_id": self.provider.id, "payment_method_id": self.token.payment_method_id.id, "amount": 100.0,
            "currency_id": self.move.currency_id.id, "partner_id": self.customer.id, "reference": "pending",
            "state": "pending", "invoice_ids": [Command.set(self.move.ids)]})
        self.assertObstacle(obstacles.ON_ITS_WAY)

    def test_the_client(self):
        self.customer.active = False
        self.assertObstacle(obstacles.CLIENT_INACTIVE)
        self.customer.active = True
        self.assertObstacle(None)
        other = self.make_invoice(self.contract, partner_id=self.partner_a.id)
        self.assertObstacle(obstacles.OTHER_CLIENT, other)

    def test_the_payment_method(self):
        self.account.active = False
        self.assertObstacle(obstacles.METHOD_ARCHIVED)
        self.account.active = True
        self.contract.payment_method_id = self.make_account(account_number="1234567")
        self.assertObstacle(obstacles.MANDATE_OTHER_METHOD)
        self.contract.payment_method_id = False
        self.assertObstacle(obstacles.NO_METHOD)

    def test_no_contract(self):
        move = self.make_invoice(self.contract, post=False)
        move.sudo().billing_contract_id = False
        move.action_post()
        self.assertObstacle(obstacles.NO_METHOD, move)

    def test_the_mandate(self):
        self.mandate.action_suspend()
        self.assertObstacle(obstacles.MANDATE_NOT_ACTIVE)
        self.mandate.action_activate()
        self.assertObstacle(None)
        self.mandate.action_cancel()
        self.assertObstacle(obstacles.NO_MANDATE)
        draft = self.make_mandate(self.contract, "draft", date_start="2026-01-16")
        self.assertObstacle(obstacles.MANDATE_NOT_ACTIVE)
        draft.action_activate()
        self.assertObstacle(obstacles.MANDATE_PERIOD)
        self.move.collection_date = "2026-01-16"
        self.assertObstacle(None)

    def test_the_end_of_the_mandate_is_a_day_of_it(self):
        self.mandate.action_cancel()
        self.make_mandate(self.contract, date_end="2026-01-15")
        self.assertObstacle(None)
        self.move.collection_date = "2026-01-16"
        self.assertObstacle(obstacles.MANDATE_PERIOD)

    def test_the_maximum_to_the_cent_and_only_of_what_is_open(self):
        self.assertObstacle(obstacles.MANDATE_MAXIMUM, above := self.make_invoice(self.contract, 100.01))
        self.pay(above, 0.01)
        self.assertObstacle(None, above)
        self.mandate.action_cancel()
        self.make_mandate(self.contract)
        self.assertObstacle(None, self.make_invoice(self.contract, 1000000.0))

    def test_another_currency(self):
        move = self.make_invoice(self.contract, 1.0, currency_id=self.setup_other_currency("EUR").id)
        self.assertObstacle(obstacles.MANDATE_CURRENCY, move)

    def test_an_exported_debit(self):
        self.move.collection_exported_at = "2026-01-10 08:00:00"
        self.assertObstacle(obstacles.EXPORTED)

    def test_a_card_needs_no_mandate_and_must_be_chargeable(self):
        self.contract.payment_token_id = self.token
        self.mandate.action_cancel()
        self.assertObstacle(None)
        self.provider.state = "disabled"
        self.assertObstacle(obstacles.TOKEN_ARCHIVED)  # Odoo archives the cards of a disabled provider
        self.provider.state = "test"
        self.token.active = True
        self.provider.available_currency_ids = self.setup_other_currency("EUR")
        self.assertObstacle(obstacles.CARD_REFUSED)

    def test_without_a_collection_date_nothing_is_said(self):
        self.move.collection_date = False
        self.contract.payment_method_id = False
        self.assertFalse(self.move.collection_obstacle)
        self.assertFalse(self.move.collection_obstacle_text)

    def test_a_suspended_or_closed_contract_is_still_collected(self):
        self.contract.action_suspend()
        self.assertObstacle(None)
        self.contract.action_close()
        self.assertObstacle(None)

    def test_a_copy_is_not_collected_and_not_exported(self):
        self.move.collection_exported_at = "2026-01-10 08:00:00"
        self.assertRecordValues(self.move.copy(), [{"collection_date": False, "collection_exported_at": False}])

    def test_the_number_of_queries_does_not_grow(self):
        def count(moves):
            self.env.flush_all()
            self.env.invalidate_all()
            before = self.cr.sql_log_count
            moves._get_collection_obstacles()
            return self.cr.sql_log_count - before

        moves = self.move
        for number in range(20):
            contract = self.make_collected(self.make_account(account_number=f"70000000{number:02}"))
            self.make_mandate(contract)
            moves |= self.make_invoice(contract)
        few = count(moves[:3])
        self.assertEqual(count(moves), few)


@tagged("post_install", "-at_install")
class TestScreen(CollectionCommon):
    """What stands on *Ready for Collection*, and its filters and groups."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.contract = cls.make_collected()
        cls.make_mandate(cls.contract)
        cls.card_contract = cls.make_contract(
            {"price_unit": 1.0}, date_start="2026-01-01", payment_token_id=cls.token.id)
        cls.plain = cls.make_contract({"price_unit": 1.0}, date_start="2026-01-01")
        cls.debit = cls.make_invoice(cls.contract, 100.0)
        cls.later = cls.make_invoice(cls.contract, 20.0, "2026-02-16")
        cls.card = cls.make_invoice(cls.card_contract, 3.0)
        cls.stopped = cls.make_invoice(cls.plain, 0.4)
        cls.undated = cls.make_invoice(cls.contract, 7.0, False)
        cls.draft = cls.make_invoice(cls.contract, 7.0, post=False)
        cls.all = cls.debit | cls.later | cls.card | cls.stopped
        cls.action = cls.env.ref("billdozer_repeating.account_move_action_collection")

    def find(self, *domain):
        return self.env["account.move"].search(
            [*literal_eval(self.action.domain.strip()), ("company_id", "=", self.company.id), *domain], order="id")

    def test_what_stands_there(self):
        self.assertEqual(self.find(), self.all)
        self.assertEqual(self.env["account.move"].search(self.env["account.move"]._get_collection_domain()), self.all)

    def test_filters(self):
        self.assertEqual(self.find(("collection_obstacle", "=", False)), self.all - self.stopped)
        self.assertEqual(self.find(("collection_obstacle", "!=", False)), self.stopped)
        self.assertEqual(self.find(("collection_obstacle", "=", "no_method")), self.stopped)
        self.assertEqual(self.find(("collection_method_id.method_type", "=", "bank")), self.debit | self.later)
        self.assertEqual(self.find(("collection_method_id.method_type", "=", "card")), self.card)
        self.assertEqual(self.find(("collection_method_id", "=", False)), self.stopped)
        with self.today(self.day("2026-01-14")):
            self.assertFalse(self.find(("collection_date", "<=", "today")))
            self.assertEqual(self.find(("collection_date", "<=", "today +7d")), self.all - self.later)
        with self.today(self.day("2026-01-14") + timedelta(days=1)):
            self.assertEqual(self.find(("collection_date", "<=", "today")), self.all - self.later)

    def test_groups_and_totals(self):
        def groups(by):
            return [tuple(row) for row in self.env["account.move"]._read_group(
                [("id", "in", self.all.ids)], [by], ["__count", "amount_residual:sum"])]

        self.assertEqual(groups("collection_date:day"), [
            (self.day("2026-01-15"), 3, 103.4), (self.day("2026-02-16"), 1, 20.0)])
        self.assertCountEqual(groups("collection_method_id"), [
            (self.account, 2, 120.0), (self.card_contract.payment_method_id, 1, 3.0),
            (self.account.browse(), 1, 0.4)])
        self.assertEqual(groups("partner_id"), [(self.customer, 4, 123.4)])


@tagged("post_install", "-at_install")
class TestCardsOnTheirDate(CollectionCommon):
    """The charge of Work 365, with all its guarantees, on the collection date."""

    def make_dated(self, answer="done"):
        """Return a contract with a draft invoice dated 10 January, made on 5 January, to be collected on the 15th."""
        contract = self.make_automatic(
            answer, date_start="2026-01-10", billing_offset=-5, invoice_date_policy="cycle_start", auto_send=False)
        self.run_job("2026-01-05")
        contract.invoice_ids.collection_date = "2026-01-15"
        return contract

    def test_it_waits_for_its_collection_date_and_is_charged_once(self):
        contract = self.make_dated()
        self.assertTasks(contract, [("post", "waiting"), ("charge", "waiting")])
        self.run_job("2026-01-10")
        self.assertRecordValues(contract.invoice_ids, [{"state": "posted", "payment_state": "not_paid"}])
        self.assertRecordValues(self.tasks(contract, "charge"), [{"collection_date": self.day("2026-01-15")}])
        self.run_job("2026-01-14")
        self.assertFalse(self.transactions(contract))
        self.run_job("2026-01-15")
        self.run_job("2026-01-15", "06:00:00")
        self.run_job("2026-01-16")
        self.assertRecordValues(self.transactions(contract), [{"state": "done", "amount": 100.0}])
        self.assertRecordValues(contract.invoice_ids[-1], [{"payment_state": "paid", "amount_residual": 0.0}])

    def test_a_moved_date_moves_the_charge(self):
        contract = self.make_dated()
        contract.invoice_ids.collection_date = "2026-01-20"
        self.run_job("2026-01-15")
        self.assertFalse(self.transactions(contract))
        self.run_job("2026-01-20")
        self.assertEqual(self.transactions(contract).mapped("amount"), [100.0])

    def test_an_inactive_client_is_not_charged(self):
        contract = self.make_dated()
        self.run_job("2026-01-10")
        self.customer.active = False
        self.run_job("2026-01-15")
        self.assertFalse(self.transactions(contract))
        self.assertIn("The client is inactive", self.tasks(contract, "charge").message)

    def test_an_archived_method_is_not_charged(self):
        contract = self.make_dated()
        contract.payment_method_id.active = False
        self.run_job("2026-01-15")
        self.assertFalse(self.transactions(contract))
        self.assertIn("is archived: choose another", self.tasks(contract, "charge").message)

    def test_by_hand_a_bank_account_is_refused(self):
        contract = self.make_collected()
        with self.assertRaisesRegex(UserError, "collected by debit order"):
            self.make_invoice(contract).action_billing_charge()
        with self.assertRaises(ValidationError):
            contract.write({"auto_sync": True, "auto_charge": True})
