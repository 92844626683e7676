"""Real processes on committed data: two at once, one killed in the middle, one that stands in the way."""

import time
from datetime import datetime
from zoneinfo import ZoneInfo

from processes.case import Process, ProcessCase


class TestProcesses(ProcessCase):
    # ---- two windows ------------------------------------------------------------------------------------------------

    def test_the_second_of_two_windows_is_refused_while_the_first_works(self):
        [contract] = self.one.do("make", name="windows", days_ago=[2])
        invoice = self.one.do("press_and_wait", contract=contract)
        start = time.monotonic()
        answer = self.two.do("press", contract=contract)
        self.assertLess(time.monotonic() - start, 2)
        self.assertIn("Somebody else is billing this contract right now", answer["error"])
        self.one.do("commit")
        self.assertEqual([row[1] for row in self.invoices([contract])], [invoice["invoice"]])

    def test_a_window_that_was_opened_before_the_other_finished_is_told_so(self):
        [contract] = self.one.do("make", name="stale", days_ago=[2])
        self.one.do("press_and_wait", contract=contract)
        self.two.do("look")
        self.one.do("commit")
        answer = self.two.do("press", contract=contract)
        self.assertIn("already invoiced", answer["error"])
        self.assertEqual(len(self.invoices([contract])), 1)

    def test_two_windows_at_the_same_moment_make_one_invoice(self):
        contracts = self.one.do("make", name="moment", days_ago=[2] * 5)
        for contract in contracts:
            self.one.begin("press", contract=contract)
            self.two.begin("press", contract=contract)
            answers = [self.one.answer(), self.two.answer()]
            self.assertEqual(len(self.invoices([contract])), 1)
            [error] = [answer["error"] for answer in answers if "error" in answer]
            self.assertRegex(error, "already invoiced|right now")

    # ---- the job and others -----------------------------------------------------------------------------------------

    def test_a_button_is_refused_at_once_while_the_job_works_on_the_contract(self):
        contracts = self.one.do("make", name="button", days_ago=[2] * 3)
        with self.holding("billing_schedule", self.first_row(contracts[1]), "change"):
            self.one.begin("job")
            self.wait_for(self.somebody_waits, "the job to reach the row")
            start = time.monotonic()
            answer = self.two.do("press", contract=contracts[2])
            self.assertLess(time.monotonic() - start, 2)
            self.assertIn("Somebody else is billing this contract right now", answer["error"])
        self.assertEqual(self.one.answer(), "done")  # the changed row made the job begin the chunk anew
        self.assertEqual(sorted(row[0] for row in self.invoices(contracts)), contracts)
        self.assertEqual(self.outcomes(contracts), [(contract, "invoiced", None) for contract in contracts])

    def test_a_contract_that_somebody_holds_is_skipped_and_billed_by_the_next_run(self):
        contracts = self.one.do("make", name="held", days_ago=[2] * 3)
        with self.holding("billing_contract", contracts[0], "FOR NO KEY UPDATE"):
            self.assertEqual(self.one.do("job"), "done")
            self.assertEqual(sorted(row[0] for row in self.invoices(contracts)), contracts[1:])
        self.assertEqual(self.outcomes(contracts), [
            (contracts[0], "skipped", "locked"), (contracts[1], "invoiced", None), (contracts[2], "invoiced", None)])
        self.assertEqual(
            self.sql("SELECT state, retry_at FROM billing_schedule WHERE id = %s", self.first_row(contracts[0])),
            [("pending", None)])
        self.one.do("job")
        self.assertEqual(sorted(row[0] for row in self.invoices(contracts)), contracts)

    def test_a_row_that_a_stuck_session_holds_does_not_stop_the_job(self):
        self.two.do("impatient")
        for table, how, outcome in (
            ("billing_schedule", "FOR NO KEY UPDATE", "skipped"), ("billing_schedule", "FOR UPDATE", "skipped"),
            ("billing_contract", "FOR UPDATE", None),  # whoever wants to delete it forbids even to refer to it
        ):
            contracts = self.two.do("make", name="stuck", days_ago=[2] * 3)
            held = contracts[1] if table == "billing_contract" else self.first_row(contracts[1])
            with self.holding(table, held, how):
                self.assertEqual(self.two.do("job"), "done")
            outcomes = [
                (contracts[0], "invoiced", None), (contracts[1], "skipped", "locked"), (contracts[2], "invoiced", None)]
            self.assertEqual(self.outcomes(contracts), [row for row in outcomes if outcome or row[1] != "skipped"])
            self.two.do("job")
            self.assertEqual(sorted(row[0] for row in self.invoices(contracts)), contracts)

    def test_two_jobs_at_once_share_the_work(self):
        contracts = self.one.do("make", name="shared", days_ago=[2, 35, 65] * 40, auto_sync=True)
        self.one.begin("job")
        self.two.begin("job")
        self.assertEqual([self.one.answer(), self.two.answer()], ["done", "done"])
        moves = self.invoices(contracts)
        self.assertEqual(len(moves), 40 * (1 + 2 + 3))
        self.assertEqual({row[0] for row in moves}, set(contracts))
        self.assertEqual({row[2] for row in moves}, {"posted"})
        self.assertEqual(len({row[3] for row in moves}), len(moves))
        self.assertEqual(
            self.sql("""
                SELECT job_type, state, count(*) FROM billing_job
                 WHERE contract_id = ANY(%s) AND state != 'nothing_to_bill' GROUP BY 1, 2 ORDER BY 1
            """, contracts),
            [("invoice", "succeeded", len(moves)), ("post", "succeeded", len(moves))])
        self.one.do("job")
        self.assertEqual(self.invoices(contracts), moves)

    def test_the_scheduler_starts_one_job_at_a_time(self):
        contracts = self.one.do("make", name="scheduler", days_ago=[2] * 3)
        with self.holding("billing_schedule", self.first_row(contracts[1]), "change"):
            self.one.begin("cron")
            self.wait_for(self.somebody_waits, "the job to reach the row")
            self.assertIn("already executing", self.two.do("cron")["error"])
        self.assertEqual(self.one.answer(), {"done": True})
        self.assertEqual(sorted(row[0] for row in self.invoices(contracts)), contracts)

    # ---- kill -9 ----------------------------------------------------------------------------------------------------

    def test_a_job_that_is_killed_is_completed_by_the_next(self):
        contracts = self.one.do("make", name="killed", days_ago=[2] * 450, auto_sync=True)
        others = self.sessions()
        victim = Process(self.database, self.folder / "victim.log")
        self.addCleanup(victim.kill)
        self.assertEqual(victim.answer(), "ready")
        victim.begin("cron")
        self.wait_for(lambda: self.invoices(contracts), "the first chunk")
        victim.kill()
        self.wait_for(lambda: self.sessions() <= others, "the database to notice")
        saved = self.invoices(contracts)
        self.assertTrue(0 < len(saved) < 450)
        [(run, state)] = self.sql(
            "SELECT id, state FROM billing_run WHERE id = (SELECT max(billing_run_id) FROM account_move)")
        self.assertEqual(state, "running")

        self.assertEqual(self.two.do("cron"), {"done": True})
        moves = self.invoices(contracts)
        self.assertEqual(sorted(row[0] for row in moves), contracts)
        self.assertEqual({row[2] for row in moves}, {"posted"})
        self.assertLessEqual({row[1] for row in saved}, {row[1] for row in moves})
        self.assertEqual(
            self.sql("""
                SELECT run.state, run.ended_at IS NOT NULL, count(job.id) FROM billing_run run
                  JOIN billing_job job ON job.run_id = run.id AND job.outcome = 'invoiced'
                 WHERE run.id >= %s GROUP BY run.id ORDER BY run.id
            """, run),
            [("interrupted", True, len(saved)), ("done", True, 450 - len(saved))])

    # ---- time zones -------------------------------------------------------------------------------------------------

    def test_the_zone_of_the_server_does_not_matter(self):
        for zone in ("Pacific/Kiritimati", "Pacific/Niue", "UTC"):
            before = datetime.now(ZoneInfo(zone)).date()
            answers = {self.one.do("today", zone=zone), self.two.do("today", zone=zone)}
            after = datetime.now(ZoneInfo(zone)).date()
            self.assertLessEqual(answers, {before.isoformat(), after.isoformat()})
