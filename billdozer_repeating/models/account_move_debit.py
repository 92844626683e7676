from decimal import Decimal

from odoo import fields, models
from odoo.exceptions import UserError

from .bank_debit_formats import Debit


class AccountMove(models.Model):
    """Invoices as bank debits: what a file for the bank needs of them."""

    _inherit = "account.move"

    def action_export_bank_debits(self):
        """Open the window in which the bank debits of these invoices are put into a file."""
        if len(self.company_id) > 1:
            raise UserError(self.env._(
                "A file holds the debits of one company: choose invoices of %(company)s only, for instance.",
                company=self.company_id[0].name))
        window = self.env["billing.collection.export"].create({"move_ids": [fields.Command.set(self.ids)]})
        return window._action_open()

    def _prepare_debits(self):
        """Return these invoices as ``Debit`` records, with full account numbers.

        :raises AccessError: when the user may not see account numbers
        """
        methods = self.billing_contract_id.payment_method_id
        methods._check_field_access(methods._fields["account_number"], "read")
        labels = dict(methods._fields["account_type"]._description_selection(self.env))
        return [move._prepare_debit(labels) for move in self]

    def _prepare_debit(self, labels):
        contract = self.billing_contract_id
        method, mandate, currency = contract.payment_method_id, contract.mandate_id, self.currency_id
        amount = f"{self.collection_amount:.{currency.decimal_places}f}"
        return Debit(
            collection_date=self.collection_date, amount=Decimal(amount), currency=currency.name, reference=self.name,
            client=self.commercial_partner_id.name, contract=contract.name, mandate=mandate.name,
            signed_on=mandate.date_signed, statement_name=mandate.statement_name or "", holder=method.holder,
            bank=method.bank_id.name or "", branch_code=method.branch_code or "",
            account_number=method.account_number, account_type=labels[method.account_type])

    def _mark_exported(self, label):
        """Keep when the debits of these invoices were put into a file, and tell it on each invoice."""
        self.write({"collection_exported_at": fields.Datetime.now()})
        self._message_log_batch(bodies={
            move.id: self.env._(
                "Bank debit of %(amount)s exported (%(format)s).", format=label,
                amount=move.currency_id.format(move.collection_amount)) for move in self})

    def action_debit_rejected(self):
        """*Rejected by the Bank*: the exported debits of these invoices failed, so they may be collected again.

        :raises AccessError: for whoever may not export debits
        :raises UserError: when one of them was not exported
        """
        self.env["billing.collection.export"].check_access("create")
        for move in self.filtered(lambda move: not move.collection_exported_at):
            raise UserError(self.env._(
                "The debit of %(invoice)s was not exported: untick it.", invoice=move.display_name))
        self.write({"collection_exported_at": False})
        self._message_log_batch(bodies={
            move.id: self.env._("The bank has rejected its debit: it may be collected again.") for move in self})
