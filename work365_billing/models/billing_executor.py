import logging
from itertools import groupby

from psycopg2 import OperationalError
from psycopg2.extensions import TransactionRollbackError

from odoo import Command, api, fields, models
from odoo.exceptions import UserError
from odoo.tools import SQL, split_every

from ..engine import reasons
from . import billing_reason

_logger = logging.getLogger(__name__)

CHUNK = 50  # contracts that are claimed, billed and committed together
MOVES_PER_CREATE = 200
MAX_CLASHES = 20  # transactions that are begun anew because somebody else changed a row


class BillingExecutor(models.AbstractModel):
    """Makes the planned invoices: the only place that moves the ledger on."""

    _name = "billing.executor"
    _description = "Billing Executor"

    # ---- the hourly job -------------------------------------------------------------------------------------------

    @api.model
    def _run_automatic(self):
        """Bill everything that is due, company by company on the company's own date, then do the waiting tasks.

        Commits after every chunk and returns when everything due is billed or parked.
        """
        Contract = self.env["billing.contract"]
        for [company] in Contract._read_group([("state", "=", "active")], ["company_id"]):
            self.with_company(company).with_context(allowed_company_ids=company.ids)._run_company()
        self.env["billing.job"]._run_waiting()

    def _run_company(self):
        company = self.env.company
        today = company._billing_today()
        self.env["billing.change.log"]._apply_due(company)
        due = self._search_due_contracts(company, today)
        ending = self._search_ending_contracts(company, today, due)
        if due or ending:
            run = self.env["billing.run"].create({
                "company_id": company.id, "run_type": "automatic", "date": today,
                "contract_count": len(due | ending)})
            self._commit()
            self._run_chunks(run, (due | ending).ids, today)
            run._finish()
            if not run.job_ids:
                run.unlink()  # contracts that ended with nothing left were closed: there is nothing to tell
            else:
                _logger.info(
                    "Billing run %s: %s contracts, %s invoices, %s failed, %s without anything to bill", run.id,
                    run.contract_count, run.invoiced_count, run.failed_count, run.nothing_count)
        self._commit()

    def _commit(self, processed=0):
        # Nothing is reported as remaining: the scheduler would cut the job into slices of ten seconds.
        self.env["ir.cron"]._commit_progress(processed, remaining=0)

    def _search_due_contracts(self, company, day):
        """Return the contracts with a due row of which not every one waits for its retry, oldest due first."""
        Schedule = self.env["billing.schedule"]
        domain = Schedule._get_due_domain(company, day)
        waiting = domain & fields.Domain("retry_at", ">", fields.Datetime.now())
        paused = {contract.id for [contract] in Schedule._read_group(waiting, ["contract_id"])}
        rows = Schedule._read_group(domain, ["contract_id"], ["schedule_date:min"], order="schedule_date:min, contract_id")
        due = [contract.id for contract, _date in rows]
        if paused.issuperset(due):
            return self.env["billing.contract"]
        return self.env["billing.contract"].browse(due)

    def _search_ending_contracts(self, company, day, due):
        """Return the contracts whose end has passed and that have no row left to bill: they get a last look."""
        return self.env["billing.contract"].search([
            ("company_id", "=", company.id), ("state", "=", "active"), ("date_end", "<", day), ("id", "not in", due.ids)])

    def _run_chunks(self, run, ids, day):
        locked = []
        for chunk in split_every(CHUNK, ids):
            locked += self._run_chunk(run, chunk, day)
            self._commit(len(chunk))
        still_locked = self._run_chunk(run, locked, day) if locked else []
        self.env["billing.job"].create([
            self._prepare_job(run, contract, "skipped", reasons.LOCKED)
            for contract in self.env["billing.contract"].browse(still_locked)])
        self._commit(len(locked))

    def _run_chunk(self, run, ids, day):
        """Bill the contracts ``ids`` in one transaction and return the ids that somebody else holds.

        A clash with another transaction begins the chunk anew; what was committed before stays.
        """
        for clash in range(MAX_CLASHES):
            try:
                contracts = self._claim(ids)
                self._bill_contracts(run, contracts, day)
                self.env.flush_all()
            except TransactionRollbackError:
                self.env.cr.rollback()
                if clash == MAX_CLASHES - 1:
                    raise
            else:
                return [id_ for id_ in ids if id_ not in contracts._ids]
        return ids

    def _claim(self, ids):
        """Lock the active contracts among ``ids`` that nobody holds. First statement of its transaction."""
        query = SQL(
            "SELECT id FROM billing_contract WHERE id = ANY(%s) AND state = 'active' ORDER BY id "
            "FOR NO KEY UPDATE SKIP LOCKED", list(ids))
        self.env.flush_all()
        self.env.cr.execute(query, log_exceptions=False)
        free = {row[0] for row in self.env.cr.fetchall()}
        return self.env["billing.contract"].browse([id_ for id_ in ids if id_ in free])

    # ---- a chunk --------------------------------------------------------------------------------------------------

    def _bill_contracts(self, run, contracts, day):
        """Bill everything due of ``contracts`` (locked by the caller) and keep one outcome per row."""
        planned = self.env["billing.planner"]._plan_due(contracts, day)
        chains = {id_: list(own) for id_, own in groupby(planned, key=lambda one: one.contract_id)}
        outcomes = []
        good = [one for chain in chains.values() for one in self._until_problem(chain, outcomes)]
        to_make = [one for one in good if one.lines]
        try:
            with self.env.cr.savepoint():
                made = self._make_invoices(to_make, run)
        except TransactionRollbackError:
            raise
        except Exception as exc:  # noqa: BLE001 - whatever one contract does must not harm the others
            _logger.info("A chunk of %s invoices was refused (%s): each contract is now billed alone", len(to_make), exc)
            made = self._make_one_by_one(to_make, run, outcomes)
        for one in good:
            if not one.lines:
                outcomes.append(self._settle_nothing(one, day))
        self._record(run, made, outcomes)
        contracts._top_up_schedules()
        contracts._close_ended(day)

    def _until_problem(self, chain, outcomes):
        """Yield the rows of one contract up to the first that cannot be billed; that one is parked."""
        for one in chain:
            if one.problem:
                outcomes.append((one, "failed", one.code, one.message))
                return
            if one.code == reasons.PAUSED:
                outcomes.append((one, "skipped", one.code, one.message))
                return
            yield one

    def _make_invoices(self, planned, run):
        """Create the invoices of ``planned`` and return them as pairs (planned, move)."""
        made = []
        for batch in split_every(MOVES_PER_CREATE, planned, list):
            moves = self.env["account.move"].with_context(tracking_disable=True).create(
                [self._prepare_move_vals(one, run) for one in batch])
            made += zip(batch, moves.with_env(self.env), strict=True)
        self.env.flush_all()
        return made

    def _make_one_by_one(self, planned, run, outcomes):
        """Create the invoices contract by contract; what follows a refused one of the same contract is left."""
        made = []
        for _contract_id, chain in groupby(planned, key=lambda one: one.contract_id):
            for one in chain:
                try:
                    with self.env.cr.savepoint():
                        made += self._make_invoices([one], run)
                except TransactionRollbackError:
                    raise
                except Exception as exc:  # noqa: BLE001 - parked with the reason, see _record
                    outcomes.append((one, "failed", reasons.REFUSED, self._get_refusal(exc)))
                    break
        return made

    def _get_refusal(self, exc):
        """Return the words of an exception for the user."""
        if isinstance(exc, OperationalError):
            text = str(exc)
        elif hasattr(exc, "pgcode"):
            text = self.env["account.move"]._sql_error_to_message(exc)
        else:
            text = str(exc.args[0]) if exc.args else type(exc).__name__
        return f"{billing_reason.explain(self.env, reasons.REFUSED)}\n{text}"

    def _settle_nothing(self, one, day):
        """A row without anything to bill stays open until its cycle has ended, then it is skipped with the reasons."""
        row = self.env["billing.schedule"].browse(one.schedule_id or ())
        if one.cycle_end >= day and one.kind == "regular":
            row._set_nothing(one.code, one.message)
            return (one, "nothing_to_bill", one.code, one.message)
        if row:
            row._set_skipped(one.code, one.message)
        return (one, "skipped", one.code, one.message)

    # ---- an invoice -----------------------------------------------------------------------------------------------

    def _prepare_move_vals(self, one, run):
        contract = self.env["billing.contract"].browse(one.contract_id)
        reversed_move = self.env["account.move"].sudo().browse(one.reversed_move_id or ())
        return {
            **one.move_vals,
            **({"reversed_entry_id": reversed_move.id, "invoice_currency_rate": reversed_move.invoice_currency_rate}
               if reversed_move else {}),
            "invoice_origin": contract.name,
            "billing_contract_id": one.contract_id,
            "billing_schedule_id": one.schedule_id,
            "billing_run_id": run.id,
            "billing_kind": one.kind,
            "invoice_line_ids": [
                Command.create({**vals, "sequence": number * 10}) for number, vals in enumerate(one.vals_list, start=1)],
        }

    def _record(self, run, made, outcomes):
        """Write what became of each row into the ledger, and the run's outcomes."""
        vals_list = []
        for one, move in made:
            row = self._settle_invoice(one, move, run.run_type)
            contract = row.contract_id
            vals_list.append(self._prepare_job(
                run, contract, "invoiced", message=one.note, schedule_id=row.id, invoice_id=move.id))
            if contract.auto_sync and run.run_type == "automatic":
                vals_list.append({
                    "run_id": run.id, "contract_id": contract.id, "schedule_id": row.id, "job_type": "post",
                    "invoice_id": move.id, "invoice_date": move.invoice_date})
        for one, outcome, code, message in outcomes:
            row = self.env["billing.schedule"].browse(one.schedule_id or ())
            if outcome == "failed" and row:
                row._set_error(code, message)
            if row or outcome != "skipped":
                contract = self.env["billing.contract"].browse(one.contract_id)
                vals_list.append(self._prepare_job(
                    run, contract, outcome, code, message, schedule_id=row.id, attempts=row.attempts))
        self.env["billing.job"].sudo().create(vals_list)  # clerks generate invoices without the right to edit jobs

    def _settle_invoice(self, one, move, run_type):
        """Move the ledger on: the row is invoiced, the changes and items are used. Returns the row."""
        Schedule = self.env["billing.schedule"].sudo()  # clerks move the ledger only by generating
        row = Schedule.browse(one.schedule_id) if one.schedule_id else Schedule.create({
            "contract_id": one.contract_id, "kind": one.kind, "cycle_start": one.cycle_start,
            "cycle_end": one.cycle_end, "schedule_date": one.schedule_date})
        if not one.schedule_id:
            move.billing_schedule_id = row
        row._set_invoiced(move, run_type, one.invoice.seen)
        self._settle_sources(one, move)
        return row

    def _settle_sources(self, one, move):
        lines = move.invoice_line_ids.sorted("sequence")
        line_of = {}
        for line in lines:
            for key in (("log", line.billing_change_log_id.id), ("item", line.billing_item_id.id),
                        ("charge", line.billing_subscription_id.id)):
                line_of.setdefault(key, line.id)
        counts_from = dict(one.invoice.postponed)
        logs = self.env["billing.change.log"].sudo().browse(one.invoice.used_logs)
        for log in logs:
            line = line_of.get(("log", log.id))
            if not line and log.id not in counts_from:
                line = line_of.get(("charge", log.subscription_id.id))
            log.write({
                "state": "archived", "billing_move_id": move.id, "invoice_line_id": line or False,
                "counts_from": counts_from.get(log.id, False)})
        for item in self.env["billing.item"].sudo().browse([line.item for line in one.lines if line.item]):
            item.invoice_line_id = line_of["item", item.id]

    def _prepare_job(self, run, contract, outcome, code=None, message=None, **values):
        states = {"invoiced": "succeeded", "nothing_to_bill": "nothing_to_bill", "failed": "failed",
                  "skipped": "nothing_to_bill"}
        if code and not message:
            message = billing_reason.explain(self.env, code)
        return {
            "run_id": run.id, "contract_id": contract.id, "job_type": "invoice", "state": states[outcome],
            "outcome": outcome, "reason": code, "message": message, **values}

    # ---- by hand --------------------------------------------------------------------------------------------------

    @api.model
    def _generate(self, planned, replaced=None):
        """Make one invoice by hand, in the caller's transaction, without any automation.

        :param planned: of the planner, made after the contract was locked
        :param replaced: the invoice whose place the new one takes
        :return: the draft invoice
        :raises UserError: with the reason when there is nothing to bill or something must be mended first
        """
        if planned.code or not planned.lines:
            raise UserError(planned.message or billing_reason.explain(self.env, reasons.NOTHING_TO_BILL))
        contract = self.env["billing.contract"].browse(planned.contract_id)
        run = self.env["billing.run"].sudo().create({  # clerks start runs only by generating
            "company_id": contract.company_id.id, "user_id": self.env.uid, "run_type": "manual", "mode": planned.kind,
            "date": contract.company_id._billing_today(), "contract_count": 1})
        executor = self.with_company(contract.company_id)
        if replaced:
            replaced.sudo()._billing_detach()
        made = executor._make_invoices([planned], run)
        executor._record(run, made, [])
        run._finish()
        [[_planned, move]] = made
        if replaced:
            replaced._billing_mark_replaced(move)
        contract._top_up_schedules()
        return move

    @api.model
    def _lock(self, contract):
        """Lock ``contract`` for billing.

        :raises UserError: when somebody else is billing it
        """
        if not contract.sudo().try_lock_for_update():  # a lock, not a change: reading rights are enough
            raise UserError(billing_reason.explain(self.env, reasons.LOCKED))
        contract.invalidate_recordset()
        contract.schedule_ids.invalidate_recordset()
