{
    "name": "Work 365 Billing – Timesheets",
    "summary": "Bills approved time of projects and tasks on the next invoice of a billing contract",
    "version": "19.0.1.0.0",
    "category": "Accounting/Subscriptions",
    "license": "LGPL-3",
    "author": "Work 365 Billing contributors",
    "depends": ["work365_billing", "hr_timesheet"],
    "data": [
        "security/ir.model.access.csv",
        "security/billing_service_security.xml",
        "views/billing_service_views.xml",
        "views/account_analytic_line_views.xml",
    ],
    "auto_install": True,
}
