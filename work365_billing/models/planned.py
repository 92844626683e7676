"""What the planner hands to preview, plan and executor: an invoice that is planned, not yet made."""

from dataclasses import dataclass, field
from datetime import date

from ..engine.plan import Invoice


@dataclass
class PlannedInvoice:
    """One ledger row with the invoice that it makes, or the reason why it makes none.

    ``schedule_id`` is None for a row that is not in the ledger yet: ``owner_vals`` then say whose it is. ``fixed_date``
    is the date of the invoice where the contract's policy does not decide it.
    ``vals_list`` are the values of the invoice lines in the order of ``invoice.lines``; for a credit note
    (``move_type``) the quantities are turned round already. ``code`` is the reason when there is no invoice,
    ``problem`` tells that it is one that somebody must mend, and ``blocking_id`` the open ledger row that must be
    settled first, ``replaced_move_id`` the invoice whose place the new one takes, ``job_id`` the job of a bulk
    operation that asks for the invoice. Only a forecast knows ``amount_untaxed`` and, in the currency of the company,
    ``amount_company``.
    """

    contract_id: int
    schedule_id: int | None
    kind: str
    cycle_start: date
    cycle_end: date
    schedule_date: date
    invoice_date: date
    invoice: Invoice
    fixed_date: date | None = None
    owner_vals: dict = field(default_factory=dict)
    move_vals: dict = field(default_factory=dict)
    vals_list: list = field(default_factory=list)
    reversed_move_id: int | None = None
    replaced_move_id: int | None = None
    job_id: int | None = None
    code: str | None = None
    problem: bool = False
    blocking_id: int | None = None
    message: str | None = None
    note: str | None = None
    amount_untaxed: float = 0.0
    amount_company: float = 0.0

    @property
    def lines(self):
        return self.invoice.lines

    @property
    def amount(self):
        """Sum of the lines in the contract's currency, before tax; negative for a credit note."""
        return self.invoice.amount

    def _as_dict(self):
        lines = [
            {**vals, "group": line.group, "amount": float(line.amount)}
            for line, vals in zip(self.invoice.lines, self.vals_list, strict=True)]
        return {
            "subscription_id": None,
            **self.owner_vals,
            "schedule_id": self.schedule_id,
            "kind": self.kind,
            "cycle_start": self.cycle_start,
            "cycle_end": self.cycle_end,
            "schedule_date": self.schedule_date,
            "amount": float(self.amount),
            "lines": lines,
            "reason": self.code,
            "message": self.message,
            "reasons": [
                {"code": reason.code, "subscription_id": reason.charge, "change_log_id": reason.log,
                 "source": reason.source, "item_id": reason.item} for reason in self.invoice.reasons],
            **self.move_vals,
        }
