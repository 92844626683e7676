#!/usr/bin/env python3
"""Update a client by its Billdozer Id: update_client.py BILLDOZER_ID FIELD=VALUE ...

Where Odoo is and who asks stands in the environment: ODOO_URL, ODOO_DATABASE, ODOO_API_KEY.
"""

import json
import os
import sys
import urllib.error
import urllib.request


def call(method, **values):
    """Call a method of clients over JSON-2 and return its answer; end with the message of a refusal."""
    request = urllib.request.Request(
        f"{os.environ['ODOO_URL']}/json/2/res.partner/{method}", data=json.dumps(values).encode(), headers={
            "Authorization": f"Bearer {os.environ['ODOO_API_KEY']}",
            "Content-Type": "application/json",
            "X-Odoo-Database": os.environ["ODOO_DATABASE"],
        })
    try:
        with urllib.request.urlopen(request, timeout=30) as response:
            return json.load(response)
    except urllib.error.HTTPError as refusal:
        sys.exit(f"{refusal.code}: {json.load(refusal)['message']}")


def main(billdozer_id, *assignments):
    client = call("billdozer_read", billdozer_id=billdozer_id, fields=["name", "account_number"])
    values = dict(assignment.split("=", 1) for assignment in assignments)
    changed = call("billdozer_update", billdozer_id=client["billdozer_id"], values=values)
    sys.stdout.write(f"{client['name']} ({client['account_number'] or 'no account number'}): {changed}\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
