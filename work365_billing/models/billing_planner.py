from odoo import api, fields, models

from ..engine import reasons
from ..engine.biller import plan
from ..engine.plan import Invoice
from . import billing_reason
from .billing_facts import FactsReader, day_after
from .billing_lines import LineWriter
from .planned import PlannedInvoice


class BillingPlanner(models.AbstractModel):
    """The one planner: preview, forecast and the run ask it. It reads in batches and writes nothing."""

    _name = "billing.planner"
    _description = "Billing Planner"

    @api.model
    def _get_sources(self):
        """Return the models that are billed as entered (``billing.source.mixin``) by group."""
        sources = (self.env["billing.usage"], self.env["billing.item"])
        return {source._billing_group: source for source in sources}

    @api.model
    def _plan_due(self, contracts, day):
        """Return what the job bills on ``day``: every due row that may be tried, oldest first per contract.

        A contract with a parked row that still waits gives nothing from that row on.
        """
        reader = FactsReader(contracts)
        reader.drop_missed(day)
        now = fields.Datetime.now()

        def choose(contract, terms):
            rows = []
            for row in reader.rows_of(contract):
                if row.state not in ("pending", "error") or row.on_hold or row.schedule_date > day:
                    continue
                if row.retry_at and row.retry_at > now:
                    return rows, row
                rows.append(reader.engine_row(row, terms))
            return rows + self._final_rows(reader, contract, rows, day), None

        return self._plan_chosen(reader, choose, day)

    @api.model
    def _plan_until(self, contracts, day, assume_active=False, edits=()):
        """Return what a run on ``day`` would bill, also where the ledger does not reach so far yet.

        :param assume_active: plan drafts and suspended contracts as if they were activated
        :param edits: ``LogEdits`` that count as written
        """
        reader = FactsReader(contracts, edits=edits)
        reader.renew(day)
        reader.drop_missed(day)

        def choose(contract, terms):
            if contract.state != "active" and not (assume_active and contract.state in ("draft", "suspended")):
                return [], None
            rows = [
                reader.engine_row(row, terms) for row in reader.rows_of(contract)
                if row.state in ("pending", "error") and not row.on_hold and row.schedule_date <= day]
            rows += self._drop_missed(contract, reader.virtual_rows(contract, terms, day))
            return rows + self._final_rows(reader, contract, rows, day), None

        return self._plan_chosen(reader, choose, day)

    @api.model
    def _plan_schedule(self, schedule, day, replace=False):
        """Return what ``schedule`` alone bills on ``day``, whatever its schedule date.

        :param replace: bill again exactly what its invoice covers
        """
        [planned] = self._plan_schedules(schedule, day, replace)
        return planned

    @api.model
    def _plan_schedules(self, schedules, day, replace=False):
        """Return what each of ``schedules``, all of different contracts, bills on ``day``: see ``_plan_schedule``."""
        replaced = schedules.resulting_invoice_id if replace else None
        reader = FactsReader(schedules.contract_id, replaced=replaced, credited=schedules._get_credited_invoices())
        row_of = {row.contract_id: row for row in schedules}
        result = self._plan_chosen(
            reader, lambda contract, terms: ([reader.engine_row(row_of[contract], terms)], None), day)
        if replace:
            invoice_of = {row.id: row.resulting_invoice_id.id for row in schedules}
            for planned in result:
                planned.replaced_move_id = invoice_of[planned.schedule_id]
        return result

    @api.model
    def _plan_next(self, contracts):
        """Return the amount of the next invoice per contract id, before tax."""
        active = contracts.filtered(lambda contract: contract.state == "active")
        if not active:
            return {}
        reader = FactsReader(active)

        def choose(contract, terms):
            open_rows = [
                row for row in reader.rows_of(contract) if row.state in ("pending", "error") and not row.on_hold]
            return [reader.engine_row(row, terms) for row in open_rows[:1]], None

        return {planned.contract_id: float(planned.amount) for planned in self._plan_chosen(reader, choose, None)}

    # ---- rows -----------------------------------------------------------------------------------------------------

    def _drop_missed(self, contract, rows):
        """Return ``rows``, not in the ledger yet; where only the current period is billed, from that one on."""
        rows, today = list(rows), contract.company_id._billing_today()
        due = [row for row in rows if row.schedule_date <= today]
        return rows[max(len(due) - 1, 0):] if contract.catch_up == "current" else rows

    def _final_rows(self, reader, contract, rows, day):
        """Return the row of the final change-log invoice, the day after the end, once every cycle is settled."""
        end = reader.end_of(contract)
        if contract.auto_renew or not end or day <= end:
            return []
        planned = {row.key for row in rows}
        still_open = [
            row for row in reader.rows_of(contract) if row.state in ("pending", "error") and row.id not in planned]
        if still_open or any(row.kind == "change_log" for row in rows):
            return []
        if not (reader.has_pending_logs(contract) or reader.items_of(contract) or reader.has_minimum(contract)):
            return []
        items = reader.items_of(contract)
        later = [item.invoice_on for item in items if not item.obstacle and item.invoice_on <= day]
        return [self._change_log_row(reader, contract, max([day_after(end), *later]))]

    # ---- planning -------------------------------------------------------------------------------------------------

    def _plan_chosen(self, reader, choose, day):
        """Plan the rows that ``choose(contract, terms)`` returns for each contract.

        ``choose`` returns the engine rows to plan and, where one blocks those after it, that ledger row.
        """
        writer = LineWriter(reader, day)
        result = []
        for contract in reader.contracts:
            terms = contract._billing_terms()
            result += [self._left_out(contract, row, reasons.CATCH_UP) for row in reader.missed_of(contract)]
            rows, blocking = choose(contract, terms)
            if rows:
                rows = reader.chain(contract, rows)
                engine_contract = reader.engine_contract(contract, terms, min(row.start for row in rows))
                for row, invoice in zip(rows, plan(engine_contract, rows), strict=True):
                    result.append(self._planned(reader, contract, row, invoice))
            if blocking:
                result.append(self._left_out(contract, blocking, reasons.PAUSED))
        writer.complete(result)
        return result

    def _planned(self, reader, contract, row, invoice):
        planned = PlannedInvoice(
            contract_id=contract.id, schedule_id=row.key if row.key > 0 else None, kind=row.kind, cycle_start=row.start,
            cycle_end=row.end, schedule_date=row.schedule_date, invoice_date=row.schedule_date, invoice=invoice)
        if not invoice.lines:
            planned.code = reasons.NOTHING_TO_BILL if row.kind == "regular" else reasons.NOTHING_LEFT
            planned.message = self._explain(reader, planned)
        return planned

    def _left_out(self, contract, row, code):
        invoice = Invoice(row=row.id, kind=row.kind, lines=(), reasons=())
        return PlannedInvoice(
            contract_id=contract.id, schedule_id=row.id, kind=row.kind, cycle_start=row.cycle_start,
            cycle_end=row.cycle_end, schedule_date=row.schedule_date, invoice_date=row.schedule_date, invoice=invoice,
            code=code, message=billing_reason.explain(self.env, code))

    def _explain(self, reader, planned):
        """Return the reasons of a row without lines, one per subscription or item."""
        return "\n".join(dict.fromkeys([billing_reason.explain(self.env, planned.code), *(
            f"{reader.record_of(reason).display_name}: {billing_reason.explain(self.env, reason.code)}"
            for reason in planned.invoice.reasons)]))
