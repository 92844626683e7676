"""The forecast: what the hourly job is going to bill, day after day, if nobody changes anything."""

from odoo import api, models

from ..engine.occasions import occasions
from .billing_facts import FactsReader, day_after
from .billing_lines import LineWriter
from .untaxed import UntaxedAmounts


class BillingPlanner(models.AbstractModel):
    _inherit = "billing.planner"

    @api.model
    def _plan_forecast(self, contracts, until):
        """Return the invoices that the job makes up to ``until`` (inclusive), from today on.

        Everything that is known today counts: changes that wait, items, ends, renewals, suspensions, confirmed usage.
        Contracts without a day on which they are resumed, and drafts, give nothing. ``contracts`` are read in batches,
        a constant number of queries for any number, and nothing is written. Each invoice has its date and, in
        ``amount_untaxed`` and ``amount_company``, what it comes to before tax.
        """
        reader = FactsReader(contracts, edits=contracts._get_foreseen_edits(until))
        reader.renew(until)
        reader.drop_missed(until)
        diary = _Diary(self, reader, until)
        planned = [one for one in self._plan_chosen(reader, diary.choose, None) if one.lines]
        contracts = {contract.id: contract for contract in reader.contracts}
        writer = LineWriter(reader, until)
        amounts = UntaxedAmounts(self.env, writer)
        writer.prepare(planned)
        writer.complete([one for one in planned if amounts.needs_lines(one)])
        for one in planned:
            contract = contracts[one.contract_id]
            writer.date(one, diary.day_of(contract, one.schedule_date))
            amounts.complete(one, contract)
        return planned


class _Diary:
    """On which day the job bills what of each contract."""

    def __init__(self, planner, reader, until):
        self._planner = planner
        self._reader = reader
        self._until = until
        self._today = {company: company._billing_today() for company in reader.contracts.company_id}
        self._occasions = {}

    def choose(self, contract):
        """Return the engine's rows of ``contract`` in the order in which the job bills them."""
        regular = self._get_cycles(contract)
        rows = [*regular, *self._get_change_logs(contract), *self._get_finals(contract, regular)]
        days = {id(row): self.day_of(contract, row.schedule_date) for row in rows}
        # On one day the job bills what is due before it looks for what changes have left.
        rows.sort(key=lambda row: (days[id(row)], row.kind != "regular", row.schedule_date, row.start))
        return rows, None

    def day_of(self, contract, due):
        """Return the day on which the job bills what is due on ``due``; None when nobody resumes the contract."""
        day = max(due, self._today[contract.company_id])
        suspended = contract.suspend_on or (contract.state == "suspended" and self._today[contract.company_id])
        if not suspended or day < suspended or (contract.resume_on and day >= contract.resume_on):
            return day
        return contract.resume_on or None

    def _is_billed(self, contract, due):
        if contract.state not in ("active", "suspended"):
            return False
        day = self.day_of(contract, due)
        return bool(day) and day <= self._until

    def _get_cycles(self, contract):
        """Return the open rows of the ledger and those that are not in it yet."""
        reader, planner = self._reader, self._planner
        rows = [reader.engine_row(row) for row in reader.rows_of(contract) if row._is_open()]
        rows += planner._drop_missed(contract, reader.virtual_rows(contract, self._until))
        rows = [row for row in rows if self._is_billed(contract, row.schedule_date)]
        return self._without_missed(contract, rows) if contract.catch_up == "current" else rows

    def _without_missed(self, contract, rows):
        """Return ``rows`` without those that are missed while the contract is suspended: all but the newest."""
        late = [row for row in rows if row.schedule_date < self.day_of(contract, row.schedule_date)
                and row.schedule_date > self._today[contract.company_id] and not row.items_until]
        newest = {row.owner: max(own.start for own in late if own.owner == row.owner) for row in late}
        missed = {row.key for row in late if row.start < newest[row.owner]}
        return [row for row in rows if row.key not in missed]

    def _get_change_logs(self, contract):
        """Return a row for each day of the company's rhythm of change-log invoices on which something may be left."""
        reader, today = self._reader, self._today[contract.company_id]
        if not reader.has_changes(contract) and not reader.items_of(contract):
            return []
        days = [today, *self._get_occasions(contract)] if contract.change_log_due else self._get_occasions(contract)
        return [reader.change_log_row(contract, day) for day in days if self._is_billed(contract, day)]

    def _get_occasions(self, contract):
        company = contract.company_id
        group = contract._get_change_log_group()
        if group and (company, group) not in self._occasions:
            first = max(day_after(company[f"billing_change_log_{group}_done"]), self._today[company])
            rhythm = company._get_change_log_rhythm(group)
            self._occasions[company, group] = list(occasions(*rhythm, first, self._until)) if rhythm else []
        return self._occasions.get((company, group), [])

    def _get_finals(self, contract, regular):
        """Return the rows of what is left after the end: the day after it, and on the days of later items."""
        end = None if contract.auto_renew else self._reader.end_of(contract)
        ends = [self._reader.last_day_of(owner, end) for owner in self._reader.owners_of(contract)]
        ends = [day for day in ends if day and day < self._until]
        if not ends or contract.state not in ("active", "suspended"):
            return []
        first = max(day_after(min(ends)), self._today[contract.company_id])
        days = {first, *(max(day_after(day), first) for day in ends)}
        days |= {item.invoice_on for item in self._reader.items_of(contract) if first < item.invoice_on <= self._until}
        found = {}
        for day in sorted(days):
            for row in self._planner._final_rows(self._reader, contract, regular, day):
                found.setdefault((row.owner, row.end), row)
        return [row for row in found.values() if self._is_billed(contract, row.schedule_date)]
