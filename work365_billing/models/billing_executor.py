import logging

import psycopg2
from psycopg2.errors import LockNotAvailable

from odoo import Command, api, fields, models
from odoo.exceptions import UserError
from odoo.fields import Domain
from odoo.tools import groupby, split_every

from ..engine import reasons
from . import billing_reason

_logger = logging.getLogger(__name__)

MOVES_PER_CREATE = 200
PARTS = 6  # into which a chunk is split of which something is refused


class BillingExecutor(models.AbstractModel):
    """Makes the planned invoices: the only place that moves the ledger on."""

    _name = "billing.executor"
    _description = "Billing Executor"

    # ---- a chunk --------------------------------------------------------------------------------------------------

    def _bill_contracts(self, run, contracts, day):
        """Bill everything due of ``contracts`` (locked by the caller) and keep one outcome per row.

        They are billed together; when anything of it is refused, in smaller parts, and what stands out alone.
        """
        self._do_together(
            run, contracts, lambda part: self._bill_together(run, part, day),
            lambda contract: self._bill_alone(run, contract, day))

    def _do_together(self, run, records, together, alone):
        """Do ``together(records)``; when anything of it is refused, do parts of them, and in the end ``alone(record)``.

        The few that are refused must not make all others of their chunk slow.
        """
        exc = self._attempt(lambda: together(records))
        if not exc:
            return
        _logger.info("Billing run %s: %s refused %s contracts together", run.id, type(exc).__name__, len(records))
        self._limit_waiting()
        if len(records) <= PARTS:
            for record in records:
                alone(record)
            return
        for part in split_every(-(-len(records) // PARTS), records.ids, records.browse):
            self._do_together(run, part, together, alone)

    def _bill_together(self, run, contracts, day):
        self._bill_planned(run, self._plan(contracts, day), day)
        contracts._close_ended(day)

    def _plan(self, contracts, day):
        """Plan what is due, first with the schedules that are missing: the job may not have run for long."""
        contracts._top_up_schedules()
        return self.env["billing.planner"]._plan_due(contracts, day)

    def _bill_alone(self, run, contract, day):
        """Bill one contract row by row: the row that is refused is parked, those after it are left."""
        planned = []
        exc = self._attempt(lambda: planned.extend(self._plan(contract, day)))
        if exc:
            self._refuse(run, contract, self._find_first_due(contract, day), exc)
            return
        for one in planned:
            exc = self._attempt(lambda one=one: self._bill_planned(run, [one], day))
            if exc:
                self._refuse(run, contract, self._get_row(one), exc)
            if exc or one.problem:
                return
        exc = self._attempt(lambda: contract._close_ended(day))
        if exc:
            self._refuse(run, contract, self.env["billing.schedule"], exc)

    def _bill_planned(self, run, planned, day):
        """Make the invoices of ``planned``, per contract up to the first row that cannot be billed, and record all."""
        outcomes = []
        chains = groupby(planned, key=lambda one: one.contract_id)
        good = [one for _contract_id, chain in chains for one in self._until_problem(chain, outcomes)]
        made = self._make_invoices([one for one in good if one.lines], run)
        settle = self.sudo()._settle_nothing  # clerks move the ledger only by its own actions
        outcomes += filter(None, [settle(one, day) for one in good if not one.lines])
        self._record(run, made, outcomes)
        self._mark_replaced(made)

    def _until_problem(self, chain, outcomes):
        """Yield the rows of one contract up to the first that cannot be billed; that one is parked."""
        for one in chain:
            if one.problem:
                outcomes.append((one, "failed", one.code, one.message))
                return
            if one.code == reasons.CATCH_UP:
                self.sudo()._skip_missed(one)  # clerks move the ledger only by its own actions
                outcomes.append((one, "skipped", one.code, one.message))
                continue
            if one.code in (reasons.PAUSED, reasons.EARLIER_OPEN):
                outcomes.append((one, "skipped", one.code, one.message))
                return
            yield one

    def _make_invoices(self, planned, run):
        """Create the invoices of ``planned``, in the place of those replaced; return them as pairs (planned, move)."""
        replaced = [one.replaced_move_id for one in planned if one.replaced_move_id]
        self.env["account.move"].sudo().browse(replaced)._billing_detach()  # the ledger is the system's alone
        self.env["account.move"].check_access("create")
        made = []
        for batch in split_every(MOVES_PER_CREATE, planned, list):
            # What ties an invoice to its period is written by the system only. A draft has no analytic items to bring
            # in line; given accounts would make Odoo write every line again.
            Move = self.env["account.move"].sudo().with_context(tracking_disable=True, skip_analytic_sync=True)
            moves = Move._billing_create([self._prepare_move_vals(one, run) for one in batch]).with_env(self.env)
            moves.check_access("create")
            made += zip(batch, moves, strict=True)
        self.env.flush_all()
        return made

    def _settle_nothing(self, one, day):
        """A row without anything to bill stays open until its cycle has ended, then it is skipped with the reasons.

        :return: the outcome; None when nobody has asked and the job has told the same already on that day
        """
        row = self.env["billing.schedule"].browse(one.schedule_id or ())
        if not row and one.owner_vals.get("subscription_id"):
            row = self._settle_ended(one)
        if not row:
            return (one, "nothing_to_bill", one.code, one.message) if one.job_id else None
        if one.cycle_end >= day and one.kind == "regular":
            told = (row.run_date, row.reason, row.message) == (day, one.code, one.message)
            row._set_nothing(one.code, one.message)
            return None if told and not one.job_id else (one, "nothing_to_bill", one.code, one.message)
        row._set_skipped(one.code, one.message)
        return (one, "skipped", one.code, one.message)

    def _settle_ended(self, one):
        """Return a row that keeps that an ended subscription had nothing left, if something waited for a last look."""
        counts_from = dict(one.invoice.postponed)
        logs = self.env["billing.change.log"].sudo().browse(one.invoice.used_logs)
        for log in logs:
            log.write({"state": "archived", "counts_from": counts_from.get(log.id, log.counts_from)})
        minimum = self.env["billing.subscription"].browse(one.owner_vals["subscription_id"]).minimum_commitment
        return self._get_row(one) if logs or minimum else self.env["billing.schedule"]

    # ---- what is refused ------------------------------------------------------------------------------------------

    def _refuse(self, run, contract, row, exc, job_id=None):
        """Park ``row``, which ``exc`` has refused, and say why; what is only locked waits for the next run.

        :param job_id: the job that has asked for the invoice, if one has: it keeps the outcome
        """
        if isinstance(exc, LockNotAvailable):
            # Without the ledger row: naming the very row that somebody holds would have to wait for it again.
            vals = self._prepare_job(run, contract, "skipped", reasons.LOCKED)
        else:
            message = self._get_refusal(exc)
            if not isinstance(exc, (UserError, psycopg2.Error)):
                _logger.error("Billing run %s: contract %s was refused", run.id, contract.id, exc_info=exc)
            self._park(contract, row, reasons.REFUSED, message)
            vals = self._prepare_job(
                run, contract, "failed", reasons.REFUSED, message, job_id, schedule_id=row.id, attempts=row.attempts)
        self.env["billing.job"].sudo()._keep([vals])  # whoever saves may not edit jobs

    def _park(self, contract, row, code, message):
        """Park an open ``row``; what is no open period, such as one that was to be billed again, is told only."""
        if row.state in ("pending", "error"):
            row._set_error(code, message)
        else:
            contract._alert(self.env._("The contract could not be billed"), message)

    def _get_refusal(self, exc):
        """Return the words of an exception for the user."""
        return f"{billing_reason.explain(self.env, reasons.REFUSED)}\n{self._get_words(exc)}"

    def _get_words(self, exc):
        if isinstance(exc, psycopg2.Error):
            models_of = {model._table: name for name, model in self.env.registry.items()}
            model = self.env[models_of.get(exc.diag.table_name, "account.move")]
            return model._sql_error_to_message(exc) if exc.diag.constraint_name else str(exc.diag.message_primary)
        return str(exc.args[0]) if exc.args else type(exc).__name__

    def _find_first_due(self, contract, day):
        Schedule = self.env["billing.schedule"]
        domain = Schedule._get_due_domain(contract.company_id, day) & Domain("contract_id", "=", contract.id)
        return Schedule.search(domain, limit=1)

    def _get_row(self, one):
        """Return the ledger row of ``one``; the final change-log invoice gets its row only now."""
        Schedule = self.env["billing.schedule"].sudo()  # clerks move the ledger only by generating
        return Schedule.browse(one.schedule_id) if one.schedule_id else Schedule.create({
            **one.owner_vals, "kind": one.kind, "cycle_start": one.cycle_start, "cycle_end": one.cycle_end,
            "schedule_date": one.schedule_date})

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
                Command.create({**vals, "sequence": number * 10})
                for number, vals in enumerate(one.vals_list, start=1)],
        }

    def _record(self, run, made, outcomes):
        """Write what became of each row into the ledger, and the run's outcomes."""
        Job = self.env["billing.job"].sudo()  # clerks generate invoices without the right to edit jobs
        vals_list = []
        used_logs = [id_ for one, _move in made for id_ in one.invoice.used_logs]
        for one, move in made:
            row = self._settle_invoice(one, move, run.run_type, used_logs)
            contract = row.contract_id
            vals_list.append(self._prepare_job(
                run, contract, "invoiced", None, one.note, one.job_id, schedule_id=row.id, invoice_id=move.id))
            if run.run_type == "automatic" and (not one.job_id or Job.browse(one.job_id).trigger_tasks):
                vals_list += Job._prepare_tasks(run, contract, row, move)
        for one, outcome, code, message in outcomes:
            contract = self.env["billing.contract"].browse(one.contract_id)
            row = self.env["billing.schedule"].browse(one.schedule_id or ())
            if outcome == "failed":
                row = row if one.job_id else self._get_row(one)
                self._park(contract, row, code, message)
            vals_list.append(self._prepare_job(
                run, contract, outcome, code, message, one.job_id, schedule_id=row.id, attempts=row.attempts))
        Job._keep(vals_list)

    def _settle_invoice(self, one, move, run_type, used_logs):
        """Move the ledger on: the row is invoiced, the changes and items are used. Returns the row.

        :param used_logs: ids of the changes of all invoices that are settled together: they are read together
        """
        row = self._get_row(one)
        if not one.schedule_id:
            move.sudo().billing_schedule_id = row
        row._set_invoiced(move, run_type, one.invoice.seen)
        self._settle_sources(one, move, used_logs)
        return row

    def _mark_replaced(self, made):
        for one, move in made:
            if one.replaced_move_id:
                self.env["account.move"].browse(one.replaced_move_id)._billing_mark_replaced(move)

    def _settle_sources(self, one, move, used_logs):
        lines = move.invoice_line_ids.sorted("sequence")
        line_of = {}
        for line in lines:
            for key in (("log", line.billing_change_log_id.id), ("charge", line.billing_subscription_id.id)):
                line_of.setdefault(key, line.id)
        counts_from = dict(one.invoice.postponed)
        logs = self.env["billing.change.log"].sudo().browse(one.invoice.used_logs).with_prefetch(used_logs)
        for log in logs:
            line = line_of.get(("log", log.id))
            if not line and log.id not in counts_from:
                line = line_of.get(("charge", log.subscription_id.id))
            log.write({
                "state": "archived", "billing_move_id": move.id, "invoice_line_id": line or False,
                **({"counts_from": counts_from[log.id]} if log.id in counts_from else {})})
        sources = self.env["billing.planner"]._get_sources()
        for planned_line, line in zip(one.lines, lines, strict=True):
            if planned_line.records:
                sources[planned_line.group].browse(planned_line.records).sudo()._set_billed(line)

    def _prepare_job(self, run, contract, outcome, code=None, message=None, job_id=None, **values):
        """Return what ``billing.job._keep`` takes: the outcome of a new job, or of the job ``job_id``."""
        states = {"invoiced": "succeeded", "nothing_to_bill": "nothing_to_bill", "failed": "failed",
                  "skipped": "nothing_to_bill"}
        if code and not message:
            message = billing_reason.explain(self.env, code)
        about = {"id": job_id, "not_before": False, "ended_at": fields.Datetime.now()} if job_id else {
            "run_id": run.id, "contract_id": contract.id, "job_type": "invoice"}
        return {
            **about, "state": states[outcome], "outcome": outcome, "reason": code, "message": message, **values}

    # ---- by hand --------------------------------------------------------------------------------------------------

    @api.model
    def _generate(self, planned):
        """Make one invoice by hand, in the caller's transaction, without any automation.

        :param planned: of the planner, made after the contract was locked
        :return: the draft invoice
        :raises UserError: with the reason when there is nothing to bill or something must be mended first
        """
        if planned.code or not planned.lines:
            raise UserError(planned.message or billing_reason.explain(self.env, reasons.NOTHING_TO_BILL))
        [move] = self._generate_all([planned])
        move.billing_contract_id._top_up_schedules()
        return move

    @api.model
    def _generate_all(self, planned):
        """Make the invoices ``planned`` of one contract by hand, without any automation, and return the drafts."""
        contract = self.env["billing.contract"].browse(planned[0].contract_id)
        run = self.env["billing.run"].sudo().create({  # clerks start runs only by generating
            "company_id": contract.company_id.id, "user_id": self.env.uid, "run_type": "manual", "origin": "single",
            "mode": planned[0].kind, "date": contract.company_id._billing_today(), "contract_count": 1})
        executor = self.with_company(contract.company_id)
        made = executor._make_invoices(planned, run)
        executor._record(run, made, [])
        executor._mark_replaced(made)
        run._finish()
        return self.env["account.move"].union(*(move for _planned, move in made))

    @api.model
    def _lock(self, contract):
        """Lock ``contract`` for billing.

        :raises UserError: when somebody else is billing it
        """
        # A lock, not a change: reading rights are enough. Others may refer to the contract meanwhile.
        if not contract.sudo().try_lock_for_update(allow_referencing=True):
            raise UserError(billing_reason.explain(self.env, reasons.LOCKED))
        contract.invalidate_recordset()
        contract.schedule_ids.invalidate_recordset()
