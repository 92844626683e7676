from datetime import timedelta

from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.fields import Domain
from odoo.tools import format_date

from ..engine import facts, plan, reasons
from ..engine.money import exact

WAITING = ("unconfirmed", "confirmed")
# What an invoice was made from.
PRICED_BY = {
    "subscription_id", "period_start", "period_end", "quantity", "cost", "markup", "price_unit", "corrects_id", "state"}


class BillingUsage(models.Model):
    """What a usage-based subscription has consumed in a period: billed on the next invoice after it, never prorated."""

    _name = "billing.usage"
    _description = "Usage"
    _inherit = ["billing.source.mixin"]
    _order = "period_end desc, subscription_id, id"
    _rec_names_search = ["name", "reference"]

    _billing_group = plan.USAGE
    _billing_line_field = "billing_usage_ids"
    _billing_fields = (
        "subscription_id", "period_start", "period_end", "quantity", "cost", "markup", "price_unit", "is_tiered",
        "state")

    subscription_id = fields.Many2one(
        "billing.subscription", required=True, index=True, ondelete="cascade", domain=[("pricing", "=", "usage")])
    subscription_reference = fields.Char(
        compute="_compute_subscription_reference", inverse="_inverse_subscription_reference",
        help="In a file: the reference of the subscription, instead of the subscription itself.")
    contract_id = fields.Many2one(related="subscription_id.contract_id", store=True, index=True, precompute=True)
    company_id = fields.Many2one(related="subscription_id.company_id", store=True, index=True, precompute=True)
    partner_id = fields.Many2one(related="subscription_id.partner_id", store=True, index=True, precompute=True)
    currency_id = fields.Many2one(
        "res.currency", compute="_compute_currency_id", store=True, readonly=False, precompute=True, required=True)
    name = fields.Char(
        "Description", compute="_compute_name", store=True, readonly=False, precompute=True, required=True)
    reference = fields.Char(
        copy=False,
        help="Number of the record at the provider. A second record with it is refused, so a file cannot be imported "
             "twice.")
    corrects_id = fields.Many2one(
        "billing.usage", "Corrects", index="btree_not_null", ondelete="restrict",
        domain="[('subscription_id', '=', subscription_id), ('corrects_id', '=', False)]",
        help="The usage of which this takes something back: the quantity or cost may be negative then.")
    correction_ids = fields.One2many("billing.usage", "corrects_id", "Corrections")
    period_start = fields.Date(
        "From", compute="_compute_period", store=True, readonly=False, precompute=True, required=True)
    period_end = fields.Date(
        "To", compute="_compute_period", store=True, readonly=False, precompute=True, required=True,
        help="Last day. The usage is billed on the first invoice with a schedule date after it.")
    quantity = fields.Float(digits="Product Unit", default=1.0, aggregator="sum")
    cost = fields.Float(
        min_display_digits="Product Price", help="What all of it costs you, in the currency of the contract.")
    markup = fields.Float(
        "Markup (%)", compute="_compute_markup", store=True, readonly=False, precompute=True, aggregator="avg")
    price_unit = fields.Float(
        "Unit Price", compute="_compute_price_unit", store=True, readonly=False, precompute=True,
        min_display_digits="Product Price", aggregator=None,
        help="Sales price of one unit. 0: the rate card of the subscription, or else cost and markup.")
    is_tiered = fields.Boolean("By Rate Card", compute="_compute_is_tiered", store=True, precompute=True)
    amount = fields.Float(
        compute="_compute_amount", store=True, precompute=True, min_display_digits="Product Price",
        help="Before discounts. Usage priced by a rate card has none of its own: the total of the cycle decides.")
    state = fields.Selection(
        [("unconfirmed", "Unconfirmed"), ("confirmed", "Confirmed"), ("invoiced", "Invoiced"),
         ("archived", "Archived")], "Status", required=True, default="confirmed", index=True, copy=False,
        help="Only confirmed usage is billed. Unconfirmed is interim, archived is left out for good.")

    _open_idx = models.Index("(contract_id) WHERE invoice_line_id IS NULL AND state IN ('unconfirmed', 'confirmed')")
    _reference_uniq = models.UniqueIndex(
        "(company_id, reference) WHERE reference IS NOT NULL",
        "Usage with this reference is here already: it was imported before.")
    _end_after_start = models.Constraint("CHECK (period_end >= period_start)", "The usage ends before it starts.")
    _price_positive = models.Constraint(
        "CHECK (price_unit >= 0 AND markup >= 0)", "The price and the markup of usage cannot be negative.")

    # ---- defaults that the user may change ------------------------------------------------------------------------

    @api.depends("subscription_id.reference")
    def _compute_subscription_reference(self):
        for usage in self:
            usage.subscription_reference = usage.subscription_id.reference

    def _inverse_subscription_reference(self):
        for usage in self.filtered("subscription_reference"):
            usage.subscription_id = self._find_subscriptions([usage.subscription_reference])[
                usage.subscription_reference]

    @api.depends("subscription_id")
    def _compute_currency_id(self):
        for usage in self:
            usage.currency_id = usage.currency_id or usage.subscription_id.currency_id

    @api.depends("subscription_id")
    def _compute_name(self):
        for usage in self:
            usage.name = usage.name or usage.subscription_id.name

    @api.depends("corrects_id")
    def _compute_period(self):
        for usage in self:
            usage.period_start = usage.corrects_id.period_start or usage.period_start
            usage.period_end = usage.corrects_id.period_end or usage.period_end

    @api.depends("subscription_id", "corrects_id")
    def _compute_markup(self):
        for usage in self:
            usage.markup = usage.corrects_id.markup if usage.corrects_id else usage.subscription_id.markup

    @api.depends("corrects_id")
    def _compute_price_unit(self):
        for usage in self:
            usage.price_unit = usage.corrects_id.price_unit or usage.price_unit

    @api.depends("price_unit", "subscription_id.rate_card_id")
    def _compute_is_tiered(self):
        for usage in self:
            tiered = bool(usage.subscription_id.rate_card_id) and not usage.price_unit
            usage.is_tiered = usage.is_tiered if usage.state == "invoiced" else tiered

    @api.depends("quantity", "cost", "markup", "price_unit", "is_tiered")
    def _compute_amount(self):
        for usage in self:
            quantity, price = usage._get_billing_price()
            usage.amount = float(quantity * price) if price is not None else 0.0

    # ---- integrity ------------------------------------------------------------------------------------------------

    @api.model_create_multi
    def create(self, vals_list):
        usages = super().create(self._resolve_references(vals_list))
        usages.filtered(lambda usage: usage.state in WAITING)._follow_contract()
        return usages

    @api.model
    def _resolve_references(self, vals_list):
        """Return ``vals_list`` with the subscriptions that files name by reference, found at once for all."""
        named = [vals.get("subscription_reference") if not vals.get("subscription_id") else None for vals in vals_list]
        found = self._find_subscriptions(list(filter(None, named)))
        result = []
        for vals, reference in zip(vals_list, named, strict=True):
            kept = {name: vals[name] for name in vals if name != "subscription_reference"}
            result.append({**kept, "subscription_id": found[reference].id} if reference else kept)
        return result

    @api.model
    def _find_subscriptions(self, references):
        """Return the usage-based subscriptions by reference.

        :raises UserError: naming the first that the company in use does not have
        """
        if not references:
            return {}
        found = self.env["billing.subscription"].search_fetch(
            [("reference", "in", references), ("company_id", "=", self.env.company.id), ("pricing", "=", "usage")],
            ["reference"]).grouped("reference")
        missing = next((reference for reference in references if reference not in found), None)
        if missing:
            raise UserError(self.env._(
                "No usage-based subscription of %(company)s has the reference %(reference)s: enter it on the "
                "subscription, or correct the file.", company=self.env.company.name, reference=missing))
        return found

    def write(self, vals):
        if not self.env.su and PRICED_BY & set(vals):
            self._check_not_invoiced()
            if vals.get("state") == "invoiced":
                raise AccessError(self.env._("Usage becomes invoiced by its invoice only: generate it."))
        result = super().write(vals)
        if "state" in vals or "subscription_id" in vals:
            self.filtered(lambda usage: usage.state in WAITING)._follow_contract()
        return result

    def _check_not_invoiced(self):
        invoiced = self.filtered("invoice_line_id")
        if invoiced:
            raise UserError(self.env._(
                "%(usage)s is billed by %(invoice)s: delete or credit that invoice, or enter a correction.",
                usage=invoiced[0].name, invoice=invoiced[0].invoice_id._get_billing_name()))

    @api.constrains("subscription_id", "currency_id")
    def _check_subscription(self):
        for usage in self:
            subscription = usage.subscription_id
            if subscription.pricing != "usage":
                raise ValidationError(self.env._(
                    "%(subscription)s is not usage-based: usage can only be entered for a usage-based subscription.",
                    subscription=subscription.name))
            if usage.currency_id != subscription.currency_id:
                raise ValidationError(self.env._(
                    "The contract of %(subscription)s is in %(currency)s: enter the cost in that currency.",
                    subscription=subscription.name, currency=subscription.currency_id.name))

    @api.constrains("subscription_id", "period_start", "period_end")
    def _check_period(self):
        for usage in self:
            subscription, through = usage.subscription_id, usage.contract_id.billed_through
            if usage.period_end < subscription.date_start:
                usage._refuse_period(self.env._("it starts on %(date)s", date=usage._format(subscription.date_start)))
            if subscription.date_end and usage.period_start > subscription.date_end:
                usage._refuse_period(self.env._("it ended on %(date)s", date=usage._format(subscription.date_end)))
            if through and usage.period_end <= through:
                usage._refuse_period(self.env._(
                    "it was billed elsewhere through %(date)s", date=usage._format(through)))

    def _format(self, day):
        return format_date(self.env, day)

    def _refuse_period(self, why):
        raise ValidationError(self.env._(
            "Usage of %(subscription)s from %(start)s to %(end)s cannot be billed: %(why)s.",
            subscription=self.subscription_id.name, start=self._format(self.period_start),
            end=self._format(self.period_end), why=why))

    @api.constrains("quantity", "cost", "corrects_id", "period_start", "period_end", "subscription_id")
    def _check_negative(self):
        for usage in self:
            original = usage.corrects_id
            if not original and (usage.quantity < 0 or usage.cost < 0):
                raise ValidationError(self.env._(
                    "%(usage)s is negative: enter it as a correction, with the earlier usage in Corrects.",
                    usage=usage.name))
            if original:
                usage._check_correction(original)

    def _check_correction(self, original):
        if original.corrects_id or original.subscription_id != self.subscription_id:
            raise ValidationError(self.env._(
                "Correct the original usage of the same subscription, not another correction."))
        if (original.period_start, original.period_end) != (self.period_start, self.period_end):
            raise ValidationError(self.env._("A correction has the period of the usage that it corrects."))
        all_of_it = (original | original.correction_ids).filtered(lambda usage: usage.state != "archived")
        for name in ("quantity", "cost"):
            if sum(exact(value) for value in all_of_it.mapped(name)) < 0:
                raise ValidationError(self.env._(
                    "The corrections of %(usage)s take back more than there was.", usage=original.name))

    # ---- billing: see billing.source.mixin --------------------------------------------------------------------------

    @api.model
    def _get_billing_domain(self):
        return Domain("state", "in", WAITING)

    @api.model
    def _get_waiting_domain(self, day):
        return self._get_billing_domain() & Domain("subscription_id.billable", "=", True)

    def _get_billing_price(self):
        """Return quantity and exact price of one unit, None where the rate card decides it."""
        quantity = exact(self.quantity)
        if self.price_unit:
            return quantity, exact(self.price_unit)
        if self.is_tiered:
            return quantity, None
        return exact(1), exact(self.cost) * (1 + exact(self.markup) / 100)

    def _prepare_billing_item(self, discount):
        subscription = self.subscription_id
        quantity, price = self._get_billing_price()
        return facts.Item(
            id=self.id, invoice_on=self.period_end + timedelta(days=1), quantity=quantity, price=price,
            discount=discount(subscription.discount, 0.0), source=plan.USAGE, charge=subscription.id,
            obstacle=reasons.UNCONFIRMED if self.state == "unconfirmed" else None,
            start=self.period_start, end=self.period_end)

    def _get_billing_owner(self):
        return self.subscription_id

    def _get_billing_name(self):
        subscription = self[0].subscription_id  # of one record, so that it is read together with all others
        if len(self) > 1 or subscription.usage_rollup == "subscription" or self.name == subscription.name:
            return subscription.name
        return f"{subscription.name}: {self.name}"

    def _set_billed(self, line):
        self.write({"invoice_line_id": line.id, "state": "invoiced"})

    def _set_unbilled(self):
        self.write({"invoice_line_id": False, "state": "confirmed"})

    # ---- actions ----------------------------------------------------------------------------------------------------

    def action_confirm(self):
        """Let the usage be billed; does nothing to what is confirmed or invoiced."""
        self.filtered(lambda usage: usage.state in ("unconfirmed", "archived")).state = "confirmed"

    def action_leave_out(self):
        """Archive the usage: it is not billed."""
        self.filtered(lambda usage: usage.state in WAITING).state = "archived"

    def action_reprice(self):
        """Give the usage the markup that its subscription has now; a correction keeps that of what it corrects.

        :raises UserError: for usage that is invoiced
        """
        corrections = self.filtered("corrects_id")
        for subscription, usages in (self - corrections).grouped("subscription_id").items():
            usages.markup = subscription.markup
        for usage in corrections:
            usage.markup = usage.corrects_id.markup

    @api.model
    def get_import_templates(self):
        return [{
            "label": self.env._("Import Template for Usage"),
            "template": "/work365_billing/static/import/usage.csv"}]
