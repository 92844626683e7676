from odoo import SUPERUSER_ID, api, models

from odoo.addons.work365_billing.models.billing_run_bulk import BUDGET


class BillingRun(models.Model):
    _inherit = "billing.run"

    @api.model
    def _start_lanes(self, pieces):
        """Let the job queue do what scheduled jobs would: a job per lot, and jobs that help with all else.

        Whoever has begun works on, so that everything is done even if the queue has no worker.
        """
        lots = self.env["billing.lot"].search([("run_id", "in", self.ids)])
        if lots:
            lots._enqueue()
            return
        for number in range(2, min(self._get_lanes(), pieces) + 1):
            self._enqueue_help(number)

    @api.model
    def _enqueue_help(self, number):
        """Queue a job that helps, unless one with this number waits already."""
        system = self.env(user=SUPERUSER_ID, context={})  # it works for everybody, whoever has called it
        system["billing.run"].with_delay(
            identity_key=f"billing.run,help,{number}",
            description=self.env._("Help with billing (%(number)s)", number=number))._help_queued(number)

    @api.model
    def _help_queued(self, number):
        """Do tasks and bulk operations for a while, then leave the rest to a job of its own: others have their turn."""
        if self.env["billing.executor"]._help(BUDGET):
            self._enqueue_help(number)
