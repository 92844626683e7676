from . import billing_contract_renew
from . import billing_generate
from . import billing_generate_line
from . import billing_bulk_generate
from . import billing_bulk_generate_row
from . import billing_bulk_generate_plan
