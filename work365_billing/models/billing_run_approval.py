from odoo import fields, models

from ..engine import reasons


class BillingRun(models.Model):
    """Missed periods that wait for an approval: one run per company shows how many they are and what they come to."""

    _inherit = "billing.run"

    catch_up_contract_ids = fields.One2many("billing.contract", "catch_up_run_id", "Contracts Waiting", readonly=True)
    catch_up_periods = fields.Integer("Missed Periods", readonly=True)
    catch_up_amount = fields.Monetary(
        "Amount before Tax", readonly=True, help="What the missed periods come to, at today's exchange rates.")
    currency_id = fields.Many2one(related="company_id.currency_id")

    def _find_approval(self, company):
        """Return the open approval of ``company``."""
        return self.search([("company_id", "=", company.id), ("state", "=", "approval")], limit=1)

    def _refresh_approval(self, company, held):
        """Let the approval of ``company`` show exactly the contracts ``held``.

        :param held: per contract the number of missed periods and their amount in its currency, before tax
        """
        run = self._find_approval(company)
        before = {(job.contract_id, job.message) for job in run.job_ids}
        messages = {contract: self._get_catch_up_message(contract, *figures) for contract, figures in held.items()}
        if before == set(messages.items()):
            return
        settled = run.catch_up_contract_ids - self.env["billing.contract"].union(*held)
        settled.catch_up_run_id = False
        settled._close_alerts(self.env._("No missed period is left."))
        if not held:
            run._close_decided()
            return
        today = company._billing_today()
        run = run or self.create({
            "company_id": company.id, "run_type": "automatic", "state": "approval", "date": today})
        run.job_ids.unlink()
        run.write({
            "date": today, "contract_count": len(held),
            "catch_up_periods": sum(periods for periods, _amount in held.values()),
            "catch_up_amount": sum(
                contract.currency_id._convert(amount, company.currency_id, company, today)
                for contract, (_periods, amount) in held.items())})
        executor = self.env["billing.executor"]
        self.env["billing.job"].create([
            executor._prepare_job(run, contract, "skipped", reasons.APPROVAL, message)
            for contract, message in messages.items()])
        for contract, message in messages.items():
            if contract.catch_up_run_id != run:
                contract.catch_up_run_id = run
                contract._alert(self.env._("Missed periods wait for your approval"), message)

    def _get_catch_up_message(self, contract, periods, amount):
        return self.env._(
            "%(count)s missed periods, %(amount)s before tax", count=periods,
            amount=contract.currency_id.format(amount))

    def action_approve(self):
        """Bill all missed periods of this approval."""
        self.catch_up_contract_ids.action_catch_up_all()

    def action_approve_current(self):
        """Skip the missed periods of this approval and bill the current ones."""
        self.catch_up_contract_ids.action_catch_up_current()

    def _close_decided(self):
        """Close the approvals of which no contract waits any more."""
        decided = self.filtered(lambda run: run.state == "approval" and not run.catch_up_contract_ids)
        decided._finish()
