"""Bulk operations in real processes: two at once, one killed, stopped in the middle, a contract that is held."""

from processes.case import Process, ProcessCase


class TestBulkProcesses(ProcessCase):
    def jobs(self, run):
        """Return state, outcome and reason of the jobs of a bulk operation, by contract."""
        return self.sql("""
            SELECT contract_id, state, outcome, reason FROM billing_job WHERE run_id = %s AND job_type = 'invoice'
             ORDER BY contract_id
        """, run)

    def outcomes_of(self, *runs):
        """Return how many jobs of the runs have each outcome and reason."""
        return self.sql("""
            SELECT outcome, reason, count(*) FROM billing_job WHERE run_id = ANY(%s) AND job_type = 'invoice'
             GROUP BY 1, 2 ORDER BY 1, 2
        """, list(runs))

    def run_state(self, run):
        return self.sql("SELECT state, ended_at IS NOT NULL FROM billing_run WHERE id = %s", run)

    def invoiced(self, contracts):
        """Return the contracts that have an invoice, once per invoice."""
        return sorted(row[0] for row in self.invoices(contracts))

    def settle(self, *runs):
        """Let the background job try what had to wait for somebody else, until nothing waits any more."""
        for _attempt in range(10):
            if self.sql("SELECT id FROM billing_job WHERE state = 'waiting' AND run_id = ANY(%s)", list(runs)):
                self.sql("UPDATE billing_job SET not_before = NULL WHERE state = 'waiting' RETURNING id")
                self.one.do("bulk")

    # ---- together ---------------------------------------------------------------------------------------------------

    def test_two_runs_over_the_same_contracts_in_two_processes_bill_once(self):
        contracts = self.one.do("make", name="twice", days_ago=[2] * 120)
        first, second = (self.one.do("start_bulk", contracts=contracts) for _number in range(2))
        self.one.begin("bulk")
        self.two.begin("bulk")
        self.assertEqual([self.one.answer(), self.two.answer()], ["done", "done"])
        self.settle(first, second)
        self.assertEqual(self.invoiced(contracts), contracts)
        self.assertEqual(self.outcomes_of(first, second), [
            ("invoiced", None, 120), ("skipped", "already_invoiced", 120)])
        for run in (first, second):
            self.assertEqual([row[0] for row in self.jobs(run)], contracts)
            self.assertEqual(self.run_state(run), [("done", True)])

    def test_two_processes_share_one_run(self):
        contracts = self.one.do("make", name="shared bulk", days_ago=[2] * 150)
        run = self.one.do("start_bulk", contracts=contracts)
        self.one.begin("bulk")
        self.two.begin("bulk")
        self.assertEqual([self.one.answer(), self.two.answer()], ["done", "done"])
        self.assertEqual(self.outcomes_of(run), [("invoiced", None, 150)])
        self.assertEqual(self.invoiced(contracts), contracts)
        self.assertEqual(self.run_state(run), [("done", True)])

    def test_bulk_and_the_hourly_job_together(self):
        contracts = self.one.do("make", name="both", days_ago=[2] * 120)
        run = self.one.do("start_bulk", contracts=contracts)
        self.one.begin("bulk")
        self.two.begin("job")
        self.assertEqual([self.one.answer(), self.two.answer()], ["done", "done"])
        self.settle(run)
        self.assertEqual(self.invoiced(contracts), contracts)
        self.assertEqual(sum(count for _outcome, _reason, count in self.outcomes_of(run)), 120)
        self.assertLessEqual(
            {row[:2] for row in self.outcomes_of(run)}, {("invoiced", None), ("skipped", "already_invoiced")})
        self.assertEqual(self.run_state(run), [("done", True)])

    # ---- in the way -------------------------------------------------------------------------------------------------

    def test_a_contract_that_somebody_holds_waits_and_is_billed_later(self):
        contracts = self.one.do("make", name="held bulk", days_ago=[2] * 3)
        run = self.one.do("start_bulk", contracts=contracts)
        with self.holding("billing_contract", contracts[1], "FOR NO KEY UPDATE"):
            self.one.do("bulk")
            self.assertEqual(self.invoiced(contracts), [contracts[0], contracts[2]])
            self.assertEqual(self.jobs(run)[1], (contracts[1], "waiting", None, None))
            self.assertEqual(self.run_state(run), [("running", False)])
            [(attempts, pause)] = self.sql("""
                SELECT attempts, EXTRACT(EPOCH FROM not_before - (now() AT TIME ZONE 'UTC'))::int FROM billing_job
                 WHERE run_id = %s AND state = 'waiting'
            """, run)
            self.assertEqual(attempts, 1)
            self.assertLessEqual(pause, 5)
            self.one.do("bulk")  # not before its time
            self.assertEqual(self.jobs(run)[1][1], "waiting")
        self.settle(run)
        self.assertEqual(self.invoiced(contracts), contracts)
        self.assertEqual(self.outcomes_of(run), [("invoiced", None, 3)])
        self.assertEqual(self.run_state(run), [("done", True)])

    def test_a_contract_that_is_held_for_long_is_told_and_retried(self):
        contracts = self.one.do("make", name="long", days_ago=[2] * 2)
        run = self.one.do("start_bulk", contracts=contracts)
        with self.holding("billing_contract", contracts[0]):
            self.settle(run)
        self.assertEqual(self.outcomes_of(run), [("invoiced", None, 1), ("skipped", "locked", 1)])
        self.assertEqual(self.run_state(run), [("done", True)])
        self.one.do("steer", run=run, action="action_retry_failed")
        self.one.do("bulk")
        self.assertEqual(self.outcomes_of(run), [("invoiced", None, 2)])

    def test_a_row_that_a_stuck_session_holds_does_not_stop_the_others(self):
        contracts = self.two.do("make", name="stuck bulk", days_ago=[2] * 3)
        self.two.do("impatient")
        run = self.two.do("start_bulk", contracts=contracts)
        with self.holding("billing_schedule", self.first_row(contracts[1]), "FOR UPDATE"):
            self.two.do("bulk")
            self.assertEqual([row[1] for row in self.jobs(run)], ["succeeded", "waiting", "succeeded"])
        self.settle(run)
        self.assertEqual(self.outcomes_of(run), [("invoiced", None, 3)])

    def test_a_window_takes_the_cycle_before_the_run_gets_there(self):
        contracts = self.one.do("make", name="window first", days_ago=[2] * 2)
        run = self.one.do("start_bulk", contracts=contracts)
        self.two.do("press_and_wait", contract=contracts[0])
        self.one.do("bulk")
        self.assertEqual([row[1] for row in self.jobs(run)], ["waiting", "succeeded"])
        self.two.do("commit")
        self.settle(run)
        self.assertEqual(self.outcomes_of(run), [("invoiced", None, 1), ("skipped", "already_invoiced", 1)])

    # ---- stop and kill ----------------------------------------------------------------------------------------------

    def test_stop_takes_effect_in_the_middle(self):
        contracts = self.one.do("make", name="stopped", days_ago=[2] * 200)
        run = self.one.do("start_bulk", contracts=contracts)
        self.one.begin("bulk")
        self.wait_for(lambda: self.invoices(contracts), "the first chunk")
        self.two.do("steer", run=run, action="action_stop")
        self.assertEqual(self.one.answer(), "done")
        billed = len(self.invoiced(contracts))
        self.assertTrue(0 < billed < 200)
        self.assertEqual(self.run_state(run), [("stopped", False)])
        self.assertEqual(self.outcomes_of(run), [("invoiced", None, billed), (None, None, 200 - billed)])
        self.two.do("bulk")
        self.assertEqual(len(self.invoiced(contracts)), billed)
        self.two.do("steer", run=run, action="action_resume")
        self.two.do("bulk")
        self.assertEqual(self.invoiced(contracts), contracts)
        self.assertEqual(self.run_state(run), [("done", True)])

    def test_a_bulk_run_that_is_killed_is_completed_by_either_job(self):
        for command in ("bulk", "job"):
            with self.subTest(command=command):
                self.check_killed(command)

    def check_killed(self, command):
        contracts = self.one.do("make", name=f"killed bulk {command}", days_ago=[2] * 300)
        run = self.one.do("start_bulk", contracts=contracts)
        others = self.sessions()
        victim = Process(self.database, self.folder / "victim.log")
        self.addCleanup(victim.kill)
        self.assertEqual(victim.answer(), "ready")
        victim.begin("bulk")
        self.wait_for(lambda: len(self.invoices(contracts)) >= 100, "two chunks")
        victim.kill()
        self.wait_for(lambda: self.sessions() <= others, "the database to notice")
        saved = self.invoices(contracts)
        self.assertTrue(100 <= len(saved) < 300)
        self.assertEqual(self.run_state(run), [("running", False)])
        self.assertEqual(self.outcomes_of(run), [("invoiced", None, len(saved)), (None, None, 300 - len(saved))])
        self.assertEqual({row[1] for row in self.jobs(run)}, {"succeeded", "waiting"})

        self.two.do(command)
        self.assertEqual(self.invoiced(contracts), contracts)
        self.assertLessEqual({row[1] for row in saved}, {row[1] for row in self.invoices(contracts)})
        self.assertEqual(self.outcomes_of(run), [("invoiced", None, 300)])
        self.assertEqual(self.run_state(run), [("done", True)])
