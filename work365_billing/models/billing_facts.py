"""Reads contracts into the engine's facts: a constant number of queries for any number of contracts."""

from collections import defaultdict
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from functools import partial
from itertools import chain

from odoo.tools import SQL

from ..engine import facts, reasons
from ..engine.cycles import Cycle, cycles, schedule_date
from ..engine.money import compound_discount, exact
from ..engine.steps import SALES_UNIT_MONTHS
from .billing_usage_facts import MeterReader, with_previous

ROW_FIELDS = [
    "contract_id", "company_id", "kind", "cycle_start", "cycle_end", "schedule_date", "state", "on_hold", "retry_at",
    "last_log_id", "reason", "run_date", "source_key"]


class FactsReader:
    """Everything that the planner needs of ``contracts``, read in batches when it is made.

    :param replaced: invoices whose content counts as not billed, because they are being replaced
    :param credited: invoices credited in full whose changes and items wait to be billed again
    :param edits: ``LogEdits`` that count as written: what a change would make of the bill
    """

    def __init__(self, contracts, replaced=None, credited=None, edits=()):
        contracts.check_access("read")
        contracts = contracts.sudo()  # who may see the contract may see its plan: settings and history are only read
        env = contracts.env
        self.contracts = contracts
        self._replaced = replaced or env["account.move"]
        self._credited = credited or env["account.move"]
        self._again = self._replaced | self._credited
        self._edits = {one.subscription.id: one for one in edits}
        self._digits = env["decimal.precision"].precision_get("Discount")
        contracts.fetch([
            "date_start", "date_end", "billed_through", "discount", "company_id", "currency_id", "catch_up"])
        self.rows = env["billing.schedule"].with_context(active_test=False).search_fetch(
            [("contract_id", "in", contracts.ids)], ROW_FIELDS, order="schedule_date, cycle_start, kind")
        self.subscriptions = env["billing.subscription"].search_fetch([("contract_id", "in", contracts.ids)], [
            "contract_id", "sales_unit", "date_start", "date_end", "billable", "discount", "price_unit", "pricing",
            "minimum_commitment", "rate_card_id", "usage_rollup"])
        self.logs = env["billing.change.log"].search_fetch(
            [("contract_id", "in", contracts.ids)],
            ["subscription_id", "event", "effective_date", "quantity", "price_unit", "sets_price", "state", "refund",
             "counts_from", "pause_policy", "cause_id", "billing_move_id"])
        self._records = {
            group: source._search_to_bill(contracts, self._replaced, self._credited)
            for group, source in env["billing.planner"]._get_sources().items()}
        self._items_of = self._read_items()
        self._rows_of = self.rows.grouped("contract_id")
        self._missed_of = {}
        self._stages_of = {}  # per contract the last day, and the day on which it moves to the next or None
        self._subscriptions_of = self.subscriptions.grouped("contract_id")
        self._logs_of = self.logs.grouped("subscription_id")
        self._billed_of = self._read_billed()
        self.unwritten = {}
        self._meters = MeterReader(self.subscriptions, self._replaced)

    def _read_items(self):
        """Return, per contract, what every source has to bill as entered."""
        result = defaultdict(list)
        for record in chain.from_iterable(self._records.values()):
            contract = record._get_billing_contract()
            result[contract].append(record._prepare_billing_item(partial(self._discount, contract)))
        return result

    def _is_pending(self, log):
        if self._replaced:
            return log.billing_move_id in self._replaced
        return log.state != "archived" or log.billing_move_id in self._credited

    def _read_billed(self):
        """Return, per subscription, what live invoices hold of each ledger row.

        It matters where a change reaches into invoiced cycles and where a cycle was freed: nothing else is read.
        """
        ids = self._get_unsettled_subscription_ids()
        result = defaultdict(dict)
        if not ids:
            return result
        env = self.contracts.env
        env["account.move.line"].flush_model()
        env["billing.schedule"].flush_model(["resulting_invoice_id"])
        for subscription, start, amount, discount, line, logs in env.execute_query(SQL(
                """
                SELECT line.billing_subscription_id, line.billing_cycle_start, SUM(line.billing_amount),
                       (ARRAY_AGG(line.discount ORDER BY line.billing_amount DESC, line.id))[1],
                       (ARRAY_AGG(line.id ORDER BY line.billing_amount DESC, line.id))[1],
                       ARRAY_AGG(DISTINCT line.billing_change_log_id)
                           FILTER (WHERE line.billing_change_log_id IS NOT NULL)
                  FROM account_move_line line
                  JOIN billing_schedule row ON row.resulting_invoice_id = line.move_id
                 WHERE line.billing_subscription_id = ANY(%(ids)s)
                   AND line.billing_cycle_start IS NOT NULL
                   AND line.move_id != ALL(%(replaced)s)
              GROUP BY line.billing_subscription_id, line.billing_cycle_start
                """, ids=ids, replaced=self._replaced.ids)):
            result[subscription][start] = facts.Billed(
                Decimal(str(amount)), exact(discount or 0.0), line, frozenset(logs or ()))
        return result

    def _get_unsettled_subscription_ids(self):
        if self._replaced:
            return self.subscriptions.ids
        freed = self.rows.filtered(lambda row: row.state in ("pending", "error") and row.last_log_id).contract_id
        pending = self.logs.filtered(self._is_pending).subscription_id | self.subscriptions.browse(self._edits)
        return (pending | self.subscriptions.filtered(lambda sub: sub.contract_id in freed)).ids

    # ---- per contract ---------------------------------------------------------------------------------------------

    def rows_of(self, contract):
        """Return the ledger rows of ``contract``, by schedule date."""
        return self._rows_of.get(contract, self.rows.browse())

    def drop_missed(self, day):
        """Leave out the rows that are missed today, or on ``day`` if earlier, where only the current one is billed."""
        for contract in self.contracts.filtered(lambda contract: contract.catch_up == "current"):
            rows = self.rows_of(contract)
            self._missed_of[contract] = contract._find_missed(
                rows, min(day, contract.company_id._billing_today()))
            self._rows_of[contract] = rows - self._missed_of[contract]

    def move_end(self, contract, moves):
        """Count the end of ``contract`` as moved: the open cycles after what is settled follow it.

        :param moves: pairs (day, last day), oldest first: what is due before that day is billed by the end before it.
            Day None: at once.
        """
        first, today = moves[0][0], contract.company_id._billing_today()
        open_rows = self.rows_of(contract).filtered(
            lambda row: row.kind == "regular" and row.state in ("pending", "error") and not row.on_hold
            and not (first and max(row.schedule_date, today) < first))
        kept = self.rows_of(contract) - open_rows
        last = max(kept.filtered(lambda row: row.kind == "regular").mapped("cycle_end"), default=None)
        self._rows_of[contract] = kept | open_rows.filtered(lambda row: last and row.cycle_start <= last)
        ends = [contract.date_end, *(end for _day, end in moves)]
        stages = list(zip(ends, [*(day for day, _end in moves), None], strict=True))
        self._stages_of[contract] = stages if first else stages[1:]

    def renew(self, day):
        """Count the automatic renewals up to ``day`` as done, each on its day."""
        for contract in self.contracts.filtered("auto_renew"):
            moves = contract._get_renewals(day)
            if moves:
                self.move_end(contract, moves)

    def end_of(self, contract):
        """Return the last day of ``contract``, or False."""
        return self._stages_of[contract][-1][0] if contract in self._stages_of else contract.date_end

    def missed_of(self, contract):
        """Return the ledger rows of ``contract`` that were left out."""
        return self._missed_of.get(contract, self.rows.browse())

    def subscriptions_of(self, contract):
        return self._subscriptions_of.get(contract, self.subscriptions.browse())

    def items_of(self, contract):
        """Return what is billed as entered of ``contract``: the engine's items of every source."""
        return self._items_of.get(contract, ())

    def records_of(self, line):
        """Return the records of a planned line that is billed as entered."""
        return self._browse(line.group, line.records)

    def record_of(self, reason):
        """Return what a reason is about: a subscription, or what the record is billed by."""
        if reason.charge:
            return self.subscriptions.browse(reason.charge)
        return self._browse(reason.source, reason.item)._get_billing_owner()

    def _browse(self, source, ids):
        """Return records of a source that are read together with all others of it."""
        records = self._records[source]
        return records.browse(ids).with_prefetch(records.ids)

    def has_pending_logs(self, contract):
        """Tell whether a change of ``contract`` waits to be billed."""
        subscriptions = self.subscriptions_of(contract)
        return any(self._is_pending(log) for sub in subscriptions for log in self._logs_of.get(sub, ())) or any(
            log.pending for sub in subscriptions if sub.id in self._edits
            for log in self._charge(contract, sub, None).logs)

    def has_minimum(self, contract):
        """Tell whether usage of ``contract`` has a minimum, which may be due without any usage."""
        return self._meters.has_minimum(self.subscriptions_of(contract))

    def chain(self, contract, rows):
        """Return the engine rows to plan with what they must know of those before them."""
        if not self.has_minimum(contract):
            return rows
        return with_previous(rows, self.rows_of(contract), contract.date_end)

    def engine_row(self, row, terms):
        """Return the engine's form of a ledger row."""
        index = terms.recurrence.index_of(row.cycle_start)
        cycle = Cycle(index, row.cycle_start, row.cycle_end, terms.recurrence.period(index))
        state = "invoiced" if row.state == "skipped" else row.state
        if self._is_replaced(row):
            state = "pending"
        return facts.Row(row.id, row.kind, cycle, row.schedule_date, state, row.last_log_id)

    def _is_replaced(self, row):
        return bool(self._replaced) and row.resulting_invoice_id in self._replaced

    def virtual_rows(self, contract, terms, until):
        """Yield the rows up to ``until`` that the ledger does not hold yet, with negative keys."""
        days = [row.cycle_end for row in self.rows_of(contract) if row.kind == "regular"]
        last, number = max([*days, *filter(None, [contract.billed_through])], default=None), 0
        today = contract.company_id._billing_today()
        for end, moves_on in self._stages_of.get(contract, [(contract.date_end, None)]):
            if last and end and last >= end:
                continue
            for cycle in cycles(replace(terms, end=end or None, billed_through=last)):
                due = schedule_date(cycle, contract.billing_policy, contract.billing_offset)
                if due > until or (moves_on and max(due, today) >= moves_on):
                    break
                last, number = cycle.end, number + 1
                yield facts.Row(-number, "regular", cycle, due)

    def engine_contract(self, contract, terms, first_day):
        """Return the engine's facts of ``contract``.

        :param first_day: first day of the oldest row to plan: with changes to bill it decides how far back to look
        """
        seen = max((row.last_log_id for row in self.rows_of(contract) if self._is_replaced(row)), default=None)
        charges = tuple(self._charge(contract, sub, seen) for sub in self.subscriptions_of(contract))
        pending = [log.acts_on for log in chain.from_iterable(charge.logs for charge in charges) if log.pending]
        # From the start of a natural cycle on: pieces of one cycle in several rows are rounded together.
        look_back = terms.recurrence.period(terms.recurrence.index_of(min([first_day, *pending]))).start
        rows = tuple(
            self.engine_row(row, terms) for row in self.rows_of(contract)
            if row.kind == "regular" and self._is_of_interest(row) and row.cycle_end >= look_back)
        billed = {
            (sub.id, start): amount for sub in self.subscriptions_of(contract)
            for start, amount in self._billed_of[sub.id].items()}
        return facts.Contract(
            id=contract.id, terms=terms, rows=rows, charges=charges, billed=billed,
            items=tuple(self.items_of(contract)), meters=self._meters.meters(self.subscriptions_of(contract), terms),
            proration_unit=contract.proration_unit, refunds=contract.refunds_active,
            rounding=contract.currency_id.rounding, discount_digits=self._digits)

    @staticmethod
    def _is_of_interest(row):
        """Tell whether changes may reach into ``row``: one without anything to bill counts as invoiced with 0.00."""
        return row.state != "skipped" or row.reason == reasons.NOTHING_TO_BILL

    def _charge(self, contract, sub, seen):
        logs = tuple(
            self._log(log) for log in self._logs_of.get(sub, ())
            if seen is None or log.state == "archived" or log.id <= seen)
        if sub.id in self._edits:
            first = max(self.logs.ids, default=0) + len(self.unwritten) + 1
            logs, unwritten = self._edits[sub.id].apply(logs, first)
            self.unwritten.update(unwritten)
        return facts.Charge(
            id=sub.id, logs=logs, start=sub.date_start, end=sub.date_end or None,
            unit_months=SALES_UNIT_MONTHS[sub.sales_unit], billable=sub.billable, metered=sub.pricing == "usage",
            discount=self._discount(contract, sub.discount, sub.price_unit))

    def _log(self, log):
        counts_from = log.counts_from or None
        if self._again and log.billing_move_id in self._again:
            counts_from = None
        return facts.Log(
            id=log.id, effective=log.effective_date, delta=exact(log.quantity),
            price=exact(log.price_unit) if log.sets_price else None,
            pending=self._is_pending(log), refundable=log.refund, counts_from=counts_from,
            pauses=log._pauses_billing(), cause=log.cause_id.id or None)

    @staticmethod
    def _discount(contract, own, amount):
        """Return the line's ``own`` discount compounded with the contract's, which spares a negative ``amount``."""
        return compound_discount(0.0 if amount < 0 else contract.discount or 0.0, own or 0.0)


def day_after(day):
    return day + timedelta(days=1)
