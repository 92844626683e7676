from odoo import Command, api, fields, models
from odoo.exceptions import UserError

from ..models.selections import KINDS


class BillingBulkGenerate(models.TransientModel):
    """The window *Generate Invoice* for many contracts: a row for each, then one background run bills them."""

    _name = "billing.bulk.generate"
    _description = "Generate Invoices"
    _transient_max_hours = 24.0  # thousands of rows may take somebody the day

    mode = fields.Selection(KINDS, "Invoice Type", default="regular", required=True)
    date_from = fields.Date(
        "Period", help="Leaves out contracts whose changes all took effect before. Empty: everything up to its end.")
    date_to = fields.Date(
        "Up to", required=True, default=lambda self: self.env.company._billing_today(),
        help="Changes that take effect up to this day are billed.")
    include_future = fields.Boolean(
        "Include future cycles", help="Also bill the rows whose schedule date lies ahead.")
    anomaly_percent = fields.Float(
        "Check differences above (%)", default=lambda self: self.env.company.billing_anomaly_percent, digits=(5, 2),
        help="A row is to be checked when its amount differs from the last invoice by more than this.")
    plan_later = fields.Boolean(help="Many rows are planned part by part while the window is open.")
    row_ids = fields.One2many("billing.bulk.generate.row", "bulk_id", "Billing Contracts")
    row_count = fields.Integer("Rows", compute="_compute_totals")
    planning_count = fields.Integer("To Be Calculated", compute="_compute_totals")
    bill_count = fields.Integer("To Be Billed", compute="_compute_totals")
    check_count = fields.Integer("To Check", compute="_compute_totals")
    future_count = fields.Integer("Future", compute="_compute_totals")
    nothing_count = fields.Integer("Bills Nothing", compute="_compute_totals")
    blocked_count = fields.Integer("Blocked", compute="_compute_totals")
    invoiced_count = fields.Integer("Already Invoiced", compute="_compute_totals")
    total = fields.Char("Total before Tax", compute="_compute_totals", help="One amount per currency.")
    summary = fields.Char(compute="_compute_totals")

    _percent_positive = models.Constraint(
        "CHECK (anomaly_percent >= 0)", "Enter a percentage of zero or more, from which a row is to be checked.")

    _period_order = models.Constraint(
        "CHECK (date_from IS NULL OR date_from <= date_to)", "The period ends before it starts: enter a later end.")

    @api.model_create_multi
    def create(self, vals_list):
        """Opened on contracts, the window gets a row for each of them."""
        if self.env.context.get("active_model") == "billing.contract":
            commands = [Command.create({"contract_id": id_}) for id_ in self.env.context.get("active_ids", ())]
            vals_list = [{"row_ids": commands, **vals} for vals in vals_list]
        return super().create(vals_list)

    # ---- totals ---------------------------------------------------------------------------------------------------

    @api.depends("row_ids.status", "row_ids.will_bill", "row_ids.amount", "row_ids.anomaly")
    def _compute_totals(self):
        for bulk in self:
            rows = bulk.row_ids
            billed = rows.filtered("will_bill")
            of_status = {status: len(own) for status, own in rows.grouped("status").items()}
            bulk.row_count = len(rows)
            bulk.planning_count = of_status.get("planning", 0)
            bulk.bill_count = len(billed)
            bulk.check_count = len(billed.filtered("anomaly"))
            bulk.future_count = of_status.get("future", 0)
            bulk.nothing_count = of_status.get("nothing", 0)
            bulk.blocked_count = of_status.get("blocked", 0)
            bulk.invoiced_count = of_status.get("invoiced", 0)
            bulk.total = " + ".join(
                currency.format(sum(own.mapped("amount"))) for currency, own in billed.grouped("currency_id").items())
            bulk.summary = bulk._get_summary()

    def _get_summary(self):
        """Return in one line what *Proceed* bills, and how many rows stay out for which reason."""
        parts = [
            self._get_bill_text(),
            self.check_count and self.env._("%(count)s to check", count=self.check_count),
            self.nothing_count and (
                self.env._("1 bills nothing") if self.nothing_count == 1
                else self.env._("%(count)s bill nothing", count=self.nothing_count)),
            self.invoiced_count and self.env._("%(count)s already invoiced", count=self.invoiced_count),
            self.blocked_count and self.env._("%(count)s blocked", count=self.blocked_count),
            self.future_count and not self.include_future
            and self.env._("%(count)s in the future", count=self.future_count),
        ]
        return " · ".join(filter(None, parts))

    def _get_bill_text(self):
        if not self.bill_count:
            return self.env._("Nothing to bill")
        if self.bill_count == 1:
            return self.env._("1 invoice, %(total)s before tax", total=self.total)
        return self.env._("%(count)s invoices, %(total)s before tax", count=self.bill_count, total=self.total)

    # ---- the rows -------------------------------------------------------------------------------------------------

    def action_tick_tasks(self):
        """Tick *Trigger Post Invoicing Tasks* on every row."""
        self.row_ids.trigger_tasks = True
        return self._action_open()

    def action_untick_tasks(self):
        """Untick *Trigger Post Invoicing Tasks* on every row."""
        self.row_ids.trigger_tasks = False
        return self._action_open()

    # ---- actions --------------------------------------------------------------------------------------------------

    @api.model
    def _action_open_for(self, contracts):
        """Return the action that shows the window with a row for each of ``contracts``."""
        rows = [Command.create({"contract_id": contract.id}) for contract in contracts]
        return self.create({"row_ids": rows, "plan_later": True})._action_open()

    def _action_open(self):
        """Return the action that shows this window."""
        self.ensure_one()
        return {
            "type": "ir.actions.act_window", "res_model": self._name, "res_id": self.id, "view_mode": "form",
            "target": "new", "name": self.env._("Generate Invoice"), "context": {"dialog_size": "extra-large"}}

    def action_open_rows(self):
        """Open the same rows as a page, to search and to group them."""
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id("work365_billing.billing_bulk_generate_row_action")
        return {**action, "domain": [("bulk_id", "=", self.id)], "context": {"default_bulk_id": self.id}}

    def action_proceed(self):
        """Start a background run of the rows that bill something, link each with its job, and open the run.

        A second click opens what the first has started.

        :raises UserError: when no row bills anything
        """
        self.ensure_one()
        if not self.row_ids.job_id:
            while self.planning_count:
                self.plan_next()
            self._start()
        return self._action_open_runs(self.row_ids.job_id.run_id)

    def _start(self):
        rows = self.row_ids.filtered("will_bill")
        if not rows:
            raise UserError(self._get_refusal())
        jobs = self.env["billing.run"]._start_bulk([row._prepare_start() for row in rows])
        for row, job in zip(rows, jobs, strict=True):
            row.job_id = job

    def _get_refusal(self):
        if not self.row_ids:
            return self.env._("Select the billing contracts in their list first.")
        if self.future_count:
            return self.env._(
                "No row is due: %(count)s lie in the future. Tick Include future cycles to bill them now.",
                count=self.future_count)
        return self.env._("No row bills anything: see the reason of each row.")

    def _action_open_runs(self, runs):
        action = self.env["ir.actions.act_window"]._for_xml_id("work365_billing.billing_run_action")
        if len(runs) == 1:
            return {**action, "res_id": runs.id, "views": [(False, "form")]}
        return {**action, "domain": [("id", "in", runs.ids)]}
