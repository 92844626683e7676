"""Inside Odoo: the ways to make the invoices that are compared."""

from odoo import Command
from odoo.tools import split_every

from . import dataset

CHUNK = 50  # below it time is wasted, above it plain Odoo gains little


def plain(env, count, post=False):
    """Create the invoices as any program would: in chunks, each committed."""
    for numbers in split_every(CHUNK, range(count), list):
        moves = env["account.move"].create(invoice_vals(env, numbers))
        if post:
            moves._post()
        env.cr.commit()


def plain_untracked(env, count, post=False):
    """The same without the messages in the chatter: the fastest that plain Odoo is."""
    plain(env(context={**env.context, "tracking_disable": True}), count, post)


def oca(env, _count):
    """OCA's own scheduled job."""
    env.ref("contract.contract_cron_for_invoice").method_direct_trigger()


def ours(env, _count):
    """Our own scheduled job; whether it posts stands on the contracts."""
    env.ref("work365_billing.ir_cron_generate_invoices").method_direct_trigger()


def invoice_vals(env, numbers):
    """Return the values of the invoices of the customers ``numbers``."""
    partners = env["res.partner"].search([("ref", "in", [f"bench-{number:05}" for number in numbers])], order="ref")
    products = env["product.product"].search([("name", "in", [name for name, _price in dataset.PRODUCTS])])
    product_of = {product.name: product for product in products}
    return [
        {
            "move_type": "out_invoice",
            "partner_id": partner.id,
            "invoice_date": dataset.start_date(),
            "invoice_line_ids": [
                Command.create({
                    "product_id": product_of[name].id, "name": name, "quantity": quantity, "price_unit": float(price),
                    "tax_ids": [Command.set(product_of[name].taxes_id.ids)]})
                for name, price, quantity in dataset.lines(number)],
        }
        for number, partner in zip(numbers, partners, strict=True)]


WAYS = {  # name: (function, arguments)
    "plain": (plain, {}),
    "plain, no tracking": (plain_untracked, {}),
    "OCA contract": (oca, {}),
    "ours": (ours, {}),
    "plain + post": (plain, {"post": True}),
    "plain, no tracking + post": (plain_untracked, {"post": True}),
    "ours + post": (ours, {}),
}
