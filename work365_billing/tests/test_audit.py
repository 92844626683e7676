from odoo import Command
from odoo.exceptions import AccessError
from odoo.tests import new_test_user, tagged

from .common import BillingCommon


@tagged("post_install", "-at_install")
class TestAudit(BillingCommon):
    """Who changed what, when, from what to what."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.clerk = cls.make_user("audit_clerk", "user", cls.company)
        cls.viewer = cls.make_user("audit_viewer", "viewer", cls.company)

    @classmethod
    def make_user(cls, login, group, company):
        return new_test_user(
            cls.env, login=login, groups=f"work365_billing.billing_group_{group}", company_id=company.id,
            company_ids=[Command.set(company.ids)], tz="UTC")

    def setUp(self):
        super().setUp()
        self.contract = self.make_contract({"quantity": 5, "price_unit": 30.0}, date_start="2026-04-01")
        self.commit()
        self.seen = self.env["billing.audit"].search([])

    def as_clerk(self, record):
        """Return ``record`` for the clerk, with the tracking that Odoo's accounting tests switch off."""
        return record.with_user(self.clerk).with_context(tracking_disable=False, mail_notrack=False)

    def commit(self):
        """Write down what is tracked, as the end of a request does."""
        self.env.flush_all()
        self.cr.flush()
        self.env.invalidate_all()

    def trail(self, user=None):
        """Return what was added to the trail of the contract, oldest first, as tuples."""
        self.commit()
        entries = (self.env["billing.audit"].search([("contract_id", "=", self.contract.id)]) - self.seen).sorted("id")
        return [(
            entry.user_id.login, entry.source, entry.subject or "", entry.what, entry.old_text or "",
            entry.new_text or "")
            for entry in entries.with_user(user or self.env.user)]

    def test_many_contracts_at_once(self):
        """What is told of many equals what is told of one."""
        others = self.env["billing.contract"].concat(*(
            self.make_contract({"price_unit": 30.0}, date_start="2026-04-01", name=name) for name in "ABC"))
        self.commit()
        told = {contract: contract.message_ids for contract in self.contract | others}
        for contracts in (self.contract, others):
            with self.today("2026-04-10"):
                self.as_clerk(contracts).write({"billing_offset": 3, "discount": 12.5})
            self.commit()
        messages = [contract.message_ids - told[contract] for contract in self.contract | others]
        self.assertEqual([len(message) for message in messages], [1] * 4)
        names = ("author_id", "subtype_id", "message_type", "is_internal", "body", "email_from", "create_uid")
        alone, *together = [
            ([message[name] for name in names], [
                (value.field_id.name, value.old_value_integer, value.new_value_integer, value.old_value_float,
                 value.new_value_float, value.old_value_datetime, value.new_value_datetime)
                for value in message.sudo().tracking_value_ids.sorted(lambda value: value.field_id.name)])
            for message in messages]
        self.assertEqual(alone[0][0], self.clerk.partner_id)
        self.assertEqual([value[0] for value in alone[1]], ["billing_offset", "discount", "next_invoice_date"])
        self.assertEqual(together, [alone] * 3)

    def test_changes_of_the_contract(self):
        with self.today("2026-04-10"):
            contract = self.as_clerk(self.contract)
            contract.write({"billing_offset": 3, "discount": 12.5, "auto_sync": True, "date_end": "2027-03-31"})
            self.commit()
            contract.action_suspend()
        self.assertCountEqual(self.trail(), [
            ("audit_clerk", "field", "", "Billing Offset (days)", "1", "3"),
            ("audit_clerk", "field", "", "Discount (%)", "0.00", "12.50"),
            ("audit_clerk", "field", "", "Auto Sync Invoice", "No", "Yes"),
            ("audit_clerk", "field", "", "End Date", "", "03/31/2027"),
            ("audit_clerk", "field", "", "Next Invoice Date", "04/02/2026", "04/04/2026"),
            ("audit_clerk", "field", "", "State", "Active", "Suspended"),
            ("audit_clerk", "field", "", "Next Invoice Date", "04/04/2026", "")])

    def test_a_context_from_outside_keeps_nothing_out(self):
        """What the job collects messages in cannot be handed in over the web API."""
        with self.today("2026-04-10"):
            self.as_clerk(self.contract).with_context(billing_notes=[]).write({"discount": 12.5})
        self.assertEqual(self.trail(), [("audit_clerk", "field", "", "Discount (%)", "0.00", "12.50")])

    def test_changes_of_a_subscription(self):
        subscription = self.as_clerk(self.contract.subscription_ids)
        with self.today("2026-04-10"):
            subscription.change_quantity(8, "2026-04-16")
            subscription.change_price(27.5, "2026-05-01")
            subscription.write({"discount": 10.0, "date_end": "2026-12-31", "billable": False})
            subscription.change_quantity(7, "2026-04-05")
        name = "Business Premium"
        self.assertCountEqual(self.trail(), [
            ("audit_clerk", "change_log", name, "Quantity", "7.00", "10.00"),  # of 16 April, on top of that of the 5th
            ("audit_clerk", "change_log", name, "Unit Price", "30.00", "27.50"),
            ("audit_clerk", "change_log", name, "Quantity", "5.00", "7.00"),
            ("audit_clerk", "field", name, "Discount (%)", "0.00", "10.00"),
            ("audit_clerk", "field", name, "End Date", "", "12/31/2026"),
            ("audit_clerk", "field", name, "Billable", "Yes", "No"),
            ("audit_clerk", "field", name, "Quantity", "5.00", "7.00")])
        logs = self.env["billing.audit"].search([
            ("contract_id", "=", self.contract.id), ("source", "=", "change_log")]) - self.seen
        self.assertEqual(sorted(map(str, logs.mapped("effective_date"))), ["2026-04-05", "2026-04-16", "2026-05-01"])

    def test_lines_are_told_on_the_contract(self):
        contract = self.as_clerk(self.contract)
        contract.item_ids = [Command.create({
            "product_id": self.licence.id, "name": "Set-up", "price_unit": 500.0, "invoice_on": "2026-06-01"})]
        item = contract.item_ids
        item.write({"price_unit": 450.0, "invoice_on": "2026-07-01", "name": "Set-up, reduced"})
        self.assertCountEqual(self.trail(), [
            ("audit_clerk", "field", "Set-up, reduced", "Unit Price", "500.00", "450.00"),
            ("audit_clerk", "field", "Set-up, reduced", "Invoice On", "06/01/2026", "07/01/2026")])
        item.unlink()
        contract.subscription_ids.unlink()
        told = [str(message.body) for message in contract.message_ids if "ed: " in message.body]
        self.assertEqual(
            told, ["<p>Removed: Business Premium</p>", "<p>Removed: Set-up, reduced</p>", "<p>Added: Set-up</p>"])

    def test_what_the_billing_does(self):
        self.run_job("2026-04-02")
        with self.today("2026-04-10"):
            second = self.as_clerk(self.contract).schedule_ids.sorted("cycle_start")[1]
            second.action_skip()
        with self.today("2026-04-11"):
            window = self.as_clerk(self.env["billing.generate"]).create({"contract_id": self.contract.id})
            window.action_proceed()
        system = self.env.ref("base.user_root").login
        self.assertCountEqual(self.trail(), [
            (system, "run", "04/01/2026 – 04/30/2026", "Status Reason", "", "Invoiced"),
            (system, "field", "", "Next Invoice Date", "04/02/2026", "05/02/2026"),
            ("audit_clerk", "field", "", "Next Invoice Date", "05/02/2026", "07/02/2026"),
            ("audit_clerk", "run", "06/01/2026 – 06/30/2026", "Status Reason", "", "Invoiced")])

    def test_a_retry_is_told_and_triggers_the_job(self):
        row = self.contract.schedule_ids[0]
        row.sudo()._set_error("no_journal", "No journal")
        before = self.env["ir.cron.trigger"].search_count([("cron_id", "=", self.cron.id)])
        self.as_clerk(row).action_retry()
        self.assertEqual(
            str(self.contract.message_ids[0].body),
            f"<p>{self.clerk.name} asked to try period 04/01/2026 – 04/30/2026 again.</p>")
        self.assertEqual(self.env["ir.cron.trigger"].search_count([("cron_id", "=", self.cron.id)]), before + 1)

    def test_a_viewer_reads_and_nobody_writes(self):
        with self.today("2026-04-10"):
            self.as_clerk(self.contract).discount = 5.0
        [entry] = self.trail(self.viewer)
        self.assertEqual(entry, ("audit_clerk", "field", "", "Discount (%)", "0.00", "5.00"))
        record = self.env["billing.audit"].search([], limit=1)
        for attempt in (lambda: record.with_user(self.clerk).write({"new_value": "x"}),
                        lambda: record.with_user(self.clerk).unlink(),
                        lambda: self.env["mail.tracking.value"].with_user(self.viewer).search([])):
            with self.assertRaises(AccessError):
                attempt()

    def test_other_companies_are_not_shown(self):
        other = self.setup_other_company(name="Company B")["company"]
        foreign = self.make_user("audit_foreign", "admin", other)
        self.assertTrue(self.env["billing.audit"].search_count([("contract_id", "=", self.contract.id)]))
        self.assertFalse(self.env["billing.audit"].with_user(foreign).search([]))

    def test_a_row_opens_what_was_changed(self):
        self.run_job("2026-04-02")
        self.as_clerk(self.contract).discount = 3.0
        self.commit()
        opened = {
            entry.source: (entry.action_open_record()["res_model"], entry.action_open_record()["res_id"])
            for entry in self.env["billing.audit"].search([("contract_id", "=", self.contract.id)])}
        self.assertEqual(opened, {
            "field": ("billing.contract", self.contract.id),
            "change_log": ("billing.subscription", self.contract.subscription_ids.id),
            "run": ("billing.schedule", self.contract.schedule_ids.sorted("cycle_start")[0].id)})
