from odoo import api, fields, models
from odoo.fields import Domain

# What the runs are computed from.
RUN_FIELDS = {
    "run_date", "interval", "weekday", "months", "date_end", "term", "billed_through", "anchor_date", "restart_date",
    "state"}
# After a change of these, what is due already is invoiced at once.
ENTERED_FIELDS = {"line_ids", "run_date", "interval", "weekday", "months", "billed_through", "state"}


class RepeatingInvoice(models.Model):
    """Saving makes the contract, the runs ahead, and at once the invoices that are due."""

    _inherit = "repeating.invoice"

    @api.model_create_multi
    def create(self, vals_list):
        """Save many as one batch: one search for contracts, one run for what is due."""
        self._assign_contracts(vals_list)
        invoices = super().create(vals_list)
        invoices._open_contracts()
        invoices._bill_at_once()
        return invoices

    def write(self, vals):
        self._check_fixed_once_billed(vals)
        starts = {invoice: invoice.run_date for invoice in self} if "run_date" in vals else {}
        result = super().write(vals)
        for invoice, start in starts.items():
            invoice.line_ids.filtered(lambda line, start=start: line.date_start == start).date_start = invoice.run_date
        if vals.get("state") == "active":
            self.line_ids._open_items()
        if RUN_FIELDS & set(vals):
            self._rebuild_runs()
        if "line_ids" in vals or vals.get("state") == "active":
            self._open_contracts()
        if ENTERED_FIELDS & set(vals):
            self._bill_at_once()
        return result

    def copy_data(self, default=None):
        """Lines that start with the repeating invoice do so in the copy; ends are those of their terms."""
        vals_list = super().copy_data(default)
        for invoice, vals in zip(self, vals_list, strict=True):
            for _command, _id, line_vals in vals.get("line_ids", ()):
                if line_vals.get("date_start") == invoice.run_date:
                    del line_vals["date_start"]
                if line_vals.get("term"):
                    line_vals.pop("date_end", None)
        return vals_list

    def unlink(self):
        self.check_access("unlink")
        self._unlink_except_billed()  # before anything of them goes
        self.line_ids.unlink()  # with their subscriptions
        self.schedule_ids.sudo()._remove()  # clerks move the ledger only by its own actions
        return super().unlink()

    # ---- the contract ---------------------------------------------------------------------------------------------

    @api.model
    def _assign_contracts(self, vals_list):
        """Give each of ``vals_list`` without a contract that of its client, or a new one; in place."""
        missing = [vals for vals in vals_list if vals.get("partner_id") and not vals.get("contract_id")]
        found, new = self._find_contracts(missing), {}  # key of a new contract: what it is made from
        keys = [self._get_contract_key(vals, number) for number, vals in enumerate(missing)]
        for vals, key in zip(missing, keys, strict=True):
            if key not in found:
                new.setdefault(key, vals)
        contracts = self.env["billing.contract"].create(self._prepare_contracts(new))
        found.update(zip(new, contracts, strict=True))
        for vals, key in zip(missing, keys, strict=True):
            vals["contract_id"] = found[key].id

    def _open_contracts(self):
        """Activate the contracts that have something to bill now, and make the runs ahead."""
        contracts = self.contract_id
        contracts.filtered(lambda contract: contract.state == "draft" and contract._has_something_to_bill()).sudo(
        ).action_activate()  # whoever enters repeating invoices
        contracts._top_up_schedules()

    def _get_contract_key(self, vals, number):
        """Return what is the same for those that go to one contract.

        :param number: tells those apart that get a contract each, by the company's setting
        """
        company = self.env["res.company"].browse(vals.get("company_id") or self.env.company.id)
        apart = number if company.billdozer_contracts_per_client == "multiple" else None
        return vals["partner_id"], company.id, vals.get("currency_id") or company.currency_id.id, apart

    def _find_contracts(self, vals_list):
        """Return the contract that each client has for repeating invoices, by client, company and currency."""
        partners = [vals["partner_id"] for vals in vals_list]
        contracts = self.env["billing.contract"].search(Domain([
            ("partner_id", "in", partners), ("contract_type", "=", "item_based"), ("state", "!=", "closed")]),
            order="id desc") if partners else self.env["billing.contract"]
        return {(contract.partner_id.id, contract.company_id.id, contract.currency_id.id, None): contract
                for contract in contracts}

    @api.model
    def _prepare_contracts(self, new):
        """Return the values of new contracts.

        :param new: by key, the values of the first repeating invoice that goes there
        """
        partners = self.env["res.partner"].browse(key[0] for key in new)  # read together
        return [self._prepare_contract_vals(vals, key, partner)
                for (key, vals), partner in zip(new.items(), partners, strict=True)]

    @api.model
    def _prepare_contract_vals(self, vals, key, partner):
        partner_id, company_id, currency_id, _apart = key
        today = self.env["res.company"].browse(company_id)._billing_today()
        return {
            "name": self.env._("%(client)s – Repeating Invoices", client=partner.name), "partner_id": partner_id,
            "company_id": company_id, "currency_id": currency_id, "contract_type": "item_based",
            "date_start": min(today, fields.Date.to_date(vals.get("run_date")) or today),
            "billing_offset": 0, **({"user_id": vals["user_id"]} if vals.get("user_id") else {})}
