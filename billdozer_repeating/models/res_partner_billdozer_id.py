"""Clients have an id that never changes, by which programs outside Odoo find and update them."""

from collections.abc import Mapping
from uuid import uuid4

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import SQL
from odoo.tools.sql import column_exists, create_column

from ..exceptions import ForbiddenFields, UnknownBilldozerId

READ_BY_DEFAULT = ("billdozer_id", "account_number", "name", "email", "phone", "active")


class ResPartner(models.Model):
    _inherit = "res.partner"

    # Random, so that a program which is connected to a copy of the database never hits another client there.
    billdozer_id = fields.Char(
        "Billdozer Id", compute="_compute_billdozer_id", store=True, precompute=True, copy=False,
        help="Made by the system, never changed and never used again: programs outside Odoo find the client by it.")
    billdozer_former_ids = fields.One2many(
        "billdozer.former.id", "partner_id", "Former Billdozer Ids", readonly=True,
        groups="work365_billing.billing_group_viewer",
        help="Ids of the clients that were merged into this one: programs find it by them, too.")

    _billdozer_id_uniq = models.UniqueIndex("(billdozer_id)", "A Billdozer Id belongs to one client only.")

    def _auto_init(self):
        if not column_exists(self.env.cr, self._table, "billdozer_id"):
            # One statement for all clients there are, instead of a computation in memory.
            create_column(self.env.cr, self._table, "billdozer_id", "varchar")
            self.env.cr.execute(SQL("UPDATE res_partner SET billdozer_id = gen_random_uuid()"))
        return super()._auto_init()

    def _compute_billdozer_id(self):
        for partner in self:
            partner.billdozer_id = str(uuid4())

    @api.model_create_multi
    def create(self, vals_list):
        self._check_billdozer_id_is_ours(vals_list)
        return super().create(vals_list)

    def write(self, vals):
        self._check_billdozer_id_is_ours([vals])
        return super().write(vals)

    def _check_billdozer_id_is_ours(self, vals_list):
        """Refuse a Billdozer Id that somebody else has made.

        :raises UserError: when one is among the values
        """
        if any("billdozer_id" in vals for vals in vals_list):
            raise UserError(self.env._(
                "The Billdozer Id is made by the system and stays as it is: leave it out of the values."))

    # ---- for programs outside Odoo ----------------------------------------------------------------------------------

    @api.model
    @api.readonly
    def billdozer_read(self, billdozer_id, fields=None):
        """Return values of the client with a Billdozer Id, as ``read`` does, with the rights of the caller.

        :param str billdozer_id: its own, or one of a client that was merged into it; archived clients are found, too
        :param list fields: names of fields; without it name, account number, e-mail, phone and active
        :return: dict of field -> value; it has ``id`` and the present ``billdozer_id`` in any case
        :raises UnknownBilldozerId: when no client has it
        :raises ForbiddenFields: on fields that do not exist or that the caller may not read
        :raises AccessError: when the caller may not read the client
        """
        client = self._get_by_billdozer_id(billdozer_id)
        client.check_access("read")
        names = {"billdozer_id", *(READ_BY_DEFAULT if fields is None else fields)}
        self._check_billdozer_fields(names, self.env._("cannot be read"))
        [values] = client.read(sorted(names))
        return values

    @api.model
    def billdozer_update(self, billdozer_id, values):
        """Change the client with a Billdozer Id, with the rights of the caller.

        :param str billdozer_id: as for ``billdozer_read``
        :param dict values: field -> new value, as ``write`` takes them
        :return: the values after the change, as ``billdozer_read`` returns them
        :raises UnknownBilldozerId: when no client has it; nothing is changed
        :raises ForbiddenFields: on fields that do not exist, that the system makes, or that the caller may not change;
            nothing is changed
        :raises AccessError: when the caller may not change the client
        """
        if not isinstance(values, Mapping):
            raise ForbiddenFields(self.env._("Nothing was done. Give the values as names of fields with their values."))
        client = self._get_by_billdozer_id(billdozer_id)
        client.check_access("write")
        self._check_billdozer_fields(values, self.env._("cannot be changed"), to_write=True)
        client.write(values)
        return client.billdozer_read(client.billdozer_id, list(values))

    def _get_by_billdozer_id(self, billdozer_id):
        """Return the client that has, or has taken over, a Billdozer Id; the caller's rights are not checked yet."""
        client = self.browse()
        if billdozer_id and isinstance(billdozer_id, str):
            everybody = self.sudo().with_context(active_test=False)
            former = self.env["billdozer.former.id"].sudo()
            client = everybody.search([("billdozer_id", "=", billdozer_id)])
            client = client or former.search([("name", "=", billdozer_id)]).partner_id
        if not client:
            raise UnknownBilldozerId(self.env, billdozer_id)
        return client.with_env(self.env)

    def _check_billdozer_fields(self, names, what, to_write=False):
        known = self.fields_get(list(names), ["readonly"])  # of the fields that the caller has access to
        refused = sorted(name for name in names if name not in known or (to_write and known[name]["readonly"]))
        if refused:
            raise ForbiddenFields(self.env._(
                "Nothing was done. These fields of a client do not exist or %(what)s by you: %(names)s.",
                what=what, names=", ".join(refused)))
