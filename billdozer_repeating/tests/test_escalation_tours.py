from odoo import Command
from odoo.tests import HttpCase, new_test_user, tagged

from .repeating_common import RepeatingCommon


@tagged("post_install", "-at_install")
class TestEscalationTours(RepeatingCommon, HttpCase):
    def test_the_dry_run(self):
        client = self.env["res.partner"].create({"name": "Tour Client"})
        today = self.company._billing_today()
        repeating = self.make_repeating(
            {"price_unit": 100.0, "escalate": True}, run_date=f"{today}", today=f"{today}", partner_id=client.id,
            escalation_percent=10.0, term=36)
        logs = repeating.price_log_ids
        new_test_user(
            self.env, login="tour_clerk", groups="work365_billing.billing_group_user", company_id=self.company.id,
            company_ids=[Command.set(self.company.ids)], tz="UTC", lang="en_US")
        self.start_tour("/odoo", "billdozer_escalation_dry_run", login="tour_clerk")
        self.env.invalidate_all()
        self.assertEqual(repeating.price_log_ids, logs)
