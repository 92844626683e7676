from odoo import models
from odoo.fields import Domain

AT_ONCE = 500  # invoices that the request of a user makes; a request has its time limits


class RepeatingInvoice(models.Model):
    """What is due already is invoiced as soon as it is saved."""

    _inherit = "repeating.invoice"

    def _bill_at_once(self):
        """Make the invoices of the contracts of these that are due already, in the caller's transaction.

        More than a request has the time for are left to the hourly job, which is called at once.
        """
        contracts = self.filtered(lambda invoice: invoice.state == "active").contract_id.filtered(
            lambda contract: contract.state == "active")
        if contracts._are_many_due(AT_ONCE):
            self._leave_to_job()
            return
        for own in contracts.grouped("company_id").values():
            self.env["billing.executor"]._bill_here(own, "saved")

    def _leave_to_job(self):
        self.env.ref("work365_billing.ir_cron_generate_invoices").sudo()._trigger()  # whoever enters what is due
        self.env.user._bus_send("simple_notification", {"type": "info", "message": self.env._(
            "More than %(limit)s invoices are due. They are being made in the background: see Bulk Operations.",
            limit=AT_ONCE)})


class BillingContract(models.Model):
    _inherit = "billing.contract"

    def _are_many_due(self, limit):
        """Tell whether more than ``limit`` periods of these contracts are to be invoiced today."""
        found, Schedule = 0, self.env["billing.schedule"].sudo()  # whoever saves may not read the ledger
        for company, contracts in self.grouped("company_id").items():
            found += Schedule.search_count(
                Domain("contract_id", "in", contracts.ids) & Domain("state", "in", ("pending", "error"))
                & Domain("on_hold", "=", False) & Domain("schedule_date", "<=", company._billing_today()),
                limit=limit + 1 - found)
            if found > limit:
                return True
        return False
