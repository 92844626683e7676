from odoo import models


class RepeatingInvoice(models.Model):
    """The entries of the *Select* menu of a repeating invoice: each opens a window or a list."""

    _inherit = "repeating.invoice"

    def action_view(self):
        """*View Repeating Invoice*."""
        self.ensure_one()
        return {"type": "ir.actions.act_window", "res_model": self._name, "res_id": self.id, "view_mode": "form"}

    def action_cancel(self):
        """*Cancel Repeating Invoice*."""
        return self._open_window("repeating.invoice.cancel", self.env._("Cancel Repeating Invoice"))

    def action_change_run_date(self):
        """*Change Run Date*."""
        return self._open_window("repeating.invoice.change.run.date", self.env._("Change Run Date"))

    def action_reactivate(self):
        """*Re-Activate Repeating Invoice*."""
        return self._open_window("repeating.invoice.reactivate", self.env._("Re-Activate Repeating Invoice"))

    def action_refuse(self):
        """Refuse what awaits approval."""
        return self._open_window("repeating.invoice.refuse", self.env._("Refuse Repeating Invoice"))

    def action_calculate(self):
        """*Calculate Future Invoices*, for one or for many."""
        self.check_access("read")
        return self.env["repeating.invoice.calculate"].create({"repeating_invoice_ids": self.ids})._action_open()

    def action_escalation_dry_run(self):
        """*Escalation Dry Run*: how prices are going to rise, for one or for many."""
        self.check_access("read")
        return self.env["repeating.escalation.dry.run"].create({"repeating_invoice_ids": self.ids})._action_open()

    def action_view_history(self):
        """*History Transactions*: what the client was invoiced, credited and has paid, oldest last."""
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id("billdozer_repeating.history_transactions_action")
        client = self.partner_id.commercial_partner_id
        return {**action, "name": self.env._("History Transactions of %(client)s", client=client.name), "domain": [
            ("partner_id", "child_of", client.id), ("account_type", "=", "asset_receivable"),
            ("parent_state", "=", "posted"), ("company_id", "=", self.company_id.id)]}

    def action_download_mandate(self):
        """*Download Mandate PDF* of its contract.

        :raises UserError: when the contract has no mandate
        """
        self.ensure_one()
        return self.contract_id.action_download_mandate()

    def _open_window(self, model, name):
        self.ensure_one()
        self.check_access("write")
        return self.env[model].create({"repeating_invoice_id": self.id})._action_open(name)
