from odoo import api, models
from odoo.exceptions import AccessError


class BillingGuardedMixin(models.AbstractModel):
    """Records of accounting whose fields ``billing_…`` only the system writes, whatever the rights of the user.

    What ties an invoice to its contract, period and changes decides what is billed again: written by hand, in a file or
    over Odoo's web API, it would bill something twice or never.
    """

    _name = "billing.guarded.mixin"
    _description = "Record Tied to a Billing Contract"

    @api.model
    def _has_field_access(self, field, operation):
        return not self._is_guarded(field, operation) and super()._has_field_access(field, operation)

    @api.model
    def _check_field_access(self, field, operation):
        if self._is_guarded(field, operation):
            raise AccessError(self._get_guard_message(field._description_string(self.env)))
        return super()._check_field_access(field, operation)

    def _is_guarded(self, field, operation):
        return operation == "write" and field.name.startswith("billing_") and not self.env.su

    def _get_guard_message(self, label):
        """Return why the field named ``label`` is refused, and what to do instead."""
        return self.env._(
            "“%(field)s” is written by billing only. Leave it out. To bill a period again, delete, cancel or credit "
            "its invoice, or generate it anew on the contract.", field=label)
