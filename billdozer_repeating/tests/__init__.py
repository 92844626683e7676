from . import test_clients
from . import test_collection_date
from . import test_holidays
from . import test_outside_programs
from . import test_rights
from . import test_tours
