from odoo import Command, api, fields, models
from odoo.exceptions import AccessError, UserError
from odoo.fields import Domain


class BillingSourceMixin(models.AbstractModel):
    """Records that are billed once, as entered, on the next invoice of their contract.

    The planner, the executor and undo know the records by what stands here. An addon that adds a kind of its own
    inherits this, adds its model to ``billing.planner._get_sources`` and, to the invoice line, the field
    ``_billing_line_field`` that holds the records of the line.
    """

    _name = "billing.source.mixin"
    _description = "Source of Invoice Lines"

    _billing_group = None  # group of the engine's plan: one per source
    _billing_line_field = None  # many2one or many2many of account.move.line to this model
    _billing_contract_field = "contract_id"
    _billing_fields = ()  # what _prepare_billing_item reads

    invoice_line_id = fields.Many2one(
        "account.move.line", "Invoice Line", index="btree_not_null", ondelete="set null", readonly=True, copy=False)
    invoice_id = fields.Many2one(related="invoice_line_id.move_id", string="Invoice")

    @api.model_create_multi
    def create(self, vals_list):
        records = super().create(vals_list)
        records._get_billing_contract()._sync_item_schedules()
        return records

    def write(self, vals):
        if "invoice_line_id" in vals and not self.env.su:
            raise AccessError(self.env._("What an item is billed on follows its invoice: delete or credit that."))
        changes = {self._billing_contract_field, *self._billing_fields} & set(vals)
        contracts = self._get_billing_contract() if changes else self.env["billing.contract"]
        result = super().write(vals)
        if changes:
            (contracts | self._get_billing_contract())._sync_item_schedules()
        return result

    def unlink(self):
        contracts = self._get_billing_contract()
        result = super().unlink()
        contracts._sync_item_schedules()
        return result

    @api.ondelete(at_uninstall=False)
    def _unlink_except_billed(self):
        billed = self.filtered("invoice_line_id")
        if billed:
            raise UserError(self.env._("%(item)s is billed and stays as its proof.", item=billed[0].display_name))

    # ---- what is to be billed ---------------------------------------------------------------------------------------

    @api.model
    def _get_billing_domain(self):
        """Return the domain of the records that are billed, now or once what they wait for has come."""
        return Domain.TRUE

    @api.model
    def _get_waiting_domain(self, day):
        """Return the domain of the records that keep a contract open whose end has passed on ``day``."""
        return self._get_billing_domain()

    @api.model
    def _get_unbilled_domain(self, contracts):
        """Return the domain of what no invoice of ``contracts`` holds."""
        return Domain([(self._billing_contract_field, "in", contracts.ids), ("invoice_line_id", "=", False)])

    @api.model
    def _search_to_bill(self, contracts, replaced, credited):
        """Return what is to be billed of ``contracts``, with all that ``_prepare_billing_item`` reads.

        :param replaced: only what these invoices hold, because they are being replaced
        :param credited: also what these invoices hold, because they were credited in full
        """
        held = Domain("invoice_line_id.move_id", "in", (replaced or credited).ids)
        domain = self._get_unbilled_domain(contracts) & self._get_billing_domain()
        if replaced:
            domain = held
        elif credited:
            domain |= held
        return self.search_fetch(
            domain & Domain(self._billing_contract_field, "in", contracts.ids),
            [self._billing_contract_field, *self._billing_fields])

    def _get_billing_contract(self):
        return self[self._billing_contract_field]

    def _follow_contract(self):
        """These records wait to be billed: a contract that closed itself after its end is reopened for them.

        :raises UserError: for a contract that was closed by hand
        """
        contracts = self.mapped(self._billing_contract_field).sudo()  # who enters usage or time need not edit contracts
        contracts.filtered(lambda contract: not contract.closed_on)._reopen_for_billing()
        closed = contracts.filtered(lambda contract: contract.state == "closed")
        if closed:
            raise UserError(self.env._(
                "%(contract)s is closed and is not billed any more: duplicate it.", contract=closed[0].display_name))

    def _prepare_billing_item(self, discount):
        """Return this record as the engine's ``facts.Item``.

        :param discount: function of the record's own discount and its amount, gives both discounts compounded
        """
        raise NotImplementedError

    # ---- its line on the invoice ------------------------------------------------------------------------------------

    def _get_billing_owner(self):
        """Return the record, a ``billing.line.mixin``, that gives the line of these records product and taxes."""
        raise NotImplementedError

    def _get_billing_name(self):
        """Return the text of the line of these records, in the language of the context."""
        return self._get_billing_owner().name

    def _prepare_billing_link(self):
        """Return the value by which the invoice line holds these records."""
        field = self.env["account.move.line"]._fields[self._billing_line_field]
        return {field.name: self.id if field.type == "many2one" else [Command.set(self.ids)]}

    def _set_billed(self, line):
        """These records are billed by the invoice line ``line``."""
        self.invoice_line_id = line

    def _set_unbilled(self):
        """The invoice that billed these records was undone: they are to be billed again."""
        self.invoice_line_id = False
