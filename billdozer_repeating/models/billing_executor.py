from odoo import models
from odoo.tools import split_every

from odoo.addons.work365_billing.engine import reasons

NOTICES = 100  # in one transaction


class BillingExecutor(models.AbstractModel):
    _inherit = "billing.executor"

    def _run_company(self):
        result = super()._run_company()
        self._transaction(self._deactivate_ended)
        self._tell_escalations()
        return result

    def _tell_escalations(self):
        """Give notice of the prices that rise soon; one that is refused harms no other."""
        Invoice = self.env["repeating.invoice"]
        domain = Invoice._get_escalation_notice_domain(self.env.company)
        for ids in split_every(NOTICES, Invoice.search(domain, order="id").ids):
            self._transaction(lambda ids=ids: self._tell_escalations_of(Invoice.browse(ids), domain))

    def _tell_escalations_of(self, invoices, domain):
        invoices = invoices.exists().filtered_domain(domain)
        if not invoices or not self._attempt(invoices._give_escalation_notice):
            return
        for invoice in invoices:
            exc = self._attempt(invoice._give_escalation_notice)
            if exc:
                invoice.contract_id._alert(
                    self.env._("Notice of an escalation could not be given"), self._get_refusal(exc))

    def _deactivate_ended(self):
        """Make the repeating invoices inactive whose last run is settled."""
        company = self.env.company
        self.env["repeating.invoice"].search([
            ("company_id", "=", company.id), ("state", "=", "active"), ("date_end", "<", company._billing_today()),
            ("schedule_ids", "not any", [("state", "in", ("pending", "error"))])])._deactivate_ended()

    def _settle_nothing(self, one, day):
        """A run or immediate line of a client who is archived is closed at once, with the reason: it is told once."""
        if one.code != reasons.PARTNER_ARCHIVED:
            return super()._settle_nothing(one, day)
        row = self.env["billing.schedule"].browse(one.schedule_id)
        row._set_skipped(one.code, one.message)
        row._withhold_items()
        return (one, "skipped", one.code, one.message)

    def _prepare_move_vals(self, one, run):
        vals = super()._prepare_move_vals(one, run)
        invoice = self._get_repeating_invoice(one)
        if not invoice:
            return vals
        info = {"narration": invoice.info} if invoice.info else {}
        return {
            **vals, **self._prepare_collection_vals(invoice, vals), **info, "repeating_invoice_id": invoice.id,
            "invoice_user_id": invoice.user_id.id}

    def _prepare_collection_vals(self, invoice, vals):
        """Return when the invoice with ``vals`` is collected; on a collected contract it is due then."""
        if vals["move_type"] != "out_invoice":
            return {}
        collection = self.env["account.move"]._prepare_collection_vals(
            invoice.company_id, invoice.collect_on, vals["invoice_date"])
        if not invoice.contract_id._is_collected():
            return collection
        return {**collection, "invoice_date_due": collection["collection_date"], "invoice_payment_term_id": False}

    def _get_repeating_invoice(self, one):
        """Return the repeating invoice that the planned invoice ``one`` belongs to, or none."""
        Invoice = self.env["repeating.invoice"]
        if one.owner_vals.get("repeating_invoice_id"):
            return Invoice.browse(one.owner_vals["repeating_invoice_id"])
        items = self.env["billing.item"].browse(
            record for line in one.lines if line.group == self.env["billing.item"]._billing_group
            for record in line.records)
        invoices = items.repeating_invoice_id
        return invoices if len(invoices) == 1 else Invoice
