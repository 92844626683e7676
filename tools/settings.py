"""Where things are, and the environment variables that move them.

BILLING_CACHE          folder for everything that is downloaded or built
BILLING_ODOO           an Odoo 19 that exists: its checkout, or the dist-packages folder that holds `odoo`
BILLING_DEBIAN_MIRROR  Debian mirror to take Odoo's package from (default: the machine's own)
BILLING_PORT           first port that `./run` tries (8069)
BILLING_TEST_WORKERS   processes that run the Odoo tests
PGHOST, PGPORT, ...    a PostgreSQL server that exists (default: an embedded one)
"""

import hashlib
import os
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parent.parent
ADDONS = ("work365_billing", "billdozer_repeating")
# With what the addons do without, an app of Odoo's or of OCA's, and the addon that ties it in: databases of their own.
WITH_TIMESHEETS = ("work365_billing", "work365_billing_timesheet")
WITH_QUEUE_JOB = ("work365_billing", "work365_billing_queue_job")
ADDON_SETS = (ADDONS, WITH_TIMESHEETS, WITH_QUEUE_JOB)
EXTRA_MODULES = ("payment_demo", "sale_management")


def _default_cache():
    """Root's own folders are closed to the user that PostgreSQL runs as, so root gets a public one."""
    if os.geteuid() == 0:
        return Path("/var/cache/billing-addons")
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base) / "billing-addons"


CACHE = Path(os.environ.get("BILLING_CACHE") or _default_cache()).absolute()
LOGS = CACHE / "logs"
DATA_DIR = CACHE / "data"
PORT = int(os.environ.get("BILLING_PORT") or 8069)


def digest(*parts):
    """Return a short hash of texts, used as the name of what is built from them."""
    text = "\0".join(map(str, parts))
    return hashlib.sha256(text.encode()).hexdigest()[:10]


CHECKOUT_ID = digest(CHECKOUT)[:6]
CONF = CACHE / "conf" / f"{CHECKOUT_ID}.conf"
