from . import billing_generate
