from odoo import models


class ResCurrency(models.Model):
    _inherit = "res.currency"

    def _read_rated(self):
        """Return the (currency id, company id) pairs that have an exchange rate; company False: all companies."""
        pairs = self.env["res.currency.rate"]._read_group(
            [("currency_id", "in", self.ids)], ["currency_id", "company_id"])
        return {(currency.id, company.id) for currency, company in pairs}

    def _is_rated(self, company, rated):
        """Tell whether amounts in this currency can be converted for ``company``.

        :param rated: what ``_read_rated`` has returned
        """
        self.ensure_one()
        return self == company.currency_id or bool({(self.id, company.root_id.id), (self.id, False)} & rated)
