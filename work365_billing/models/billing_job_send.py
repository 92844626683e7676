"""Sending: an e-mail with the PDF, queued in the transaction that marks the task as done, and watched afterwards."""

from datetime import timedelta

from odoo import fields, models
from odoo.exceptions import UserError
from odoo.fields import Domain

SEND_BATCH = 20
WATCH = timedelta(days=7)  # how long after the sending a mail server's refusal is looked for
NOT_DELIVERED = ("bounce", "exception")


class BillingJob(models.Model):
    _inherit = "billing.job"

    mail_message_id = fields.Many2one(
        "mail.message", "E-mail", index="btree_not_null", ondelete="set null", readonly=True)

    _sent_idx = models.Index("(company_id, write_date) WHERE job_type = 'send' AND state = 'succeeded'")

    def _send_due(self):
        """Send the posted invoices of the company whose charge is answered; commits after every batch."""
        executor = self.env["billing.executor"]
        while executor._has_time() and executor._transaction(self._send_next):
            pass

    def _send_next(self):
        """Send the next batch of the company and return how many tasks that were."""
        company = self.env.company
        due = self._get_waiting_domain(company, "send") & Domain("invoice_id", "any", [
            ("state", "=", "posted"), ("billing_job_ids", "not any", self._get_unanswered_domain())])
        jobs = self._claim_tasks(due, SEND_BATCH)
        jobs._send_batch()
        return len(jobs)

    def _send_batch(self):
        """Send the invoices of these tasks (locked by the caller); whatever refuses one harms no other."""
        for job in self:
            exc = self.env["billing.executor"]._attempt(job._send_invoice)
            if exc:
                job._set_failed(exc)
        if self.filtered(lambda job: job.state == "succeeded"):
            self.env.ref("mail.ir_cron_mail_scheduler_action")._trigger()  # else they leave within the hour

    def _send_invoice(self):
        """Queue the mail, of which ``account.move.send`` tells ``_set_sent``.

        :raises UserError: when it cannot be sent
        """
        problem = self._get_send_problem()
        if problem:
            raise UserError(problem)
        is_mended = bool(self.message)
        self.env["account.move.send"]._generate_and_send_invoices(
            self.invoice_id, sending_methods=["email"], **self._get_again_settings())
        if self.state != "succeeded":  # Odoo counts an invoice as sent whose mail nobody gets
            raise UserError(self.env._("Odoo did not queue the e-mail: send the invoice with its Send button."))
        if is_mended:
            self.contract_id._close_alerts(self.env._("The invoice was sent."))

    def _get_send_problem(self):
        if self.invoice_id.state != "posted":
            return self.env._("%(invoice)s must be posted before it is sent.", invoice=self.invoice_id.display_name)
        return self.contract_id._get_send_problem(self.invoice_id.partner_id)

    def _get_again_settings(self):
        """After mails that did not arrive, only those whom they did not reach get one again."""
        failed = self.mail_message_id.sudo().notification_ids.filtered(_is_not_delivered).res_partner_id
        reachable = failed.filtered("email_normalized")
        return {"mail_partner_ids": reachable.ids} if reachable else {}

    def _set_sent(self, move, message):
        """Whoever has sent ``move``: the task of sending it is done; ``message`` is watched."""
        jobs = self.search([
            ("invoice_id", "=", move.id), ("job_type", "=", "send"), ("state", "in", ("waiting", "failed"))])
        addresses = ", ".join(message.partner_ids.filtered("email").mapped("email"))
        for job in jobs:
            job.write({
                "state": "succeeded", "not_before": False, "attempts": job.attempts + 1,
                "mail_message_id": message.id,
                "message": self.env._("Handed to the mail queue for %(addresses)s.", addresses=addresses)})

    # ---- afterwards -------------------------------------------------------------------------------------------------

    def _get_watched_domain(self):
        """Return the domain of the mails that may still come back."""
        return (
            Domain("job_type", "=", "send") & Domain("state", "=", "succeeded")
            & Domain("write_date", ">=", fields.Datetime.now() - WATCH))

    def _fail_bounced(self):
        """Fail the tasks whose mail was refused or has come back: the mail server answers after the queue."""
        bounced = self.search(
            self._get_watched_domain() & Domain("company_id", "=", self.env.company.id)
            & Domain("mail_message_id.notification_ids.notification_status", "in", NOT_DELIVERED))
        for job in bounced:
            failed = job.mail_message_id.notification_ids.filtered(_is_not_delivered)
            reasons = "\n".join(
                f"{notification.res_partner_id.email or notification.mail_email_address}: "
                f"{notification.failure_reason or notification.format_failure_reason()}" for notification in failed)
            job._set_refused(self.env._(
                "The mail did not arrive. Correct the address, then run this task again: it is sent to those only "
                "whom it did not reach.\n%(reasons)s", reasons=reasons), job.attempts, final=True)

    # ---- by hand ----------------------------------------------------------------------------------------------------

    def _check_send(self):
        """Refuse to run this task now when it cannot, with the way out."""
        problem = self._get_send_problem()
        if problem:
            raise UserError(problem)
        if self.search_count(self._get_unanswered_domain() & Domain("invoice_id", "=", self.invoice_id.id), limit=1):
            raise UserError(self.env._(
                "%(invoice)s is sent after the answer to its charge: run the charge first, or use Send on the invoice.",
                invoice=self.invoice_id.display_name))


def _is_not_delivered(notification):
    return notification.notification_status in NOT_DELIVERED
