from odoo import models
from odoo.tools import clean_context, groupby

# Through Odoo's own method, which decides what is told of each record: the notes that it would save one by one.
NOTES = "billing_notes"
TOLD = {"body", "author_id", "subtype_id", "tracking_value_ids"}


class Notes(list):
    """Pairs of a record and the arguments of its message, collected while Odoo looks at many records."""

    def __init__(self):
        super().__init__()
        self.subtypes = {}  # those that were looked up


class BillingTrackingMixin(models.AbstractModel):
    """Records that a job changes by the hundred: what is told of them in the chatter is saved together.

    The messages are those of Odoo. A record that somebody follows, or that has a conversation already, is left to it
    where a message goes to followers.
    """

    _name = "billing.tracking.mixin"
    _inherit = "mail.thread"
    _description = "Changes Told Together"

    def _message_track(self, fields_iter, initial_values_dict):
        if not self._tells_together():
            return super()._message_track(fields_iter, initial_values_dict)
        notes = Notes()
        result = super(BillingTrackingMixin, self.with_context(**{NOTES: notes}))._message_track(
            fields_iter, initial_values_dict)
        self._save_notes(notes)
        return result

    def _tells_together(self):
        return len(self) > 1

    def _message_log(self, **values):
        if self._collects_note(values):
            self.env.context[NOTES].append((self, values))
            return self.env["mail.message"]
        return super()._message_log(**values)

    def message_post(self, **values):
        if not self._collects_note(values):
            return super().message_post(**values)
        if self.sudo().message_follower_ids or self.sudo().message_ids:
            return super(BillingTrackingMixin, self.with_context(**{NOTES: None})).message_post(**values)
        self.env.context[NOTES].append((self, values))
        return self.env["mail.message"]

    def _collects_note(self, values):
        # A context that comes in over the web API holds no such list: nobody keeps a change out of the chatter with it.
        return isinstance(self.env.context.get(NOTES), Notes) and values.keys() <= TOLD

    def _save_notes(self, notes):
        """Save what is told of the records."""
        def get_head(note):
            return note[1].get("author_id"), note[1].get("subtype_id")

        for (author, subtype), group in groupby(notes, get_head):
            records = self.browse().concat(*(record for record, _values in group))
            bodies = {record.id: values["body"] for record, values in group}
            messages = (
                records._post_together(bodies, author, subtype) if subtype
                else records._message_log_batch(bodies, author_id=author))
            self.env["mail.tracking.value"].sudo().create([
                {**command[2], "mail_message_id": message.id}
                for message, (_record, values) in zip(messages, group, strict=True)
                for command in values["tracking_value_ids"]])

    def _post_together(self, bodies, author_id, subtype_id):
        """Create the messages that ``message_post`` makes where nobody is to be notified, and return them."""
        records = self.with_context(clean_context(self.env.context))
        author_id, email_from = records._message_compute_author(author_id)
        companies = records._mail_get_companies(default=self.env.company)
        domains = records.sudo()._mail_get_alias_domains(default_company=self.env.company)
        addresses = records._notify_get_reply_to(default=email_from, author_id=author_id)
        return records._message_create([
            {
                "author_id": author_id, "author_guest_id": False, "email_from": email_from, "model": self._name,
                "res_id": record.id, "body": bodies[record.id], "message_type": "notification", "parent_id": False,
                "subject": False, "subtype_id": subtype_id, "partner_ids": [], "incoming_email_to": False,
                "incoming_email_cc": False, "outgoing_email_to": False, "email_add_signature": True,
                "record_alias_domain_id": domains[record.id].id, "record_company_id": companies[record.id].id,
                "reply_to": addresses[record.id],
            }
            for record in records])
