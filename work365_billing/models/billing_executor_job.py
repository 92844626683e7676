"""The hourly job: which contracts, in which transactions, and what happens when something stands in the way."""

import logging
import time

from psycopg2.extensions import TransactionRollbackError

from odoo import api, fields, models
from odoo.fields import Domain
from odoo.tools import SQL, config, split_every

_logger = logging.getLogger(__name__)

CHUNK = 200  # contracts that are claimed, billed and committed together
MAX_CLASHES = 20  # times that a transaction is begun anew because somebody else changed one of its rows
LOCK_TIMEOUT = 5000  # milliseconds to wait for a row that somebody else holds
SHORT_LOCK_TIMEOUT = 1000  # the same where one contract or invoice is tried alone


class BillingExecutor(models.AbstractModel):
    _inherit = "billing.executor"

    @api.model
    def _run_automatic(self):
        """Do the waiting bulk operations, bill everything that is due, company by company on the company's own date,
        then do the waiting tasks.

        Commits after every chunk and returns when everything due is billed or parked.

        :raises Exception: what has stopped a company, once all the others are done
        """
        self._commit()
        self._transaction(self.env["billing.run"]._close_interrupted)
        companies = self.env["res.company"]._search_all()
        works = [self._run_bulk, *(self._for_company(company)._bill_company for company in companies)]
        stopped = list(filter(None, map(self._survive, works)))
        self.env["billing.job"]._run_waiting()
        if stopped:
            raise stopped[0]

    def _survive(self, work):
        """Do ``work``, which commits by itself, and return what has stopped it: what follows must not suffer."""
        try:
            work()
        except Exception as exc:  # raised by the caller once all else is done
            self.env.cr.rollback()
            _logger.info("%s stopped: %s", work.__name__, type(exc).__name__)
            return exc
        return None

    def _for_company(self, company):
        return self.with_company(company).with_context(allowed_company_ids=company.ids)

    def _bill_company(self):
        """Bill what is due of the company; nothing of it is posted meanwhile: earlier dates may still come."""
        with self._billing(self.env.company):
            self._run_company()

    def _run_company(self):
        company = self.env.company
        today = company._billing_today()
        self._transaction(lambda: self._apply_changes(company))
        self._transaction(lambda: self._apply_suspensions(company))
        self._renew_contracts(company, today)
        self._transaction(lambda: self._search_contracts_of_items(company)._sync_item_schedules())
        due = self._transaction(
            lambda: self._hold_missed(company, self._search_due_contracts(company, today), today))
        self._run(company, (due | self._search_ending_contracts(company, today)).ids, today)
        self._run_change_logs(company, today)

    def _run(self, company, ids, day, **values):
        """Bill the contracts ``ids`` in a run with ``values``, lot by lot, together with the lanes."""
        if not ids:
            return
        run = self.env["billing.run"].create({
            "company_id": company.id, "run_type": "automatic", "date": day, "contract_count": len(ids), **values})
        run._start_lanes(len(self.env["billing.lot"]._cut(run, ids, CHUNK, run._get_lanes())))
        with run._working():
            is_done = self._work_off_lots(run)
            if is_done:
                self._transaction(lambda: self._finish(run))
        if not is_done:
            self._transaction(run._close_left)  # unless somebody still works on it: then he does

    @api.model
    def _bill_here(self, contracts, origin):
        """Bill what is due of ``contracts`` of one company in the caller's transaction, in one run.

        For what somebody has just entered. What is refused is parked as in the hourly job, and the others are billed.

        :param origin: of the run
        """
        company = contracts.company_id
        executor, today = self.with_company(company), company._billing_today()
        due = contracts & executor._search_due_contracts(company, today)
        if not due:
            return
        run = self.env["billing.run"].sudo().create({  # who enters what is due starts the run by saving it
            "company_id": company.id, "user_id": self.env.uid, "run_type": "automatic", "origin": origin,
            "date": today, "contract_count": len(due)})
        for chunk in split_every(CHUNK, due.ids, self.env["billing.contract"].browse):
            executor._bill_contracts(run, chunk, today)
        executor._finish(run)

    def _finish(self, run):
        run._finish()
        if not run.job_ids:
            run.unlink()  # contracts that ended with nothing left were closed: there is nothing to tell
            return
        run._log_counts()

    def _search_due_contracts(self, company, day):
        """Return the contracts with a due row, oldest due first; none when each of them waits for its next try."""
        Schedule = self.env["billing.schedule"]
        domain = Schedule._get_due_domain(company, day)
        rows = Schedule._read_group(domain, ["contract_id"], ["schedule_date:min"])
        due = [contract.id for contract, _date in sorted(rows, key=lambda row: (row[1], row[0].id))]
        if not due or self._search_paused_ids(domain).issuperset(due):
            return self.env["billing.contract"]
        return self.env["billing.contract"].browse(due)

    def _search_paused_ids(self, domain):
        waiting = domain & Domain("retry_at", ">", fields.Datetime.now())
        return {contract.id for [contract] in self.env["billing.schedule"]._read_group(waiting, ["contract_id"])}

    def _search_contracts_of_items(self, company):
        """Return the contracts in which items may be billed on days of their own: with items, or a row for some."""
        domain = Domain([
            ("company_id", "=", company.id), ("state", "=", "active"), ("contract_type", "!=", "recurring")])
        ids = self.env["billing.schedule"]._find_contracts_of_items(company)
        for source in self.env["billing.planner"]._get_sources().values():
            field = source._billing_contract_field
            unbilled = source._get_billing_domain() & Domain("invoice_line_id", "=", False) & Domain(
                field, "any", domain)
            ids.update(contract.id for [contract] in source._read_group(unbilled, [field]))
        return self.env["billing.contract"].search(domain & Domain("id", "in", list(ids)))

    def _search_ending_contracts(self, company, day):
        """Return the contracts of which something ended with no row due: they get a last look."""
        Contract, Schedule = self.env["billing.contract"], self.env["billing.schedule"]
        Subscription = self.env["billing.subscription"]
        active = Domain([("company_id", "=", company.id), ("state", "=", "active")])
        ended = Contract.search(active & Domain("date_end", "<", day))
        ended |= Subscription.search(
            Subscription._get_left_domain(day) & Domain("contract_id", "any", active)).contract_id
        if not ended:
            return ended
        due = Schedule._get_due_domain(company, day) & Domain("contract_id", "in", ended.ids)
        ended -= Contract.union(*(contract for [contract] in Schedule._read_group(due, ["contract_id"])))
        return Contract.search([("id", "in", ended.ids)])

    def _apply_changes(self, company):
        """Let the changes whose date has come take effect; one that is refused stays scheduled and harms no other."""
        logs = self.env["billing.change.log"]._search_due(company)
        apply = self.env["billing.subscription"]._apply_logs
        if not logs or not self._attempt(lambda: apply(logs)):
            return
        for subscription, own in logs.grouped("subscription_id").items():
            exc = self._attempt(lambda own=own: apply(own))
            if exc:
                subscription.contract_id._alert(
                    self.env._("A change of %(subscription)s could not take effect", subscription=subscription.name),
                    self._get_refusal(exc))

    def _apply_suspensions(self, company):
        """Suspend and resume the contracts whose day has come; one that is refused harms no other."""
        contracts = self.env["billing.contract"]._search_suspensions(company)
        if not contracts or not self._attempt(contracts._apply_suspensions):
            return
        for contract in contracts:
            exc = self._attempt(contract._apply_suspensions)
            if exc:
                contract._alert(self.env._("The contract could not be suspended or resumed"), self._get_refusal(exc))

    # ---- transactions ---------------------------------------------------------------------------------------------

    def _claim(self, ids):
        """Lock the active contracts among ``ids`` that nobody holds. First statement of its transaction.

        :return: the contracts, and the ids of those that somebody else holds
        """
        query = SQL(
            "SELECT id FROM billing_contract WHERE id = ANY(%s) AND state = 'active' ORDER BY id "
            "FOR NO KEY UPDATE SKIP LOCKED", list(ids))
        self.env.cr.execute(query, log_exceptions=False)
        free = {row[0] for row in self.env.cr.fetchall()}
        contracts = self.env["billing.contract"].browse([id_ for id_ in ids if id_ in free])
        others = self.env["billing.contract"].browse([id_ for id_ in ids if id_ not in free])
        return contracts, others.exists().filtered(lambda contract: contract.state == "active").ids

    def _transaction(self, work, processed=0):
        """Do ``work`` in a transaction of its own, commit, and return its result.

        When somebody else changes a row meanwhile, all of it is begun anew; what was committed before stays.

        :raises TransactionRollbackError: after many clashes in a row
        """
        clashes = 0
        while True:
            try:
                self._limit_waiting(LOCK_TIMEOUT)
                result = work()
                self._commit(processed)
            except TransactionRollbackError:
                self.env.cr.rollback()
                clashes += 1
                if clashes == MAX_CLASHES:
                    raise
            else:
                return result

    def _commit(self, processed=0):
        # Nothing is reported as remaining: the scheduler would cut the job into slices of ten seconds.
        self.env["ir.cron"]._commit_progress(processed, remaining=0)

    def _has_time(self):
        """Tell whether a slow step may begin: a process over its time limit is killed, even in a charge."""
        limit = config["limit_time_real_cron"] if config["limit_time_real_cron"] > 0 else config["limit_time_real"]
        # The scheduler puts the end of its own share of some seconds there; half of the limit is left to others.
        return not limit or time.monotonic() < self.env.context.get("cron_end_time", float("inf")) + limit / 2

    def _limit_waiting(self, milliseconds=SHORT_LOCK_TIMEOUT):
        """Let statements of this transaction fail that wait longer for a lock: a stuck session must not stop us."""
        self.env.cr.execute(SQL("SET LOCAL lock_timeout = %s", milliseconds))

    def _attempt(self, work):
        """Do ``work`` in a savepoint and return the exception that refused it, or None.

        :raises TransactionRollbackError: a clash, after which the whole transaction is to be begun anew
        """
        try:
            with self.env.cr.savepoint():
                work()
        except TransactionRollbackError:
            raise
        except Exception as exc:  # whatever one contract does must not harm the others: the caller keeps it
            return exc
        return None
