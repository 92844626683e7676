from odoo import models

# The one way through Odoo's ``create`` and all that extends it: its arguments are the values of fields only.
COMPLETE = "billing_complete_items"


class BillingCompleteMixin(models.AbstractModel):
    """Invoices and journal items that are created by the hundred: their companies are checked together."""

    _name = "billing.complete.mixin"
    _description = "Records Created Complete"

    def _check_company(self, fnames=None):
        if self.env.context.get(COMPLETE) and self._is_consistent(fnames):
            return
        super()._check_company(fnames)  # which names what is not

    def _is_consistent(self, fnames):
        """Tell whether each record refers to what its company may use: all values of a field are looked at at once."""
        if fnames is None or "company_id" in fnames:
            fnames = self._fields
        names = [name for name in fnames if self._fields[name].relational and self._fields[name].check_company]
        for company, records in self.grouped("company_id").items():
            for name in names:
                allowed = self.env.company if self._fields[name].company_dependent else company
                values = records.sudo().mapped(name).with_context(active_test=False)
                domain = values and values._check_company_domain(allowed)
                if domain and values != values.filtered_domain(domain):
                    return False
        return True
