"""Inside Odoo: multiply our contracts in SQL, for the planning figures: by the ORM that would take minutes."""

from odoo.tools import SQL

# The tables of a contract; of each the columns with an id that changes, and the table that it belongs to.
TABLES = {
    "billing_contract": {"id": "billing_contract"},
    "billing_subscription": {"id": "billing_subscription", "contract_id": "billing_contract"},
    "account_tax_billing_subscription_rel": {"billing_subscription_id": "billing_subscription"},
    "billing_change_log": {
        "id": "billing_change_log", "contract_id": "billing_contract", "subscription_id": "billing_subscription"},
    "billing_schedule": {
        "id": "billing_schedule", "contract_id": "billing_contract", "subscription_id": "billing_subscription"},
}
SOURCE_KEY = """CASE WHEN subscription_id IS NULL THEN 'billing.contract,' || contract_id + {contract}
    ELSE 'billing.subscription,' || subscription_id + {subscription} END"""  # what makes a period unique


def multiply(env, count):
    """Copy all contracts, as often as it takes to have ``count``."""
    env.flush_all()
    [[contracts]] = env.execute_query(SQL("SELECT COUNT(*) FROM billing_contract"))
    highest = {table: _highest(env, table) for table, ids in TABLES.items() if "id" in ids}
    for number in range(1, -(-count // contracts)):
        for table, ids in TABLES.items():
            _copy(env, table, ids, {of: number * top for of, top in highest.items()}, highest)
    for table in highest:
        env.cr.execute(f"SELECT SETVAL('{table}_id_seq', (SELECT MAX(id) FROM {table}))")
    env.invalidate_all()


def _highest(env, table):
    [[top]] = env.execute_query(SQL("SELECT MAX(id) FROM %s", SQL.identifier(table)))
    return top


def _copy(env, table, ids, shift, highest):
    """Copy the original rows of one table.

    :param shift: by table, what is added to an id
    :param highest: by table, the highest id of an original row
    """
    names = [name for [name] in env.execute_query(SQL(
        "SELECT column_name FROM information_schema.columns WHERE table_name = %s", table))]
    values = {name: f'"{name}"' for name in names}
    values.update((column, f"{column} + {shift[of]}") for column, of in ids.items())
    if "source_key" in values:
        values["source_key"] = SOURCE_KEY.format(
            contract=shift["billing_contract"], subscription=shift["billing_subscription"])
    column, of = next(iter(ids.items()))
    columns = ", ".join(f'"{name}"' for name in names)
    env.cr.execute(
        f"INSERT INTO {table} ({columns}) SELECT {', '.join(values.values())} FROM {table} WHERE {column} <= %s",
        [highest[of]])
