"""Programs outside Odoo, over the real HTTP server: JSON-2, XML-RPC, and the example of the documentation."""

import json
import os
import subprocess
import sys
import xmlrpc.client
from datetime import datetime, timedelta

from odoo import Command
from odoo.tests import HttpCase, get_db_name, new_test_user, tagged
from odoo.tools import file_path, mute_logger

from .common import BilldozerCommon


@tagged("post_install", "-at_install")
class TestOutsidePrograms(BilldozerCommon, HttpCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.program = new_test_user(
            cls.env, login="program", groups="base.group_user,base.group_partner_manager", company_id=cls.company.id,
            company_ids=[Command.set(cls.company.ids)], lang="en_US")
        cls.key = cls.env["res.users.apikeys"].with_user(cls.program)._generate(
            scope="rpc", name="test", expiration_date=datetime.now() + timedelta(hours=1))
        cls.customer.account_number = "AC-1001"
        cls.id = cls.customer.billdozer_id

    def call_json(self, method, **values):
        """Call a method of res.partner over JSON-2; return HTTP status and answer."""
        response = self.url_open(
            f"/json/2/res.partner/{method}", data=json.dumps(values),
            headers={"Content-Type": "application/json", "Authorization": f"Bearer {self.key}"})
        return response.status_code, response.json()

    def call_xml(self, method, *args):
        return self.xmlrpc_object.execute_kw(
            get_db_name(), self.program.id, self.key, "res.partner", method, args, {})

    def test_json_2_reads_and_updates(self):
        status, answer = self.call_json("billdozer_read", billdozer_id=self.id, fields=["name", "account_number"])
        self.assertEqual((status, answer), (200, {
            "id": self.customer.id, "billdozer_id": self.id, "name": "Blue Yonder", "account_number": "AC-1001"}))
        self.assertEqual(
            self.call_json("billdozer_update", billdozer_id=self.id, values={"email": "new@example.com"}),
            (200, {"id": self.customer.id, "billdozer_id": self.id, "email": "new@example.com"}))
        self.env.invalidate_all()
        self.assertEqual(self.customer.email, "new@example.com")
        self.assertEqual(self.customer.write_uid, self.program)

    def test_json_2_refuses_clearly(self):
        with mute_logger("odoo.http"):
            status, answer = self.call_json("billdozer_read", billdozer_id="nobody")
            self.assertEqual((status, answer["message"]), (404, "No client has the Billdozer Id 'nobody'."))
            self.assertTrue(answer["name"].endswith("UnknownBilldozerId"))
            status, answer = self.call_json(
                "billdozer_update", billdozer_id=self.id, values={"name": "x", "billdozer_id": "mine"})
            self.assertEqual(status, 422)
            self.assertIn("cannot be changed by you: billdozer_id", answer["message"])
            foreign = self.env["res.partner"].create({
                "name": "Foreign", "company_id": self.setup_other_company(name="Company B")["company"].id})
            status, answer = self.call_json("billdozer_update", billdozer_id=foreign.billdozer_id, values={"name": "x"})
            self.assertEqual((status, answer["name"]), (403, "odoo.exceptions.AccessError"))
            status, answer = self.call_json("write", ids=self.customer.ids, vals={"billdozer_id": "mine"})
            self.assertEqual(status, 422)
            self.assertIn("made by the system", answer["message"])
        self.env.invalidate_all()
        self.assertRecordValues(self.customer | foreign, [
            {"name": "Blue Yonder", "billdozer_id": self.id},
            {"name": "Foreign", "billdozer_id": foreign.billdozer_id}])

    def test_xml_rpc_reads_updates_and_refuses(self):
        self.assertEqual(self.call_xml("billdozer_read", self.id, ["name"]), {
            "id": self.customer.id, "billdozer_id": self.id, "name": "Blue Yonder"})
        changed = self.call_xml("billdozer_update", self.id, {"phone": "+27 11 555 0100"})
        self.assertEqual(changed["phone"], "+27 11 555 0100")
        with mute_logger("odoo.http", "odoo.addons.rpc.controllers.xmlrpc"):
            with self.assertRaisesRegex(xmlrpc.client.Fault, "No client has the Billdozer Id 'nobody'"):
                self.call_xml("billdozer_read", "nobody")
            with self.assertRaisesRegex(xmlrpc.client.Fault, "cannot be changed by you: create_uid"):
                self.call_xml("billdozer_update", self.id, {"create_uid": 1})

    def run_example(self, *arguments):
        """Run the program of the documentation as a process of its own."""
        odoo = {"ODOO_URL": self.base_url(), "ODOO_DATABASE": get_db_name(), "ODOO_API_KEY": self.key}
        with self.allow_requests(all_requests=True):
            return subprocess.run(
                [sys.executable, file_path("billdozer_repeating/doc/update_client.py"), *arguments],
                capture_output=True, text=True, timeout=60, check=False, env={**os.environ, **odoo})

    def test_the_example_of_the_documentation_works(self):
        self.env.flush_all()
        done = self.run_example(self.id, "email=accounts@blueyonder.example", "phone=+27 11 555 0101")
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        self.assertIn("Blue Yonder", done.stdout)
        self.env.invalidate_all()
        self.assertRecordValues(self.customer, [
            {"email": "accounts@blueyonder.example", "phone": "+27 11 555 0101"}])

    def test_the_example_tells_what_is_wrong(self):
        with mute_logger("odoo.http"):
            unknown = self.run_example("nobody", "email=x@example.com")
            forbidden = self.run_example(self.id, "nonsense=1")
        self.assertEqual((unknown.returncode, forbidden.returncode), (1, 1))
        self.assertIn("404: No client has the Billdozer Id 'nobody'.", unknown.stderr)
        self.assertIn("422: Nothing was done.", forbidden.stderr)
