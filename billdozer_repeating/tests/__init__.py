from . import test_collection
from . import test_collection_export
from . import test_collection_rights
from . import test_collection_tours
from . import test_mandate
from . import test_masking
from . import test_payment_method
