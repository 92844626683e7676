"""Invariants on the database: what faults, neighbours and looking ahead do to random lives, which is nothing."""

from contextlib import closing
from datetime import timedelta
from unittest.mock import patch

from hypothesis import given
from hypothesis import strategies as st

from odoo.tests import tagged
from odoo.tools import SQL, mute_logger

from ..models import billing_executor_job
from .lives import FIRST, LAST, Life, LivesCommon, examples, lives


class Killed(BaseException):
    """The process is gone: nothing catches this, what was not committed is lost."""


@tagged("post_install", "-at_install")
class TestFaults(LivesCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.foreign = cls.setup_other_currency("EUR")

    # ---- I9, I10 --------------------------------------------------------------------------------------------------

    def dying(self, commits):
        """Return a patch after which the process dies when it is about to commit for the ``commits``-th time."""
        commit, left = self.env.registry["billing.executor"]._commit, iter(range(commits))

        def wrapped(executor, processed=0):
            if next(left, None) is None:
                raise Killed
            return commit(executor, processed)
        return patch.object(self.env.registry["billing.executor"], "_commit", wrapped)

    def kill_at(self, day, commits):
        """Run the job on ``day`` until it dies; return whether it did."""
        try:
            with self.dying(commits):
                self.run_job(day)
        except Killed:
            self.env.invalidate_all()
            return True
        return False

    def prepare_three(self, lives_of_three):
        """Return three contracts with all that was entered of their lives, never billed, and the changes entered."""
        contracts = [self.begin(life, str(number)) for number, life in enumerate(lives_of_three)]
        for contract, life in zip(contracts, lives_of_three, strict=True):
            contract.auto_sync = True
            for change in life.changes:
                with self.today(max(change.entered, contract.date_start)):
                    self.enter(contract, change)
        return contracts

    def outcome(self, contracts):
        """Return all that the job has made of ``contracts``."""
        return [
            (self.lines(contract), contract.state, contract.date_end,
             sorted(self.invoices(contract).mapped(lambda move: (str(move.invoice_date), move.state))),
             sorted((str(row.cycle_start), row.kind, row.state) for row in contract.with_context(
                 active_test=False).schedule_ids),
             sorted((str(log.effective_date), log.quantity, log.state) for log in contract.change_log_ids))
            for contract in contracts]

    @examples(1)
    @given(three=st.tuples(lives(most=1), lives(most=1), lives(most=1)))
    def _check_crashes(self, three):
        day = LAST + timedelta(days=30)
        with closing(self.cr.savepoint()), patch.object(billing_executor_job, "CHUNK", 2):
            contracts = self.prepare_three(three)
            with closing(self.cr.savepoint()):
                self.run_job(day)
                expected = self.outcome(contracts)
            commits = 0
            while True:
                with closing(self.cr.savepoint()):
                    killed = self.kill_at(day, commits)
                    if killed:
                        self.run_job(day, time="06:00:00")
                    self.assertEqual(self.outcome(contracts), expected, f"killed before commit {commits}")
                if not killed:
                    break
                commits += 1
            self.assertGreater(commits, 6)

    def test_i9_killed_before_any_commit_the_next_run_completes_the_same(self):
        self._check_crashes()

    # ---- I11 ------------------------------------------------------------------------------------------------------

    def break_it(self, contract, how):
        """Break ``contract`` so that it cannot be billed, in a way that hits no other."""
        if how == "customer":
            contract.partner_id = self.env["res.partner"].create({"name": "Gone", "active": False})
        elif how == "product":
            contract.subscription_ids.product_id.active = False
        else:
            self.env.flush_all()
            self.cr.execute(  # the planner cannot even read it
                "UPDATE billing_subscription SET sales_unit = 'fortnightly' WHERE contract_id = %s", [contract.id])
            self.env.invalidate_all()

    def make_broken(self, how):
        product = self._create_product(name="Broken", lst_price=5.0, taxes_id=False)
        contract = self.make_contract(
            {"product_id": product.id, "price_unit": 5.0}, name="Broken", date_start="2026-01-01")
        self.break_it(contract, how)
        return contract

    @examples(2)
    @given(two=st.tuples(lives(most=2), lives(most=2)), position=st.integers(0, 2),
           how=st.sampled_from(["customer", "product", "planner"]), chunk=st.sampled_from([1, 2, 50]))
    def _check_isolation(self, two, position, how, chunk):
        found = []
        for broken in (False, True):
            with closing(self.cr.savepoint()), patch.object(billing_executor_job, "CHUNK", chunk):
                lives_of = {}
                for number in range(3):
                    if broken and number == position:
                        self.make_broken(how)
                    for life in two[number:number + 1]:
                        lives_of[self.begin(life, f"Whole {number}")] = life
                self.live(lives_of, every=9, last=LAST - timedelta(days=30))
                found.append(self.outcome(lives_of))
        self.assertEqual(*found)

    def test_i11_a_broken_contract_changes_nothing_for_the_others_in_any_position(self):
        with mute_logger("odoo.addons.work365_billing.models.billing_executor"):  # what cannot be planned is an error
            self._check_isolation()

    # ---- I12 ------------------------------------------------------------------------------------------------------

    def fingerprint(self):
        """Return a digest of all that billing and accounting have in the database."""
        self.env.flush_all()
        self.cr.execute("""
            SELECT tablename FROM pg_tables WHERE schemaname = 'public' AND (
                tablename LIKE 'billing_%' OR tablename LIKE 'account_move%' OR tablename IN
                ('mail_message', 'mail_activity', 'ir_sequence')) ORDER BY 1""")
        digests = {}
        for [table] in self.cr.fetchall():
            [[digests[table]]] = self.env.execute_query(SQL(
                "SELECT md5(string_agg(t::text, '|' ORDER BY t::text)) FROM %s t", SQL.identifier(table)))
        return digests

    @examples(3)
    @given(life=lives(), steps=st.lists(st.integers(1, 40), min_size=2, max_size=4))
    def _check_preview(self, life, steps):
        with closing(self.cr.savepoint()):
            contract = self.begin(life)
            day, waiting = FIRST, list(life.changes)
            for step in steps:
                day += timedelta(days=step)
                while waiting and waiting[0].entered < day:
                    change = waiting.pop(0)
                    with self.today(max(change.entered, contract.date_start)):
                        self.enter(contract, change)
                before = self.invoices(contract)
                with self.today(day - timedelta(days=1)):
                    untouched = self.fingerprint()
                    plan = [planned for planned in contract.plan(day) if planned["lines"]]
                    self.assertEqual(self.fingerprint(), untouched)
                self.run_job(day)
                self.assertPlanIsRun(plan, self.invoices(contract) - before)

    def test_i12_the_preview_is_the_run_line_by_line_and_touches_nothing(self):
        self._check_preview()

    # ---- I25 ------------------------------------------------------------------------------------------------------

    @examples(2)
    @given(life=lives(least=1, most=1), ahead=st.integers(1, 40), price=st.sampled_from([0.0, 7.7, 200.0]),
           runs=st.integers(2, 4))
    def _check_revision(self, life, ahead, price, runs):
        life = Life(life.terms, life.subscriptions, [])
        with closing(self.cr.savepoint()):
            contract = self.begin(life)
            sub, day = contract.subscription_ids, max(FIRST, contract.subscription_ids.date_start) + timedelta(days=30)
            self.run_job(day)
            with self.today(day):
                sub.change_price(price, day + timedelta(days=ahead))
                sub.change_quantity(9, day + timedelta(days=ahead))
            billed = self.lines(contract)
            for hour in range(runs):
                self.run_job(day + timedelta(days=ahead), time=f"{hour + 5:02}:00:00")
                self.assertRecordValues(sub, [{"quantity": 9, "price_unit": price}])
            for number, lines in billed.items():
                self.assertEqual(self.lines(contract)[number][:len(lines)], lines)
            logs = sub.change_log_ids.filtered(lambda log: log.effective_date == day + timedelta(days=ahead))
            self.assertTrue(all(logs.mapped("applied")))
            self.assertEqual(sum(sub.change_log_ids.mapped("quantity")), 9)

    def test_i25_a_revision_is_applied_once_however_often_the_job_runs_and_leaves_what_is_billed(self):
        self._check_revision()

    # ---- I26 ------------------------------------------------------------------------------------------------------

    @examples(1)
    @given(life=lives(most=2))
    def _check_companies(self, life):
        with closing(self.cr.savepoint()):
            other = self.setup_other_company(name="Company B")
            other["company"].write({"billing_tz": "UTC", "currency_id": self.foreign.id})
            taxes = {self.company: self.company_data["default_tax_sale"], other["company"]: other["default_tax_sale"]}
            contracts = self.env["billing.contract"]
            for company, tax in taxes.items():
                own = Life({**life.terms, "company_id": company.id, "currency_id": company.currency_id.id}, [
                    {**sub, "tax_ids": tax.ids} for sub in life.subscriptions], life.changes)
                contracts |= self.begin(own, company.name)
            self.live(dict.fromkeys(contracts, life), every=8)
            self.assertEqual(*(self.lines(contract) for contract in contracts))
            for contract in contracts:
                for move in self.invoices(contract):
                    self.assertEqual(
                        move.company_id | move.journal_id.company_id | move.line_ids.tax_ids.company_id
                        | move.line_ids.tax_line_id.company_id | contract.company_id, contract.company_id)
                    self.assertEqual(move.currency_id, contract.company_id.currency_id)
                    self.assertEqual(move.line_ids.account_id.company_ids, contract.company_id)
                self.assertEqual(contract.schedule_ids.company_id | contract.change_log_ids.company_id,
                                 contract.company_id)

    def test_i26_each_company_bills_with_what_is_its_own(self):
        self.env.user.company_ids |= self.env["res.company"].search([])
        self._check_companies()
