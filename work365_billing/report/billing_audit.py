from odoo import api, fields, models
from odoo.tools import SQL, format_date, formatLang

# The labels of the fields that change logs and outcomes stand for.
LABELS = (
    ("quantity", "billing.subscription", "quantity"), ("price", "billing.subscription", "price_unit"),
    ("state", "billing.schedule", "state"))


class BillingAudit(models.Model):
    """Who changed what of a contract, when, from what to what.

    One list of three sources that nobody can edit: the tracked fields of contracts, subscriptions and items, the change
    logs, and what the runs made of the billing schedules.
    """

    _name = "billing.audit"
    _description = "Audit Trail"
    _auto = False
    _order = "date desc, id desc"
    _rec_name = "what"
    _depends = {
        "mail.message": ["model", "res_id", "date", "body"],
        "mail.tracking.value": ["mail_message_id", "field_id"],
        "billing.contract": ["company_id", "partner_id", "name"],
        "billing.subscription": ["contract_id", "name"],
        "billing.change.log": ["subscription_id", "effective_date", "quantity", "price_unit", "sets_price", "event"],
        "billing.schedule": ["cycle_start", "cycle_end"],
        "billing.job": ["contract_id", "schedule_id", "job_type", "outcome", "run_id"],
        "billing.run": ["user_id"],
    }

    date = fields.Datetime("When", readonly=True)
    user_id = fields.Many2one("res.users", "Who", readonly=True)
    company_id = fields.Many2one("res.company", readonly=True)
    contract_id = fields.Many2one("billing.contract", "Billing Contract", readonly=True)
    partner_id = fields.Many2one("res.partner", "Customer", readonly=True)
    source = fields.Selection(
        [("field", "Field"), ("change_log", "Change Log"), ("run", "Billing")], readonly=True,
        help="Field: somebody, or the system, wrote the field. Change Log: a change of a subscription was entered. "
             "Billing: a run dealt with a billing cycle.")
    res_model = fields.Char("Model", readonly=True)
    res_id = fields.Many2oneReference("Record", model_field="res_model", readonly=True)
    about = fields.Char("Name", readonly=True, help="The subscription, item or billing cycle that was changed.")
    period_start = fields.Date(readonly=True)
    period_end = fields.Date(readonly=True)
    subject = fields.Char("About", compute="_compute_subject")
    what = fields.Char(readonly=True)
    field_name = fields.Char("Technical Name", readonly=True)
    effective_date = fields.Date(readonly=True, help="First day on which a change log counts.")
    value_type = fields.Char(readonly=True)
    old_value = fields.Char(readonly=True)
    new_value = fields.Char(readonly=True)
    old_text = fields.Char("From", compute="_compute_texts")
    new_text = fields.Char("To", compute="_compute_texts")

    @property
    def _table_query(self):
        return SQL(
            "SELECT * FROM (%s UNION ALL %s UNION ALL %s) AS trail",
            self._select_fields(), self._select_change_logs(), self._select_outcomes())

    def _select_fields(self):
        """Tracked values hang on the chatter of the contract, those of items too, or of the subscription."""
        old, new = (self._tracked_value(side) for side in ("old", "new"))
        return SQL(
            """
            SELECT value.id::bigint * 4 AS id, message.date, message.create_uid AS user_id, contract.company_id,
                   contract.id AS contract_id, contract.partner_id, 'field' AS source, message.model AS res_model,
                   message.res_id,
                   CASE WHEN field.model NOT IN ('billing.contract', 'billing.subscription')
                        THEN REGEXP_REPLACE(message.body, '<[^>]+>', '', 'g') ELSE subscription.name END AS about,
                   NULL::date AS period_start, NULL::date AS period_end,
                   %(label)s AS what, field.name AS field_name, NULL::date AS effective_date,
                   field.ttype AS value_type, %(old)s AS old_value, %(new)s AS new_value
              FROM mail_tracking_value value
              JOIN mail_message message ON message.id = value.mail_message_id
              JOIN ir_model_fields field ON field.id = value.field_id
         LEFT JOIN billing_subscription subscription
                ON message.model = 'billing.subscription' AND subscription.id = message.res_id
              JOIN billing_contract contract
                ON contract.id = CASE WHEN message.model = 'billing.contract' THEN message.res_id
                                      ELSE subscription.contract_id END
             WHERE message.model IN ('billing.contract', 'billing.subscription')
            """, label=self._label("field"), old=old, new=new)

    def _tracked_value(self, side):
        columns = {
            kind: SQL.identifier("value", f"{side}_value_{kind}")
            for kind in ("integer", "float", "char", "text", "datetime")}
        return SQL(
            """
            CASE WHEN field.ttype = 'date' THEN TO_CHAR(%(datetime)s, 'YYYY-MM-DD')
                 WHEN field.ttype = 'datetime' THEN TO_CHAR(%(datetime)s, 'YYYY-MM-DD HH24:MI:SS')
                 WHEN field.ttype IN ('float', 'monetary') THEN %(float)s::text
                 WHEN field.ttype IN ('integer', 'boolean') THEN %(integer)s::text
                 WHEN field.ttype = 'text' THEN %(text)s
                 ELSE %(char)s END""", **columns)

    def _select_change_logs(self):
        """A change log is a change of the quantity, of the price, or of both."""
        return SQL(
            """
            SELECT log.id::bigint * 4 + change.number AS id, log.create_date AS date, log.create_uid AS user_id,
                   log.company_id, log.contract_id, contract.partner_id, 'change_log' AS source,
                   'billing.subscription' AS res_model, log.subscription_id AS res_id, subscription.name AS about,
                   NULL::date AS period_start, NULL::date AS period_end,
                   change.what, change.field_name, log.effective_date, 'float' AS value_type,
                   change.old_value::text AS old_value, change.new_value::text AS new_value
              FROM (SELECT *,
                           SUM(quantity) OVER (PARTITION BY subscription_id ORDER BY effective_date, id) AS units,
                           LAG(price_unit) OVER (
                               PARTITION BY subscription_id, sets_price ORDER BY effective_date, id) AS price_before
                      FROM billing_change_log) AS log
              JOIN billing_subscription subscription ON subscription.id = log.subscription_id
              JOIN billing_contract contract ON contract.id = log.contract_id
              JOIN LATERAL (VALUES
                   (1, 'quantity', %(quantity)s, log.units - log.quantity, log.units,
                    log.quantity != 0 OR log.event = 'deactivate'),
                   (2, 'price_unit', %(price)s, log.price_before, log.price_unit, log.sets_price)
                   ) AS change(number, field_name, what, old_value, new_value, is_change) ON change.is_change
            """, **self._labels())

    def _select_outcomes(self):
        return SQL(
            """
            SELECT job.id::bigint * 4 + 3 AS id, job.create_date AS date, run.user_id, job.company_id, job.contract_id,
                   contract.partner_id, 'run' AS source, 'billing.schedule' AS res_model, job.schedule_id AS res_id,
                   NULL AS about, schedule.cycle_start AS period_start, schedule.cycle_end AS period_end,
                   %(state)s AS what, 'state' AS field_name, NULL::date AS effective_date, 'outcome' AS value_type,
                   NULL AS old_value, job.outcome AS new_value
              FROM billing_job job
              JOIN billing_run run ON run.id = job.run_id
              JOIN billing_schedule schedule ON schedule.id = job.schedule_id
              JOIN billing_contract contract ON contract.id = job.contract_id
             WHERE job.job_type = 'invoice' AND job.outcome IN ('invoiced', 'skipped', 'failed')
            """, **self._labels())

    def _labels(self):
        """Return, by key of ``LABELS``, the SQL of the label in the user's language."""
        return {key: SQL(
            "(SELECT %s FROM ir_model_fields field WHERE field.model = %s AND field.name = %s)",
            self._label("field"), model, name) for key, model, name in LABELS}

    def _label(self, alias):
        description = SQL.identifier(alias, "field_description")
        return SQL(
            "COALESCE(%s ->> %s, %s ->> 'en_US')", description, self.env.lang or "en_US", description)

    # ---- in the user's words ----------------------------------------------------------------------------------------

    @api.depends("about", "period_start", "period_end")
    @api.depends_context("lang")
    def _compute_subject(self):
        for entry in self:
            entry.subject = entry.about or (entry.period_start and (
                f"{format_date(self.env, entry.period_start)} – {format_date(self.env, entry.period_end)}"))

    @api.depends("old_value", "new_value", "value_type")
    @api.depends_context("lang")
    def _compute_texts(self):
        outcomes = dict(self.env["billing.job"]._fields["outcome"]._description_selection(self.env))
        for entry in self:
            entry.old_text, entry.new_text = (
                entry._format(value, outcomes) for value in (entry.old_value, entry.new_value))

    def _format(self, value, outcomes):
        if not value:
            return value
        if self.value_type == "outcome":
            return outcomes.get(value)
        if self.value_type == "date":
            return format_date(self.env, value)
        if self.value_type in ("float", "monetary"):
            decimals = len(value.partition(".")[2])
            return formatLang(self.env, float(value), digits=max(2, min(decimals, 6)))
        if self.value_type == "boolean":
            return self.env._("Yes") if value != "0" else self.env._("No")
        return value

    def action_open_record(self):
        """Open what was changed."""
        self.ensure_one()
        return {
            "type": "ir.actions.act_window", "res_model": self.res_model, "res_id": self.res_id,
            "views": [(False, "form")]}
