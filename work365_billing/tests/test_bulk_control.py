"""Bulk operations: stop, resume, retry, progress, fair shares, rights, and the number of queries."""

from collections import Counter
from contextlib import contextmanager
from unittest.mock import patch

from odoo import Command
from odoo.exceptions import AccessError, UserError
from odoo.sql_db import Cursor
from odoo.tests import freeze_time, new_test_user, tagged

from ..models import billing_executor_bulk, billing_run_bulk
from .bulk_common import INVOICED, WAITING, BulkCommon


class ChunkCommon(BulkCommon):
    @contextmanager
    def chunks_of(self, size):
        """Let every call of the background job do one chunk of ``size`` jobs."""
        with patch.object(billing_executor_bulk, "CHUNK", size), patch.object(billing_run_bulk, "BUDGET", -1):
            yield

    def triggers(self):
        return self.env["ir.cron.trigger"].sudo().search([("cron_id", "=", self.bulk_cron.id)])


@tagged("post_install", "-at_install")
class TestBulkControl(ChunkCommon):
    def test_it_starts_at_once_and_goes_on_at_once(self):
        self.triggers().unlink()
        jobs = self.start_first(self.make_many(3))
        self.assertEqual(self.triggers().mapped("call_at"), [jobs.run_id.started_at])
        self.triggers().unlink()
        with self.chunks_of(2):
            self.run_bulk()
            self.assertOutcomes(jobs, INVOICED, INVOICED, WAITING)
            self.assertEqual(len(self.triggers()), 1)
            self.triggers().unlink()
            self.run_bulk()
            self.assertEqual(len(self.triggers()), 1)
            self.triggers().unlink()
            self.run_bulk()
        self.assertOutcomes(jobs, INVOICED, INVOICED, INVOICED)
        self.assertFalse(self.triggers())
        self.assertEqual(jobs.run_id.state, "done")

    def test_progress_and_time_left(self):
        jobs = self.start_first(self.make_many(5))
        run = jobs.run_id
        with self.chunks_of(1):
            for minute, progress, time_left in ((1, 20.0, "4 minutes"), (4, 40.0, "6 minutes"), (4, 60.0, "3 minutes")):
                self.run_bulk(time=f"12:0{minute}:00")
                with freeze_time(f"2026-01-10 12:0{minute}:00"):
                    self.env.invalidate_all()
                    self.assertEqual((run.progress, run.time_left, run.done_count), (
                        progress, time_left, progress // 20))
        with self.today("2026-01-10"):
            run.action_stop()
            self.assertFalse(run.time_left)
        with freeze_time("2026-01-11 12:00:00"):
            run.action_resume()
            self.assertFalse(run.time_left)  # the speed before the pause tells nothing any more
        with self.chunks_of(1):
            self.run_bulk("2026-01-11", "12:00:20")
        with freeze_time("2026-01-11 12:00:20"):
            self.env.invalidate_all()
            self.assertEqual((run.progress, run.time_left), (80.0, "20 seconds"))
        self.run_bulk("2026-01-11", "12:01:00")
        self.assertRecordValues(run, [{"progress": 100.0, "time_left": False, "state": "done"}])
        self.assertEqual(str(run.ended_at), "2026-01-11 12:01:00")

    def test_progress_of_the_other_runs(self):
        contract = self.make_many(1)
        self.run_job("2026-03-02")
        self.assertRecordValues(self.invoices(contract).billing_run_id, [
            {"origin": "hourly", "progress": 100.0, "time_left": False, "job_count": 3, "done_count": 3}])
        with self.today("2026-03-10"):
            window = self.env["billing.generate"].create({"contract_id": contract.id})
            window.action_proceed()
        run = window.invoice_id.billing_run_id
        self.assertRecordValues(run, [{"origin": "single", "run_type": "manual", "progress": 100.0}])
        with self.assertRaisesRegex(UserError, "is no bulk operation"):
            run.action_stop()

    def test_each_commit_tells_the_browsers(self):
        sent = []
        send = type(self.env["bus.bus"])._sendone

        def spy(bus, target, kind, message):
            sent.append((target, kind, message))
            return send(bus, target, kind, message)

        with patch.object(type(self.env["bus.bus"]), "_sendone", spy), self.chunks_of(2):
            jobs = self.start_first(self.make_many(3))
            self.run_bulk()
            self.run_bulk()
        viewers = self.env.ref("work365_billing.billing_group_viewer")
        told = [call for call in sent if call[1] == "billing.run/progress"]
        self.assertEqual(told, [(viewers, "billing.run/progress", {"id": jobs.run_id.id})] * 3)

    # ---- stop, resume, retry ----------------------------------------------------------------------------------------

    def test_stop_and_resume(self):
        contracts = self.make_many(4)
        jobs = self.start_first(contracts)
        run = jobs.run_id
        with self.chunks_of(2):
            self.run_bulk()
        self.triggers().unlink()
        with self.today("2026-01-10"):
            run.action_stop()
        self.run_bulk(time="12:05:00")
        self.run_job("2026-01-01", "12:05:00")
        self.assertOutcomes(jobs, INVOICED, INVOICED, WAITING, WAITING)
        self.assertRecordValues(run, [{
            "state": "stopped", "progress": 50.0, "ended_at": False,
            "message": f"Stopped by {self.env.user.name} · 01/10/2026 12:00:00 PM"}])
        with freeze_time("2026-01-10 12:30:00"):
            run.action_resume()
        self.assertEqual(len(self.triggers()), 1)
        self.assertEqual(run.message.splitlines()[1:], [f"Resumed by {self.env.user.name} · 01/10/2026 12:30:00 PM"])
        self.run_bulk(time="12:31:00")
        self.assertOutcomes(jobs, INVOICED, INVOICED, INVOICED, INVOICED)
        self.assertEqual(run.state, "done")
        for number, contract in enumerate(contracts):
            self.assertInvoices(contract, [self.january(10.0 + number)])

    def test_what_is_not_possible_is_refused(self):
        jobs = self.start_first(self.make_many(1))
        run = jobs.run_id
        with self.today("2026-01-10"):
            with self.assertRaisesRegex(UserError, "Only a stopped bulk operation can be resumed"):
                run.action_resume()
            with self.assertRaisesRegex(UserError, "Nothing of .* has failed"):
                run.action_retry_failed()
            run.action_stop()
            with self.assertRaisesRegex(UserError, "Only a running bulk operation can be stopped"):
                run.action_stop()
            with self.assertRaisesRegex(UserError, "resume it before"):
                run.action_retry_failed()
            run.action_resume()
        self.run_bulk()
        with self.today("2026-01-10"):
            for action in (run.action_stop, run.action_resume):
                with self.assertRaisesRegex(UserError, "Only a"):
                    action()
            with self.assertRaisesRegex(UserError, "Nothing of .* has failed"):
                run.action_retry_failed()

    def test_retry_takes_the_failed_and_the_locked_only(self):
        contracts = self.make_many(4)
        fine, failed, locked, inactive = jobs = self.start_first(contracts)
        contracts[1].journal_id = self.company_data["default_journal_sale"].copy({"name": "Own", "code": "OWN"})
        contracts[1].journal_id.active = False
        inactive.contract_id.state = "suspended"
        locked.sudo()._set_skipped("locked")
        self.run_bulk()
        self.assertOutcomes(
            jobs, INVOICED, ("failed", "no_journal"), ("skipped", "locked"), ("skipped", "not_active"))
        contracts[1].journal_id.active = True
        with self.today("2026-01-10"):
            jobs.run_id.action_retry_failed()
        self.assertOutcomes(jobs, INVOICED, WAITING, WAITING, ("skipped", "not_active"))
        self.assertIn(f"2 jobs tried again by {self.env.user.name}", jobs.run_id.message)
        self.run_bulk(time="12:02:00")
        self.assertOutcomes(jobs, INVOICED, INVOICED, INVOICED, ("skipped", "not_active"))
        self.assertEqual(len(self.invoices(fine.contract_id)), 1)
        self.assertEqual(failed.attempts, 0)

    def test_a_job_waits_longer_each_time_and_gives_up_in_the_end(self):
        job = self.start_first(self.make_many(1)).sudo()
        waits = []
        for _attempt in range(5):
            with self.today("2026-01-10"):
                job._postpone()
                waits.append((job.not_before - job.run_id.started_at).total_seconds())
        self.assertEqual(waits, [5, 10, 20, 40, 80])
        self.assertIn(job.not_before, self.triggers().mapped("call_at"))
        self.run_bulk(time="12:01:19")
        self.assertOutcomes(job, WAITING)
        self.assertEqual(job.run_id.state, "running")
        with self.today("2026-01-10"):
            job._postpone()
        self.assertOutcomes(job, ("skipped", "locked"))
        self.run_bulk()
        self.assertRecordValues(job.run_id, [{"state": "done", "skipped_count": 1}])

    # ---- fair shares ------------------------------------------------------------------------------------------------

    def test_a_small_run_does_not_wait_for_a_large_one(self):
        contracts = self.make_many(9)
        large, small = self.start_first(contracts[:7]), self.start_first(contracts[7:])
        done = []
        with self.chunks_of(2):
            for second in range(6):
                self.run_bulk(time=f"12:01:0{second}")
                done.append((large.run_id.done_count, small.run_id.done_count))
        self.assertEqual(done, [(2, 0), (2, 2), (4, 2), (6, 2), (7, 2), (7, 2)])
        self.assertEqual({run.state for run in (large + small).run_id}, {"done"})

    # ---- rights -----------------------------------------------------------------------------------------------------

    def make_user(self, group, companies=None):
        companies = companies or self.company
        return new_test_user(
            self.env, login=f"bulk_{group}_{companies[0].id}", groups=f"work365_billing.billing_group_{group}",
            company_id=companies[0].id, company_ids=[Command.set(companies.ids)], tz="UTC")

    def test_a_clerk_runs_and_a_viewer_watches(self):
        contract = self.make_many(1)
        rows = [self.row(self.cycle(contract))]
        viewer, clerk = self.make_user("viewer"), self.make_user("user")
        with self.today("2026-01-10"):
            with self.assertRaises(AccessError):
                self.env["billing.run"].with_user(viewer)._start_bulk(rows)
            jobs = self.env["billing.run"].with_user(clerk)._start_bulk(rows)
            run = jobs.run_id
            self.assertEqual((jobs.env.uid, jobs.env.su, run.user_id), (clerk.id, False, clerk))
            seen = run.with_user(viewer)
            self.assertEqual((seen.job_count, seen.progress, seen.time_left), (1, 0.0, False))
            for action in (seen.action_stop, seen.action_resume, seen.action_retry_failed):
                with self.assertRaises(AccessError):
                    action()
            run.action_stop()
            run.action_resume()
        self.assertIn(f"Stopped by {clerk.name}", run.message)
        self.run_bulk()
        self.assertOutcomes(jobs, INVOICED)

    def test_another_company_is_refused(self):
        other = self.setup_other_company(name="Auckland Ltd")["company"]
        here = self.make_many(1)
        there = self.make_contract({"price_unit": 20.0}, date_start="2026-01-01", company_id=other.id)
        clerk = self.make_user("user")
        jobs = self.start_first(there)
        Run = self.env["billing.run"].with_user(clerk).with_context(allowed_company_ids=self.company.ids)
        self.env.invalidate_all()
        with self.today("2026-01-10"):
            with self.assertRaises(AccessError):
                Run._start_bulk([self.row(self.cycle(here)), self.row(self.cycle(there))])
            with self.assertRaises(AccessError):
                Run.browse(jobs.run_id.id).action_stop()
        self.assertFalse(self.env["billing.job"].search([("contract_id", "=", here.id)]))

    def test_rows_that_cannot_be_meant_are_refused(self):
        one, two = self.make_many(2)
        deleted = self.make_contract({"price_unit": 1.0}, date_start="2026-01-01", activate=False)
        gone = self.log_row(deleted, "2026-01-10")
        deleted.unlink()
        for rows, words in (
            ([], "choose at least one billing contract"),
            ([self.row(self.cycle(one), contract_id=two.id)], "1: choose the billing cycle"),
            ([self.row(self.cycle(one), schedule_id=False)], "0: choose the billing cycle"),
            ([self.log_row(one, False)], "0: enter the day up to which"),
            ([self.row(self.cycle(one)), gone], "deleted meanwhile"),
            ([self.row(self.cycle(one)), self.row(self.cycle(two), schedule_id=2 ** 30)], "deleted meanwhile"),
        ):
            with self.assertRaisesRegex(UserError, words):
                self.start(rows)
        other = self.setup_other_company(name="Gone Ltd")["company"]
        there = self.make_contract({"price_unit": 20.0}, date_start="2026-01-01", company_id=other.id)
        self.env["res.users"].search([("company_id", "=", other.id)]).company_id = self.company
        other.active = False
        with self.assertRaisesRegex(UserError, "The company of the contract is archived"):
            self.start_first(there)
        self.assertFalse(self.env["billing.job"].search([("contract_id", "in", (one | two | there).ids)]))

    def test_a_contract_that_waits_is_not_deleted(self):
        contract = self.make_many(1)
        jobs = self.start_first(contract)
        with self.assertRaisesRegex(UserError, "0 waits in Bulk Operation 01/10/2026"):
            contract.unlink()
        contract.sudo().state = "closed"  # as other code may: closing it by the window bills what is left first
        self.run_bulk()
        self.assertOutcomes(jobs, ("skipped", "not_active"))
        contract.unlink()
        self.assertFalse(contract.exists())


@tagged("post_install", "-at_install")
class TestBulkQueries(BulkCommon):
    """The number of queries of a chunk does not grow with the jobs."""

    @contextmanager
    def statements(self):
        """Collect the statements that are sent."""
        found, execute = [], Cursor.execute

        def spy(cursor, query, params=None, log_exceptions=True):
            found.append(query.code if hasattr(query, "code") else query)
            return execute(cursor, query, params, log_exceptions)

        with patch.object(Cursor, "execute", spy):
            yield found

    def count(self, rows):
        self.start(rows)
        self.env.flush_all()
        self.env.invalidate_all()
        with self.statements() as found:
            self.run_bulk()
        return found

    def test_many_rows_take_as_many_queries_as_few(self):
        contracts = self.make_many(47)
        rows = [self.row(self.cycle(contract)) for contract in contracts]
        self.count(rows[:2])  # fills the caches of the registry
        few, many = self.count(rows[2:7]), self.count(rows[7:])
        self.assertGreater(len(few), 30)
        self.assertEqual(len(few), len(many), "\n".join(
            f"{number} {statement}" for statement, number in Counter(text[:150] for text in many).items()))

    def test_starting_many_takes_as_many_queries_as_few(self):
        contracts = self.make_many(47)
        rows = [self.row(self.cycle(contract)) for contract in contracts]
        counts = []
        for some in (rows[:2], rows[2:7], rows[7:]):
            self.env.flush_all()
            self.env.invalidate_all()
            before = self.env.cr.sql_log_count
            self.start(some)
            self.env.flush_all()
            counts.append(self.env.cr.sql_log_count - before)
        self.assertEqual(counts[1], counts[2])
