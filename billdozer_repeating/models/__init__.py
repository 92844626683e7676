from . import res_bank
from . import billing_payment_method
from . import billing_mandate
from . import billing_contract_payment
from . import account_move_collection
from . import account_move_debit
from . import billing_job_collection
