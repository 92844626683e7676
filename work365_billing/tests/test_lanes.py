"""Parallel lanes: how a run's contracts are cut into lots, who takes which, the setting, and the order of posting."""

from datetime import date
from unittest.mock import patch

from odoo import SUPERUSER_ID, Command, api
from odoo.exceptions import ValidationError
from odoo.tests import Form, new_test_user, tagged

from ..models import billing_executor_job, billing_executor_lots, billing_job_post
from ..models.lanes import DEFAULT_LANES, LANES_PARAMETER, MAX_LANES
from .common import BillingCommon


@tagged("post_install", "-at_install")
class TestLanes(BillingCommon):
    def make_many(self, count, **vals):
        return self.env["billing.contract"].union(*(
            self.make_contract({"price_unit": 10.0}, name=str(number), date_start="2026-01-01", **vals)
            for number in range(count)))

    def make_run(self, **vals):
        return self.env["billing.run"].sudo().create({
            "company_id": self.company.id, "date": "2026-01-02", "contract_count": 3, **vals})

    def last_runs(self, count):
        return self.env["billing.run"].search([], limit=count)

    def set_lanes(self, number):
        self.env["ir.config_parameter"].sudo().set_param(LANES_PARAMETER, number)

    def triggered(self):
        """Return the numbers of the lanes that are to begin."""
        lanes = {self.env.ref(f"work365_billing.ir_cron_work_lane_{n}").id: n for n in range(2, MAX_LANES + 1)}
        triggers = self.env["ir.cron.trigger"].sudo().search([("cron_id", "in", list(lanes))])
        return sorted(lanes[trigger.cron_id.id] for trigger in triggers)

    # ---- lots -------------------------------------------------------------------------------------------------------

    def test_lots_hold_all_contracts_once_and_end_small(self):
        for count, size, lanes, sizes in (
            (120, 50, 1, [50, 50, 20]),
            (120, 50, 2, [30, 23, 20, 20, 20, 7]),
            (400, 50, 2, [50, 50, 50, 50, 50, 38, 28, 21, 20, 20, 20, 3]),
            (30, 50, 4, [20, 10]),
            (5, 2, 3, [2, 2, 1]),
            (1, 50, 16, [1]),
        ):
            with self.subTest(count=count, size=size, lanes=lanes):
                lots = self.env["billing.lot"].sudo()._cut(self.make_run(), range(count), size, lanes)
                self.assertEqual([len(lot.contract_list) for lot in lots], sizes)
                self.assertEqual([id_ for lot in lots for id_ in lot.contract_list], list(range(count)))
                self.assertEqual(lots._count_contracts(), count)
                self.assertEqual(lots.company_id, self.company)

    def test_what_is_tried_again_comes_last(self):
        run, other = self.make_run(), self.make_run()
        Lot = self.env["billing.lot"].sudo()
        lots = Lot._cut(run, range(6), 2, 1)
        self.env.flush_all()
        first = Lot._claim([("run_id", "=", run.id)])
        self.assertEqual(first, lots[0])
        first._put_back([1])
        self.env.flush_all()
        again = Lot.search([("run_id", "=", run.id)], order="id desc", limit=1)
        self.assertRecordValues(again, [{"contract_list": [1], "again": True, "company_id": self.company.id}])
        self.assertEqual(Lot._claim([("run_id", "=", run.id)], limit=None), lots[1] | lots[2] | again)
        self.assertFalse(Lot._claim([("run_id", "=", other.id)]))

    def test_another_company_does_not_see_the_lots(self):
        other = self.setup_other_company()["company"]
        lots = self.env["billing.lot"].sudo()._cut(self.make_run(), range(2), 2, 1)
        group = "work365_billing.billing_group_admin"
        for company, seen in ((self.company, lots), (other, lots.browse())):
            user = new_test_user(
                self.env, f"lots_{company.id}", group, company_id=company.id, company_ids=[Command.set(company.ids)])
            self.assertEqual(lots.with_user(user).with_context(allowed_company_ids=company.ids).search([]), seen)

    def test_a_run_leaves_no_lot_and_accounts_for_all(self):
        contracts = self.make_many(5)
        with patch.object(billing_executor_job, "CHUNK", 2):
            self.run_job("2026-01-02")
        run = self.last_runs(1)
        self.assertRecordValues(run, [{
            "state": "done", "contract_count": 5, "invoiced_count": 5, "left_count": 0, "message": False}])
        self.assertEqual(run.job_ids.contract_id, contracts)
        self.assertFalse(self.env["billing.lot"].search([]))

    def test_a_contract_that_is_deleted_meanwhile_stops_nothing(self):
        """It stood in a lot: without it all others are billed, and no lane tries it for ever."""
        contracts = self.make_many(3)
        run = self.make_run()
        lot = self.env["billing.lot"].sudo()._cut(run, contracts.ids, 50, 1)
        contracts[1].sudo().unlink()
        self.env.flush_all()
        with self.today("2026-01-02"):
            self.env["billing.executor"].sudo()._bill_lot(lot)
        self.assertFalse(lot.exists())
        self.assertEqual(run.job_ids.contract_id, contracts.exists())
        self.assertEqual(run.job_ids.mapped("outcome"), ["invoiced", "invoiced"])
        self.assertFalse(self.env["billing.lot"].search([]))

    def test_each_contract_of_a_run_has_an_outcome_whoever_was_quicker(self):
        contracts = self.make_many(4)
        run = self.make_run(contract_count=4)
        lot = self.env["billing.lot"].sudo()._cut(run, contracts.ids, 50, 1)
        with self.today("2026-01-02"):
            rows = contracts.schedule_ids.filtered(lambda row: row.schedule_date <= date(2026, 1, 2))
            executor = self.env["billing.executor"]
            executor._generate_all(self.env["billing.planner"]._plan_due(contracts[0], date(2026, 1, 2)))
            (rows & contracts[1].schedule_ids).action_skip()
            contracts[2].sudo().state = "suspended"
            self.env.flush_all()
            executor.sudo()._bill_lot(lot)
        self.assertEqual(
            {job.contract_id: (job.outcome, job.reason) for job in run.job_ids},
            {contracts[0]: ("skipped", "already_invoiced"), contracts[1]: ("skipped", "skipped"),
             contracts[2]: ("skipped", "not_active"), contracts[3]: ("invoiced", False)})
        self.assertEqual([len(self.invoices(contract)) for contract in contracts], [1, 0, 0, 1])

    def test_what_was_billed_that_day_is_no_outcome_of_runs_that_have_nothing_to_do_with_it(self):
        """A run of changes, and an hourly one that has told already why the next period has nothing to bill."""
        contract = self.make_contract({"price_unit": 10.0}, date_start="2025-12-01")
        with self.today("2026-01-02"):
            [first, _second] = planned = self.env["billing.planner"]._plan_due(contract, date(2026, 1, 2))
            self.env["billing.executor"]._generate_all([first])
            run = self.make_run(mode="change_log")
            lot = self.env["billing.lot"].sudo()._cut(run, contract.ids, 50, 1)
            self.env["billing.executor"].sudo()._bill_lot(lot)
        self.assertEqual(len(planned), 2)
        self.assertFalse(run.job_ids.filtered(lambda job: job.reason == "already_invoiced"))
        run.unlink()
        contract.subscription_ids.billable = False
        self.run_job("2026-01-02")
        [told] = self.last_runs(1)
        self.assertEqual(told.job_ids.mapped("outcome"), ["nothing_to_bill"])
        self.run_job("2026-01-02", "06:00:00")
        self.assertEqual(self.last_runs(1), told)

    def test_a_run_that_fails_leaves_its_lots_to_the_next(self):
        contracts = self.make_many(5)
        executor = type(self.env["billing.executor"])
        bill, seen = executor._bill_contracts, []

        def fail_on_the_second(executor, run, chunk, day):
            seen.append(chunk)
            if len(seen) == 2:
                raise RuntimeError("stopped")
            return bill(executor, run, chunk, day)

        with (
            patch.object(billing_executor_job, "CHUNK", 2),
            patch.object(executor, "_bill_contracts", fail_on_the_second),
            self.today("2026-01-02"), self.enter_registry_test_mode(), self.registry.cursor() as cr,
            self.assertRaisesRegex(RuntimeError, "stopped"),
        ):
            api.Environment(cr, SUPERUSER_ID, {})["billing.run"]._cron_generate_invoices()
        self.env.invalidate_all()
        self.assertRecordValues(self.last_runs(1), [{
            "state": "interrupted", "contract_count": 5, "invoiced_count": 2, "left_count": 3}])
        self.assertFalse(self.env["billing.lot"].search([]))
        self.run_job("2026-01-02", "06:00:00")
        self.assertRecordValues(self.last_runs(1), [{
            "state": "done", "contract_count": 3, "invoiced_count": 3, "left_count": 0}])
        self.assertEqual([len(self.invoices(contract)) for contract in contracts], [1] * 5)

    def test_the_lots_of_a_dead_run_are_dropped_and_billed_by_the_next(self):
        contracts = self.make_many(3)
        run = self.make_run()
        self.env["billing.lot"].sudo()._cut(run, contracts.ids, 2, 1)
        self.run_job("2026-01-02")
        self.assertRecordValues(run, [{"state": "interrupted", "left_count": 3, "invoiced_count": 0}])
        self.assertFalse(self.env["billing.lot"].search([]))
        self.assertEqual([len(self.invoices(contract)) for contract in contracts], [1] * 3)

    def test_a_lane_completes_a_dead_run(self):
        contracts = self.make_many(3)
        run = self.make_run()
        self.env["billing.lot"].sudo()._cut(run, contracts.ids, 2, 1)
        self.run_job("2026-01-02", cron=self.env.ref("work365_billing.ir_cron_work_lane_2"))
        self.assertRecordValues(run, [{
            "state": "done", "left_count": 0, "invoiced_count": 3,
            "message": "The process that had begun it did not see its end: others have completed it."}])
        self.assertFalse(self.env["billing.lot"].search([]))

    def test_others_who_never_end_are_not_waited_for_for_ever(self):
        looks, left = [], [3, 3, 2, 2, 0]
        with (
            patch.object(billing_executor_lots, "PATIENCE", 3), patch.object(billing_executor_lots, "POLL", 0),
            self.enter_registry_test_mode(), self.registry.cursor() as cr,
        ):
            executor = api.Environment(cr, SUPERUSER_ID, {})["billing.executor"]
            self.assertFalse(executor._share(lambda: False, lambda: looks.append(1) or 7))
            self.assertEqual(len(looks), 5)  # the first look and as many more as there is patience, and one too many
            self.assertTrue(executor._share(lambda: False, lambda: left.pop(0)))

    # ---- the setting ------------------------------------------------------------------------------------------------

    def test_the_setting(self):
        self.env.user.group_ids |= self.env.ref("base.group_system")
        Run = self.env["billing.run"]
        self.assertEqual(Run._get_lanes(), DEFAULT_LANES)
        with Form(self.env["res.config.settings"]) as settings:
            self.assertEqual(settings.billing_lanes, DEFAULT_LANES)
            settings.billing_lanes = 7
        settings.record.execute()
        self.assertEqual(Run._get_lanes(), 7)
        self.assertEqual(self.env["res.config.settings"].create({}).billing_lanes, 7)

    def test_what_is_no_number_of_lanes_is_refused(self):
        self.env.user.group_ids |= self.env.ref("base.group_system")
        for value in (0, 17, -1):
            with self.assertRaisesRegex(ValidationError, "whole number from 1 .* to 16"):
                self.env["res.config.settings"].create({"billing_lanes": value})
        for value in ("0", "17", "two", "1.5", "-3", " "):
            with self.assertRaisesRegex(ValidationError, "whole number from 1 .* to 16"):
                self.set_lanes(value)
        self.set_lanes("16")
        self.assertEqual(self.env["billing.run"]._get_lanes(), 16)

    def test_as_many_lanes_begin_as_have_something_to_do(self):
        Run = self.env["billing.run"]
        for lanes, pieces, begun in ((1, 9, []), (4, 9, [2, 3, 4]), (16, 3, [2, 3]), (4, 1, []), (4, 0, [])):
            with self.subTest(lanes=lanes, pieces=pieces):
                self.set_lanes(lanes)
                self.env["ir.cron.trigger"].sudo().search([]).unlink()
                Run._start_lanes(pieces)
                self.assertEqual(self.triggered(), begun)

    def test_a_lane_that_is_not_wanted_does_nothing(self):
        contracts = self.make_many(3)
        run = self.make_run()
        lots = self.env["billing.lot"].sudo()._cut(run, contracts.ids, 2, 1)
        self.set_lanes(2)
        self.run_job("2026-01-02", cron=self.env.ref("work365_billing.ir_cron_work_lane_3"))
        self.assertEqual(run.state, "running")
        self.assertEqual(lots.exists(), lots)

    def test_a_lane_without_time_begins_anew(self):
        contracts = self.make_many(3)
        self.env["billing.lot"].sudo()._cut(self.make_run(), contracts.ids, 2, 1)
        self.env["ir.cron.trigger"].sudo().search([]).unlink()
        with patch("odoo.addons.work365_billing.models.billing_run_lanes.BUDGET", -1):
            self.run_job("2026-01-02", cron=self.env.ref("work365_billing.ir_cron_work_lane_2"))
        self.assertEqual(self.triggered(), [2])
        self.assertEqual(len(self.env["billing.lot"].search([])), 1)

    # ---- posting ----------------------------------------------------------------------------------------------------

    def test_posting_takes_one_date_at_a_time(self):
        for start in ("2025-12-20", "2025-12-05", "2025-12-20"):
            self.make_contract({"price_unit": 10.0}, date_start=start, auto_sync=True)
        with patch.object(type(self.env["billing.job"]), "_post_due", lambda jobs, end: None):
            self.run_job("2025-12-22")
        jobs, seen = self.env["billing.job"].with_company(self.company), []
        post_batch = type(jobs)._post_batch

        def look(own):
            seen.append(sorted({job.invoice_date for job in own}))
            return post_batch(own)

        with self.today("2025-12-22"), patch.object(type(jobs), "_post_batch", look), patch.object(
                billing_job_post, "POST_BATCH", 1):
            counts = [jobs.sudo()._post_next() for _number in range(4)]
        self.assertEqual(counts, [1, 1, 1, 0])
        self.assertEqual(seen, [[date(2025, 12, 6)], [date(2025, 12, 21)], [date(2025, 12, 21)]])

    def test_nothing_is_posted_while_invoices_of_the_company_are_made(self):
        contract = self.make_contract({"price_unit": 10.0}, date_start="2026-01-01", auto_sync=True)
        lots = self.env["billing.lot"].sudo()._cut(self.make_run(), [contract.id], 2, 1)
        with patch.object(type(self.env["billing.run"]), "_close_interrupted", lambda runs: None):
            self.run_job("2026-01-02")
        self.assertEqual(self.invoices(contract).state, "draft")
        lots.unlink()
        self.run_job("2026-01-02", cron=self.env.ref("work365_billing.ir_cron_run_tasks"))
        self.assertEqual(self.invoices(contract).state, "posted")

    def test_a_company_that_is_being_billed_is_seen_and_others_are_not(self):
        other = self.setup_other_company()["company"]
        executor = self.env["billing.executor"]
        self.assertFalse(executor._is_billing(self.company))
        with executor._billing(self.company), executor._billing(self.company):
            self.assertTrue(executor._is_billing(self.company))
            self.assertFalse(executor._is_billing(other))
        self.assertFalse(executor._is_billing(self.company))
