from odoo.tests import HttpCase, tagged
from odoo.tools import mute_logger

from ..models.lanes import LANES_PARAMETER


@tagged("post_install", "-at_install")
class TestSettingsTours(HttpCase):
    """An administrator sets up billing."""

    def test_parallel_lanes(self):
        with mute_logger("odoo.http"):  # no lane at all is refused
            self.start_tour("/odoo/settings", "work365_billing_settings", login="admin")
        self.assertEqual(self.env["ir.config_parameter"].sudo().get_param(LANES_PARAMETER), "3")
