from markupsafe import Markup

from odoo import api, models


class RepeatingInvoice(models.Model):
    """The entries of the *Select* menu of a repeating invoice: each opens a window or a list."""

    _inherit = "repeating.invoice"

    @api.model
    def get_empty_list_help(self, help_message):
        """An empty list says which of the user's companies have repeating invoices and are not chosen."""
        others = self.env.user.company_ids - self.env.companies
        everywhere = self.sudo(False).with_context(  # actions are read by the system
            allowed_company_ids=self.env.user.company_ids.ids)
        if not others or not everywhere.has_access("read"):
            return super().get_empty_list_help(help_message)
        found = [company.name for [company] in everywhere._read_group(
            [("company_id", "in", others.ids)], ["company_id"])]
        hint = Markup("<p>%s</p>") % self.env._(
            "Repeating invoices of %(companies)s are shown once you choose that company at the top right.",
            companies=", ".join(found)) if found else ""
        return super().get_empty_list_help(Markup(help_message or "") + hint)  # the action's own text is markup

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
