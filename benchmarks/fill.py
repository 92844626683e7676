"""Inside Odoo: customers, products, one tax, a contract each in both addons, and some invoices of last month."""

from datetime import timedelta

from dateutil.relativedelta import relativedelta

from odoo import Command
from odoo.tools import split_every

from . import dataset
from .clone import multiply
from .ways import invoice_vals

BATCH = 250


def fill(env, customers, planned):
    """Fill the database.

    :param customers: how many have a contract in both addons
    :param planned: how many contracts ours has in the end; those beyond ``customers`` are suspended
    """
    env = env(context={**env.context, "tracking_disable": True, "mail_create_nosubscribe": True})
    tax = env["account.tax"].create({
        "name": "Benchmark 15%", "amount": dataset.TAX_PERCENT, "amount_type": "percent", "type_tax_use": "sale"})
    products = env["product.product"].create([
        {"name": name, "lst_price": float(price), "type": "service", "taxes_id": [Command.set(tax.ids)]}
        for name, price in dataset.PRODUCTS])
    product_of = {product.name: product for product in products}
    for numbers in split_every(BATCH, range(customers), list):
        partners = env["res.partner"].create([
            {"name": f"Customer {number:05}", "ref": f"bench-{number:05}"} for number in numbers])
        pairs = list(zip(numbers, partners, strict=True))
        fill_ours(env, pairs, product_of)
        fill_oca(env, pairs, product_of)
        env.cr.commit()
    multiply(env, planned)
    env.cr.execute("UPDATE billing_contract SET state = 'suspended' WHERE id NOT IN"
                   " (SELECT id FROM billing_contract ORDER BY id LIMIT %s)", [customers])
    env.cr.commit()
    fill_history(env, customers)


def fill_ours(env, pairs, product_of):
    env["billing.contract"].create([
        {
            "name": f"Contract {number:05}",
            "partner_id": partner.id,
            "date_start": dataset.start_date(),
            "frequency": "monthly",
            "billing_offset": 0,
            "subscription_ids": [
                Command.create({
                    "product_id": product_of[name].id, "name": name, "quantity": quantity, "price_unit": float(price),
                    "sales_unit": "monthly"})
                for name, price, quantity in dataset.lines(number)],
        }
        for number, partner in pairs
    ]).action_activate()


def fill_oca(env, pairs, product_of):
    env["contract.contract"].create([
        {
            "name": f"Contract {number:05}",
            "partner_id": partner.id,
            "contract_type": "sale",
            "line_recurrence": False,
            "date_start": dataset.start_date(),
            "recurring_rule_type": "monthly",
            "recurring_interval": 1,
            "recurring_invoicing_type": "pre-paid",
            "contract_line_ids": [
                Command.create({
                    "product_id": product_of[name].id, "name": f"{name} #START# - #END#", "quantity": quantity,
                    "price_unit": float(price)})
                for name, price, quantity in dataset.lines(number)],
        }
        for number, partner in pairs])


def fill_history(env, customers):
    day = dataset.start_date() - relativedelta(months=1)
    for numbers in split_every(50, range(min(customers, dataset.HISTORY)), list):
        moves = env["account.move"].create([
            {**vals, "invoice_date": day - timedelta(days=number % 20)}
            for number, vals in zip(numbers, invoice_vals(env, numbers), strict=True)])
        moves._post()
        env.cr.commit()
