"""The full account number reaches billing administrators only, whichever way somebody asks for it."""

import json

from odoo.exceptions import AccessError
from odoo.tests import Form, HttpCase, tagged
from odoo.tools import mute_logger

from .collection_common import MASKED, NUMBER, CollectionCommon

MODEL = "billing.payment.method"
NO_RIGHT = ("portal", "none", "invoicing")  # not even the masked one
MASKED_ONLY = ("viewer", "user")


@tagged("post_install", "-at_install")
class TestMaskingOverRpc(CollectionCommon, HttpCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.contract = cls.make_collected()
        cls.mandate = cls.make_mandate(cls.contract)
        cls.move = cls.make_invoice(cls.contract)
        for group in (*NO_RIGHT, *MASKED_ONLY, "admin"):
            user = cls.make_user(group)
            if group != "portal":  # else exports are refused for want of that right only
                user.sudo().group_ids |= cls.env.ref("base.group_allow_export")

    def call(self, model, method, *args, **kwargs):
        return self.make_jsonrpc_request(
            f"/web/dataset/call_kw/{model}/{method}",
            {"model": model, "method": method, "args": args, "kwargs": kwargs})

    def as_group(self, group):
        self.authenticate(f"collect_{group}", f"collect_{group}")

    def get_answer(self, *args, **kwargs):
        """Return what the server answers, as text: the result, or the kind and words of its refusal."""
        try:
            with mute_logger("odoo.http"):
                return json.dumps(self.call(*args, **kwargs), ensure_ascii=False)
        except Exception as refusal:  # the client of the tests raises its own kind
            return f"REFUSED {refusal}"

    def get_ways(self):
        """Return every way to ask for the full number or to search by it: {name: arguments of a call}."""
        ids, half, contract = self.account.ids, NUMBER[:-4], "billing.contract"
        by_number = [("account_number", "=", NUMBER)]
        by_path = [("payment_method_id.account_number", "=", NUMBER)]
        of_move = [("billing_contract_id.payment_method_id.account_number", "like", half)]
        return {
            "read": (MODEL, "read", ids, ["account_number"]),
            "web_read": (MODEL, "web_read", ids, {"account_number": {}}),
            "search_read": (MODEL, "search_read", [("id", "in", ids)], ["account_number"]),
            "web_search_read": (MODEL, "web_search_read", [("id", "in", ids)], {"account_number": {}}),
            "web_read nested": (contract, "web_read", self.contract.ids, {
                "payment_method_id": {"fields": {"account_number": {}}}}),
            "web_read of a mandate": ("billing.mandate", "web_read", self.mandate.ids, {
                "payment_method_id": {"fields": {"account_number": {}}}}),
            "export_data": (MODEL, "export_data", ids, ["account_number"]),
            "export_data by path": (contract, "export_data", self.contract.ids, ["payment_method_id/account_number"]),
            "export_data of an invoice": ("account.move", "export_data", self.move.ids, [
                "billing_contract_id/payment_method_id/account_number"]),
            "formatted_read_group": (MODEL, "formatted_read_group", [], ["account_number"], ["__count"]),
            "aggregate": (MODEL, "formatted_read_group", [], [], ["account_number:array_agg"]),
            "web_read_group": (MODEL, "web_read_group", [], ["account_number"], ["__count"]),
            "search": (MODEL, "search", by_number),
            "search_count": (MODEL, "search_count", [("account_number", "like", half)]),
            "search by order": (MODEL, "search", [], 0, 5, "account_number"),
            "search by path": (contract, "search", by_path),
            "search with any": (contract, "search", [("payment_method_id", "any", by_number)]),
            "search by a path of invoices": ("account.move", "search", of_move),
            "search of clients": ("billing.mandate", "search", by_path),
            "group by a searched number": (MODEL, "formatted_read_group", by_number, [], ["__count"]),
            "name_search with domain": (MODEL, "name_search", "", by_number),
            "copy": (MODEL, "copy", ids),
            "load": (MODEL, "load", [".id", "account_number"], [[str(ids[0]), "62009876543"]]),
            "write": (MODEL, "write", ids, {"account_number": "62009876543"}),
            "create": (MODEL, "create", [{
                "partner_id": self.customer.id, "account_number": "62009876543", "account_type": "cheque"}]),
            "onchange": (MODEL, "onchange", ids, {}, ["account_number"], {"account_number": {}}),
        }

    def test_each_way_for_each_group_but_administrators(self):
        before = self.account.read(["account_number", "account_number_masked"])
        for group in (*NO_RIGHT, *MASKED_ONLY):
            self.as_group(group)
            for name, arguments in self.get_ways().items():
                with self.subTest(f"{name} as {group}"):
                    answer = self.get_answer(*arguments)
                    self.assertNotIn(NUMBER, answer)
                    if name == "load":  # the importer tells what is refused in its result
                        self.assertIn('"ids": false', answer) if not answer.startswith("REFUSED") else None
                    elif name.startswith(("web_read", "onchange")) and not answer.startswith("REFUSED"):
                        self.assertNotIn(NUMBER[:-4], answer)
                    else:
                        self.assertTrue(answer.startswith("REFUSED"), answer)
        self.env.invalidate_all()
        self.assertEqual(self.account.read(["account_number", "account_number_masked"]), before)
        self.assertEqual(self.env[MODEL].search_count([("partner_id", "=", self.customer.id)]), 1)

    def test_a_name_is_no_way_round(self):
        for group in MASKED_ONLY:
            self.as_group(group)
            self.assertEqual(self.call(MODEL, "name_search", NUMBER), [])
            self.assertEqual(self.call(MODEL, "search", [("display_name", "ilike", NUMBER[:-4])]), [])
            self.assertEqual(
                self.call(MODEL, "name_search", NUMBER[-4:]), [[self.account.id, f"First National Bank {MASKED}"]])
            self.assertNotIn("account_number", self.call(MODEL, "fields_get"))
            view = self.get_answer(MODEL, "get_views", [[False, "form"], [False, "list"], [False, "search"]])
            self.assertNotIn('name=\\"account_number\\"', view)

    def test_the_masked_number_for_those_who_see_payment_methods(self):
        for group in MASKED_ONLY:
            self.as_group(group)
            [row] = self.call(MODEL, "read", self.account.ids)
            self.assertNotIn("account_number", row)
            self.assertEqual((row["account_number_masked"], row["branch_code"]), (MASKED, "250655"))
            self.assertNotIn(NUMBER, json.dumps(row))
            groups = self.call(MODEL, "formatted_read_group", [("id", "=", self.account.id)], ["account_number_masked"])
            self.assertEqual([row["account_number_masked"] for row in groups], [MASKED])

    def test_the_chatter_is_masked_for_all(self):
        account = self.tracked(self.make_account(account_number="7000000001"))
        account.account_number = "7000000002"
        self.assertEqual(len(self.get_tracked(account)), 1)
        for group in (*MASKED_ONLY, "admin"):
            self.as_group(group)
            found = json.dumps(self.make_jsonrpc_request(
                "/mail/thread/messages", {"thread_model": MODEL, "thread_id": account.id}), ensure_ascii=False)
            self.assertIn("•••• 0002", found)
            self.assertNotIn("7000000001", found)
            self.assertNotIn("7000000002", found)

    def test_an_administrator_sees_and_finds_it(self):
        self.as_group("admin")
        ways = self.get_ways()
        for name in ("read", "web_read", "search_read", "export_data", "web_read nested", "formatted_read_group"):
            self.assertIn(NUMBER, self.get_answer(*ways[name]), name)
        self.assertEqual(self.call(*ways["search"]), self.account.ids)
        self.assertEqual(self.call(*ways["search by path"]), self.contract.ids)

    def test_the_mandate_on_paper(self):
        url = f"/report/html/billdozer_repeating.report_mandate/{self.mandate.id}"
        for group in MASKED_ONLY:
            self.as_group(group)
            page = self.url_open(url).text
            self.assertIn(MASKED, page)
            self.assertNotIn(NUMBER, page)
        self.as_group("admin")
        page = self.url_open(url).text
        self.assertIn(NUMBER, page)
        for group in NO_RIGHT:
            self.as_group(group)
            with mute_logger("odoo.http", "odoo.addons.base.models.ir_qweb", "odoo.addons.web.controllers.report"):
                page = self.url_open(url)
            self.assertNotIn(NUMBER[-4:], page.text)
            self.assertNotIn("Debit Order Mandate", page.text)

    def test_the_file_is_refused(self):
        for group in (*NO_RIGHT, *MASKED_ONLY):
            self.as_group(group)
            for arguments in (
                ("account.move", "action_export_bank_debits", self.move.ids),
                ("billing.collection.export", "create", [{"move_ids": [[6, 0, self.move.ids]]}]),
            ):
                answer = self.get_answer(*arguments)
                self.assertIn("AccessError", answer, f"{group}: {arguments}")
        self.assertFalse(self.move.collection_exported_at)


@tagged("post_install", "-at_install")
class TestMaskingInside(CollectionCommon):
    def test_the_system_prints_the_masked_number(self):
        mandate = self.make_mandate(self.make_collected())
        self.assertEqual(mandate._get_printed_account_number(), NUMBER)
        self.assertEqual(mandate.sudo()._get_printed_account_number(), MASKED)

    def test_the_form_of_a_clerk_opens_without_it(self):
        clerk = self.make_user("user")
        form = Form(self.account.with_user(clerk))
        self.assertEqual(form.account_number_masked, MASKED)
        with self.assertRaises(AssertionError):
            _number = form.account_number
        with self.assertRaises(AccessError):
            _number = self.account.with_user(clerk).account_number
