from odoo import SUPERUSER_ID
from odoo.tests import new_test_user, tagged

from odoo.addons.queue_job.tests.common import trap_jobs
from odoo.addons.work365_billing.models.lanes import LANES_PARAMETER
from odoo.addons.work365_billing.tests.common import BillingCommon

GONE = "Nothing was left to do: somebody else has it."


@tagged("post_install", "-at_install")
class TestQueue(BillingCommon):
    """What is queued, how, and what a job does when its turn comes."""

    def make_due(self, count):
        contracts = self.env["billing.contract"]
        for number in range(count):
            contracts |= self.make_contract({"price_unit": 10.0}, name=f"Queued {number}", date_start="2026-04-01")
        return contracts

    def queued(self):
        return self.env["queue.job"].sudo().search([("model_name", "in", ("billing.lot", "billing.run"))], order="id")

    def test_each_lot_is_queued_once_and_the_hourly_job_needs_no_worker(self):
        """45 contracts and two lanes: lots of 20, 20 and 5."""
        contracts = self.make_due(45)
        with trap_jobs() as trap:
            self.run_job("2026-04-02")
            lots = [job.recordset for job in trap.enqueued_jobs]
            self.assertEqual(len(lots), 3)
            for lot in lots:
                trap.assert_enqueued_job(lot._bill_queued, properties={
                    "identity_key": f"billing.lot,{lot.id}", "max_retries": 10})
            self.assertEqual({job.channel for job in trap.enqueued_jobs} - {None, "root.billing"}, set())
            self.assertEqual([job.description for job in trap.enqueued_jobs], [
                f"Bill {count} contracts of {self.last_run().name}" for count in (20, 20, 5)])
            invoices = contracts.invoice_ids
            self.assertEqual(len(invoices), 45)
            late = self.env["billing.lot"].browse([lot.id for lot in lots])
            self.assertEqual([lot._bill_queued() for lot in late], [GONE] * 3)
        self.assertEqual(contracts.invoice_ids, invoices)
        self.assertRecordValues(self.last_run(), [{"state": "done", "contract_count": 45, "left_count": 0}])

    def last_run(self):
        return self.env["billing.run"].search([], order="id desc", limit=1)

    def test_a_job_bills_its_lot_and_a_second_one_finds_nothing(self):
        contracts = self.make_due(2)
        self.env.flush_all()
        with self.today("2026-04-02"):
            run = self.env["billing.run"].sudo().create({
                "company_id": self.company.id, "run_type": "automatic", "date": "2026-04-02", "contract_count": 2})
            first, second = self.env["billing.lot"].sudo().create([
                {"run_id": run.id, "contract_list": contract.ids} for contract in contracts])
            self.assertEqual(first._bill_queued(), "1 contracts")
            self.assertEqual(list(map(len, map(self.invoices, contracts))), [1, 0])
            self.assertEqual(first._bill_queued(), GONE)
            self.assertEqual(second._bill_queued(), "1 contracts")
        for contract in contracts:
            self.assertEqual(self.invoices(contract).mapped("amount_untaxed"), [10.0])
        self.assertFalse(first.exists() or second.exists())

    def test_channel_retries_and_identity_of_what_is_stored(self):
        self.env["ir.config_parameter"].sudo().set_param(LANES_PARAMETER, "3")
        clerk = new_test_user(self.env, login="queue_clerk", groups="work365_billing.billing_group_user")
        Run = self.env["billing.run"].with_user(clerk)
        for _time in range(2):
            Run._start_lanes(5)
        self.assertRecordValues(self.queued(), [
            {"identity_key": f"billing.run,help,{number}", "channel": "root.billing", "user_id": SUPERUSER_ID,
             "method_name": "_help_queued", "state": "pending"} for number in (2, 3)])
        functions = self.env["queue.job.function"].sudo().search(
            [("model_id.model", "in", ("billing.lot", "billing.run"))], order="name")
        self.assertRecordValues(functions, [
            {"name": name, "channel": "root.billing", "allow_commit": commits,
             "retry_pattern": {"1": 5, "3": 30, "5": 120}}
            for name, commits in (("<billing.lot>._bill_queued", False), ("<billing.run>._help_queued", True))])

    def test_one_lane_queues_no_help(self):
        self.env["ir.config_parameter"].sudo().set_param(LANES_PARAMETER, "1")
        self.env["billing.run"]._start_lanes(5)
        self.assertFalse(self.queued())
