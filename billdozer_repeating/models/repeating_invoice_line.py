from odoo import api, fields, models
from odoo.exceptions import UserError, ValidationError

from ..engine.terms import is_longer, projected_end
from .billing_planner import total_with_tax, total_without_tax

# What the subscription of a line takes over from it, and what it gives back when its change logs take effect.
SHARED = ("product_id", "name", "quantity", "price_unit", "discount", "tax_ids", "analytic_distribution", "billable",
          "date_start", "date_end")
LOGGED = ("quantity", "price_unit")


class RepeatingInvoiceLine(models.Model):
    """A line of a repeating invoice, with a term of its own.

    Billing knows it as a subscription, which keeps its history of changes; an immediate line is a non-recurring item.
    """

    _name = "repeating.invoice.line"
    _description = "Repeating Line Item"
    _inherit = ["billing.line.mixin"]
    _order = "repeating_invoice_id, sequence, id"

    sequence = fields.Integer(default=10)
    repeating_invoice_id = fields.Many2one("repeating.invoice", required=True, index=True, ondelete="cascade")
    contract_id = fields.Many2one(related="repeating_invoice_id.contract_id", store=True, precompute=True)
    company_id = fields.Many2one(related="repeating_invoice_id.company_id", store=True, index=True, precompute=True)
    currency_id = fields.Many2one(related="repeating_invoice_id.currency_id")
    partner_id = fields.Many2one(related="repeating_invoice_id.partner_id", store=True, index=True)
    state = fields.Selection(related="repeating_invoice_id.state", string="Status", store=True)
    term = fields.Integer(
        "Term (months)", compute="_compute_from_product", store=True, readonly=False, precompute=True,
        help="How long the line is charged, counted from its own start. 0: as long as the repeating invoice.")
    date_start = fields.Date(
        compute="_compute_date_start", store=True, readonly=False, precompute=True, required=True,
        help="The line is on the runs from this day on.")
    date_end = fields.Date(
        compute="_compute_date_end", store=True, readonly=False, precompute=True,
        help="The line is on the runs up to this day.")
    escalate = fields.Boolean(
        compute="_compute_from_product", store=True, readonly=False, precompute=True,
        help="The price takes part in the yearly escalation.")
    immediate = fields.Boolean(
        compute="_compute_from_product", store=True, readonly=False, precompute=True,
        help="With a term of 1: invoiced on the day on which it is saved.")
    subscription_id = fields.Many2one(
        "billing.subscription", copy=False, readonly=True, index="btree_not_null", ondelete="restrict")
    item_id = fields.Many2one("billing.item", copy=False, readonly=True, index="btree_not_null", ondelete="restrict")
    amount_excl = fields.Monetary("Total Excl", compute="_compute_amounts")
    amount_tax = fields.Monetary("Tax", compute="_compute_amounts")
    amount_incl = fields.Monetary("Total Incl", compute="_compute_amounts")
    counts_in_value = fields.Boolean(
        "Counts in Contract Value", compute="_compute_counts_in_value",
        help="It has a term, of its own or of its repeating invoice, which is active, and its product counts.")

    _term_positive = models.Constraint(
        "CHECK (term >= 0)", "A term is a number of months: enter 0 for a line without a term of its own.")
    _end_after_start = models.Constraint(
        "CHECK (date_end IS NULL OR date_end >= date_start)",
        "The line ends before it starts: enter a later end, or leave it empty.")
    _quantity_positive = models.Constraint(
        "CHECK (quantity >= 0)", "The quantity of a line cannot be negative: enter a negative price for a credit.")

    # ---- defaults that the user may change ------------------------------------------------------------------------

    @api.depends("product_id")
    def _compute_from_product(self):
        for line in self:
            product = line.product_id
            line.term = product.repeating_term
            line.escalate = product.repeating_escalate
            line.immediate = product.repeating_immediate

    @api.depends("repeating_invoice_id")
    def _compute_date_start(self):
        for line in self:
            invoice = line.repeating_invoice_id
            first = invoice.next_run_date if invoice.is_billed else invoice.run_date
            line.date_start = line.date_start or first or invoice.run_date

    @api.depends("term", "date_start")
    def _compute_date_end(self):
        for line in self:
            if line.term > 0 and line.date_start:
                line.date_end = projected_end(line.date_start, line.term)
            else:
                line.date_end = line.date_end if not line._origin.term else False

    @api.depends("quantity", "price_unit", "discount", "tax_ids", "product_id", "currency_id")
    def _compute_amounts(self):
        Tax = self.env["account.tax"]
        for line in self:
            company = line.company_id or self.env.company
            base_line = Tax._prepare_base_line_for_taxes_computation(
                {}, product_id=line.product_id, tax_ids=line.tax_ids, price_unit=line.price_unit,
                quantity=line.quantity, discount=line.discount, partner_id=line.partner_id,
                currency_id=line.currency_id or company.currency_id)
            Tax._add_tax_details_in_base_line(base_line, company)
            Tax._round_base_lines_tax_details([base_line], company)
            line.amount_excl, line.amount_incl = total_without_tax(base_line), total_with_tax(base_line)
            line.amount_tax = line.amount_incl - line.amount_excl

    @api.depends(
        "term", "repeating_invoice_id.term", "repeating_invoice_id.state", "product_id.repeating_contract_value")
    def _compute_counts_in_value(self):
        for line in self:
            invoice = line.repeating_invoice_id
            line.counts_in_value = (
                invoice.state == "active" and bool(line.term or invoice.term)
                and line.product_id.repeating_contract_value)

    def _get_price_date(self):
        return self.repeating_invoice_id.run_date

    # ---- integrity ------------------------------------------------------------------------------------------------

    @api.constrains("term", "repeating_invoice_id")
    def _check_term(self):
        for line in self:
            term = line.repeating_invoice_id.term
            if is_longer(line.term, term):
                raise ValidationError(self.env._(
                    "%(line)s has a term of %(own)s months, its repeating invoice one of %(term)s: enter %(term)s or "
                    "less, or a longer term of the repeating invoice.", line=line.name, own=line.term, term=term))

    # ---- what billing knows it as ---------------------------------------------------------------------------------

    @api.model_create_multi
    def create(self, vals_list):
        lines = super().create(vals_list)
        lines._open()
        return lines

    def write(self, vals):
        result = super().write(vals)
        names = [name for name in SHARED if name in vals or (name == "date_end" and {"term", "date_start"} & set(vals))]
        if names:
            self._push(names)
        return result

    @api.ondelete(at_uninstall=False)
    def _unlink_except_billed(self):
        billed = self.filtered(lambda line: line.item_id.invoice_line_id or (
            line.subscription_id and line.subscription_id._get_billed_through()))
        if billed:
            raise UserError(self.env._(
                "%(line)s is invoiced and stays as its proof: enter an end date instead.", line=billed[0].name))

    def unlink(self):
        subscriptions, items = self.subscription_id, self.item_id
        result = super().unlink()
        subscriptions.unlink()
        items.unlink()
        return result

    def _is_immediate(self):
        """Tell whether the line is invoiced once, on the day on which it is saved."""
        return self.immediate and self.term == 1

    def _open(self):
        """Make the subscriptions of these lines, and the items of those that are invoiced at once."""
        repeated = self.filtered(lambda line: not line._is_immediate())
        subscriptions = self.env["billing.subscription"].create([
            {**line._prepare_shared_vals(SHARED), "contract_id": line.contract_id.id, "sales_unit": "run",
             "repeating_invoice_id": line.repeating_invoice_id.id, "sequence": line.sequence} for line in repeated])
        for line, subscription in zip(repeated, subscriptions, strict=True):
            line.subscription_id = subscription
        (self - repeated)._open_items()

    def _open_items(self):
        """Make the items of the immediate ones among these that have none; nothing is billed before it is approved."""
        once = self.filtered(
            lambda line: line._is_immediate() and not (line.item_id or line.subscription_id)
            and line.repeating_invoice_id.state == "active")
        items = self.env["billing.item"].create([line._prepare_item_vals() for line in once])
        for line, item in zip(once, items, strict=True):
            line.item_id = item

    def _prepare_item_vals(self):
        names = [name for name in SHARED if name not in ("date_start", "date_end")]
        return {
            **self._prepare_shared_vals(names), "contract_id": self.contract_id.id,
            "repeating_invoice_id": self.repeating_invoice_id.id,
            "invoice_on": self.company_id._billing_today()}

    def _prepare_shared_vals(self, names):
        return {name: self._fields[name].convert_to_write(self[name], self) for name in names}

    def _push(self, names):
        """Let the subscriptions and items follow what was changed here: a change of the price acts on the next run."""
        for line in self:
            if line.subscription_id:
                line.subscription_id.write(line._prepare_shared_vals(names))
            elif line.item_id:
                line._push_to_item([name for name in names if name not in ("date_start", "date_end")])

    def _push_to_item(self, names):
        if names and self.item_id.invoice_line_id:
            raise UserError(self.env._(
                "%(line)s is invoiced already: credit that invoice, and enter a new line.", line=self.name))
        self.item_id.write(self._prepare_shared_vals(names))

    def _follow_subscription(self):
        """Show the quantity and price that the change logs of the subscription have come to."""
        for line in self.filtered(lambda line: line.subscription_id.state == "active"):
            changed = {name: line.subscription_id[name] for name in LOGGED if line[name] != line.subscription_id[name]}
            if changed:
                # Past what extends write: nobody has edited the line.
                super(RepeatingInvoiceLine, line).write(changed)  # pylint: disable=super-method-mismatch
        return self

    @api.depends("name", "repeating_invoice_id.name")
    def _compute_display_name(self):
        for line in self:
            line.display_name = f"{line.repeating_invoice_id.name} · {line.name}"
