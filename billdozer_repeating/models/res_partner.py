from odoo import api, fields, models
from odoo.exceptions import ValidationError
from odoo.tools import SQL


class ResPartner(models.Model):
    """Clients with an account number, which is printed on their invoices."""

    _inherit = "res.partner"

    account_number = fields.Char(
        copy=False, help="The number of the client's account with you. It is printed on the client's invoices.")

    _account_number_uniq = models.UniqueIndex(
        "(lower(account_number), COALESCE(company_id, 0)) WHERE account_number != ''",
        "Another client has this account number: enter one that is free.")

    @property
    def _rec_names_search(self):
        return [*super()._rec_names_search, "account_number"]

    @api.model_create_multi
    def create(self, vals_list):
        self._check_account_numbers([(vals.get("account_number"), vals.get("company_id")) for vals in vals_list])
        return super().create(vals_list)

    def write(self, vals):
        if "account_number" in vals or "company_id" in vals:
            self._check_account_numbers([
                (vals.get("account_number", partner.account_number), vals.get("company_id", partner.company_id.id))
                for partner in self])
        return super().write(vals)

    def _check_account_numbers(self, wanted):
        """Refuse account numbers that other clients have, in whatever case, archived or not.

        A number is unique among the clients of a company: its own, and those that all companies share. The index does
        not know of the shared ones, and does not say who has the number.

        :param wanted: pairs of number and company id, either may be empty
        :raises ValidationError: naming the client that has one of them
        """
        taken = self._find_account_numbers({number.lower() for number, _company in wanted if number})
        for number, company_id in wanted:
            for id_, other_company_id in taken.get((number or "").lower(), ()):
                if not company_id or other_company_id in (None, company_id):
                    raise ValidationError(self.env._(
                        "%(other)s has the account number %(number)s already: enter one that is free.",
                        # Whoever enters a number may not see the client that has it.
                        other=self.sudo().browse(id_).display_name, number=number))

    def _find_account_numbers(self, numbers):
        """Return which of the lower-case ``numbers`` other clients have: number -> pairs of client and company id."""
        if not numbers:
            return {}
        self.flush_model(["account_number", "company_id"])
        found = {}
        for number, id_, company_id in self.env.execute_query(SQL(
                "SELECT lower(account_number), id, company_id FROM res_partner"
                " WHERE lower(account_number) IN %s AND NOT id = ANY(%s)", tuple(numbers), self.ids)):
            found.setdefault(number, []).append((id_, company_id))
        return found
