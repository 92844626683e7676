"""Dates and money of recurring billing in plain Python: no ORM, no ``odoo`` import.

Dates and ``Decimal``/``Fraction`` go in, frozen dataclasses come out. Modules here import the
standard library and each other (relatively), nothing else, so that their tests load the folder
by path and need no database. DESIGN sections 1 and 2.
"""
