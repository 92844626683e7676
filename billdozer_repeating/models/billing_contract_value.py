"""What a contract is worth and what would settle it: the books tell of the past, the planner of what comes."""

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from dateutil.relativedelta import relativedelta

from odoo import fields, models
from odoo.exceptions import UserError, ValidationError
from odoo.fields import Domain

from .billing_planner import total_with_tax

FARTHEST = relativedelta(years=30)  # a mistyped year would be planned for minutes


@dataclass
class Document:
    """An invoice or credit note that is made or still to come.

    ``parts`` are pairs of a repeating line, or an empty record, and what the document invoices of it with tax: negative
    on a credit note. ``is_open`` tells that it is not posted yet.
    """

    name: str
    date: date
    parts: list
    is_open: bool
    is_immediate: bool
    is_credit: bool

    @property
    def total(self):
        return sum(amount for _line, amount in self.parts)


@dataclass
class ContractValue:
    """The figures of *Calculate Contract Value*, in the currency of the contract and with tax.

    ``lines`` are the repeating lines that count in the value; ``documents`` all invoices and credit notes up to the
    date, ``balance`` what is to be paid of the posted ones, whatever their date.
    """

    contract: Any
    until: date
    lines: Any
    balance: float
    documents: list = field(default_factory=list)

    def _round(self, amount):
        return self.contract.currency_id.round(amount)

    @property
    def coming(self):
        """The documents that are still to be posted or made, by date."""
        return sorted((one for one in self.documents if one.is_open), key=lambda one: one.date)

    @property
    def rows(self):
        """For each line that counts: (line, what is posted, what is to come, both together)."""
        posted, coming = defaultdict(float), defaultdict(float)
        for one in self.documents:
            for line, amount in one.parts:
                (coming if one.is_open else posted)[line] += amount
        return [(line, self._round(posted[line]), self._round(coming[line]), self._round(posted[line] + coming[line]))
                for line in self.lines]

    @property
    def amount(self):
        """The contract value."""
        return self._round(sum(total for _line, _posted, _coming, total in self.rows))

    @property
    def future(self):
        return self._round(sum(one.total for one in self.coming))

    @property
    def settlement(self):
        return self._round(self.balance + self.future)

    def count(self, **wanted):
        """Return the number of invoices, without credit notes, whose attributes are as ``wanted``."""
        return sum(
            not one.is_credit and all(getattr(one, name) == value for name, value in wanted.items())
            for one in self.documents)


class BillingContract(models.Model):
    _inherit = "billing.contract"

    def calculate_value(self, date_until):
        """Return what the contract is worth up to a day, as a ``ContractValue``; nothing is written.

        :param date_until: last invoice date that counts, local to the company
        :raises UserError: without a day, or with one too far ahead
        :raises AccessError: for who may not see contracts, what repeats in them, or their invoices
        """
        self.ensure_one()
        self.check_access("read")
        for shown in ("repeating.invoice", "account.move", "billing.schedule"):
            self.env[shown].check_access("read")
        until = self._check_value_date(date_until)
        contract = self.sudo()  # whoever may see the contract may know its figures
        lines = contract.repeating_invoice_ids.line_ids.filtered("counts_in_value").sorted(
            lambda line: (line.repeating_invoice_id.id, line.sequence, line.id))
        moves = contract._get_documents()
        live = moves.filtered(lambda move: not move.billing_replaced_by_id and (
            not move.invoice_date or move.invoice_date <= until))
        return ContractValue(
            contract, until, lines, contract.currency_id.round(contract._get_balance(moves)),
            [contract._read_document(move) for move in live] + contract._plan_documents(until))

    def action_calculate_value(self):
        """Open the window *Calculate Contract Value*."""
        self.ensure_one()
        window = self.env["billing.contract.value"].create({"contract_id": self.id})
        return window._action_open()

    def _check_value_date(self, date_until):
        until = fields.Date.to_date(date_until)
        if not until:
            raise ValidationError(self.env._("Enter the day until which the contract is calculated."))
        farthest = self.company_id._billing_today() + FARTHEST
        if until > farthest:
            raise UserError(self.env._(
                "Choose a day within the next %(years)s years.", years=FARTHEST.years))
        return until

    def _get_default_value_date(self):
        """Return the end of the contract, else the latest end of its active repeating invoices, else a year ahead."""
        active = self.repeating_invoice_ids.filtered(lambda invoice: invoice.state == "active")
        ends = [invoice.date_end for invoice in active if invoice.date_end]
        year = self.company_id._billing_today() + relativedelta(years=1)
        return self.date_end or max(ends, default=year)

    # ---- what is made -----------------------------------------------------------------------------------------------

    def _get_documents(self):
        """Return the invoices and credit notes of the contract that are not cancelled."""
        own = Domain("billing_contract_id", "=", self.id) | Domain(
            "reversed_entry_id.billing_contract_id", "=", self.id)
        return self.env["account.move"].search(
            own & Domain("state", "!=", "cancel") & Domain("move_type", "in", ("out_invoice", "out_refund")),
            order="invoice_date, id")

    def _get_balance(self, moves):
        """Return what is still to be paid of the posted ``moves``, less what is still to be given back."""
        return sum(
            -move.amount_residual if move.move_type == "out_refund" else move.amount_residual
            for move in moves if move.state == "posted")

    def _read_document(self, move):
        sign = -1 if move.move_type == "out_refund" else 1
        base_lines, _tax_lines = move._get_rounded_base_and_tax_lines()
        parts = [(self._get_repeating_line(line["record"]), sign * total_with_tax(line)) for line in base_lines]
        return Document(
            move._get_billing_name(), move.invoice_date or self.company_id._billing_today(), parts,
            is_open=move.state == "draft", is_credit=sign < 0,
            is_immediate=bool(move.invoice_line_ids.billing_item_id.repeating_invoice_id))

    def _get_repeating_line(self, move_line):
        """Return the repeating line that an invoice line invoices, or gives back; or none."""
        linked = self._find_linked(move_line)
        if linked or not move_line.move_id.reversed_entry_id:
            return linked
        credited = move_line.move_id.reversed_entry_id.invoice_line_ids.filtered(
            lambda line: (line.product_id, line.name) == (move_line.product_id, move_line.name))
        return self._find_linked(credited[:1])

    def _find_linked(self, move_line):
        return move_line.billing_subscription_id.repeating_line_ids or move_line.billing_item_id.repeating_line_ids

    # ---- what is to come --------------------------------------------------------------------------------------------

    def _plan_documents(self, until):
        """Return what the job will invoice up to ``until``. A suspended contract is active again by its own date."""
        planned = self.env["billing.planner"]._plan_until(self, until, assume_active=True)
        return [self._prepare_document(one) for one in planned if one.lines and one.invoice_date <= until]

    def _prepare_document(self, planned):
        lines = [self._get_planned_line(line) for line in planned.lines]
        totals = self.env["billing.planner"]._get_totals(planned)
        invoice = self.env["billing.executor"]._get_repeating_invoice(planned)
        return Document(
            invoice.name or self.name, planned.invoice_date, list(zip(lines, totals, strict=True)), is_open=True,
            is_credit=planned.invoice.is_credit,
            is_immediate=bool(invoice) and not planned.owner_vals.get("repeating_invoice_id"))

    def _get_planned_line(self, line):
        if line.charge:
            return self.env["billing.subscription"].browse(line.charge).repeating_line_ids
        if line.group == self.env["billing.item"]._billing_group:
            return self.env["billing.item"].browse(line.records).repeating_line_ids
        return self.env["repeating.invoice.line"]
