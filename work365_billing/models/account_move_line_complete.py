from odoo import api, models

from .billing_complete_mixin import COMPLETE
from .journal_items import find_precomputed


class AccountMoveLine(models.Model):
    """Journal items that come complete: Odoo would make a record of each in memory to see what follows from it."""

    _name = "account.move.line"
    _inherit = ["account.move.line", "billing.complete.mixin"]

    @api.model
    def _add_precomputed_values(self, vals_list):
        complete = self.env.context.get(COMPLETE)
        found_list = [find_precomputed(self.env, vals) if complete else {} for vals in vals_list]
        for vals, found in zip(vals_list, found_list, strict=True):
            vals |= found
        result = super()._add_precomputed_values(vals_list)
        for vals, found in zip(vals_list, found_list, strict=True):
            if found:
                vals["__precomputed__"] = {self._fields[name] for name in found} | vals.get("__precomputed__", set())
        return result
