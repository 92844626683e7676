from collections import Counter

from odoo import models

# The one way through Odoo's ``_post``: what it says of each customer, until all are known.
RANKS = "billing_ranks"


class Ranks(Counter):
    """How many invoices the customers get who have had none before, by id."""


class ResPartner(models.Model):
    """New customers of many invoices: they become customers together, not one by one."""

    _inherit = "res.partner"

    def _increase_rank(self, field, n=1):
        ranks = self.env.context.get(RANKS)
        if not isinstance(ranks, Ranks) or field != "customer_rank":
            return super()._increase_rank(field, n)
        new = self.filtered(lambda partner: not partner.sudo().customer_rank)
        ranks.update(dict.fromkeys(new.ids, n))
        return super(ResPartner, self - new)._increase_rank(field, n)

    def _set_ranks(self, ranks):
        """Give the new customers of ``ranks`` what Odoo would have given each of them."""
        for count in sorted(set(ranks.values())):
            self.sudo().browse(id_ for id_, own in ranks.items() if own == count).customer_rank = count
