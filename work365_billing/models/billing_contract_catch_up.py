from odoo import api, fields, models
from odoo.exceptions import UserError

from ..engine import reasons


class BillingContract(models.Model):
    """What happens to periods that were missed: the contract is older than its entry, or the job stood still."""

    _inherit = "billing.contract"

    catch_up = fields.Selection(
        [("all", "Bill all"), ("current", "Bill the current one only"), ("ask", "Ask")],
        "Missed Periods", default="all", required=True, tracking=True,
        help="When several periods are due at once. Bill the current one only: the earlier ones are skipped and stay "
             "visible. Ask: nothing is billed until somebody decides.")
    catch_up_until = fields.Date(
        copy=False, readonly=True, help="Periods that were due up to this day are billed, however many: approved.")
    catch_up_run_id = fields.Many2one(
        "billing.run", "Waits for Approval", index="btree_not_null", copy=False, readonly=True, ondelete="set null")
    catch_up_message = fields.Char(compute="_compute_catch_up_message")

    @api.depends("catch_up_run_id")
    def _compute_catch_up_message(self):
        jobs = self.env["billing.job"].search([("run_id", "in", self.catch_up_run_id.ids)])
        message_of = {(job.run_id, job.contract_id): job.message for job in jobs}
        for contract in self:
            contract.catch_up_message = message_of.get((contract.catch_up_run_id, contract._origin), False)

    def _find_missed(self, rows, day):
        """Return those of the ledger ``rows`` of one contract that were missed.

        All that are due on ``day`` but the newest of each series; not what was tried or billed already, what is
        approved, nor what waits behind a period in error.
        """
        self.ensure_one()
        due = rows.filtered(
            lambda row: row.kind == "regular" and row._is_open() and not row._is_for_items()
            and row.schedule_date <= day)
        if len(due) < 2 or any(row.state == "error" for row in due):
            return rows.browse()
        newest = {key: max(own.mapped("cycle_start")) for key, own in due.grouped("source_key").items()}
        until = self.catch_up_until
        return due.filtered(
            lambda row: row.cycle_start < newest[row.source_key] and not (row.run_date or row.last_log_id)
            and not (until and row.schedule_date <= until))

    def _read_missed(self, day):
        """Return the missed ledger rows on ``day`` of those contracts that have any."""
        rows = self.env["billing.schedule"].search_fetch(
            [("contract_id", "in", self.ids), ("state", "in", ("pending", "error")), ("schedule_date", "<=", day)],
            ["contract_id", "subscription_id", "kind", "state", "on_hold", "schedule_date", "cycle_start", "source_key",
             "run_date", "last_log_id"])
        missed = {contract: contract._find_missed(own, day) for contract, own in rows.grouped("contract_id").items()}
        return {contract: own for contract, own in missed.items() if own}

    # ---- the decision ---------------------------------------------------------------------------------------------

    def action_catch_up_all(self):
        """Approve the missed periods: the next run bills them all."""
        self._check_waits_for_approval()
        for contract in self:
            contract.catch_up_until = contract.company_id._billing_today()
            contract.message_post(body=self.env._(
                "%(user)s approved the missed periods: they are billed.", user=self.env.user.name))
        self._leave_approval()

    def action_catch_up_current(self):
        """Skip the missed periods: the next run bills the current one only."""
        self._check_waits_for_approval()
        for company, contracts in self.grouped("company_id").items():
            missed = contracts._read_missed(company._billing_today())
            for contract, rows in missed.items():
                rows.sudo()._set_skipped(  # clerks move the ledger only by its own actions
                    reasons.CATCH_UP, self.env._("Skipped by %(user)s.", user=self.env.user.name))
                contract.message_post(body=self.env._(
                    "%(user)s skipped %(count)s missed periods.", user=self.env.user.name, count=len(rows)))
        self._leave_approval()

    def _check_waits_for_approval(self):
        self.check_access("write")
        idle = self.filtered(lambda contract: not contract.catch_up_run_id)
        if idle:
            raise UserError(self.env._(
                "%(contract)s does not wait for an approval.", contract=idle[0].display_name))

    def _leave_approval(self):
        runs = self.catch_up_run_id
        self.catch_up_run_id = False
        self._close_alerts(self.env._("The missed periods were decided on."))
        runs.sudo()._close_decided()  # clerks decide without the right to edit runs
        self.env.ref("work365_billing.ir_cron_generate_invoices").sudo()._trigger()
