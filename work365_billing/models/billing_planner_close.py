"""What is left to bill of a contract that ends on a day: all of it at once, or as it falls due until then."""

from dataclasses import replace
from datetime import date

from odoo import api, models

from ..engine import reasons
from ..engine.biller import rows_sorted
from ..engine.plan import Invoice
from . import billing_reason
from .billing_facts import FactsReader, day_after
from .planned import PlannedInvoice


class BillingPlanner(models.AbstractModel):
    _inherit = "billing.planner"

    @api.model
    def _plan_closing(self, closing, edits=()):
        """Return what is left to bill of the contract of ``closing``, oldest first: a list of ``PlannedInvoice``.

        Once its last day has come all is billed at once: the open cycles up to it, then one change-log invoice, or
        credit note, of the rest. Until then everything comes on the day on which the job bills it.

        :param edits: ``LogEdits`` that count as written
        """
        contract, stop, day = closing.contract, closing.stop, closing.today
        reader = FactsReader(contract, edits=edits)
        reader.stop(contract, stop)
        reader.settle_items(contract, stop, closing.leave)
        reader.drop_missed(day)
        virtual = reader.virtual_rows(contract, date.max)
        coming = self._drop_missed(contract, virtual)
        rows = rows_sorted([
            *(reader.engine_row(row) for row in reader.rows_of(contract) if row._is_open() and row.cycle_start <= stop),
            *coming])
        missed = [self._left_out_unwritten(contract, row) for row in virtual if row not in coming]
        if closing.is_now:
            reader.latest = day
            rows = [row for row in rows if not row.items_until]
            rows += self._closing_rows(reader, contract, stop, rows, day)
        else:
            rows += self._final_rows(
                reader, contract, rows, max([day_after(stop), *(row.schedule_date for row in rows)]))
        return missed + self._plan_chosen(reader, lambda _contract: (rows, None), day)

    def _left_out_unwritten(self, contract, row):
        """Return the plan of the engine's ``row``, not in the ledger yet, that counts as missed."""
        return PlannedInvoice(
            contract_id=contract.id, schedule_id=None, kind=row.kind, cycle_start=row.start, cycle_end=row.end,
            schedule_date=row.schedule_date, invoice_date=row.schedule_date,
            invoice=Invoice(row=0, kind=row.kind, lines=(), reasons=()), code=reasons.CATCH_UP,
            message=billing_reason.explain(self.env, reasons.CATCH_UP))

    def _closing_rows(self, reader, contract, stop, rows, day):
        """Return the rows that bill what the cycles ``rows`` leave: one for all, whatever it is due for.

        Before it, each subscription with cycles of its own has one for its minimum commitment.
        """
        up_to = max([day, day_after(stop), *(row.schedule_date for row in rows)])
        own = [reader.final_row(sub, up_to) for sub in reader.owners_of(contract)
               if contract.contract_type == "item_based" and reader.has_minimum(sub)]
        last = replace(reader.final_row(contract, up_to), items_until=date.max, previous=up_to)
        return [*own, last]
