from odoo import api, fields, models
from odoo.exceptions import ValidationError
from odoo.tools import format_date
from odoo.tools.sql import column_exists, create_column


class AccountMove(models.Model):
    """Invoices that are collected from the client on a day of their own."""

    _inherit = "account.move"

    collection_date = fields.Date(
        "Collection Date", copy=False, tracking=True, index="btree_not_null",
        help="The day on which this invoice is collected from the client.")
    collection_date_unmoved = fields.Date(
        "Agreed Collection Date", copy=False, readonly=True,
        help="The collection day of the client, before it was moved off weekends and holidays.")
    collection_reason = fields.Char(
        "Reason of the Collection Date", compute="_compute_collection_reason", store=True, readonly=False, copy=False,
        help="What lies on the agreed day, so that the invoice is collected on another one.")
    collection_is_open = fields.Boolean(compute="_compute_collection_is_open", compute_sudo=True)

    def _auto_init(self):
        if not column_exists(self.env.cr, self._table, "collection_reason"):
            # Without this Odoo would compute it for every entry there is; none of them has a collection date.
            create_column(self.env.cr, self._table, "collection_reason", "varchar")
        return super()._auto_init()

    def _prepare_collection_vals(self, company, collect_on, invoice_date):
        """Return the values of an invoice that tell when it is collected.

        :param company: res.company whose business days count
        :param collect_on: '1' to '30', 'last' or 'issued'
        :param invoice_date: local date of the company, or its ISO string
        """
        collection = company._billdozer_collection(collect_on, invoice_date)
        return {
            "collection_date": collection.date,
            "collection_date_unmoved": collection.unmoved,
            "collection_reason": company._billdozer_get_reason(collection) or False,
        }

    @api.depends("collection_date")
    def _compute_collection_reason(self):
        """A date that comes without its reason was entered by hand."""
        for move in self:
            by_hand = move.collection_date and move.collection_date != move.collection_date_unmoved
            move.collection_reason = self.env._("Entered by hand") if by_hand else False

    @api.depends("state", "move_type", "amount_residual", "payment_state", "transaction_ids.state")
    def _compute_collection_is_open(self):
        for move in self:
            move.collection_is_open = not move._get_collected_problem()

    def _get_collected_problem(self):
        """Return why the collection date cannot be changed any more, or None."""
        self.ensure_one()
        if self.state == "cancel":
            return self.env._("The invoice is cancelled, so it is not collected.")
        if self.state == "posted" and self.move_type == "out_invoice" and not self._get_amount_to_charge():
            return self.env._("Nothing is left to collect on this invoice.")
        return self._get_unsettled_problem()

    @api.constrains("collection_date")
    def _check_collection_is_open(self):
        for move in self:
            problem = move.sudo()._get_collected_problem()  # clerks do not read transactions
            if problem:
                raise ValidationError(self.env._(
                    "The collection date of %(invoice)s stays as it is. %(problem)s",
                    invoice=move._get_billing_name(), problem=problem))

    @api.constrains("collection_date", "invoice_date")
    def _check_collection_date(self):
        for move in self:
            if move.collection_date and move.invoice_date and move.collection_date < move.invoice_date:
                raise ValidationError(self.env._(
                    "%(invoice)s cannot be collected on %(date)s, before its date of %(invoice_date)s: "
                    "enter a later collection date.",
                    invoice=move._get_billing_name(), date=format_date(self.env, move.collection_date),
                    invoice_date=format_date(self.env, move.invoice_date)))

    def _get_collection_date(self):
        return self.collection_date or super()._get_collection_date()
