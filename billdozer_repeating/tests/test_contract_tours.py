from odoo import Command, fields
from odoo.tests import HttpCase, new_test_user, tagged

from .repeating_common import RepeatingCommon


@tagged("post_install", "-at_install")
class TestContractTours(RepeatingCommon, HttpCase):
    """A billing clerk calculates the value of a contract, and cancels it; what the clicks have made is compared."""

    def setUp(self):
        super().setUp()
        self.day = self.company._billing_today()
        self.repeating = self.make_repeating(
            {"price_unit": 100.0}, name="Tour Repeating", run_date=fields.Date.to_string(self.day), term=12)
        self.contract = self.repeating.contract_id
        self.invoices_of(self.repeating).action_post()
        self.clerk = new_test_user(
            self.env, login="contract_clerk", groups="work365_billing.billing_group_user", company_id=self.company.id,
            company_ids=[Command.set(self.company.ids)], tz="UTC", lang="en_US")
        self.contract.user_id = self.clerk

    def start(self, tour):
        action = self.env.ref("work365_billing.billing_contract_action")
        self.start_tour(
            f"/odoo/action-{action.id}/{self.contract.id}", f"billdozer_contract_{tour}", login=self.clerk.login)
        self.env.invalidate_all()

    def test_calculate_the_value(self):
        before = self.invoices_of(self.repeating)
        self.start("value")
        self.assertEqual(self.invoices_of(self.repeating), before)
        self.assertRecordValues(self.contract, [{"state": "active", "date_end": False}])

    def test_cancel(self):
        self.start("cancel")
        self.assertRecordValues(self.contract, [{"state": "closed", "date_end": self.day}])
        self.assertRecordValues(self.repeating, [{"state": "inactive", "date_end": self.day}])
        self.assertRecordValues(self.contract.activity_ids, [{
            "summary": "Switch the service off for Blue Yonder", "date_deadline": self.day,
            "user_id": self.clerk.id}])
        self.assertRuns(self.repeating, [(str(self.day), [("Hosting", 1.0, 100.0, 100.0)])])
