"""An Odoo process that does what it is told: one JSON line per command on its input, one per answer on its output.

    $BILLING_ODOO_PYTHON actor.py DATABASE
"""

import json
import os
import sys
import time
import traceback
from contextlib import contextmanager
from datetime import date, timedelta
from functools import partial

import requests

import odoo
from odoo import SUPERUSER_ID, Command, api
from odoo.exceptions import UserError
from odoo.modules.registry import Registry
from odoo.service.model import retrying
from odoo.tools import config


class Actor:
    """The commands; each opens a transaction of its own unless it says otherwise."""

    def __init__(self, registry):
        self._registry = registry
        self._held = None  # the cursor of a transaction that was left open
        self._take_over = None  # what the demo provider does

    def do(self, command, **arguments):
        try:
            return getattr(self, command)(**arguments)
        except Exception:  # for whoever has asked
            return {"failure": traceback.format_exc()}

    # ---- what there is --------------------------------------------------------------------------------------------

    def make(self, name, days_ago, **vals):
        """Make one active monthly contract per number in ``days_ago`` (its start) and return the ids."""
        with self._registry.cursor() as cr:
            env = self._env(cr)
            product = env["product.product"].create({"name": name, "type": "service", "taxes_id": False})
            partner = env["res.partner"].create({"name": name})
            contracts = env["billing.contract"].create([{
                "name": f"{name} {number}", "partner_id": partner.id, "date_start": _today() - timedelta(days=days),
                "subscription_ids": [Command.create({
                    "product_id": product.id, "name": name, "sales_unit": "monthly", "price_unit": 10.0})],
                **vals} for number, days in enumerate(days_ago)])
            contracts.action_activate()
            return contracts.ids

    def clerk(self, login):
        """Make a billing user whose password is the login."""
        with self._registry.cursor() as cr:
            env = self._env(cr)
            return env["res.users"].create({
                "name": login, "login": login, "password": login,
                "group_ids": [Command.set(env.ref("work365_billing.billing_group_user").ids)]}).id

    def today(self, zone):
        with self._registry.cursor() as cr:
            company = self._env(cr).company
            company.billing_tz = zone
            today = company._billing_today().isoformat()
            cr.rollback()
            return today

    # ---- billing --------------------------------------------------------------------------------------------------

    def job(self):
        """Run the hourly job as the scheduler does, but for the scheduler's own protection against a second one."""
        with self._registry.cursor() as cr:
            self._env(cr)["billing.run"]._cron_generate_invoices()
        return "done"

    def cron(self):
        """Start the hourly job by its button."""
        with self._registry.cursor() as cr:
            try:
                result = self._env(cr).ref("work365_billing.ir_cron_generate_invoices").method_direct_trigger()
            except UserError as error:
                return {"error": str(error)}
            return {"done": result}

    def start_bulk(self, contracts):
        """Begin a bulk operation over the oldest cycle of each contract and return the id of its run."""
        with self._registry.cursor() as cr:
            env = self._env(cr)
            rows = env["billing.contract"].browse(contracts).schedule_ids.sorted("cycle_start")
            first = {row.contract_id.id: row.id for row in reversed(rows)}
            return env["billing.run"]._start_bulk([
                {"contract_id": contract, "schedule_id": first[contract], "kind": "regular"} for contract in contracts
            ]).run_id.id

    def bulk(self):
        """Do the waiting jobs of bulk operations as the scheduler does, but for its protection against a second one."""
        with self._registry.cursor() as cr:
            self._env(cr)["billing.run"]._cron_run_bulk()
        return "done"

    def steer(self, run, action):
        """Press a button of a bulk operation."""
        with self._registry.cursor() as cr:
            env = self._env(cr)
            retrying(getattr(env["billing.run"].browse(run), action), env)
        return "done"

    # ---- lanes ----------------------------------------------------------------------------------------------------

    def lane(self, seconds=0):
        """Work as the second lane as the scheduler does, again and again for so many seconds, once at least.

        Answer how many contracts and postings were done here.
        """
        done = {"contracts": 0, "posts": 0}
        end = time.monotonic() + seconds
        with (
            self._counting("billing.executor", "_bill_lot", done, "contracts", lambda _self, lot: lot.contract_list),
            self._counting("billing.job", "_post_together", done, "posts", lambda jobs: jobs),
        ):
            while True:
                with self._registry.cursor() as cr:
                    self._env(cr)["billing.run"]._cron_work_lane(2)
                if time.monotonic() > end:
                    return done
                time.sleep(0.05)

    def hold_lot(self):
        """Say so and do nothing more once the first lot is billed and not saved."""
        executor = self._registry["billing.executor"]
        bill_lot = executor._bill_lot

        def hold(executor, lot):
            bill_lot(executor, lot)
            _hold()

        executor._bill_lot = hold
        return "done"

    @contextmanager
    def _counting(self, model, method, done, name, pieces):
        """Count in ``done[name]`` how many ``pieces`` a method of a model is called for in this process."""
        class_, original = self._registry[model], getattr(self._registry[model], method)

        def count(records, *args):
            done[name] += len(pieces(records, *args))
            return original(records, *args)

        setattr(class_, method, count)
        try:
            yield
        finally:
            delattr(class_, method)

    # ---- charging -------------------------------------------------------------------------------------------------

    def charge_automatically(self, contracts):
        """Give the customers of ``contracts`` a payment method of the demo provider, and charge their invoices."""
        with self._registry.cursor() as cr:
            env = self._env(cr)
            provider = env.ref("payment.payment_provider_demo")
            bank = env["account.journal"].search([("type", "=", "bank"), ("company_id", "=", env.company.id)], limit=1)
            provider.write({"state": "test", "journal_id": bank.id})
            for contract in env["billing.contract"].browse(contracts):
                contract.payment_token_id = env["payment.token"].create({
                    "provider_id": provider.id, "partner_id": contract.partner_id.id, "payment_details": "1234",
                    "payment_method_id": env.ref("payment_demo.payment_method_demo").id, "provider_ref": "ref",
                    "demo_simulated_state": "done"})
                contract.auto_charge = True
        return "done"

    def charge_at(self, url, hold=None):
        """Ask the provider at ``url`` before each answer of the demo provider is taken over.

        :param hold: say so and do nothing more 'before' the first request, or 'after' its answer
        """
        transactions = self._registry["payment.transaction"]
        take_over = self._take_over = self._take_over or transactions._send_payment_request

        def ask(transaction):
            if hold == "before":
                _hold()
            request = {"reference": transaction.reference, "amount": transaction.amount}
            requests.post(url, json=request, timeout=60).raise_for_status()
            if hold == "after":
                _hold()
            take_over(transaction)

        transactions._send_payment_request = ask
        return "done"

    def settle(self, contract, action):
        """Press a button of the charge of a contract."""
        with self._registry.cursor() as cr:
            job = self._env(cr)["billing.job"].search(
                [("contract_id", "=", contract), ("job_type", "=", "charge")], limit=1)
            getattr(job, action)()
        return "done"

    def impatient(self):
        """Give up early where somebody else holds a row."""
        module = sys.modules["odoo.addons.work365_billing.models.billing_executor_job"]
        module.LOCK_TIMEOUT = 300
        return "done"

    def press(self, contract):
        """Generate the first invoice of a contract in the window, as a request over HTTP would."""
        if self._held:
            cr, self._held = self._held, None
        else:
            cr = self._registry.cursor()
        with cr:
            env = self._env(cr)
            try:
                return retrying(partial(self._press, env, contract), env)
            except UserError as error:
                return {"error": str(error)}

    def look(self):
        """Begin a transaction, in which the next command will go on."""
        self._held = self._registry.cursor()
        self._held.execute("SELECT count(*) FROM billing_schedule")
        return "looked"

    def press_and_wait(self, contract):
        """Generate the first invoice of a contract, and leave the transaction open."""
        self._held = self._registry.cursor()
        return self._press(self._env(self._held), contract)

    def commit(self):
        self._held.commit()
        self._held.close()
        self._held = None
        return "done"

    def _press(self, env, contract):
        schedule = env["billing.contract"].browse(contract).schedule_ids.sorted("cycle_start")[0]
        window = env["billing.generate"].create({"contract_id": contract, "schedule_id": schedule.id})
        window.action_proceed()
        return {"invoice": window.invoice_id.id}

    def _env(self, cr):
        return api.Environment(cr, SUPERUSER_ID, {})


def _hold():
    print(json.dumps("holding"), flush=True)
    time.sleep(3600)


def _today():
    return date.today()  # Odoo has set the zone of its process to UTC


def load(database):
    """Return the registry of ``database``."""
    config.parse_config(["-c", os.environ["BILLING_ODOO_CONF"], "-d", database, "--log-level=warn", "--no-http"])
    return Registry(database)


def listen(actor):
    """Let ``actor`` do what is told until the input ends."""
    print(json.dumps("ready"), flush=True)
    for line in sys.stdin:
        print(json.dumps(actor.do(**json.loads(line))), flush=True)
    odoo.sql_db.close_all()


if __name__ == "__main__":
    listen(Actor(load(sys.argv[1])))
