import logging

import psycopg2
from psycopg2.errors import LockNotAvailable

from odoo import Command, api, models
from odoo.exceptions import UserError
from odoo.fields import Domain
from odoo.tools import groupby, split_every

from ..engine import reasons
from . import billing_reason

_logger = logging.getLogger(__name__)

MOVES_PER_CREATE = 200


class BillingExecutor(models.AbstractModel):
    """Makes the planned invoices: the only place that moves the ledger on."""

    _name = "billing.executor"
    _description = "Billing Executor"

    # ---- a chunk --------------------------------------------------------------------------------------------------

    def _bill_contracts(self, run, contracts, day):
        """Bill everything due of ``contracts`` (locked by the caller) and keep one outcome per row.

        They are billed together; when anything of it is refused, each alone.
        """
        exc = self._attempt(lambda: self._bill_together(run, contracts, day))
        if exc:
            _logger.info("Billing run %s: %s refused a chunk, its %s contracts are now billed alone", run.id,
                         type(exc).__name__, len(contracts))
            self._limit_waiting()
            for contract in contracts:
                self._bill_alone(run, contract, day)

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
        outcomes += filter(None, [self._settle_nothing(one, day) for one in good if not one.lines])
        self._record(run, made, outcomes)

    def _until_problem(self, chain, outcomes):
        """Yield the rows of one contract up to the first that cannot be billed; that one is parked."""
        for one in chain:
            if one.problem:
                outcomes.append((one, "failed", one.code, one.message))
                return
            if one.code == reasons.CATCH_UP:
                self._skip_missed(one)
                outcomes.append((one, "skipped", one.code, one.message))
                continue
            if one.code == reasons.PAUSED:
                outcomes.append((one, "skipped", one.code, one.message))
                return
            yield one

    def _make_invoices(self, planned, run):
        """Create the invoices of ``planned`` and return them as pairs (planned, move)."""
        made = []
        for batch in split_every(MOVES_PER_CREATE, planned, list):
            # A draft has no analytic items to bring in line; given accounts would make Odoo write every line again.
            moves = self.env["account.move"].with_context(tracking_disable=True, skip_analytic_sync=True).create(
                [self._prepare_move_vals(one, run) for one in batch])
            made += zip(batch, moves.with_env(self.env), strict=True)
        self.env.flush_all()
        return made

    def _settle_nothing(self, one, day):
        """A row without anything to bill stays open until its cycle has ended, then it is skipped with the reasons.

        :return: the outcome; None when the job has told the same already on that day
        """
        row = self.env["billing.schedule"].browse(one.schedule_id or ())
        if one.cycle_end >= day and one.kind == "regular":
            told = (row.run_date, row.reason, row.message) == (day, one.code, one.message)
            row._set_nothing(one.code, one.message)
            return None if told else (one, "nothing_to_bill", one.code, one.message)
        if row:
            row._set_skipped(one.code, one.message)
        return (one, "skipped", one.code, one.message)

    # ---- what is refused ------------------------------------------------------------------------------------------

    def _refuse(self, run, contract, row, exc):
        """Park ``row``, which ``exc`` has refused, and say why; what is only locked waits for the next run."""
        if isinstance(exc, LockNotAvailable):
            # Without the ledger row: naming the very row that somebody holds would have to wait for it again.
            vals = self._prepare_job(run, contract, "skipped", reasons.LOCKED)
        else:
            message = self._get_refusal(exc)
            if not isinstance(exc, (UserError, psycopg2.Error)):
                _logger.error("Billing run %s: contract %s was refused", run.id, contract.id, exc_info=exc)
            if row:
                row._set_error(reasons.REFUSED, message)
            else:
                contract._alert(self.env._("The contract could not be billed"), message)
            vals = self._prepare_job(
                run, contract, "failed", reasons.REFUSED, message, schedule_id=row.id, attempts=row.attempts)
        self.env["billing.job"].create(vals)

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
            "contract_id": one.contract_id, "kind": one.kind, "cycle_start": one.cycle_start,
            "cycle_end": one.cycle_end, "schedule_date": one.schedule_date})

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
        vals_list = []
        for one, move in made:
            row = self._settle_invoice(one, move, run.run_type)
            contract = row.contract_id
            vals_list.append(self._prepare_job(
                run, contract, "invoiced", message=one.note, schedule_id=row.id, invoice_id=move.id))
            if run.run_type == "automatic":
                vals_list += self.env["billing.job"]._prepare_tasks(run, contract, row, move)
        for one, outcome, code, message in outcomes:
            row = self.env["billing.schedule"].browse(one.schedule_id or ())
            if outcome == "failed":
                row = self._get_row(one)
                row._set_error(code, message)
            if row or outcome != "skipped":
                contract = self.env["billing.contract"].browse(one.contract_id)
                vals_list.append(self._prepare_job(
                    run, contract, outcome, code, message, schedule_id=row.id, attempts=row.attempts))
        self.env["billing.job"].sudo().create(vals_list)  # clerks generate invoices without the right to edit jobs

    def _settle_invoice(self, one, move, run_type):
        """Move the ledger on: the row is invoiced, the changes and items are used. Returns the row."""
        row = self._get_row(one)
        if not one.schedule_id:
            move.billing_schedule_id = row
        row._set_invoiced(move, run_type, one.invoice.seen)
        self._settle_sources(one, move)
        return row

    def _settle_sources(self, one, move):
        lines = move.invoice_line_ids.sorted("sequence")
        line_of = {}
        for line in lines:
            for key in (("log", line.billing_change_log_id.id), ("charge", line.billing_subscription_id.id)):
                line_of.setdefault(key, line.id)
        counts_from = dict(one.invoice.postponed)
        logs = self.env["billing.change.log"].sudo().browse(one.invoice.used_logs)
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
        # A lock, not a change: reading rights are enough. Others may refer to the contract meanwhile.
        if not contract.sudo().try_lock_for_update(allow_referencing=True):
            raise UserError(billing_reason.explain(self.env, reasons.LOCKED))
        contract.invalidate_recordset()
        contract.schedule_ids.invalidate_recordset()
