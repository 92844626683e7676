from odoo import api, fields, models
from odoo.fields import Domain

from ..engine import obstacles
from . import collection_obstacle


class AccountMove(models.Model):
    """When and from what an invoice is collected, and what stops it."""

    _inherit = "account.move"

    collection_method_id = fields.Many2one(
        related="billing_contract_id.payment_method_id", string="Collected from",
        help="The payment method of the contract.")
    collection_amount = fields.Monetary(
        "To Collect", compute="_compute_collection_amount", compute_sudo=True,
        help="What is open and not yet on its way.")
    collection_exported_at = fields.Datetime(
        "Debit Exported on", copy=False, readonly=True, help="When its bank debit was last put into a file.")
    collection_obstacle = fields.Selection(
        "_select_collection_obstacles", "Stopped by", compute="_compute_collection_obstacle", compute_sudo=True,
        search="_search_collection_obstacle")
    collection_obstacle_text = fields.Char(
        "What Stops It", compute="_compute_collection_obstacle", compute_sudo=True, help="And what to do about it.")

    @api.model
    def _select_collection_obstacles(self):
        return collection_obstacle.choices(self.env)

    @api.depends("amount_residual", "state", "billing_replaced_by_id", "matched_payment_ids.state")
    def _compute_collection_amount(self):
        for move in self:
            move.collection_amount = move._get_amount_to_charge()

    # No dependencies: whatever stops a collection, on whichever record, is looked up when it is asked for.
    def _compute_collection_obstacle(self):
        found = self._get_collection_obstacles()
        for move in self:
            code = found[move] if move.collection_date else None
            move.collection_obstacle = code
            move.collection_obstacle_text = code and collection_obstacle.explain(self.env, code)

    def _search_collection_obstacle(self, operator, value):
        if operator != "in":
            return NotImplemented
        found = self.search(self._get_collection_domain())._get_collection_obstacles()
        return Domain("id", "in", [move.id for move, code in found.items() if (code or False) in value])

    @api.model
    def _get_collection_domain(self):
        """Return the domain of the invoices that are to be collected, whatever may stop them."""
        return (
            Domain("move_type", "=", "out_invoice") & Domain("state", "=", "posted")
            & Domain("payment_state", "in", ("not_paid", "partial", "blocked"))
            & Domain("collection_date", "!=", False))

    # ---- what stops it ----------------------------------------------------------------------------------------------

    def _get_collection_obstacles(self):
        """Return what stops the collection of each of these invoices: {invoice: a code of ``obstacles``, or None}.

        The number of queries does not grow with the invoices, except for those of cards.
        """
        # Whoever sees an invoice may know what stops it; the reasons lie on records that not everybody sees.
        return {move: move.sudo()._find_obstacle() for move in self}

    def _find_obstacle(self):
        method = self.billing_contract_id.payment_method_id
        found = self._find_own_obstacle() or self._find_client_obstacle(method)
        if found or not method:
            return found
        return self._find_mandate_obstacle(method) if method.method_type == "bank" else self._find_card_obstacle(method)

    def _find_own_obstacle(self):
        if self.state != "posted":
            return obstacles.NOT_POSTED
        if self.billing_replaced_by_id:
            return obstacles.REPLACED
        if self.payment_state == "blocked":
            return obstacles.BLOCKED
        if not self._get_amount_to_charge():
            return obstacles.NOTHING_OPEN
        return obstacles.ON_ITS_WAY if self._get_unsettled_transactions() else None

    def _find_client_obstacle(self, method):
        if not (self.partner_id.active and self.commercial_partner_id.active):
            return obstacles.CLIENT_INACTIVE
        if not method:
            return obstacles.NO_METHOD
        if not method.active:
            return obstacles.METHOD_ARCHIVED
        if method.partner_id.commercial_partner_id != self.commercial_partner_id:
            return obstacles.OTHER_CLIENT
        return None

    def _find_mandate_obstacle(self, method):
        mandate = self.billing_contract_id.mandate_id
        if not mandate:
            return obstacles.NO_MANDATE
        if mandate.state != "active":
            return obstacles.MANDATE_NOT_ACTIVE
        if mandate.payment_method_id != method:
            return obstacles.MANDATE_OTHER_METHOD
        if not self._is_within(mandate):
            return obstacles.MANDATE_PERIOD
        if mandate.currency_id != self.currency_id:
            return obstacles.MANDATE_CURRENCY
        amount = self._get_amount_to_charge()
        if mandate.amount_max and self.currency_id.compare_amounts(amount, mandate.amount_max) > 0:
            return obstacles.MANDATE_MAXIMUM
        return obstacles.EXPORTED if self.collection_exported_at else None

    def _is_within(self, mandate):
        day = self._get_collection_date()
        return (not mandate.date_start or mandate.date_start <= day) and (
            not mandate.date_end or day <= mandate.date_end)

    def _find_card_obstacle(self, method):
        if self.collection_exported_at:
            return obstacles.EXPORTED
        if not method.token_id.active:
            return obstacles.TOKEN_ARCHIVED
        return obstacles.CARD_REFUSED if self._get_charge_problem() else None

    # ---- charging ---------------------------------------------------------------------------------------------------

    def _get_charge_problem(self):
        """Return why this invoice cannot be charged now and what to do, or None."""
        problem = super()._get_charge_problem()
        if not problem and self.collection_exported_at:
            return collection_obstacle.explain(self.env, obstacles.EXPORTED)  # the bank takes it already
        if problem or (self.partner_id.active and self.commercial_partner_id.active) or not self.collection_date:
            return problem
        return collection_obstacle.explain(self.env, obstacles.CLIENT_INACTIVE)
