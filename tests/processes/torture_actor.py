"""The actor of the torture: it also makes the scene, and does what users do, at random.

    $BILLING_ODOO_PYTHON torture_actor.py DATABASE

It loads Odoo once and works in copies of itself, so that one that is killed is soon followed by another. For each line
of its input, the paths of two pipes, it answers the number of a new process that listens to the first of them.
"""

import json
import os
import random
import signal
import sys
from datetime import timedelta

from actor import Actor, _today, listen, load
from psycopg2.extensions import TransactionRollbackError

import odoo
from odoo import Command
from odoo.exceptions import UserError
from odoo.service.model import retrying

DAYS_AGO = (2, 2, 33, 64)  # so long ago the contracts have started: one to three periods are due
PRODUCTS = 20
# Ten ways to break a contract that the job is to park, with the reason that it is to give.
BREAKS = {
    "archived_journal": "no_journal",
    "no_account": "no_account",
    "inactive_currency": "currency_inactive",
    "no_rate": "no_rate",
    "deleted_tax": "tax_missing",
    "archived_tax": "tax_missing",
    "partner_of_another_company": "partner_company",
    "archived_product": "product_archived",
    "off_balance_account": "refused",
    "unknown_unit": "refused",
}


class TortureActor(Actor):
    # ---- the scene ------------------------------------------------------------------------------------------------

    def scene(self, count, seed, lanes):
        """Make ``count`` contracts, every twentieth broken; return the ids of the healthy ones and {id: reason}."""
        rng = random.Random(f"{seed}-scene")
        with self._registry.cursor() as cr:
            env = self._env(cr)
            env["ir.config_parameter"].set_param("work365_billing.lanes", str(lanes))
            env.company.write({"billing_catch_up_periods": 0, "billing_catch_up_amount": 0})
            contracts = self._make_contracts(env, count, rng)
            contracts.action_activate()
            env.flush_all()
            broken = {}
            for number, contract in enumerate(contracts[::20]):
                name = list(BREAKS)[number % len(BREAKS)]
                getattr(self, f"_break_{name}")(env, contract, number)
                broken[contract.id] = BREAKS[name]
            return {"healthy": [id_ for id_ in contracts.ids if id_ not in broken], "broken": broken}

    def _make_contracts(self, env, count, rng):
        account = env["account.account"].search([("account_type", "=", "income")], limit=1)
        tax = env["account.tax"].search([("type_tax_use", "=", "sale")], limit=1)
        products = env["product.product"].create([{
            "name": f"Service {number}", "type": "service", "property_account_income_id": account.id,
            "taxes_id": [Command.set(tax.ids)]} for number in range(PRODUCTS)])
        partners = env["res.partner"].create([{"name": f"Customer {number}"} for number in range(count)])
        return env["billing.contract"].create([{
            "name": partner.name, "partner_id": partner.id, "auto_sync": rng.random() < 0.5,
            "date_start": _today() - timedelta(days=rng.choice(DAYS_AGO)),
            "subscription_ids": [Command.create({
                "product_id": product.id, "name": product.name, "sales_unit": "monthly",
                "quantity": rng.randint(1, 9), "price_unit": rng.randint(500, 5000) / 100})
                for product in rng.sample(list(products), 2)]} for partner in partners])

    def _break_archived_journal(self, env, contract, number):
        journal = self._own_journal(env, contract, number)
        journal.active = False

    def _break_no_account(self, env, contract, number):
        journal = self._own_journal(env, contract, number)
        product = self._own_product(env, contract)
        product.property_account_income_id = False
        product.categ_id = env["product.category"].create({"name": f"Without {number}"})
        product.categ_id.property_account_income_categ_id = False
        journal.default_account_id = False
        env.company.income_account_id = False

    def _break_inactive_currency(self, env, contract, _number):
        self._own_currency(env, contract, "XAF").active = False

    def _break_no_rate(self, env, contract, _number):
        self._own_currency(env, contract, "XOF").rate_ids.unlink()

    def _break_deleted_tax(self, env, contract, number):
        self._own_tax(env, contract, number).unlink()

    def _break_archived_tax(self, env, contract, number):
        self._own_tax(env, contract, number).active = False

    def _break_partner_of_another_company(self, env, contract, number):
        contract.partner_id.company_id = env["res.company"].create({"name": f"Elsewhere {number}"})

    def _break_archived_product(self, env, contract, _number):
        self._own_product(env, contract).active = False

    def _break_off_balance_account(self, env, contract, _number):
        product = self._own_product(env, contract)
        account = env["account.account"].search([("account_type", "=", "income")], limit=1)
        product.property_account_income_id = account.copy({"account_type": "off_balance"})

    def _break_unknown_unit(self, env, contract, _number):
        env.cr.execute(
            "UPDATE billing_subscription SET sales_unit = 'fortnightly' WHERE contract_id = %s", [contract.id])
        env.invalidate_all()

    def _own_journal(self, env, contract, number):
        journal = env["account.journal"].search([("type", "=", "sale")], limit=1)
        contract.journal_id = journal.copy({"name": f"Sales {number}", "code": f"S{number}"})
        return contract.journal_id

    def _own_product(self, env, contract):
        subscription = contract.subscription_ids[0]
        subscription.product_id = subscription.product_id.copy()
        env.flush_all()
        return subscription.product_id

    def _own_tax(self, env, contract, number):
        tax = contract.subscription_ids.tax_ids.copy({"name": f"Tax {number}"})
        contract.subscription_ids.tax_ids = tax
        return tax

    def _own_currency(self, env, contract, name):
        currency = env["res.currency"].with_context(active_test=False).search([("name", "=", name)])
        currency.active = True
        if not currency.rate_ids:
            currency.rate_ids = [Command.create({"name": "2016-01-01", "rate": 2.0})]
        contract.currency_id = currency
        env.flush_all()
        return currency

    def plan(self, contracts):
        """Return what is to be billed of ``contracts`` until today, as lists of contract, first day and amount."""
        with self._registry.cursor() as cr:
            env = self._env(cr)
            planner = env["billing.planner"]
            planned = []
            for start in range(0, len(contracts), 200):
                chunk = env["billing.contract"].browse(contracts[start:start + 200])
                planned += planner._plan_until(chunk, env.company._billing_today())
            return [
                [one.contract_id, one.cycle_start.isoformat(), float(one.amount)] for one in planned
                if one.lines and not one.problem]

    # ---- users ----------------------------------------------------------------------------------------------------

    def user(self, contracts, seed):
        """Do one thing that users do with one of ``contracts``, as a request would; answer what, or why not."""
        rng = random.Random(seed)
        name = rng.choice((
            "generate", "generate", "cancel", "delete", "edit", "post", "delete_contract", "close_period"))
        with self._registry.cursor() as cr:
            env = self._env(cr)
            contract = env["billing.contract"].browse(rng.choice(contracts))
            try:
                retrying(lambda: getattr(self, f"_user_{name}")(env, contract, rng), env)
            except (UserError, TransactionRollbackError) as error:
                cr.rollback()
                return {"refused": name, "why": str(error)}
            return {"done": name}

    def _user_generate(self, env, contract, _rng):
        rows = contract.schedule_ids.filtered(lambda row: row.state == "pending").sorted("cycle_start")
        due = rows.filtered(lambda row: row.schedule_date <= _today())[:1]
        if due:
            env["billing.generate"].create({"contract_id": contract.id, "schedule_id": due.id}).action_proceed()

    def _user_cancel(self, _env, contract, rng):
        drafts = contract.invoice_ids.filtered(lambda move: move.state == "draft")
        if drafts:
            rng.choice(list(drafts)).button_cancel()

    def _user_delete(self, _env, contract, rng):
        drafts = contract.invoice_ids.filtered(lambda move: move.state == "draft")
        if drafts:
            rng.choice(list(drafts)).unlink()

    def _user_edit(self, _env, contract, rng):
        if contract.invoice_ids:
            rng.choice(list(contract.invoice_ids)).ref = f"Order {rng.randint(1, 999)}"
        contract.reference = f"Order {contract.id} {rng.randint(1, 999)}"

    def _user_post(self, _env, contract, rng):
        drafts = contract.invoice_ids.filtered(lambda move: move.state == "draft")
        if drafts:
            rng.choice(list(drafts)).action_post()

    def _user_delete_contract(self, _env, contract, _rng):
        contract.unlink()

    def _user_close_period(self, env, _contract, rng):
        env.company.sale_lock_date = _today() - timedelta(days=rng.randint(40, 70))

    def bulk_of(self, contracts, seed):
        """Begin a bulk operation over some contracts, and do the waiting jobs of bulk operations."""
        rng = random.Random(seed)
        with self._registry.cursor() as cr:
            env = self._env(cr)
            chosen = env["billing.contract"].browse(rng.sample(contracts, min(60, len(contracts)))).exists()
            rows = [
                {"contract_id": contract.id, "schedule_id": row.id, "kind": "regular", "trigger_tasks": True}
                for contract in chosen
                for row in contract.schedule_ids.filtered(
                    lambda row: row.state == "pending" and row.schedule_date <= _today()).sorted("cycle_start")[:1]]
            try:
                retrying(lambda: env["billing.run"]._start_bulk(rows) if rows else None, env)
            except (UserError, TransactionRollbackError) as error:
                cr.rollback()
                return {"refused": "bulk", "why": str(error)}
        return self.bulk()


def breed(database):
    """Fork a process for each line of the input."""
    registry = load(database)
    odoo.sql_db.close_all()  # no connection may be shared
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody asks how they ended
    print(json.dumps("ready"), flush=True)
    for line in sys.stdin:
        pid = os.fork()
        if not pid:
            _work(registry, *json.loads(line))
        print(pid, flush=True)


def _work(registry, path_in, path_out):
    """Be a process of one's own that listens to a pipe."""
    for path, flags, number in ((path_in, os.O_RDONLY, 0), (path_out, os.O_WRONLY, 1)):
        os.dup2(os.open(path, flags), number)
    sys.stdin, sys.stdout = os.fdopen(0), os.fdopen(1, "w")
    listen(TortureActor(registry))
    os._exit(0)


if __name__ == "__main__":
    breed(sys.argv[1])
