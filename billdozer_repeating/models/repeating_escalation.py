from odoo import api, fields, models
from odoo.exceptions import ValidationError

from ..engine.escalation import Escalation


class RepeatingEscalation(models.Model):
    """How prices rise each year: one percentage, or another for some of the years, and how far at most."""

    _name = "repeating.escalation"
    _description = "Contract Escalation"
    _order = "name, id"

    name = fields.Char(required=True, translate=True)
    percent = fields.Float("Escalation (%)", digits=(16, 4), help="Of every year that the table does not name.")
    year_ids = fields.One2many("repeating.escalation.year", "escalation_id", "Percentages by Year", copy=True)
    max_percent = fields.Float(
        "At Most (%)", digits=(16, 4), help="No year raises a price by more than this. 0: no limit.")
    company_id = fields.Many2one("res.company", index=True, help="Empty: for all companies.")
    active = fields.Boolean(default=True)

    _percent_range = models.Constraint(
        "CHECK (percent > -100 AND percent <= 1000)", "Enter an escalation between -100 and 1000 percent.")
    _max_percent_positive = models.Constraint(
        "CHECK (max_percent >= 0)", "A limit is a percentage above zero: enter 0 for no limit.")

    def _get_engine(self, percent):
        """Return the engine's escalation.

        :param percent: of every year that the table does not name
        """
        return Escalation(
            percent=percent, by_year={year.year: year.percent for year in self.year_ids},
            max_percent=self.max_percent or None)


class RepeatingEscalationYear(models.Model):
    """The percentage of one year of an escalation."""

    _name = "repeating.escalation.year"
    _description = "Escalation of a Year"
    _order = "escalation_id, year"

    escalation_id = fields.Many2one("repeating.escalation", required=True, index=True, ondelete="cascade")
    company_id = fields.Many2one(related="escalation_id.company_id", store=True, index=True)
    year = fields.Integer("Anniversary", required=True, help="1 is the first anniversary of the run date.")
    percent = fields.Float("Escalation (%)", digits=(16, 4), required=True)

    _year_uniq = models.UniqueIndex("(escalation_id, year)", "This anniversary has a percentage already.")
    _year_positive = models.Constraint("CHECK (year >= 1)", "Anniversaries are counted from 1, the first.")

    @api.constrains("percent")
    def _check_percent(self):
        for year in self:
            if not -100 < year.percent <= 1000:
                raise ValidationError(self.env._("Enter an escalation between -100 and 1000 percent."))
