import base64

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import formatLang

from ..engine import obstacles
from ..models import bank_debit_formats


class BillingCollectionExport(models.TransientModel):
    """The window that puts the bank debits of chosen invoices into a file, and says what stays out and why."""

    _name = "billing.collection.export"
    _description = "Export of Bank Debits"

    move_ids = fields.Many2many("account.move", string="Invoices", readonly=True)
    file_format = fields.Selection("_select_formats", "Format", required=True, default="csv")
    include_exported = fields.Boolean(
        "Include Exported Ones", help="Tick it when the bank has rejected them: a debit in two files is taken twice.")
    debit_ids = fields.Many2many("account.move", string="Debits", compute="_compute_debits")
    left_out_ids = fields.Many2many("account.move", string="Left Out", compute="_compute_debits")
    card_count = fields.Integer("Cards", compute="_compute_debits")
    total = fields.Char(compute="_compute_debits")
    file = fields.Binary(readonly=True, attachment=False)
    file_name = fields.Char(readonly=True)

    @api.model
    def _select_formats(self):
        return [(code, file_format.label) for code, file_format in bank_debit_formats.FORMATS.items()]

    @api.depends("move_ids", "include_exported")
    def _compute_debits(self):
        for window in self:
            cards = window.move_ids.filtered(lambda move: move.collection_method_id.method_type == "card")
            debits = window._get_debits()
            window.debit_ids = debits
            window.card_count = len(cards)
            window.left_out_ids = window.move_ids - debits - cards
            window.total = window._get_total(debits)

    def _get_debits(self):
        """Return the invoices whose debit goes into the file: nothing stops them, and they are no card's."""
        passed = [None, obstacles.EXPORTED] if self.include_exported else [None]
        found = self.move_ids._get_collection_obstacles()
        return self.move_ids.filtered(
            lambda move: found[move] in passed and move.collection_date
            and move.collection_method_id.method_type == "bank")

    def _get_total(self, debits):
        sums = [
            formatLang(self.env, sum(moves.mapped("collection_amount")), currency_obj=currency)
            for currency, moves in debits.grouped("currency_id").items()]
        return " + ".join(sums) or formatLang(self.env, 0.0, currency_obj=self.env.company.currency_id)

    def _action_open(self):
        return {
            "type": "ir.actions.act_window", "res_model": self._name, "res_id": self.id, "view_mode": "form",
            "target": "new", "name": self.env._("Export Bank Debits")}

    def action_export(self):
        """Make the file and mark its invoices as exported; the window then offers it for download.

        :raises UserError: when somebody else works on one of the invoices, or nothing is left to export
        """
        self.ensure_one()
        if self.move_ids.try_lock_for_update(allow_referencing=True) != self.move_ids:
            raise UserError(self.env._("Somebody is working on one of these invoices right now: try again."))
        debits = self._get_debits().sorted(lambda move: (move.collection_date, move.id))
        if not debits:
            raise UserError(self.env._("None of these invoices can be debited: the list says why."))
        file_format = bank_debit_formats.FORMATS[self.file_format]
        today = debits.company_id._billing_today()
        self.write({
            "file": base64.b64encode(file_format.render(debits._prepare_debits())),
            "file_name": f"bank-debits-{today}.{file_format.extension}"})
        debits._mark_exported(file_format.label)
        return self._action_open()
