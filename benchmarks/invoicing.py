"""Inside Odoo: measure one way to make invoices, and look at what it made."""

from odoo.tools import SQL

from .meter import Meter
from .ways import WAYS, invoice_vals


def measure(env, name, count):
    """Return the figures of the way ``name`` for ``count`` invoices, and a summary of the invoices that it made."""
    function, arguments = WAYS[name]
    warm_up(env)
    [[last]] = env.execute_query(SQL("SELECT MAX(id) FROM account_move"))
    env.cr.commit()
    with Meter() as meter:
        function(env, count, **arguments)
    env.cr.commit()
    return {"figures": meter.figures(count), "content": content(env, last)}


def warm_up(env):
    """Make and post one invoice and take it back: what Odoo loads once per process is nobody's burden."""
    env["account.move"].create(invoice_vals(env, [0]))._post()
    env.cr.rollback()


def content(env, last):
    """Return what the invoices after the id ``last`` amount to, for comparison between the ways."""
    [[count, posted, untaxed, tax, total]] = env.execute_query(SQL(
        """
        SELECT COUNT(*), COUNT(*) FILTER (WHERE state = 'posted'),
               SUM(amount_untaxed), SUM(amount_tax), SUM(amount_total)
          FROM account_move WHERE id > %s AND move_type = 'out_invoice'
        """, last))
    [[lines, debit, credit]] = env.execute_query(SQL(
        "SELECT COUNT(*), SUM(debit), SUM(credit) FROM account_move_line WHERE move_id > %s", last))
    return {
        "invoices": count, "posted": posted, "journal_items": lines, "untaxed": str(untaxed), "tax": str(tax),
        "total": str(total), "debit": str(debit), "credit": str(credit)}
