from odoo import fields, models


class BillingService(models.Model):
    """What the time of a project, or of one of its tasks, costs the customer of a contract."""

    _name = "billing.service"
    _description = "Service"
    _inherit = ["billing.line.mixin"]
    _order = "contract_id, name, id"

    project_id = fields.Many2one(
        "project.project", required=True, index=True, check_company=True, ondelete="restrict",
        domain=[("allow_timesheets", "=", True)])
    task_id = fields.Many2one(
        "project.task", index="btree_not_null", check_company=True, ondelete="restrict",
        domain="[('project_id', '=', project_id)]",
        help="Empty: all time of the project but that of tasks with a service.")
    price_unit = fields.Float("Hourly Rate")
    rollup = fields.Selection(
        [("none", "No grouping"), ("employee", "By employee"), ("service", "By service")], "Invoicing Rollup",
        required=True, default="service", help="What shares a line of the invoice.")
    time_ids = fields.One2many("account.analytic.line", "billing_service_id", "Time")

    _project_uniq = models.UniqueIndex(
        "(project_id, COALESCE(task_id, 0))",
        "The time of this project or task is billed by another service: it would be billed twice.")

    def action_view_time(self):
        """Open the time that the service bills."""
        action = self.env["ir.actions.act_window"]._for_xml_id("work365_billing_timesheet.billing_time_action")
        return {**action, "domain": [("billing_service_id", "in", self.ids)], "context": {}}
