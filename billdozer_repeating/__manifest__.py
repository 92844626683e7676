{
    "name": "Billdozer Repeating Invoices",
    "summary": "Any customer invoice can repeat itself",
    "version": "19.0.1.0.0",
    "license": "LGPL-3",
    "category": "Accounting/Accounting",
    "author": "The contributors",
    "depends": ["work365_billing"],
}
