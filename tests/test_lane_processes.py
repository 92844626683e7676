"""Lanes in real processes: they share the work of the hourly job, and whoever of them is killed takes nothing along."""

from processes.case import Process, ProcessCase


class TestLaneProcesses(ProcessCase):
    def tearDown(self):
        """Whatever has happened: no lot is left."""
        super().tearDown()
        self.assertEqual(self.sql("SELECT id FROM billing_lot"), [])

    def victim(self):
        process = Process(self.database, self.folder / "victim.log")
        self.addCleanup(process.kill)
        self.assertEqual(process.answer(), "ready")
        self.assertEqual(process.do("hold_lot"), "done")
        return process

    def kill(self, victim):
        """Kill a process and wait until the database has noticed."""
        victim.kill()
        query = "SELECT 1 FROM pg_stat_activity WHERE application_name = %s"
        self.wait_for(lambda: not self.sql(query, f"odoo-{victim.pid}"), "the database to notice")

    def lots(self):
        return self.sql("SELECT contract_list FROM billing_lot ORDER BY id")

    def invoiced(self, contracts):
        """Return the contracts that have an invoice, once per invoice."""
        return sorted(row[0] for row in self.invoices(contracts))

    def runs(self, contracts):
        """Return state, number of contracts, of invoices and of those left of each run that billed ``contracts``."""
        return self.sql("""
            SELECT run.state, run.contract_count, count(job.id), run.left_count FROM billing_run run
              JOIN billing_job job ON job.run_id = run.id AND job.outcome = 'invoiced' AND job.contract_id = ANY(%s)
             GROUP BY run.id ORDER BY run.id
        """, contracts)

    # ---- together ---------------------------------------------------------------------------------------------------

    def test_two_lanes_share_the_contracts_and_bill_each_once(self):
        contracts = self.one.do("make", name="lanes", days_ago=[2] * 150)
        self.one.begin("job")
        self.wait_for(self.lots, "the lots")
        lane = self.two.do("lane")
        self.assertEqual(self.one.answer(), "done")
        self.assertGreaterEqual(lane["contracts"], 20)
        self.assertLess(lane["contracts"], 150)
        self.assertEqual(self.invoiced(contracts), contracts)
        self.assertEqual(self.runs(contracts), [("done", 150, 150, 0)])
        self.assertEqual(self.outcomes(contracts), [(contract, "invoiced", None) for contract in contracts])

    def test_numbers_follow_the_dates_with_two_lanes(self):
        contracts = self.one.do("make", name="dates", days_ago=[2, 33, 5, 64, 9] * 40, auto_sync=True)
        self.two.begin("lane", seconds=30)
        self.assertEqual(self.one.do("job"), "done")
        lane = self.two.answer()
        self.assertGreater(lane["contracts"], 0)
        self.assertGreater(lane["posts"], 0)
        moves = self.sql("""
            SELECT invoice_date, sequence_prefix, sequence_number FROM account_move
             WHERE billing_contract_id = ANY(%s) AND state = 'posted' ORDER BY sequence_prefix, sequence_number
        """, contracts)
        self.assertEqual(len(moves), 40 * (1 + 2 + 1 + 3 + 1))
        self.assertLess(lane["posts"], len(moves))
        self.assertEqual(len({move[1:] for move in moves}), len(moves))
        self.assertEqual([move[0] for move in moves], sorted(move[0] for move in moves))
        self.assertEqual(self.sql(
            "SELECT id FROM billing_job WHERE contract_id = ANY(%s) AND state = 'waiting'", contracts), [])

    def test_windows_between_two_lanes(self):
        contracts = self.one.do("make", name="windows between", days_ago=[2] * 120)
        clerk = Process(self.database, self.folder / "clerk.log")
        self.addCleanup(clerk.kill)
        self.assertEqual(clerk.answer(), "ready")
        self.one.begin("job")
        self.wait_for(self.lots, "the lots")
        self.two.begin("lane")
        answers = [clerk.do("press", contract=contract) for contract in reversed(contracts[::10])]
        self.assertEqual(self.one.answer(), "done")
        self.two.answer()
        self.one.do("job")  # what a window held when its turn came
        self.assertTrue([answer for answer in answers if "invoice" in answer])
        for answer in answers:
            self.assertRegex(answer.get("error", "already invoiced"), "already invoiced|right now")
        self.assertEqual(self.invoiced(contracts), contracts)

    # ---- kill -9 ----------------------------------------------------------------------------------------------------

    def test_the_lot_of_a_lane_that_is_killed_is_billed_by_the_other(self):
        contracts = self.one.do("make", name="killed lane", days_ago=[2] * 120)
        victim = self.victim()
        self.one.begin("job")
        self.wait_for(self.lots, "the lots")
        victim.begin("lane")
        self.assertEqual(victim.answer(), "holding")
        self.wait_for(lambda: len(self.lots()) == 1, "the hourly job to bill all other lots")
        [[held]] = self.lots()
        self.assertEqual(self.invoiced(contracts), sorted(set(contracts) - set(held)))
        self.assertEqual(self.sql("SELECT count(*) FROM billing_run WHERE state = 'running'"), [(1,)])
        self.kill(victim)
        self.assertEqual(self.one.answer(), "done")
        self.assertEqual(self.invoiced(contracts), contracts)
        self.assertEqual(self.runs(contracts), [("done", 120, 120, 0)])

    def test_lanes_complete_the_run_of_an_hourly_job_that_is_killed(self):
        contracts = self.one.do("make", name="killed job", days_ago=[2] * 120, auto_sync=True)
        victim = self.victim()
        victim.begin("job")
        self.assertEqual(victim.answer(), "holding")
        self.two.begin("lane", seconds=20)
        self.wait_for(lambda: self.invoices(contracts), "the lane to work")
        self.kill(victim)
        self.assertGreater(self.two.answer()["contracts"], 0)
        self.assertEqual(self.invoiced(contracts), contracts)
        self.assertEqual(self.runs(contracts), [("done", 120, 120, 0)])
        self.assertEqual(
            self.sql("SELECT message FROM billing_run ORDER BY id DESC LIMIT 1"),
            [("The process that had begun it did not see its end: others have completed it.",)])
        self.assertEqual({row[2] for row in self.invoices(contracts)}, {"posted"})  # nobody else would do it so soon

    def test_the_next_job_does_what_a_killed_job_and_its_lane_have_left(self):
        contracts = self.one.do("make", name="both killed", days_ago=[2] * 120)
        victims = [self.victim(), self.victim()]
        for victim, command in zip(victims, ("job", "lane"), strict=True):
            victim.begin(command)
            self.assertEqual(victim.answer(), "holding")
        for victim in victims:
            self.kill(victim)
        self.assertEqual(self.invoices(contracts), [])
        self.assertEqual(self.one.do("job"), "done")
        self.assertEqual(self.invoiced(contracts), contracts)
        self.assertEqual(self.sql(
            "SELECT state, contract_count, left_count FROM billing_run ORDER BY id DESC LIMIT 2"),
            [("done", 120, 0), ("interrupted", 120, 120)])

    def test_the_next_job_leaves_a_lane_what_it_has_in_work(self):
        contracts = self.one.do("make", name="lane at work", days_ago=[2] * 120)
        victims = [self.victim(), self.victim()]
        for victim, command in zip(victims, ("job", "lane"), strict=True):
            victim.begin(command)
            self.assertEqual(victim.answer(), "holding")
        [_first, [second], *_others] = self.lots()
        self.kill(victims[0])
        self.assertEqual(self.one.do("job"), "done")
        self.assertEqual(self.invoiced(contracts), sorted(set(contracts) - set(second)))
        self.assertEqual(self.lots(), [(second,)])
        self.kill(victims[1])
        self.assertEqual(self.one.do("job"), "done")
        self.assertEqual(self.invoiced(contracts), contracts)
        self.assertEqual(self.sql(
            "SELECT state, contract_count, left_count FROM billing_run ORDER BY id DESC LIMIT 3"),
            [("done", len(second), 0), ("done", 120, 0), ("interrupted", 120, 120)])
