from . import billing_contract_renew
from . import billing_generate
from . import billing_generate_line
