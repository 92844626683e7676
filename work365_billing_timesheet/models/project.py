from odoo import fields, models


class ProjectProject(models.Model):
    _inherit = "project.project"

    billing_service_ids = fields.One2many("billing.service", "project_id", "Billing Services")


class ProjectTask(models.Model):
    _inherit = "project.task"

    billing_service_ids = fields.One2many("billing.service", "task_id", "Billing Services")
