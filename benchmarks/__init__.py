"""`benchmarks/run`: how fast this repository makes and plans invoices, next to plain Odoo and OCA's `contract`.

`main`, `prepared`, `runner` and `report` run with the system's Python, the rest inside Odoo; `dataset` in both.
"""
