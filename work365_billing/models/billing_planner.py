from collections import defaultdict

from odoo import api, fields, models

from ..engine import reasons
from ..engine.biller import plan, rows_sorted
from ..engine.plan import Invoice
from . import billing_reason
from .billing_facts import FactsReader, day_after
from .billing_lines import LineWriter
from .planned import PlannedInvoice
from .untaxed import UntaxedAmounts


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

        def choose(contract):
            rows = []
            for row in reader.rows_of(contract):
                if row.state not in ("pending", "error") or row.on_hold or row.schedule_date > day:
                    continue
                if row.retry_at and row.retry_at > now:
                    return rows, row
                rows.append(reader.engine_row(row))
            return rows + self._final_rows(reader, contract, rows, day), None

        return self._plan_chosen(reader, choose, day)

    @api.model
    def _plan_until(self, contracts, day, assume_active=False, edits=(), series=None):
        """Return what a run on ``day`` would bill, also where the ledger does not reach so far yet.

        :param assume_active: plan drafts and suspended contracts as if they were activated
        :param edits: ``LogEdits`` that count as written
        :param series: by contract, the engine's terms without an end that count as its own
        """
        reader = FactsReader(contracts, edits=[*contracts._get_foreseen_edits(day), *edits])
        for contract, own in (series or {}).items():
            reader.assume(contract, contract._get_own_last_day(), own)
        reader.renew(day)
        reader.drop_missed(day)

        def choose(contract):
            if contract.state != "active" and not (assume_active and contract.state in ("draft", "suspended")):
                return [], None
            rows = [
                reader.engine_row(row) for row in reader.rows_of(contract)
                if row.state in ("pending", "error") and not row.on_hold and row.schedule_date <= day]
            rows += self._drop_missed(contract, reader.virtual_rows(contract, day))
            rows = rows_sorted(rows)
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
            reader, lambda contract: ([reader.engine_row(row_of[contract])], None), day)
        if replace:
            invoice_of = {row.id: row.resulting_invoice_id.id for row in schedules}
            for planned in result:
                planned.replaced_move_id = invoice_of[planned.schedule_id]
        return result

    @api.model
    def _plan_next(self, contracts):
        """Return the amount that is billed on the next invoice date, per contract id, before tax."""
        amounts = defaultdict(float)
        for planned in self._plan_next_invoices(contracts.filtered(lambda contract: contract.state == "active"), None):
            amounts[planned.contract_id] += float(planned.amount)
        return amounts

    @api.model
    def _plan_next_cycles(self, contracts):
        """Return what the next open cycle of each owner charges, by the owner's source key, before tax.

        Only what recurs: what is billed as entered is left out.
        """
        reader = FactsReader(contracts)

        def choose(contract):
            first = {}
            for row in reader.rows_of(contract):
                if row._is_open() and not row._is_for_items():
                    first.setdefault(row.source_key, row)
            return [reader.engine_row(row) for row in first.values()], None

        planned = [one for one in self._plan_chosen(reader, choose, None) if one.lines]
        writer = LineWriter(reader, max((one.cycle_start for one in planned), default=None))  # whatever day it is
        amounts = UntaxedAmounts(self.env, writer)
        if reader.subscriptions.tax_ids.filtered("price_include"):
            writer.complete(planned)
        contract_of = {contract.id: contract for contract in reader.contracts}
        key_of = {row.id: row.source_key for row in reader.rows}
        return {key_of[one.schedule_id]: sum(
            amount for line, amount in zip(
                one.lines, amounts.of_lines(one, contract_of[one.contract_id]), strict=True) if line.charge)
            for one in planned}

    @api.model
    def _plan_next_invoices(self, contracts, day):
        """Return what each of ``contracts``, of any state, bills on its next invoice date, however far ahead it is.

        :param day: local date of the run, or None when dates and problems are of no interest
        """
        if not contracts:
            return []
        reader = FactsReader(contracts)
        return self._plan_chosen(reader, lambda contract: (reader.next_rows(contract), None), day)

    # ---- rows -----------------------------------------------------------------------------------------------------

    def _drop_missed(self, contract, rows):
        """Return ``rows``, not in the ledger yet; where only the current period is billed, from that one on."""
        today, current = contract.company_id._billing_today(), {}
        for row in rows:
            if row.schedule_date <= today and not row.items_until:
                current[row.owner] = row.start
        return [row for row in rows if contract.catch_up != "current" or row.items_until
                or row.start >= current.get(row.owner, row.start)]

    def _final_rows(self, reader, contract, rows, day):
        """Return the rows of the final change-log invoices: one per owner that has ended and has something left."""
        end = None if reader.renews(contract) else reader.end_of(contract)
        if contract.contract_type == "item_based":
            finals = [
                self._final_row_of_subscription(reader, sub, reader.last_day_of(sub, end), rows, day)
                for sub in reader.owners_of(contract) if sub._leaves_remainder()]
        else:
            finals = [self._final_row_of_contract(reader, contract, end, rows, day)]
        return [row for row in finals if row]

    def _final_row_of_contract(self, reader, contract, end, rows, day):
        """Return the row for what is left the day after the end, once every cycle is settled, or None."""
        if not end or day <= end or self._is_unsettled(reader, contract, rows):
            return None
        items = reader.items_of(contract) if contract.contract_type == "recurring" else ()
        if not (items or reader.newest_entry_of(contract) or reader.has_minimum(contract)):
            return None
        later = [item.invoice_on for item in items if not item.obstacle and item.invoice_on <= day]
        return reader.final_row(contract, max([day_after(end), *later]))

    def _final_row_of_subscription(self, reader, sub, end, rows, day):
        """Return the row for what is left of an ended subscription: the day after, or when it was entered; or None."""
        if not end or day <= end or self._is_unsettled(reader, sub, rows):
            return None
        entered = reader.newest_entry_of(sub)
        days = [item.invoice_on for item in reader.items_of(sub.contract_id)
                if item.charge == sub.id and not item.obstacle and item.invoice_on <= day]
        if not (entered or days or reader.has_minimum(sub)):
            return None
        up_to = max([day_after(end), *days, *([entered] if entered else [])])
        return reader.final_row(sub, up_to) if up_to <= day else None

    def _is_unsettled(self, reader, owner, rows):
        """Tell whether ``owner`` has an open row that is not among the planned ``rows``, or a change-log row there."""
        planned, name = {row.key for row in rows}, reader.engine_owner(owner)
        if any(row.kind == "change_log" and row.owner in (name, None) for row in rows):
            return True
        return any(
            row.state in ("pending", "error") and row._get_cycle_owner() == owner and row.id not in planned
            for row in reader.rows_of(owner._get_cycle_contract()))

    # ---- planning -------------------------------------------------------------------------------------------------

    def _plan_chosen(self, reader, choose, day):
        """Plan the rows that ``choose(contract)`` returns for each contract.

        ``choose`` returns the engine rows to plan and, where one blocks those after it, that ledger row.
        """
        writer = LineWriter(reader, day)
        result = []
        for contract in reader.contracts:
            result += [self._left_out(contract, row, reasons.CATCH_UP) for row in reader.missed_of(contract)]
            rows, blocking = choose(contract)
            if rows:
                rows = reader.chain(contract, rows)
                engine_contract = reader.engine_contract(contract, rows)
                for row, invoice in zip(rows, plan(engine_contract, rows), strict=True):
                    result.append(self._planned(reader, contract, row, invoice))
            if blocking:
                result.append(self._left_out(contract, blocking, reasons.PAUSED))
        writer.complete(result)
        return result

    def _planned(self, reader, contract, row, invoice):
        owner = reader.owner_of(contract, row)
        due = min(filter(None, [row.schedule_date, reader.latest]))
        planned = PlannedInvoice(
            contract_id=contract.id, schedule_id=row.key if row.key > 0 else None, kind=row.kind, cycle_start=row.start,
            cycle_end=row.end, schedule_date=due, invoice_date=due, invoice=invoice,
            owner_vals=owner._prepare_owner_vals(), fixed_date=owner._get_fixed_invoice_date(row.start))
        if not invoice.lines:
            planned.code = reasons.NOTHING_TO_BILL if row.kind == "regular" else reasons.NOTHING_LEFT
            planned.message = self._explain(reader, planned)
        return planned

    def _left_out(self, contract, row, code):
        invoice = Invoice(row=row.id, kind=row.kind, lines=(), reasons=())
        return PlannedInvoice(
            contract_id=contract.id, schedule_id=row.id, kind=row.kind, cycle_start=row.cycle_start,
            cycle_end=row.cycle_end, schedule_date=row.schedule_date, invoice_date=row.schedule_date, invoice=invoice,
            owner_vals=row._get_cycle_owner()._prepare_owner_vals(), code=code,
            message=billing_reason.explain(self.env, code))

    def _explain(self, reader, planned):
        """Return the reasons of a row without lines, one per subscription or item."""
        return "\n".join(dict.fromkeys([billing_reason.explain(self.env, planned.code), *(
            f"{reader.record_of(reason).display_name}: {billing_reason.explain(self.env, reason.code)}"
            for reason in planned.invoice.reasons)]))
