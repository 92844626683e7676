"""A run's contracts as lots that several processes bill at the same time, none of them waiting for another."""

import logging
import time
from contextlib import contextmanager

from psycopg2.extensions import TransactionRollbackError

from odoo import api, models
from odoo.fields import Domain
from odoo.tools import SQL

from ..engine import reasons

_logger = logging.getLogger(__name__)

BILL = {"regular": "_bill_contracts", "change_log": "_bill_change_logs"}  # by the run's kind of invoice
LOCK_CLASS = 0x636F6D70  # of the advisory locks of companies that are being billed
POLL = 0.1  # seconds after which somebody who waits for others looks again
PATIENCE = 600  # looks in a row without any progress, after which what others hold is left to them


class BillingExecutor(models.AbstractModel):
    _inherit = "billing.executor"

    def _work_off_lots(self, run):
        """Bill the lots of ``run`` until none is left, together with whoever else does.

        :return: whether none is left; a lot that somebody holds for too long is left to him
        """
        domain = Domain("run_id", "=", run.id)
        return self._share(
            lambda: self._work_next_lot(domain), lambda: self.env["billing.lot"].search_count(domain))

    def _work_next_lot(self, domain):
        """Bill the next lot of ``domain`` that nobody holds, in a transaction, and tell whether there was one."""
        taken = []
        try:
            return self._transaction(lambda: self._bill_next_lot(domain, taken), processed=1)
        except TransactionRollbackError:
            _logger.info("Billing: the contracts of lot %s are changed again and again by others", taken[-1:])
            self._transaction(lambda: self._give_up_lot(taken[-1:]))
            return True

    def _bill_next_lot(self, domain, taken):
        lot = self.env["billing.lot"]._claim(domain)
        if not lot:
            return False
        taken.append(lot.id)
        executor = self._for_company(lot.company_id)
        executor._bill_lot(lot.with_env(executor.env))
        return True

    def _bill_lot(self, lot):
        """Bill the contracts of ``lot`` (locked by the caller) and delete it; what others hold is tried once more."""
        run = lot.run_id
        contracts, locked = self._claim(lot.contract_list)
        if contracts:
            getattr(self, BILL[run.mode])(run, contracts, run.date)
        self._record_overtaken(lot, contracts, locked)
        self._settle_lot(lot, locked)

    def _record_overtaken(self, lot, contracts, locked):
        """Keep the outcome of what somebody else was quicker with: he billed, skipped, suspended or closed it.

        A contract that has ended with nothing left is closed by the run itself: there is nothing to tell of it, nor of
        one that is still due and has told why before.

        :param contracts: of the lot, that the run has just billed
        :param locked: ids of contracts of the lot that somebody else holds
        """
        Contract, run = self.env["billing.contract"], lot.run_id
        told = self.env["billing.job"]._read_group(
            [("run_id", "=", run.id), ("contract_id", "in", lot.contract_list)], ["contract_id"])
        silent = set(lot.contract_list).difference(locked, (contract.id for [contract] in told))
        if not silent:
            return
        Schedule = self.env["billing.schedule"].with_context(active_test=False)
        ids = Domain("contract_id", "in", list(silent.intersection(contracts.ids)))
        due = Schedule.search(ids & Schedule._get_due_domain(run.company_id, run.date)).contract_id
        rows = Schedule.search(
            ids & Domain([("contract_id", "not in", due.ids), ("kind", "=", run.mode), ("run_date", ">=", run.date)]))
        codes = dict.fromkeys(Contract.browse(silent).exists() - contracts, reasons.NOT_ACTIVE)
        for state, code in (("skipped", reasons.SKIPPED), ("invoiced", reasons.ALREADY_INVOICED)):
            codes.update(dict.fromkeys(rows.filtered(lambda row, state=state: row.state == state).contract_id, code))
        self.env["billing.job"].create([
            self._prepare_job(run, contract, "skipped", code) for contract, code in codes.items()])

    def _settle_lot(self, lot, locked):
        """Delete ``lot``, of which somebody else holds the contracts ``locked``: a second time that is the outcome."""
        if lot.again:
            self._record_locked(lot.run_id, locked)
            locked = ()
        lot._put_back(locked)

    def _give_up_lot(self, ids):
        """Treat the contracts of the lot ``ids`` as held by somebody else, unless another process has taken it."""
        lot = self.env["billing.lot"]._claim(Domain("id", "in", ids))
        if lot:
            self._settle_lot(lot, lot.contract_list)

    # ---- together with others ---------------------------------------------------------------------------------------

    def _share(self, work, count_left, end=float("inf")):
        """Do ``work`` until nothing is left, waiting for what others have taken: whoever of them dies gives it back.

        :param work: does the next piece that is free and tells whether there was one; commits by itself
        :param count_left: returns how many pieces are left, those that others hold included
        :param end: time after which the rest is left to others
        :return: whether nothing is left; False when others hold something for too long
        """
        left, looks = None, 0
        while time.monotonic() < end:
            if work():
                looks = 0
                continue
            before, left = left, self._transaction(count_left)
            if not left:
                return True
            looks = looks + 1 if left == before else 0
            if looks > PATIENCE:
                _logger.info("Billing: %s pieces of work are held by others for too long", left)
                return False
            time.sleep(POLL)
        return False

    def _record_locked(self, run, ids):
        """Keep the outcome of the contracts that somebody else holds, unless he forbids even to refer to them."""
        self._limit_waiting()
        for contract in self.env["billing.contract"].browse(ids):
            vals = self._prepare_job(run, contract, "skipped", reasons.LOCKED)
            if self._attempt(lambda vals=vals: self.env["billing.job"].create(vals)):
                _logger.info("Billing run %s: contract %s is locked", run.id, contract.id)

    # ---- first the invoices, then their numbers ---------------------------------------------------------------------

    @contextmanager
    def _billing(self, company):
        """Let others know that invoices of ``company`` are being made; several processes may do so at a time.

        The lock belongs to the database session: it outlasts commits and goes when the process dies.
        """
        key = LOCK_CLASS, company.id
        self.env.execute_query(SQL("SELECT pg_advisory_lock_shared(%s, %s)", *key))
        try:
            yield
        except BaseException:
            self.env.cr.rollback()
            raise
        finally:
            self.env.execute_query(SQL("SELECT pg_advisory_unlock_shared(%s, %s)", *key))

    def _is_billing(self, company):
        """Tell whether invoices of ``company`` are being made that are to be posted: their dates may come first.

        Whoever makes them has them posted afterwards.
        """
        bulk = self.env["billing.job"]._get_bulk_domain() & Domain([
            ("company_id", "=", company.id), ("trigger_tasks", "=", True)])
        return bool(
            self.env["billing.lot"].search_count([("company_id", "=", company.id)], limit=1)
            or self.env["billing.job"].search_count(bulk, limit=1)
            or self.env.execute_query(SQL(
                """
                SELECT 1 FROM pg_locks
                 WHERE locktype = 'advisory' AND classid = %s AND objid = %s AND objsubid = 2 AND granted
                   AND database = (SELECT oid FROM pg_database WHERE datname = CURRENT_DATABASE())
                """, LOCK_CLASS, company.id)))

    # ---- lanes ------------------------------------------------------------------------------------------------------

    @api.model
    def _help(self, budget):
        """Do what waits, together with whoever has begun it: lots of runs, bulk operations, tasks of invoices.

        :param budget: seconds after which the rest is left to the others and to the next call
        :return: whether something may be left
        """
        end = time.monotonic() + budget
        self._commit()
        try:
            while self._help_once():
                if time.monotonic() > end:
                    return True
            return self.env["billing.job"]._help(end)
        except TransactionRollbackError:
            _logger.info("A lane ends: what it wants to do is changed again and again by others")
            return False

    def _help_once(self):
        """Bill a lot and some jobs of a bulk operation, so that neither waits for the other's end.

        :return: whether there was one of them
        """
        Run = self.env["billing.run"]
        has_billed_lot = self._work_next_lot(Domain.TRUE)
        if has_billed_lot:
            self._transaction(Run._close_left)
        has_billed_jobs = self._transaction(self._bill_next_jobs)
        if has_billed_jobs:
            self._transaction(Run._close_finished)
        return has_billed_lot or has_billed_jobs
