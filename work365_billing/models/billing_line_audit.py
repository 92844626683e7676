"""What is added, changed or removed on a contract is told on the contract: its lines have no chatter that stays."""

from odoo import api, models

AUDITED = {"product_id", "quantity", "price_unit", "discount", "invoice_on", "billable"}


class BillingLineMixin(models.AbstractModel):
    _inherit = "billing.line.mixin"

    @api.model_create_multi
    def create(self, vals_list):
        lines = super().create(vals_list)
        lines._tell_contracts(added=True)
        return lines

    @api.ondelete(at_uninstall=False)
    def _unlink_tell_contracts(self):
        self._tell_contracts(added=False)

    def _tell_contracts(self, added):
        """Log on the contracts, once they are no drafts any more, that these lines were added or are removed."""
        if self.env.context.get("tracking_disable"):
            return
        bodies = {}
        for contract, lines in self.grouped("contract_id").items():
            if contract.state != "draft":
                names = ", ".join(lines.mapped("name"))
                bodies[contract.id] = (
                    self.env._("Added: %(names)s", names=names) if added
                    else self.env._("Removed: %(names)s", names=names))
        self.contract_id.browse(bodies)._message_log_batch(bodies)


class BillingItem(models.Model):
    _inherit = "billing.item"

    def write(self, vals):
        """Log what the new values change on the contract, as the tracking of a model with a chatter does."""
        names = AUDITED & set(vals)
        told = self.filtered(lambda item: item.contract_id.state != "draft") if names else self.browse()
        if not told or self.env.context.get("tracking_disable"):
            return super().write(vals)
        before = {item: {name: item[name] for name in names} for item in told}
        result = super().write(vals)
        tracked = self.fields_get(names, attributes=("string", "type", "selection", "currency_field"))
        for item, values in before.items():
            _names, changes = item._mail_track(tracked, values)
            if changes:
                item.contract_id._message_log(body=item.name, tracking_value_ids=changes)
        return result
