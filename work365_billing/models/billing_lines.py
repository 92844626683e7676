"""Turns planned lines into the values of invoice lines, and finds what would make the invoice fail."""

from datetime import date

from odoo.tools import format_date

from ..engine import reasons
from ..engine.plan import USAGE
from . import billing_reason


class LineWriter:
    """Writes the values of the planned invoices of one ``FactsReader``; searches are made once for all contracts.

    :param day: local date of the run, or None when dates and problems are of no interest
    """

    def __init__(self, reader, day):
        self._reader = reader
        self._env = reader.contracts.env
        self._day = day
        self._memo = {}
        self._contracts = None

    def complete(self, planned_list):
        """Complete the planned invoices that have lines, in place."""
        with_lines = [planned for planned in planned_list if planned.lines]
        if not with_lines or self._day is None:
            return
        self.prepare(with_lines)
        for planned in with_lines:
            self._complete(planned)

    def date(self, planned, day):
        """Give a planned invoice, after ``prepare``, the date that it gets when it is made on ``day``."""
        contract = self._contracts[planned.contract_id]
        planned.invoice_date = self._get_invoice_date(planned, contract, day)
        self._mind_lock_date(planned, contract.company_id, self._get_journal(contract), day)

    def taxes_of(self, planned, line):
        """Return the taxes of a line that charges something, after ``prepare``."""
        contract = self._contracts[planned.contract_id]
        return self._map_taxes(self._get_source(line), self._get_position(contract))

    # ---- reading --------------------------------------------------------------------------------------------------

    def prepare(self, planned_list):
        """Read at once what the planned invoices need; done once, for all that the writer is asked about."""
        if self._contracts is not None:
            return
        ids = {planned.contract_id for planned in planned_list}
        contracts = self._reader.contracts.filtered(lambda contract: contract.id in ids)
        self._contracts = {contract.id: contract for contract in contracts}
        self._subscriptions = {sub.id: sub for sub in self._reader.subscriptions}
        self._logs = {**{log.id: log for log in self._reader.logs}, **self._reader.unwritten}
        credited = {line.credits for planned in planned_list for line in planned.lines if line.credits}
        lines = self._env["account.move.line"].browse(credited)
        self._credited = {line.id: line for line in lines}
        self._journals = self._search_journals(contracts.company_id)
        self._positions = self._search_positions(contracts.company_id)
        self._rated = contracts.currency_id._read_rated()
        self._has_analytic_models = bool(self._env["account.analytic.distribution.model"].sudo().search([], limit=1))

    def _search_journals(self, companies):
        journals = self._env["account.journal"].search([("company_id", "in", companies.ids), ("type", "=", "sale")])
        return {company: own[:1] for company, own in journals.grouped("company_id").items()}

    def _search_positions(self, companies):
        Position = self._env["account.fiscal.position"]
        return {
            company: Position.search([*Position._check_company_domain(company), ("auto_apply", "=", True)])
            for company in companies}

    def _once(self, key, compute):
        if key not in self._memo:
            self._memo[key] = compute()
        return self._memo[key]

    # ---- one invoice ----------------------------------------------------------------------------------------------

    def _complete(self, planned):
        contract = self._contracts[planned.contract_id]
        company = contract.company_id
        partner = contract.partner_id.with_company(company)
        journal, position = self._get_journal(contract), self._get_position(contract)
        self.date(planned, self._day)
        sign = -1 if planned.invoice.is_credit else 1
        planned.vals_list = [
            self._prepare_line_vals(planned, line, contract, partner, position, journal, sign)
            for line in planned.lines]
        self._name_credited(planned)
        term = contract.payment_term_id
        planned.move_vals = {
            "move_type": "out_refund" if planned.invoice.is_credit else "out_invoice",
            "partner_id": partner.id,
            "company_id": company.id,
            "currency_id": contract.currency_id.id,
            "journal_id": journal.id,
            "fiscal_position_id": position.id,
            "invoice_date": planned.invoice_date,
            "invoice_payment_term_id": term.id,
            "invoice_user_id": contract.user_id.id,
            **({} if term else {"invoice_date_due": planned.invoice_date}),
        }
        code = planned.code or self._find_problem(planned, contract, journal)
        if code:
            planned.code, planned.problem = code, True
            planned.message = planned.message or billing_reason.explain(self._env, code)

    def _get_journal(self, contract):
        return contract.journal_id or self._journals.get(contract.company_id, self._env["account.journal"])

    def _get_position(self, contract):
        company = contract.company_id
        partner = contract.partner_id.with_company(company)
        return self._once(("position", partner, company), lambda: self._find_position(partner, company))

    def _find_position(self, partner, company):
        manual = partner.property_account_position_id
        if manual or not partner.country_id:
            return manual
        return self._positions[company]._get_first_matching_fpos(partner)

    def _map_taxes(self, source, position):
        return self._once(("taxes", source.tax_ids, position), lambda: position.map_tax(source.tax_ids))

    def _get_invoice_date(self, planned, contract, day):
        if planned.fixed_date:
            return planned.fixed_date
        # A change-log invoice belongs to no cycle: its own day stands for the start of one.
        start = planned.cycle_start if planned.kind == "regular" else planned.schedule_date
        dates = {"schedule": planned.schedule_date, "cycle_start": start, "run": day}
        return dates[contract.invoice_date_policy]

    def _mind_lock_date(self, planned, company, journal, day):
        """Move an invoice date in a closed period to the day of the run; the billed period stays."""
        locked = self._once(("lock", company, journal), lambda: self._get_lock_date(company, journal))
        if not locked or planned.invoice_date > locked:
            return
        if day <= locked:
            planned.code = reasons.LOCK_DATE
            return
        planned.note = self._env._(
            "The accounting period of %(date)s is closed: the invoice is dated %(today)s.",
            date=planned.invoice_date, today=day)
        planned.invoice_date = day

    def _get_lock_date(self, company, journal):
        violated = company._get_violated_lock_dates(date.min, True, journal)
        return max((lock[0] for lock in violated), default=None)

    # ---- lines ----------------------------------------------------------------------------------------------------

    def _prepare_line_vals(self, planned, line, contract, partner, position, journal, sign):
        source = self._get_source(line)
        credited = self._credited.get(line.credits)
        if credited:
            account, taxes, analytic = credited.account_id, credited.tax_ids, credited.analytic_distribution
        else:
            account = self._get_account(source.product_id, position, contract.company_id, journal)
            taxes = self._map_taxes(source, position)
            analytic = source.analytic_distribution
        vals = {
            "product_id": source.product_id.id,
            "name": self._get_name(line, source, partner, credited),
            "quantity": float(line.quantity * sign),
            "price_unit": float(line.price_unit),
            "discount": float(line.discount),
            "tax_ids": taxes.ids,
            "account_id": account.id,
            "billing_subscription_id": line.charge,
            "billing_change_log_id": line.log,
            "billing_period_start": line.start,
            "billing_period_end": line.end,
            "billing_cycle_start": line.cycle_start,
            "billing_amount": float(line.amount),
        }
        if line.records:
            vals.update(self._reader.records_of(line)._prepare_billing_link())
        if analytic or not self._has_analytic_models:
            vals["analytic_distribution"] = analytic or False  # given, so that Odoo need not look for models again
        return vals

    def _get_source(self, line):
        """Return the record that gives a line its product, taxes and analytic distribution."""
        if line.charge:
            return self._subscriptions[line.charge]
        return self._reader.records_of(line)._get_billing_owner()

    def _get_account(self, product, position, company, journal):
        def compute():
            accounts = product.with_company(company).product_tmpl_id.get_product_accounts(position)
            return accounts["income"] or journal.default_account_id
        return self._once(("account", product, position, company, journal), compute)

    def _get_name(self, line, source, partner, credited):
        lang = partner.lang or self._env.lang
        name = source.name
        if line.records:
            name = self._reader.records_of(line).with_context(lang=lang)._get_billing_name()
        elif line.group == USAGE:
            name = self._env(context={**self._env.context, "lang": lang})._(
                "%(subscription)s: minimum commitment", subscription=name)
        if not line.start:
            return name
        first, last = (self._once((day, lang), lambda day=day: format_date(self._env, day, lang_code=lang))
                       for day in (line.start, line.end))
        text = f"{name}\n{first} – {last}"
        detail = self._get_detail(line, lang, credited)
        return f"{text} · {detail}" if detail else text

    def _get_detail(self, line, lang, credited):
        """Return the words that explain a line that is not the full cycle, in the customer's language."""
        if not line.log:
            return None
        log = self._logs[line.log]
        env = self._env(context={**self._env.context, "lang": lang})
        day = format_date(env, log.effective_date, lang_code=lang)
        if credited:
            return env._("credit for %(invoice)s, change of %(date)s", invoice=credited.move_id.name or "", date=day)
        if log.event == "create":
            return env._("new from %(date)s", date=day)
        if log.event == "pause":
            return env._("paused from %(date)s", date=day)
        if log.event == "resume":
            return env._("resumed on %(date)s", date=day)
        return env._("change of %(date)s", date=day)

    def _name_credited(self, planned):
        """A credit note whose lines all give back one posted invoice is tied to it."""
        moves = {self._credited[line.credits].move_id for line in planned.lines if line.credits}
        if planned.invoice.is_credit and len(moves) == 1 and all(line.credits for line in planned.lines):
            [move] = moves
            if move.state == "posted":
                planned.reversed_move_id = move.id

    # ---- what would make the invoice fail ---------------------------------------------------------------------------

    def _find_problem(self, planned, contract, journal):
        """Return the code of the first thing that somebody must mend before the invoice can be made, or None."""
        partner, company, currency = contract.partner_id, contract.company_id, contract.currency_id
        checks = (
            (reasons.PARTNER_ARCHIVED, not partner.active),
            (reasons.PARTNER_COMPANY, partner.company_id and partner.company_id not in company.parent_ids),
            (reasons.CURRENCY_INACTIVE, not currency.active),
            (reasons.NO_RATE, not currency._is_rated(company, self._rated)),
            (reasons.NO_JOURNAL, not journal or not journal.active),
            (reasons.NO_ACCOUNT, any(not vals["account_id"] for vals in planned.vals_list)),
        )
        return next((code for code, failed in checks if failed), None) or self._find_source_problem(planned)

    def _find_source_problem(self, planned):
        for line in planned.lines:
            source = self._get_source(line)
            if not source.product_id.active:
                return reasons.PRODUCT_ARCHIVED
            if not line.credits and (
                    len(source.tax_ids) < source.tax_count or not all(source.tax_ids.mapped("active"))):
                return reasons.TAX_MISSING
        return None
