{
    "name": "Work 365 Billing – Job Queue",
    "summary": "Hands the lots of a billing run to the workers of OCA's job queue instead of scheduled jobs",
    "version": "19.0.1.0.0",
    "category": "Accounting/Subscriptions",
    "license": "LGPL-3",
    "author": "Work 365 Billing contributors",
    "depends": ["work365_billing", "queue_job"],
    "data": [
        "data/queue_job.xml",
    ],
    "auto_install": True,
}
