"""What an outside program is told when a client cannot be found or changed by its Billdozer Id."""

from odoo.exceptions import MissingError, UserError


class UnknownBilldozerId(MissingError):
    """No client has, or ever had, this Billdozer Id (HTTP 404)."""

    def __init__(self, env, billdozer_id):
        super().__init__(env._("No client has the Billdozer Id %(billdozer_id)s.", billdozer_id=repr(billdozer_id)))


class ForbiddenFields(UserError):
    """Fields that do not exist, or that the caller may not read or change (HTTP 422)."""
