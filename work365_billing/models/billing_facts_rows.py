"""The rows of the ledger, and those to come, in the engine's form."""

from dataclasses import replace
from datetime import timedelta
from itertools import count

from ..engine import facts
from ..engine.cycles import Cycle, cycles
from ..engine.periods import Period
from .billing_usage_facts import with_previous

ROW_FIELDS = [
    "contract_id", "subscription_id", "source_key", "company_id", "kind", "cycle_start", "cycle_end", "schedule_date",
    "state", "on_hold", "retry_at", "last_log_id", "reason", "run_date"]


class RowReader:
    """The part of ``FactsReader`` that knows to whom cycles belong, and which rows there are and will be."""

    def __init__(self, contracts, replaced):
        env = contracts.env
        self.contracts = contracts
        self._replaced = replaced or env["account.move"]
        self.rows = env["billing.schedule"].with_context(active_test=False).search_fetch(
            [("contract_id", "in", contracts.ids)], ROW_FIELDS, order="schedule_date, cycle_start, kind, id")
        self.subscriptions = env["billing.subscription"].search_fetch([("contract_id", "in", contracts.ids)], [
            "contract_id", "sales_unit", "date_start", "date_end", "deactivated_on", "billed_through", "billable",
            "discount", "price_unit", "pricing", "minimum_commitment", "rate_card_id", "usage_rollup"])
        self._rows_of = self.rows.grouped("contract_id")
        self._missed_of = {}
        self._stages_of = {}  # per contract the last day, and the day on which it moves to the next or None
        self._subscriptions_of = self.subscriptions.grouped("contract_id")
        self._owners_of = {}
        self._series_of = {}
        self._own_end_of = {}
        self._stopped = contracts.browse()

    # ---- what there is --------------------------------------------------------------------------------------------

    def rows_of(self, contract):
        """Return the ledger rows of ``contract``, by schedule date."""
        return self._rows_of.get(contract, self.rows.browse())

    def missed_of(self, contract):
        """Return the ledger rows of ``contract`` that were left out."""
        return self._missed_of.get(contract, self.rows.browse())

    def subscriptions_of(self, contract):
        return self._subscriptions_of.get(contract, self.subscriptions.browse())

    # ---- what counts as done --------------------------------------------------------------------------------------

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
        for own in self._get_cycle_rows(contract).values():
            stays = own.filtered(lambda row: first and row._is_open() and max(row.schedule_date, today) < first)
            self._rows_of[contract] -= own._get_remade(stays)
        ends = [contract.date_end or None, *(end for _day, end in moves)]
        stages = list(zip(ends, [*(day for day, _end in moves), None], strict=True))
        self._stages_of[contract] = stages if first else stages[1:]

    def renew(self, day):
        """Count the automatic renewals up to ``day`` as done, each on its day."""
        for contract in self.contracts.filtered("auto_renew"):
            moves = contract._get_renewals(day, self.series_of(contract))
            if moves:
                self.move_end(contract, moves)

    def stop(self, contract, day):
        """Count ``contract`` as ended on ``day`` for good."""
        self._stopped |= contract
        if contract.date_end != day:
            self.move_end(contract, [(None, day)])

    def renews(self, contract):
        """Tell whether the end of ``contract`` is none, because it renews itself."""
        return contract.auto_renew and contract not in self._stopped

    def assume(self, owner, own_end, series=None):
        """Read the cycles of ``owner`` as if its terms had changed and its open rows had been made by them.

        :param own_end: last day that may be billed whatever the end of the contract, or None
        :param series: the engine's terms without an end; default those in force
        """
        contract = owner._get_cycle_contract()
        own = self._get_cycle_rows(contract).get(owner._get_source_key())
        if own:
            self._rows_of[contract] -= own._get_remade()
        self._own_end_of[owner] = own_end
        self._series_of[owner] = series or self.series_of(owner)

    def _get_cycle_rows(self, contract):
        """Return the regular rows of ``contract`` that are cycles, by source key."""
        rows = self.rows_of(contract).filtered(lambda row: row.kind == "regular" and not row._is_for_items())
        return rows.grouped("source_key")

    # ---- to whom cycles belong ------------------------------------------------------------------------------------

    def owners_of(self, contract):
        """Return the records to which the cycles of ``contract`` belong, as a list."""
        if contract not in self._owners_of:
            self._owners_of[contract] = contract._get_cycle_owners()
        return self._owners_of[contract]

    def owner_of(self, contract, row):
        """Return the record to which the engine's ``row`` of ``contract`` belongs."""
        owners = {self.engine_owner(owner): owner for owner in self.owners_of(contract)} if row.owner else {}
        return owners.get(row.owner, contract)

    @staticmethod
    def engine_owner(owner):
        """Return how the engine names ``owner``: None is the contract."""
        return None if owner._name == "billing.contract" else owner._get_source_key()

    def series_of(self, owner):
        """Return the engine's terms of ``owner`` without its end."""
        if owner not in self._series_of:
            self._series_of[owner] = owner._billing_series()
        return self._series_of[owner]

    def end_of(self, contract):
        """Return the last day of ``contract``, or None."""
        return self._stages_of[contract][-1][0] if contract in self._stages_of else contract.date_end or None

    def last_day_of(self, owner, contract_end):
        """Return the last day of ``owner`` that may be billed when the contract ends on ``contract_end``, or None."""
        if owner not in self._own_end_of:
            self._own_end_of[owner] = owner._get_own_last_day()
        return min(filter(None, [self._own_end_of[owner], contract_end]), default=None)

    def terms_of(self, owner):
        """Return the engine's terms of ``owner``; those without an end where no day of it is ever billed."""
        end = self.last_day_of(owner, self.end_of(owner._get_cycle_contract()))
        return owner._cut_terms(self.series_of(owner), end) or self.series_of(owner)

    # ---- rows in the engine's form --------------------------------------------------------------------------------

    def engine_row(self, row):
        """Return the engine's form of a ledger row."""
        owner, for_items = row._get_cycle_owner(), row._is_for_items()
        state = "invoiced" if row.state == "skipped" else row.state
        if self._is_replaced(row):
            state = "pending"
        series = self.series_of(owner) if row.kind == "regular" and not for_items else None
        return facts.Row(
            row.id, row.kind, self._cycle(series, row.cycle_start, row.cycle_end), row.schedule_date, state,
            row.last_log_id, owner=self.engine_owner(owner), items_until=row.cycle_end if for_items else None)

    def _is_replaced(self, row):
        return bool(self._replaced) and row.resulting_invoice_id in self._replaced

    @staticmethod
    def _cycle(series, start, end):
        if not series:
            return Cycle(0, start, end, Period(start, end + timedelta(days=1)))
        recurrence = series.recurrence_at(start)
        index = recurrence.index_of(start)
        if series.whole:  # as it was billed: the days on which cycles begin may have been moved since
            return Cycle(index, start, end, Period(start, end + timedelta(days=1)))
        return Cycle(index, start, end, recurrence.period(index))

    def final_row(self, owner, up_to):
        """Return the change-log row that bills what is left of ``owner``, also of what is invoiced after its end."""
        row = self.change_log_row(owner, up_to)
        rows = self.rows_of(owner._get_cycle_contract()).filtered(
            lambda row: row.state == "invoiced" and row.kind == "regular" and not row._is_for_items()
            and owner in (row.contract_id, row._get_cycle_owner()))
        end = max([up_to, *rows.mapped("cycle_end")])
        return replace(row, cycle=self._cycle(None, row.start, end))

    def change_log_row(self, owner, up_to):
        """Return a change-log row that is not in the ledger yet and bills what is left up to ``up_to`` (inclusive).

        However old a change is, it is billed: the first day only tells the row from the others of its kind.

        :param owner: the contract for what is left of it all, or a subscription with cycles of its own
        """
        rows = self.rows_of(owner._get_cycle_contract())
        taken = {row.cycle_start for row in rows if row.kind == "change_log" and row._get_cycle_owner() == owner}
        start = next(day for back in count() if (day := up_to - timedelta(days=back)) not in taken)
        return facts.Row(0, "change_log", self._cycle(None, start, up_to), up_to, owner=self.engine_owner(owner))

    def chain(self, contract, rows):
        """Return the engine rows to plan with what they must know of those before them."""
        if not self.has_minimum(contract):
            return rows
        known, after = self.rows_of(contract).grouped("source_key"), {}
        for owner in self.owners_of(contract):
            name, others = self.engine_owner(owner), known.get(owner._get_source_key(), ())
            own = [row for row in rows if row.owner == name]
            end = self.last_day_of(owner, self.end_of(contract))
            after.update(zip(map(id, own), with_previous(own, others, end), strict=True))
        return [after.get(id(row), row) for row in rows]

    # ---- rows to come ---------------------------------------------------------------------------------------------

    def next_rows(self, contract):
        """Return the engine rows of the next schedule date: open ones of the ledger, else those it will have first."""
        rows = [row for row in self.rows_of(contract) if row._is_open()]
        if rows:
            return [self.engine_row(row) for row in rows if row.schedule_date == rows[0].schedule_date]
        first = self._get_next_due(contract)
        return self.virtual_rows(contract, first) if first else []

    def _get_next_due(self, contract):
        """Return the schedule date of the first row that the ledger does not hold yet, or None."""
        last_days, found = self._get_last_days(contract), []
        for owner in self.owners_of(contract):
            terms = owner._cut_terms(
                self.series_of(owner), self.last_day_of(owner, self.end_of(contract)),
                last_days.get(owner._get_source_key()))
            first = next(cycles(terms), None) if terms else None
            found += [owner._get_schedule_date(first.start, first.end)] if first else []
        found += [contract._get_schedule_date(day, day) for day in self._get_missing_item_days(contract, last_days)]
        return min(found, default=None)

    def virtual_rows(self, contract, until):
        """Return the rows up to ``until`` that the ledger does not hold yet, with negative keys."""
        last_days, found = self._get_last_days(contract), []
        for owner in self.owners_of(contract):
            found += self._cycles_to_come(contract, owner, last_days.get(owner._get_source_key()), until)
        for day in self._get_missing_item_days(contract, last_days):
            cycle = self._cycle(None, day, day)
            found.append(facts.Row(
                0, "regular", cycle, contract._get_schedule_date(cycle.start, cycle.end), items_until=day))
        due = [row for row in found if row.schedule_date <= until]
        return [replace(row, key=-number) for number, row in enumerate(due, start=1)]

    def _cycles_to_come(self, contract, owner, last, until):
        """Yield the cycles of ``owner`` after ``last`` that are due by ``until``, as the engine's rows."""
        today = contract.company_id._billing_today()
        for end, moves_on in self._stages_of.get(contract, [(contract.date_end or None, None)]):
            terms = owner._cut_terms(self.series_of(owner), self.last_day_of(owner, end), last)
            for cycle in cycles(terms) if terms else ():
                due = owner._get_schedule_date(cycle.start, cycle.end)
                if due > until or (moves_on and max(due, today) >= moves_on):
                    break
                last = cycle.end
                yield facts.Row(0, "regular", cycle, due, owner=self.engine_owner(owner))

    def _get_last_days(self, contract):
        """Return the last day that the ledger holds, per source key."""
        last_days = {}
        for row in (*self.rows_of(contract), *self.missed_of(contract)):
            if row.kind == "regular":
                last_days[row.source_key] = max(row.cycle_end, last_days.get(row.source_key, row.cycle_end))
        return last_days

    def _get_missing_item_days(self, contract, last_days):
        if contract.contract_type == "recurring":
            return []
        rows = self.rows_of(contract).filtered(lambda row: row.kind == "regular")
        held = {row.cycle_start for row in rows if row._is_for_items() and row._is_open()}
        end = self.end_of(contract)
        coming = [
            owner._cut_terms(self.series_of(owner), self.last_day_of(owner, end), last_days.get(
                owner._get_source_key())) for owner in self.owners_of(contract)]
        return sorted(contract._find_item_days(self.items_of(contract), rows, coming) - held)
