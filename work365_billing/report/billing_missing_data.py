from odoo import api, fields, models
from odoo.tools import SQL, LazyTranslate

from ..engine import reasons
from ..models.billing_reason import REASONS

_lt = LazyTranslate(__name__)

# What is missing and how to mend it. Ids of the rows are made of the place in this list: add new ones at the end.
PROBLEMS = {
    "no_price": (_lt("No price."), _lt("Enter the unit price, or untick Billable when it is free.")),
    "no_quantity": (_lt("The quantity is zero."), _lt("Change the quantity, or deactivate the subscription.")),
    "no_tax": (
        _lt("No tax, although the product has one."),
        _lt("Choose the taxes of the subscription, if it is not exempt.")),
    "tax_missing": REASONS[reasons.TAX_MISSING],
    "product_archived": REASONS[reasons.PRODUCT_ARCHIVED],
    "no_account": REASONS[reasons.NO_ACCOUNT],
    "contract_inactive": (
        _lt("Active subscriptions, but their contract is not."),
        _lt("Activate the contract, or deactivate the subscriptions.")),
    "partner_archived": REASONS[reasons.PARTNER_ARCHIVED],
    "no_email": (
        _lt("Invoices are sent automatically, but nobody has an e-mail address."),
        _lt("Enter the customer's e-mail address, or add recipients on the contract.")),
    "no_token": (
        _lt("Invoices are charged automatically, but the payment method cannot be charged."),
        _lt("Choose an active payment method on the contract.")),
}
NUMBERS = {problem: number for number, problem in enumerate(PROBLEMS)}


