"""Sending: once, with the PDF, to the contract's recipients, in their text and language; and what comes back."""

from datetime import datetime, timedelta

from odoo import Command
from odoo.exceptions import UserError
from odoo.tests import tagged
from odoo.tools import mute_logger

from .charge_common import ChargeCommon


@tagged("post_install", "-at_install")
class TestSend(ChargeCommon):
    def make(self, **vals):
        return self.make_automatic(False, **vals)

    def mails(self, contract):
        """Return the messages that went out with invoices of the contract."""
        return self.env["mail.message"].search([
            ("model", "=", "account.move"), ("res_id", "in", self.invoices(contract).ids),
            ("notification_ids.notification_type", "=", "email")], order="id")

    def refuse(self, message, partner=None):
        """Let the mail server refuse the mail to a partner, as it does when the queue is worked off."""
        notifications = message.notification_ids.filtered(lambda one: not partner or one.res_partner_id == partner)
        notifications.sudo().write({
            "notification_status": "bounce", "failure_type": "mail_bounce", "failure_reason": "No such mailbox"})

    # ---- to whom, what ----------------------------------------------------------------------------------------------

    def test_the_invoice_goes_out_with_its_pdf(self):
        contract = self.make()
        self.run_job("2026-01-02")
        move, mail = self.invoices(contract), self.mails(contract)
        self.assertRecordValues(mail, [{
            "partner_ids": self.customer.ids, "subject": f"{self.company.name} Invoice (Ref {move.name})"}])
        self.assertRecordValues(mail.attachment_ids, [{
            "name": move._get_invoice_report_filename(), "mimetype": "application/pdf"}])
        self.assertRecordValues(move, [{"is_move_sent": True, "invoice_pdf_report_id": move.invoice_pdf_report_id.id}])
        self.assertTrue(move.invoice_pdf_report_id)
        self.assertRecordValues(self.tasks(contract, "send"), [{
            "state": "succeeded", "attempts": 1, "mail_message_id": mail.id,
            "message": "Handed to the mail queue for ap@blueyonder.example."}])
        self.assertEqual(self.env["mail.mail"].search([("mail_message_id", "=", mail.id)]).state, "outgoing")

    @mute_logger("odoo.addons.base.models.ir_actions_report")  # wkhtmltopdf of the system tells what it cannot do
    def test_the_attachment_is_a_real_pdf(self):
        contract = self.make(auto_send=False)
        self.run_job("2026-01-02")
        task = self.tasks(contract).sudo().copy({"job_type": "send", "state": "waiting", "attempts": 0})
        with self.today("2026-01-02"), self.allow_pdf_render():
            task.with_context(force_report_rendering=True)._send_batch()
        self.assertTrue(self.mails(contract).attachment_ids.raw.startswith(b"%PDF-"))
        self.assertEqual(task.state, "succeeded")

    def test_the_queue_is_started_at_once(self):
        queue = self.env.ref("mail.ir_cron_mail_scheduler_action")
        triggers = self.env["ir.cron.trigger"].search_count([("cron_id", "=", queue.id)])
        self.make()
        self.run_job("2026-01-02")
        self.assertGreater(self.env["ir.cron.trigger"].search_count([("cron_id", "=", queue.id)]), triggers)

    def test_once_however_often_the_job_runs(self):
        contract = self.make()
        for hour in range(5, 9):
            self.run_job("2026-01-02", f"0{hour}:00:00")
        self.assertEqual(len(self.mails(contract)), 1)

    def test_recipients_template_and_language_of_the_contract(self):
        self.env["res.lang"]._activate_lang("de_DE")
        accounts, office = self.env["res.partner"].create([
            {"name": "Accounts", "type": "invoice", "parent_id": self.customer.id, "email": "a@blueyonder.example"},
            {"name": "Office", "email": "office@example.com"}])
        self.customer.lang = "de_DE"
        template = self.env["mail.template"].create({
            "name": "Ours", "model_id": self.env.ref("account.model_account_move").id, "use_default_to": True,
            "subject": "Your invoice {{ object.name }}", "body_html": "<p>Thank you</p>"})
        template.with_context(lang="de_DE").write({
            "subject": "Ihre Rechnung {{ object.name }}", "body_html": "<p>Vielen Dank</p>"})
        contract = self.make(mail_template_id=template.id, invoice_partner_ids=[Command.set(office.ids)])
        self.run_job("2026-01-02")
        self.assertRecordValues(self.mails(contract), [{
            "partner_ids": (accounts | office).ids, "subject": f"Ihre Rechnung {self.invoices(contract).name}",
            "body": "<p>Vielen Dank</p>"}])

    def test_a_template_may_add_recipients(self):
        boss = self.env["res.partner"].create({"name": "Boss", "email": "boss@example.com"})
        template = self.env["mail.template"].create({
            "name": "Ours", "model_id": self.env.ref("account.model_account_move").id, "use_default_to": False,
            "email_cc": "boss@example.com", "subject": "Invoice", "body_html": "<p>Hello</p>"})
        contract = self.make(mail_template_id=template.id)
        self.run_job("2026-01-02")
        self.assertEqual(self.mails(contract).partner_ids, self.customer | boss)

    def test_a_credit_note_has_the_words_of_a_credit_note(self):
        template = self.env.ref("account.email_template_edi_invoice").copy({"subject": "Our invoice"})
        contract = self.make(refund_policy="yes", mail_template_id=template.id)
        self.run_job("2026-01-02")
        with self.today("2026-01-10"):
            contract.subscription_ids.deactivate("2026-01-17", refund=True)
        self.run_job("2026-02-02")
        credit = self.invoices(contract)[1]
        self.assertEqual(credit.move_type, "out_refund")
        self.assertEqual(self.mails(contract).mapped("subject"), [
            "Our invoice", f"{self.company.name} Credit Note (Ref {credit.name})"])

    # ---- what is refused --------------------------------------------------------------------------------------------

    def test_an_address_that_was_removed_later_is_no_success(self):
        contract, fine = self.make(), self.make()
        self.customer.email = False
        fine.invoice_partner_ids = self.env["res.partner"].create({"name": "Office", "email": "office@example.com"})
        now, waits = datetime(2026, 1, 2, 5), []
        for attempt in range(1, 6):
            self.run_job(now.date(), now.time())
            task = self.tasks(contract, "send")
            self.assertRecordValues(task, [{
                "attempts": attempt, "state": "waiting" if attempt < 5 else "failed",
                "message": "Nobody has an e-mail address: enter that of Blue Yonder, or add recipients."}])
            self.assertRecordValues(contract.activity_ids, [{
                "user_id": self.salesperson.id, "summary": f"{self.invoices(contract).name} could not be sent"}])
            if attempt < 5:
                waits.append((task.not_before - now) // timedelta(minutes=1))
                now = task.not_before
        self.assertEqual(waits, [50, 100, 200, 400])
        self.assertFalse(self.mails(contract))
        self.assertFalse(self.invoices(contract).is_move_sent)
        self.assertEqual(len(self.mails(fine)), 1)
        self.customer.email = "new@blueyonder.example"
        self.run_now(task)
        self.assertRecordValues(task, [{"state": "succeeded", "attempts": 1}])
        self.assertEqual(len(self.mails(contract)), 1)
        self.assertFalse(contract.activity_ids)

    def test_one_invoice_that_cannot_be_rendered_harms_no_other(self):
        broken = self.env.ref("account.email_template_edi_invoice").copy({"subject": "{{ object.no_such_field }}"})
        contracts = self.make(), self.make(mail_template_id=broken.id), self.make()
        self.run_job("2026-01-02")
        self.assertEqual([self.tasks(contract, "send").state for contract in contracts],
                         ["succeeded", "waiting", "succeeded"])
        self.assertEqual([len(self.mails(contract)) for contract in contracts], [1, 0, 1])
        self.assertFalse(self.invoices(contracts[1]).is_move_sent)

    # ---- what comes back --------------------------------------------------------------------------------------------

    def test_a_mail_that_comes_back_fails_the_task(self):
        office = self.env["res.partner"].create({"name": "Office", "email": "ofice@example.com"})
        contract = self.make(invoice_partner_ids=[Command.set(office.ids)])
        self.run_job("2026-01-02")
        self.refuse(self.mails(contract), office)
        self.run_job("2026-01-02", "06:00:00")
        task = self.tasks(contract, "send")
        self.assertRecordValues(task, [{"state": "failed", "attempts": 1}])
        self.assertIn("ofice@example.com: No such mailbox", task.message)
        self.assertRecordValues(contract.activity_ids, [{
            "summary": f"{self.invoices(contract).name} could not be sent"}])
        self.run_job("2026-01-05")
        self.assertEqual(len(self.mails(contract)), 1)
        office.email = "office@example.com"
        self.run_now(task, "2026-01-05")
        self.assertEqual([mail.partner_ids for mail in self.mails(contract)], [self.customer | office, office])
        self.assertRecordValues(task, [{"state": "succeeded"}])
        self.assertFalse(contract.activity_ids)
        self.run_job("2026-01-06")
        self.assertRecordValues(task, [{"state": "succeeded"}])

    # ---- by hand ----------------------------------------------------------------------------------------------------

    def send_by_hand(self, move):
        """Press Send in the window that Send on the invoice opens."""
        wizard = self.env["account.move.send.wizard"].with_context(
            active_model="account.move", active_ids=move.ids, allow_partners_without_mail=True).create({})
        wizard.action_send_and_print()
        return wizard

    def test_sent_by_hand_it_goes_to_the_same_and_is_not_sent_again(self):
        office = self.env["res.partner"].create({"name": "Office", "email": "office@example.com"})
        template = self.env.ref("account.email_template_edi_invoice").copy({"subject": "Our invoice"})
        contract = self.make_automatic(
            "error", date_start="2026-02-01", today="2026-01-10", billing_offset=-3,
            invoice_date_policy="cycle_start", invoice_partner_ids=[Command.set(office.ids)],
            mail_template_id=template.id)
        self.run_job("2026-01-29")
        with self.today("2026-01-30"):
            self.invoices(contract).action_post()
            wizard = self.send_by_hand(self.invoices(contract))
        self.assertRecordValues(wizard, [{
            "template_id": template.id, "mail_partner_ids": (self.customer | office).ids}])
        self.assertRecordValues(self.mails(contract), [{"partner_ids": (self.customer | office).ids}])
        self.run_job("2026-02-01")
        self.assertRecordValues(self.tasks(contract, "send"), [{
            "state": "succeeded", "mail_message_id": self.mails(contract).id}])

    def test_run_now_sends_no_draft_and_nothing_twice(self):
        contract = self.make(
            date_start="2026-02-01", today="2026-01-10", billing_offset=-3, invoice_date_policy="cycle_start")
        self.run_job("2026-01-29")
        with self.assertRaisesRegex(UserError, "must be posted before it is sent"):
            self.run_now(self.tasks(contract, "send"), "2026-01-29")
        self.run_job("2026-02-01")
        with self.assertRaisesRegex(UserError, "waiting or failed"):
            self.run_now(self.tasks(contract, "send"), "2026-02-01")
