from . import models
from . import wizards


def post_init_hook(env):
    """Make the cards that contracts have already their payment methods."""
    env["billing.contract"]._adopt_cards()