class BillingMissingData(models.Model):
    """What would keep active subscriptions from being billed, or billed rightly: to be mended before the next run.

    One row per subscription and problem; problems of the contract as a whole have one row per contract.
    """

    _name = "billing.missing.data"
    _description = "Missing Data"
    _auto = False
    _order = "contract_id, subscription_id, id"
    _rec_name = "contract_id"
    _depends = {
        "billing.contract": [
            "state", "date_start", "date_end", "partner_id", "company_id", "journal_id", "auto_send", "auto_charge",
            "payment_token_id", "invoice_partner_ids"],
        "billing.subscription": [
            "contract_id", "product_id", "state", "billable", "quantity", "price_unit", "pricing", "date_end",
            "tax_ids", "tax_count"],
        "billing.change.log": ["subscription_id", "state"],
        "product.product": ["active"],
        "product.template": ["taxes_id"],
        "account.tax": ["active"],
        "res.partner": ["active", "email_normalized"],
    }

    company_id = fields.Many2one("res.company", readonly=True)
    contract_id = fields.Many2one("billing.contract", "Billing Contract", readonly=True)
    contract_state = fields.Selection(related="contract_id.state")
    partner_id = fields.Many2one("res.partner", "Customer", readonly=True)
    user_id = fields.Many2one("res.users", "Salesperson", readonly=True)
    subscription_id = fields.Many2one("billing.subscription", readonly=True)
    product_id = fields.Many2one("product.product", readonly=True)
    problem = fields.Selection("_select_problems", "What is Missing", readonly=True)
    how = fields.Char("How to Mend", compute="_compute_how")

    @api.model
    def _select_problems(self):
        return [(problem, self.env._(what)) for problem, (what, _how) in PROBLEMS.items()]

    @api.depends("problem")
    @api.depends_context("lang")
    def _compute_how(self):
        for row in self:
            row.how = self.env._(PROBLEMS[row.problem][1])

    # ---- where it is found ------------------------------------------------------------------------------------------

    @property
    def _table_query(self):
        return SQL(
            """
            WITH today(company_id, day, company_ids) AS (%(today)s)
            SELECT (subscription.id::bigint * 100 + found.number) * 2 AS id, contract.company_id,
                   contract.id AS contract_id, contract.partner_id, contract.user_id,
                   subscription.id AS subscription_id, subscription.product_id, found.problem
              FROM billing_subscription subscription
              JOIN billing_contract contract ON contract.id = subscription.contract_id
              JOIN today ON today.company_id = contract.company_id
              JOIN product_product product ON product.id = subscription.product_id
              JOIN LATERAL (%(subscription_problems)s) found ON found.is_found
             WHERE subscription.state = 'active' AND subscription.billable
               AND contract.state IN ('active', 'suspended')
               AND COALESCE(subscription.date_end, today.day) >= today.day
            UNION ALL
            SELECT (contract.id::bigint * 100 + found.number) * 2 + 1, contract.company_id, contract.id,
                   contract.partner_id, contract.user_id, NULL, NULL, found.problem
              FROM billing_contract contract
              JOIN today ON today.company_id = contract.company_id
              JOIN res_partner partner ON partner.id = contract.partner_id
              JOIN LATERAL (%(contract_problems)s) found ON found.is_found
            """, today=self._select_today(), subscription_problems=self._select_subscription_problems(),
            contract_problems=self._select_contract_problems())

    def _select_today(self):
        """Every company has its own date; a branch takes the taxes of the companies above."""
        return SQL("VALUES %s", SQL(", ").join(
            SQL("(%s, %s::date, %s)", company.id, company._billing_today(), company.parent_ids.ids)
            for company in self.env.companies))

    def _select_subscription_problems(self):
        no_account = self._find_products_without_account()
        return self._values(
            no_price=SQL("subscription.price_unit = 0 AND subscription.pricing = 'licence'"),
            no_quantity=SQL(
                """subscription.quantity = 0 AND NOT EXISTS (
                    SELECT FROM billing_change_log log
                     WHERE log.subscription_id = subscription.id AND log.state = 'scheduled')"""),
            no_tax=SQL(
                """NOT EXISTS (SELECT FROM account_tax_billing_subscription_rel rel
                                WHERE rel.billing_subscription_id = subscription.id)
                   AND COALESCE(subscription.tax_count, 0) = 0
                   AND EXISTS (SELECT FROM product_taxes_rel rel JOIN account_tax tax ON tax.id = rel.tax_id
                                WHERE rel.prod_id = product.product_tmpl_id AND tax.active
                                  AND tax.company_id = ANY(today.company_ids))"""),
            tax_missing=SQL(
                """subscription.tax_count > (
                    SELECT COUNT(*) FROM account_tax_billing_subscription_rel rel
                      JOIN account_tax tax ON tax.id = rel.account_tax_id
                     WHERE rel.billing_subscription_id = subscription.id AND tax.active)"""),
            product_archived=SQL("NOT product.active"),
            no_account=SQL(
                """(contract.company_id, subscription.product_id) IN (%s) AND NOT EXISTS (
                    SELECT FROM account_journal journal
                     WHERE journal.id = contract.journal_id AND journal.default_account_id IS NOT NULL)""",
                SQL(", ").join(no_account) if no_account else SQL("(0, 0)")),
        )

    def _select_contract_problems(self):
        runs_on = SQL(
            """EXISTS (SELECT FROM billing_subscription subscription
                        WHERE subscription.contract_id = contract.id AND subscription.state = 'active'
                          AND subscription.date_start <= today.day
                          AND LEAST(subscription.date_end, contract.date_end, 'infinity') >= today.day)""")
        return self._values(
            contract_inactive=SQL("contract.state != 'active' AND %s", runs_on),
            partner_archived=SQL("contract.state = 'active' AND NOT partner.active"),
            no_email=SQL(
                """contract.state = 'active' AND contract.auto_send AND NOT EXISTS (
                    SELECT FROM res_partner other
                     WHERE other.email_normalized IS NOT NULL
                       AND (other.id = contract.partner_id
                            OR other.type = 'invoice' AND other.active
                               AND other.commercial_partner_id = partner.commercial_partner_id
                            OR other.id IN (SELECT rel.partner_id FROM billing_contract_invoice_partner_rel rel
                                             WHERE rel.contract_id = contract.id)))"""),
            no_token=SQL(
                """contract.state = 'active' AND contract.auto_charge AND NOT EXISTS (
                    SELECT FROM payment_token token JOIN payment_provider provider ON provider.id = token.provider_id
                     WHERE token.id = contract.payment_token_id AND token.active AND provider.state != 'disabled')"""),
        )

    @staticmethod
    def _values(**conditions):
        return SQL("SELECT * FROM (VALUES %s) AS problem(number, problem, is_found)", SQL(", ").join(
            SQL("(%s, %s, %s)", NUMBERS[problem], problem, condition) for problem, condition in conditions.items()))

    def _find_products_without_account(self):
        """Return the pairs (company, product) for which neither Odoo's rules nor the sales journal give an account."""
        found = []
        used = self.env["billing.subscription"]._read_group(
            [("state", "=", "active"), ("company_id", "in", self.env.companies.ids)], ["company_id"],
            ["product_id:recordset"])
        for company, products in used:
            # Settings are read for whoever may see the subscription.
            templates = products.sudo().with_company(company).product_tmpl_id
            without = templates.filtered(lambda template: not template.get_product_accounts()["income"])
            if without and not self._get_default_account(company):
                found += [
                    SQL("(%s, %s)", company.id, product.id) for product in products.sudo()
                    if product.product_tmpl_id in without]
        return found

    def _get_default_account(self, company):
        journal = self.env["account.journal"].sudo().search(
            [("company_id", "=", company.id), ("type", "=", "sale")], limit=1)
        return journal.default_account_id

    def action_open_record(self):
        """Open the subscription, or the contract, that is to be mended."""
        self.ensure_one()
        record = self.subscription_id or self.contract_id
        return {
            "type": "ir.actions.act_window", "res_model": record._name, "res_id": record.id, "views": [(False, "form")]}
