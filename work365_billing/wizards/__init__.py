from . import billing_generate
from . import billing_generate_line
