{
    "name": "Billing contracts",
    "summary": "Contracts that invoice themselves, and repeating invoices",
    # work365_billing_timesheet installs itself where Odoo's Timesheets are: nothing here asks for them.
    "version": "19.0.1.0.0",
    "license": "LGPL-3",
    "category": "Accounting/Accounting",
    "author": "The contributors",
    "depends": ["work365_billing", "billdozer_repeating"],
    "installable": True,
}
