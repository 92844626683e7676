from odoo import SUPERUSER_ID, models
from odoo.fields import Domain

from odoo.addons.work365_billing.models.billing_executor_job import LOCK_TIMEOUT

TRIES = 10  # clashes after which the job fails: the lot is left to the hourly job, which waits for it


class BillingLot(models.Model):
    _inherit = "billing.lot"

    def _enqueue(self):
        """Queue a job for each lot, one at most. It may come late, twice or never: the row lock on the lot decides."""
        for lot in self.with_env(self.env(user=SUPERUSER_ID, context={})):
            lot.with_delay(
                identity_key=f"billing.lot,{lot.id}", max_retries=TRIES,
                description=self.env._(
                    "Bill %(count)s contracts of %(run)s", count=lot._count_contracts(), run=lot.run_id.name),
            )._bill_queued()

    def _bill_queued(self):
        """Bill the lot in the transaction of its job, and return what that shows as its result.

        :raises TransactionRollbackError: a clash with another process, after which the queue begins anew
        """
        executor = self.env["billing.executor"]
        count = self.exists()._count_contracts()
        executor._limit_waiting(LOCK_TIMEOUT)
        if not executor._bill_next_lot(Domain("id", "in", self.ids), []):
            return self.env._("Nothing was left to do: somebody else has it.")
        self.env["billing.run"]._close_left()
        return self.env._("%(count)s contracts", count=count)
