from odoo import api, models
from odoo.exceptions import ValidationError

from .lanes import LANES_PARAMETER, MAX_LANES, is_number_of_lanes


class IrConfigParameter(models.Model):
    _inherit = "ir.config_parameter"

    @api.constrains("key", "value")
    def _check_billing_lanes(self):
        for parameter in self:
            if parameter.key == LANES_PARAMETER:
                self._check_lanes(parameter.value)

    def _check_lanes(self, value):
        """Refuse a number of parallel lanes that cannot be.

        :raises ValidationError: with what to enter
        """
        if not is_number_of_lanes(value):
            raise ValidationError(self.env._(
                "“%(value)s” is no number of parallel lanes: enter a whole number from 1 (the hourly job works alone) "
                "to %(most)s.", value=value, most=MAX_LANES))
