"""Makes the same invoice both ways, Odoo's and ours, and compares every stored field."""

from odoo import Command, fields

from ..models.plain_way import PlainWay
from .common import BillingCommon

# What tells two records apart, or counts them; the number itself is compared as text, see ``_without_number``.
OWN = {"id", "create_date", "write_date", "sequence_number", "access_token", "inalterable_hash"}
OF_EACH_WAY = ("reversed_entry_id", "full_reconcile_id", "matching_number")  # each credits an invoice of its own
SKIPPED = ("one2many", "binary", "properties")  # relations show up on their other side


class MatrixCommon(BillingCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.revenue = cls.company_data["default_account_revenue"]
        cls.other_revenue = cls.product_b.property_account_income_id
        cls.tax_15 = cls.make_tax(15)
        cls.tax_7 = cls.make_tax(7)
        cls.euro = cls.setup_other_currency("EUR", rates=[("2024-01-01", 0.87), ("2024-03-10", 0.91)])
        cls.plan = cls.env["account.analytic.plan"].create({"name": "Departments"})
        cls.sales, cls.support = cls.env["account.analytic.account"].create(
            [{"name": name, "plan_id": cls.plan.id} for name in ("Sales", "Support")])
        cls.tag_base, cls.tag_tax = cls.env["account.account.tag"].create(
            [{"name": name, "applicability": "taxes"} for name in ("Base", "Tax")])

    @classmethod
    def make_tax(cls, amount, **vals):
        cls.tax_number += 1
        return cls.env["account.tax"].create({
            "name": f"Tax {cls.tax_number}", "amount": amount, "amount_type": "percent", "type_tax_use": "sale",
            **vals})

    @classmethod
    def make_repartition(cls, *parts):
        """Return the values of a repartition of invoices and refunds; ``parts`` are (percent, account, tags)."""
        lines = [Command.create({"repartition_type": "base", "tag_ids": [Command.set(cls.tag_base.ids)]})]
        lines += [
            Command.create({
                "repartition_type": "tax", "factor_percent": percent, "account_id": account and account.id,
                "tag_ids": [Command.set(tags.ids)]})
            for percent, account, tags in parts]
        return {"invoice_repartition_line_ids": lines, "refund_repartition_line_ids": lines}

    @classmethod
    def make_term(cls, *lines, **vals):
        return cls.env["account.payment.term"].create({
            "name": "Terms", "line_ids": [
                Command.create({"value": value, "value_amount": amount, "nb_days": days})
                for value, amount, days in lines],
            **vals})

    # ---- both ways --------------------------------------------------------------------------------------------------

    def vals(self, *lines, **head):
        """Return the values of an invoice, as the executor prepares them."""
        return {
            "move_type": "out_invoice", "partner_id": self.customer.id, "company_id": self.company.id,
            "currency_id": self.company.currency_id.id, "journal_id": self.company_data["default_journal_sale"].id,
            "invoice_date": fields.Date.to_date("2024-03-15"), "invoice_payment_term_id": False,
            "fiscal_position_id": False,
            **({} if head.get("invoice_payment_term_id") else {"invoice_date_due": fields.Date.to_date("2024-03-15")}),
            "invoice_line_ids": [
                Command.create({**line, "sequence": number * 10}) for number, line in enumerate(lines, start=1)],
            **head}

    def line(self, *taxes, price=33.33, quantity=3, **vals):
        return {
            "product_id": self.product_a.id, "name": "Licence", "price_unit": price, "quantity": quantity,
            "discount": 0.0, "account_id": self.revenue.id, "tax_ids": [tax.id for tax in taxes],
            "analytic_distribution": False, **vals}

    def note(self, display_type="line_note"):
        return {"display_type": display_type, "name": "As agreed"}

    def find_reason(self, vals):
        """Return why the invoice with ``vals`` goes the plain way, or None."""
        [prepared] = self.env["account.move"]._prepare_create_values([vals])
        return PlainWay(self.env).find_reason(prepared)

    def assertSameBothWays(self, prepare, reason=None, env=None):
        """Compare the invoice of the values that ``prepare()`` returns, made both ways, as draft and posted."""
        Move = (env or self.env)["account.move"]
        self.assertEqual(self.find_reason(prepare()), reason)
        plain, complete = Move.create([prepare()]), Move._billing_create([prepare()])
        self.assertEqual(complete.env.context, Move.env.context)
        self.assertSame(plain, complete)
        plain._post()
        complete._billing_post()
        self.assertSame(plain, complete)

    def assertSame(self, plain, complete):
        self.env.flush_all()
        self.env.invalidate_all()
        lines, others = plain.line_ids.sorted("id"), complete.line_ids.sorted("id")
        self.assertEqual(others.mapped("display_type"), lines.mapped("display_type"))
        for one, other in zip((plain, *lines), (complete, *others), strict=True):
            wanted, found = self._read(one), self._read(other)
            self.assertEqual(
                {name: value for name, value in found.items() if value != wanted[name]},
                {name: value for name, value in wanted.items() if value != found[name]},
                f"{one._name}, {one.name}")

    def _read(self, record):
        """Return all stored fields of an invoice or a line; what is numbered, without the number."""
        move = record if record._name == "account.move" else record.move_id
        return {
            name: self._get_value(record, field, move)
            for name, field in record._fields.items()
            if field.store and name not in OWN and field.type not in SKIPPED
            and not (field.type == "many2one" and record[name] == move)}

    def _get_value(self, record, field, move):
        value = record[field.name]
        if field.name in OF_EACH_WAY:
            return bool(value)
        if field.relational:
            return value.ids
        number = move.name or move.payment_reference
        return value.replace(number, "NUMBER") if number and field.type in ("char", "html", "text") and value else value
