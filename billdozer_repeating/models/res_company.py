from odoo import fields, models

CONTRACTS_PER_CLIENT = [("single", "Single"), ("multiple", "Multiple")]


class ResCompany(models.Model):
    """The billing rules of repeating invoices."""

    _inherit = "res.company"

    billdozer_days_in_advance = fields.Integer(
        "# Days in advance to generate invoices", default=15,
        help="A repeating invoice is made so many days before its run date.")
    billdozer_contracts_per_client = fields.Selection(
        CONTRACTS_PER_CLIENT, "Contracts per client", default="single", required=True,
        help="Single: all repeating invoices of a client go to one contract.")
    billdozer_approve = fields.Boolean(
        "Approve repeating invoices", help="A new repeating invoice bills nothing until it is approved.")
    billdozer_escalation_notice_days = fields.Integer(
        "Notice of an Escalation (days)", default=60,
        help="Prices that are going to rise are told so many days before the anniversary. 0: not told.")

    _billdozer_days_positive = models.Constraint(
        "CHECK (billdozer_days_in_advance >= 0 AND billdozer_escalation_notice_days >= 0)",
        "Days ahead are counted from 0: enter 0 or more.")
