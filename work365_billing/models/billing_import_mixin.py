from odoo import api, models
from odoo.exceptions import UserError


class BatchRefused(Exception):
    """One of several rows was refused: Odoo's import then takes them one by one."""


class BillingImportMixin(models.AbstractModel):
    """What comes in by Odoo's own import, all of it or nothing, and each row that is wrong is told once."""

    _name = "billing.import.mixin"
    _description = "Imported by Odoo's Own Import"

    @api.model
    def load(self, fields, data):
        """Import rows as Odoo does; what only follows from a cell that could not be read is not told.

        A name that several records have is refused: Odoo would take the first, and bill whoever that is.
        """
        with self.env.cr.savepoint() as savepoint:
            result = super().load(fields, data)
            messages = [self._refuse_ambiguous(one) for one in result["messages"]]
            if result["ids"] and any(one["type"] == "error" for one in messages):
                savepoint.rollback()
                result = {**result, "ids": False}
        unread = {one.get("record") for one in messages if "field_name" in one and one["type"] == "error"}
        told = [one for one in messages if "field_name" in one or one.get("record") not in unread]
        return {**result, "messages": told}

    def _refuse_ambiguous(self, message):
        """Return ``message``, as an error when it warns of what a cell was taken for."""
        if message["type"] != "warning" or "field" not in message:
            return message
        return {**message, "type": "error"}

    def _load_records(self, data_list, update=False):
        """Odoo would tell what refuses a batch on its first row, whichever row it is: only a row alone is told."""
        try:
            return super()._load_records(data_list, update)
        except UserError as error:
            if len(data_list) == 1:
                raise
            raise BatchRefused from error

    def _without_empty_cells(self, vals, *defaulting):
        """Return ``vals`` without what a file leaves empty although it cannot be: its default, or what is there, stays.

        :param defaulting: names of fields that are not required and have a default
        """
        if not self.env.context.get("import_file"):
            return vals
        return {
            name: value for name, value in vals.items()
            if value is not False or self._fields[name].type == "boolean"
            or not (self._fields[name].required or name in defaulting)}
