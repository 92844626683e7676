"""Repeating invoices as plain Python: dates and money, no Odoo."""
