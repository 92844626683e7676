"""Cancel, suspend and activate a contract with repeating invoices, and the follow-up that each leaves on its date."""

from odoo import models

SERVICE_OFF = "billdozer_repeating.mail_activity_service_off"
SERVICE_ON = "billdozer_repeating.mail_activity_service_on"


class BillingContract(models.Model):
    _inherit = "billing.contract"

    # ---- cancel -----------------------------------------------------------------------------------------------------

    def close(self, stop_date=None, refund=False, items="bill"):
        moves = super().close(stop_date, refund, items)
        if self.repeating_invoice_ids:
            self._withdraw_follow_up(SERVICE_ON, self.env._("The contract was cancelled."))
            self._follow_up(SERVICE_OFF, self.date_end)
        return moves

    def action_open_close(self):
        """Where it has repeating invoices the window is called *Cancel*."""
        action = super().action_open_close()
        if self.repeating_invoice_ids:
            action["name"] = self.env._("Cancel %(contract)s", contract=self.name)
        return action

    def _enter_end(self, closing):
        """The repeating invoices end with their contract: a run up to its last day is invoiced whole, none after."""
        result = super()._enter_end(closing)
        self._get_ending_invoices(closing)._enter_last_access(closing.stop)
        return result

    def _finish_closing(self, closing):
        result = super()._finish_closing(closing)
        self.repeating_invoice_ids._deactivate_ended()
        return result

    def _set_closed(self):
        """Lines whose last run goes on after the last day of the contract end with it all the same."""
        result = super()._set_closed()
        self.repeating_invoice_ids.line_ids.subscription_id._apply_closing()
        return result

    def _check_end_after(self, invoiced):
        """A run that has begun by the end is invoiced whole."""
        whole = invoiced.filtered(
            lambda row: row.repeating_invoice_id and self.date_end and row.cycle_start <= self.date_end)
        return super()._check_end_after(invoiced - whole)

    def _get_ending_invoices(self, closing):
        """Return the repeating invoices that a closing ends earlier than they would end by themselves."""
        return self.repeating_invoice_ids.filtered(lambda invoice: invoice.state != "inactive" and not (
            invoice.date_end and invoice.date_end <= closing.stop))

    def _explain_closing(self, closing):
        notes = super()._explain_closing(closing)
        ending = self._get_ending_invoices(closing)
        return notes + [self.env._(
            "Ends on %(stop)s and becomes inactive: %(name)s. A run up to that day is invoiced whole.",
            stop=self._format_day(closing.stop), name=invoice.name) for invoice in ending]

    # ---- suspend and activate ---------------------------------------------------------------------------------------

    def suspend(self, effective_date=None, resume_on=None, policy="nothing", reason=None):
        result = super().suspend(effective_date, resume_on, policy, reason)
        if self.repeating_invoice_ids:
            self._follow_up(SERVICE_OFF, self.suspend_on)
            if self.resume_on:
                self._follow_up(SERVICE_ON, self.resume_on)
        return result

    def resume(self, effective_date=None):
        result = super().resume(effective_date)
        if self.repeating_invoice_ids:
            self._follow_up(SERVICE_ON, self.resume_on or self.company_id._billing_today())
        return result

    def _end_suspension(self):
        result = super()._end_suspension()
        for contract in self.filtered("repeating_invoice_ids"):
            contract._withdraw_follow_up(SERVICE_OFF, self.env._("The contract is active again."))
        return result

    def action_open_resume(self):
        """Where it has repeating invoices the window is called *Activate*."""
        action = super().action_open_resume()
        if self.repeating_invoice_ids:
            action["name"] = self.env._("Activate %(contract)s", contract=self.name)
        return action

    def withdraw_suspension(self):
        result = super().withdraw_suspension()
        self._withdraw_follow_up(SERVICE_OFF, self.env._("The suspension was withdrawn."))
        self._withdraw_follow_up(SERVICE_ON, self.env._("The suspension was withdrawn."))
        return result

    def write(self, vals):
        """A later end, or none, withdraws a cancellation that has not come yet."""
        ends = {contract: contract.date_end for contract in self} if "date_end" in vals else {}
        result = super().write(vals)
        for contract, end in ends.items():
            if end and (not contract.date_end or contract.date_end > end):
                contract._withdraw_follow_up(SERVICE_OFF, self.env._("The end of the contract was moved."), end)
        return result

    # ---- the follow-up ----------------------------------------------------------------------------------------------

    def _follow_up(self, kind, day):
        """Leave one open activity of ``kind`` on ``day`` for the salesperson; one of another day makes way."""
        found = self.sudo().activity_search([kind])
        if day in found.mapped("date_deadline"):
            return
        found.unlink()
        summary = (
            self.env._("Switch the service off for %(client)s", client=self.partner_id.name) if kind == SERVICE_OFF
            else self.env._("Switch the service on for %(client)s", client=self.partner_id.name))
        self.activity_schedule(kind, day, summary=summary, user_id=self.user_id.id or self.env.uid)

    def _withdraw_follow_up(self, kind, feedback, day=None):
        """Close the activity of ``kind``, on ``day`` if one is given: what it asked for was withdrawn."""
        found = self.sudo().activity_search([kind])  # whoever withdraws it, whoever was to do it
        found = found.filtered(lambda activity: not day or activity.date_deadline == day)
        found.action_feedback(feedback=feedback)
