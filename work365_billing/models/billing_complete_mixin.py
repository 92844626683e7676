from odoo import models

from .journal_items import RESULTS, Known
from .plain_way import find_extension

# The one way through Odoo's ``create`` and all that extends it: its arguments are the values of fields only.
COMPLETE = "billing_complete_items"


class BillingCompleteMixin(models.AbstractModel):
    """Invoices and journal items that are created by the hundred: their companies are checked together.

    What Odoo would compute once they exist comes with the values, is inserted with them and needs no second round.
    """

    _name = "billing.complete.mixin"
    _description = "Records Created Complete"

    def _prepare_create_values(self, vals_list):
        if self.env.context.get(COMPLETE):
            vals_list = [drop_results(vals, RESULTS[self._name]) for vals in vals_list]
        return super()._prepare_create_values(vals_list)

    def _create(self, data_list):
        if self.env.context.get(COMPLETE):
            fields_of = {}
            for data in data_list:
                names = frozenset(data["stored"])
                if names not in fields_of:
                    fields_of[names] = self._find_known(names)
                data["protected"].update(fields_of[names])
        return super()._create(data_list)

    def _find_known(self, names):
        """Return the fields that Odoo needs not compute if all of ``names`` are given, and nobody extends how."""
        known = set()
        for field in (self._fields[name] for name in RESULTS[self._name] & names):
            together = {one.name for one in self.pool.field_computed[field] if one.store}
            if together <= names and (
                    field.related or not find_extension(self.env, {self._name: (field.compute,)})):
                known.add(field)
        return known

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


def drop_results(vals, names):
    """Return ``vals`` without those of ``names`` that a caller gives: Odoo would not take them from him either."""
    return {name: value for name, value in vals.items() if name not in names or isinstance(value, Known)}
