from . import billing_service
from . import account_analytic_line
from . import account_move_line
from . import billing_contract
from . import billing_planner
from . import project
