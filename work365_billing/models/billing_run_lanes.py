"""Lanes: scheduled jobs that bill at the same time as the hourly job, each in a process of the server's own."""

from odoo import api, models

from .billing_run_bulk import BUDGET
from .lanes import DEFAULT_LANES, LANES_PARAMETER


class BillingRun(models.Model):
    _inherit = "billing.run"

    @api.model
    def _get_lanes(self):
        """Return how many processes may bill at the same time, the one that begins included."""
        parameters = self.env["ir.config_parameter"].sudo()  # a clerk's bulk operation uses the lanes as well
        return int(parameters.get_param(LANES_PARAMETER, DEFAULT_LANES))

    @api.model
    def _start_lanes(self, pieces):
        """Let as many lanes as are allowed and of use begin once this is saved; the caller works as the first.

        An addon that has workers of another kind starts them here: each calls ``billing.executor._help``.

        :param pieces: of work that wait, that of the caller included
        """
        for number in range(2, min(self._get_lanes(), pieces) + 1):
            lane = self.env.ref(f"work365_billing.ir_cron_work_lane_{number}", raise_if_not_found=False)
            if lane:
                lane.sudo()._trigger()

    @api.model
    def _cron_work_lane(self, number):
        """The lane ``number``, from 2: help for a while, then begin anew, so that other scheduled jobs have a turn."""
        if number <= self._get_lanes() and self.env["billing.executor"]._help(BUDGET):
            lane = self.env.ref(f"work365_billing.ir_cron_work_lane_{number}")
            self.env["billing.executor"]._transaction(lane._trigger)

    @api.model
    def _close_left(self):
        """Close the runs that lanes have completed although the process that had begun them is gone."""
        runs = self.search([("state", "=", "running"), ("origin", "!=", "bulk")])
        for run in runs - self.env["billing.lot"].search([("run_id", "in", runs.ids)]).run_id:
            if run._is_left():
                run.message = self.env._(
                    "The process that had begun it did not see its end: others have completed it.")
                run._finish()
                run._log_counts()
