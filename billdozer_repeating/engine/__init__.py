"""Dates and money of repeating invoices in plain Python: no ORM, no ``odoo`` import.

Modules here import the standard library, each other and the engine of work365_billing, all relatively, so that their
tests load both folders by path and need no database. DESIGN sections 2 and 5.
"""
