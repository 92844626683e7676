from . import test_services
