"""A process that dies around a charge: the provider, in a process of its own, is asked once per invoice."""

import json
import os
import subprocess
from pathlib import Path

from processes.case import Process, ProcessCase

PROVIDER = Path(__file__).parent / "processes" / "provider.py"


class TestChargeProcesses(ProcessCase):
    def setUp(self):
        super().setUp()
        self.asked = self.folder / f"{self.id()}.requests"
        self.asked.touch()
        provider = subprocess.Popen(
            [os.environ["BILLING_ODOO_PYTHON"], str(PROVIDER), str(self.asked)], stdout=subprocess.PIPE, text=True)
        self.addCleanup(provider.stdout.close)
        self.addCleanup(provider.wait)
        self.addCleanup(provider.kill)
        self.url = f"http://127.0.0.1:{int(provider.stdout.readline())}"

    def requests(self):
        """Return what the provider was asked for: (reference, amount), in the order in which it came."""
        lines = map(json.loads, self.asked.read_text().splitlines())
        return [(line["reference"], line["amount"]) for line in lines]

    def charges(self, contracts):
        """Return (contract, state of the charge, state of the transaction, state of the payment), by contract."""
        return self.sql("""
            SELECT job.contract_id, job.state, transaction.state, move.payment_state FROM billing_job job
              JOIN account_move move ON move.id = job.invoice_id
              JOIN payment_transaction transaction ON transaction.id = job.transaction_id
             WHERE job.job_type = 'charge' AND job.contract_id = ANY(%s) ORDER BY job.contract_id
        """, contracts)

    def die_charging(self, hold):
        """Let a process charge three invoices and kill it ``hold`` the request ('before' or 'after' its answer)."""
        contracts = self.one.do("make", name=f"killed {hold}", days_ago=[2] * 3, auto_sync=True)
        self.one.do("charge_automatically", contracts=contracts)
        others = self.sessions()
        victim = Process(self.database, self.folder / f"victim {hold}.log")
        self.addCleanup(victim.kill)
        self.assertEqual(victim.answer(), "ready")
        victim.do("charge_at", url=self.url, hold=hold)
        victim.begin("job")
        self.assertEqual(victim.answer(), "holding")
        victim.kill()
        self.wait_for(lambda: self.sessions() <= others, "the database to notice")
        self.assertEqual(self.charges(contracts), [(contracts[0], "in_progress", "draft", "not_paid")])
        return contracts

    def go_on(self, contracts):
        self.two.do("charge_at", url=self.url)
        for _number in range(2):
            self.two.do("job")
            self.assertEqual(self.charges(contracts), [
                (contracts[0], "failed", "draft", "not_paid"), (contracts[1], "succeeded", "done", "paid"),
                (contracts[2], "succeeded", "done", "paid")])
        [[message]] = self.sql(
            "SELECT message FROM billing_job WHERE job_type = 'charge' AND contract_id = %s", contracts[0])
        self.assertIn("answer", message)
        self.assertIn("confirm or cancel the payment", message)

    def test_killed_after_the_answer_and_before_the_commit(self):
        contracts = self.die_charging("after")
        [[first, amount]] = self.requests()
        self.go_on(contracts)
        asked = self.requests()
        self.assertEqual((asked[0], len(asked), len({reference for reference, _amount in asked})), (
            (first, amount), 3, 3))
        self.assertEqual({amount for _reference, amount in asked}, {10.0})
        # Somebody looks it up and confirms: the payment is booked, the provider is not asked again.
        self.assertEqual(self.two.do("settle", contract=contracts[0], action="action_confirm_transaction"), "done")
        self.two.do("job")
        self.assertEqual(self.charges(contracts)[0], (contracts[0], "succeeded", "done", "paid"))
        self.assertEqual(self.requests(), asked)

    def test_killed_before_the_request(self):
        contracts = self.die_charging("before")
        self.assertEqual(self.requests(), [])
        self.go_on(contracts)
        self.assertEqual(len(self.requests()), 2)
        # Somebody looks it up and cancels: now, and only now, the invoice may be charged.
        self.assertEqual(self.two.do("settle", contract=contracts[0], action="action_cancel_transaction"), "done")
        self.two.do("job")
        self.assertEqual(len(self.requests()), 2)
        self.assertEqual(self.two.do("settle", contract=contracts[0], action="action_run_now"), "done")
        self.assertEqual(self.charges(contracts)[0], (contracts[0], "succeeded", "done", "paid"))
        self.assertEqual(len({reference for reference, _amount in self.requests()}), 3)
