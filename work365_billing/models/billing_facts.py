"""Reads contracts into the engine's facts: a constant number of queries for any number of contracts."""

from collections import defaultdict
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from functools import partial
from itertools import chain

from odoo.tools import SQL

from ..engine import facts, reasons
from ..engine.money import compound_discount, exact
from ..engine.plan import ITEM
from .billing_facts_rows import RowReader
from .billing_usage_facts import MeterReader


class FactsReader(RowReader):
    """Everything that the planner needs of ``contracts``, read in batches when it is made.

    :param replaced: invoices whose content counts as not billed, because they are being replaced
    :param credited: invoices credited in full whose changes and items wait to be billed again
    :param edits: ``LogEdits`` that count as written: what a change would make of the bill
    """

    def __init__(self, contracts, replaced=None, credited=None, edits=()):
        contracts.check_access("read")
        contracts = contracts.sudo()  # who may see the contract may see its plan: settings and history are only read
        env = contracts.env
        contracts.fetch([
            "contract_type", "date_start", "date_end", "billed_through", "discount", "company_id", "currency_id",
            "catch_up", "day_change_ids"])
        super().__init__(contracts, replaced)
        self._credited = credited or env["account.move"]
        self._again = self._replaced | self._credited
        self._edits = {one.subscription.id: one for one in edits}
        self._digits = env["decimal.precision"].precision_get("Discount")
        self.logs = env["billing.change.log"].search_fetch(
            [("contract_id", "in", contracts.ids)],
            ["subscription_id", "event", "effective_date", "entered_on", "quantity", "price_unit", "sets_price",
             "state", "refund", "counts_from", "pause_policy", "cause_id", "billing_move_id"])
        self._records = {
            group: source._search_to_bill(contracts, self._replaced, self._credited)
            for group, source in env["billing.planner"]._get_sources().items()}
        self._items_of = self._read_items()
        self._logs_of = self.logs.grouped("subscription_id")
        self._billed_of = self._read_billed()
        self.unwritten = {}
        self.latest = None  # day after which no invoice is dated
        self._meters = MeterReader(self.subscriptions, self._replaced)
        self._assume_edited_ends()

    def _read_items(self):
        """Return, per contract, what every source has to bill as entered."""
        result = defaultdict(list)
        for record in chain.from_iterable(self._records.values()):
            contract = record._get_billing_contract()
            result[contract].append(record._prepare_billing_item(partial(line_discount, contract)))
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

    def items_of(self, contract):
        """Return what is billed as entered of ``contract``: the engine's items of every source."""
        return self._items_of.get(contract, ())

    def settle_items(self, contract, stop, leave):
        """Count the items of ``contract`` of days after ``stop`` as due on it, or as left out."""
        settled = [replace(item, invoice_on=stop) if self._is_item_after(item, stop) else item
                   for item in self.items_of(contract) if not (leave and self._is_item_after(item, stop))]
        self._items_of[contract] = settled

    @staticmethod
    def _is_item_after(item, stop):
        return item.source == ITEM and not item.obstacle and item.invoice_on > stop

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

    def newest_entry_of(self, owner):
        """Return the day on which the newest change of ``owner`` that waits to be billed was entered, or None."""
        days = []
        for sub in owner if owner._name == "billing.subscription" else self.subscriptions_of(owner):
            if sub.id not in self._edits:
                days += [log.entered_on for log in self._logs_of.get(sub, ()) if self._is_pending(log)]
            elif any(log.pending for log in self._charge(sub.contract_id, sub, None).logs):
                days.append(sub.company_id._billing_today())
        return max(days, default=None)

    def has_changes(self, contract):
        """Tell whether a change of ``contract`` waits to be billed, now or later."""
        return any(
            self._is_pending(log) for sub in self.subscriptions_of(contract) for log in self._logs_of.get(sub, ()))

    def has_minimum(self, owner):
        """Tell whether usage of ``owner`` has a minimum, which may be due without any usage."""
        return self._meters.has_minimum(
            owner if owner._name == "billing.subscription" else self.subscriptions_of(owner))

    def _assume_edited_ends(self):
        """A subscription with cycles of its own has them up to the day on which the edits end it."""
        for edits in self._edits.values():
            sub = self.subscriptions & edits.subscription
            if sub._has_own_cycles():
                self.assume(sub, sub._get_own_last_day(edits.get_entries()))

    def engine_contract(self, contract, planned_rows):
        """Return the engine's facts of ``contract``.

        :param planned_rows: the engine rows that are planned: with changes to bill they decide how far back to look
        """
        seen = max((row.last_log_id for row in self.rows_of(contract) if self._is_replaced(row)), default=None)
        subscriptions = self.subscriptions_of(contract)
        charges = tuple(self._charge(contract, sub, seen) for sub in subscriptions)
        span = min(row.start for row in planned_rows), max(row.end for row in planned_rows)
        cycles_of, terms, rows = self._get_cycle_rows(contract), {}, []
        for owner in self.owners_of(contract):
            name = self.engine_owner(owner)
            terms[name] = self.terms_of(owner)
            own = [charge for charge in charges if charge.owner == name]
            rows += self._get_rows_of_interest(owner, cycles_of.get(owner._get_source_key(), ()), own, *span)
        billed = {
            (sub.id, start): amount for sub in subscriptions for start, amount in self._billed_of[sub.id].items()}
        owner_of = {charge.id: charge.owner for charge in charges}
        return facts.Contract(
            id=contract.id, terms=terms.get(None), terms_by_owner=terms, rows=tuple(rows), charges=charges,
            billed=billed, items=tuple(self.items_of(contract)),
            meters=self._meters.meters(subscriptions, lambda sub: terms[owner_of[sub.id]]),
            proration_unit=contract.proration_unit, refunds=contract.refunds_active,
            rounding=contract.currency_id.rounding, discount_digits=self._digits)

    def _get_rows_of_interest(self, owner, rows, charges, first_day, last_day):
        """Return those ``rows`` of ``owner`` into which the changes of its ``charges`` may reach, as the engine's.

        Of those that are open after what is planned and after all changes, the first tells where the open ones begin.
        """
        logs = list(chain.from_iterable(charge.logs for charge in charges))
        pending = [log.acts_on for log in logs if log.pending]
        newest = max([last_day, *(log.acts_on for log in logs)])
        later = [row for row in rows if row.cycle_start > newest and row.state in ("pending", "error")]
        left_out = set(sorted(later, key=lambda row: row.cycle_start)[1:])
        # From the start of a natural cycle on: pieces of one cycle in several rows are rounded together.
        oldest = min([first_day, *pending])
        look_back = self.series_of(owner).recurrence_at(oldest).period_at(oldest).start
        return [
            self.engine_row(row) for row in rows
            if row.cycle_end >= look_back and row not in left_out and self._is_of_interest(row)]

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
            unit_months=sub._get_unit_months(), billable=sub.billable, metered=sub.pricing == "usage",
            discount=line_discount(contract, sub.discount, sub.price_unit),
            owner=self.engine_owner(sub._get_cycle_owner()))

    def _log(self, log):
        counts_from = log.counts_from or None
        if self._again and log.billing_move_id in self._again:
            counts_from = None
        return facts.Log(
            id=log.id, effective=log.effective_date, delta=exact(log.quantity),
            price=exact(log.price_unit) if log.sets_price else None,
            pending=self._is_pending(log), refundable=log.refund, counts_from=counts_from,
            pauses=log._pauses_billing(), cause=log.cause_id.id or None)


def day_after(day):
    return day + timedelta(days=1)


def line_discount(contract, own, amount):
    """Return a line's ``own`` discount compounded with the contract's, which spares a negative ``amount``, exact."""
    return compound_discount(0.0 if amount < 0 else contract.discount or 0.0, own or 0.0)
