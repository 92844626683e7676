from odoo import api, models

from .billing_complete_mixin import COMPLETE
from .journal_items import find_precomputed, find_results, is_complete


class AccountMoveLine(models.Model):
    """Journal items that come complete: Odoo would make a record of each in memory to see what follows from it."""

    _name = "account.move.line"
    _inherit = ["account.move.line", "billing.complete.mixin"]

    @api.model
    def _add_precomputed_values(self, vals_list):
        found_list = [
            find_precomputed(self.env, vals) if self.env.context.get(COMPLETE) and is_complete(vals) else {}
            for vals in vals_list]
        for vals, found in zip(vals_list, found_list, strict=True):
            vals |= found
        result = super()._add_precomputed_values(vals_list)
        for vals, found in zip(vals_list, found_list, strict=True):
            if found:
                vals |= find_results(self.env, vals)
                vals["__precomputed__"] = {self._fields[name] for name in found} | vals.get("__precomputed__", set())
        return result

    @api.constrains("tax_ids", "tax_repartition_line_id")
    def _check_caba_non_caba_shared_tags(self):
        """Nothing is mixed where no tax is due on payment: Odoo looks at each line's tags all the same."""
        taxes = self.tax_ids | self.tax_repartition_line_id.tax_id
        is_possible = "on_payment" in taxes.mapped("tax_exigibility")
        return super()._check_caba_non_caba_shared_tags() if is_possible else None
