from uuid import UUID

from psycopg2.errors import UniqueViolation

from odoo import Command
from odoo.exceptions import UserError, ValidationError
from odoo.tests import Form, new_test_user, tagged
from odoo.tools import mute_logger

from ..exceptions import ForbiddenFields, UnknownBilldozerId
from .common import BilldozerCommon


class ClientsCommon(BilldozerCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.Partner = cls.env["res.partner"]
        cls.ann, cls.bob = cls.Partner.create([{"name": "Ann"}, {"name": "Bob"}])

    def merge(self, destination, *others):
        partners = self.Partner.union(destination, *others)
        wizard = self.env["base.partner.merge.automatic.wizard"].create({
            "partner_ids": [Command.set(partners.ids)], "dst_partner_id": destination.id, "state": "selection"})
        wizard.action_merge()
        self.env.invalidate_all()


@tagged("post_install", "-at_install")
class TestAccountNumber(ClientsCommon):
    def test_it_is_unique_in_a_company(self):
        self.ann.account_number = "AC-1"
        for number in ("AC-1", "ac-1"):
            with self.assertRaisesRegex(ValidationError, f"Ann has the account number {number} already"):
                self.bob.account_number = number
            with self.assertRaisesRegex(ValidationError, f"Ann has the account number {number} already"):
                self.Partner.create([{"name": "Cid"}, {"name": "Dan", "account_number": number}])
        self.bob.account_number = "AC-2"
        self.ann.account_number = "ac-1"

    def test_the_database_keeps_it_unique(self):
        with self.assertRaises(UniqueViolation), mute_logger("odoo.sql_db"), self.cr.savepoint():
            self.Partner.create([{"name": "Cid", "account_number": "AC-1"}, {"name": "Dan", "account_number": "ac-1"}])

    def test_wildcards_are_letters(self):
        self.ann.account_number = "AC10"
        self.bob.account_number = "AC_0"
        self.bob.account_number = "AC%"
        self.assertEqual(self.bob.account_number, "AC%")

    def test_a_shared_client_s_number_is_taken_in_every_company(self):
        other = self.setup_other_company(name="Company B")["company"]
        self.ann.account_number = "AC-1"
        with self.assertRaisesRegex(ValidationError, "Ann has the account number AC-1 already"):
            self.bob.write({"company_id": self.company.id, "account_number": "AC-1"})
        self.ann.company_id = other
        self.bob.write({"company_id": self.company.id, "account_number": "AC-1"})
        with self.assertRaisesRegex(ValidationError, "Bob has the account number AC-1 already"):
            self.ann.company_id = False

    def test_an_archived_client_keeps_its_number(self):
        self.ann.account_number = "AC-1"
        self.ann.active = False
        with self.assertRaisesRegex(ValidationError, "Ann has the account number AC-1 already"):
            self.bob.account_number = "AC-1"

    def test_many_clients_have_none(self):
        self.Partner.create([{"name": "C", "account_number": ""}, {"name": "D", "account_number": ""}, {"name": "E"}])

    def test_a_client_is_found_by_it(self):
        self.ann.account_number = "AC-777"
        self.assertIn(self.ann.id, [id_ for id_, _name in self.Partner.name_search("AC-777")])

    def test_a_copy_has_none(self):
        self.ann.account_number = "AC-1"
        self.assertFalse(self.ann.copy().account_number)

    def test_a_merge_keeps_the_number_of_the_client_that_stays(self):
        self.ann.account_number, self.bob.account_number = "AC-1", "AC-2"
        self.merge(self.ann, self.bob)
        self.assertEqual(self.ann.account_number, "AC-1")

    def test_a_merge_gives_its_number_to_a_client_without_one(self):
        self.bob.account_number = "AC-2"
        self.merge(self.ann, self.bob)
        self.assertEqual(self.ann.account_number, "AC-2")


@tagged("post_install", "-at_install")
class TestBilldozerId(ClientsCommon):
    def test_every_client_gets_one_at_creation(self):
        ids = (self.ann | self.bob).mapped("billdozer_id")
        self.assertEqual([str(UUID(id_)) for id_ in ids], ids)
        self.assertEqual(len(set(ids)), 2)
        user = new_test_user(self.env, login="has_an_id")
        self.assertTrue(UUID(user.partner_id.billdozer_id))

    def test_every_client_there_was_has_one(self):
        self.assertFalse(self.Partner.with_context(active_test=False).search([("billdozer_id", "=", False)]))

    def test_it_costs_no_query_per_client(self):
        def count(number):
            before = self.env.cr.sql_log_count
            self.Partner.create([{"name": f"Client {index}"} for index in range(number)])
            self.env.flush_all()
            return self.env.cr.sql_log_count - before

        count(1)
        self.assertLessEqual(count(50) - count(1), 1)

    def test_nobody_chooses_or_changes_it(self):
        for attempt in (
            lambda: self.ann.write({"billdozer_id": "mine"}),
            lambda: self.ann.sudo().write({"billdozer_id": self.bob.billdozer_id}),
            lambda: self.Partner.create({"name": "C", "billdozer_id": "mine"}),
        ):
            with self.assertRaisesRegex(UserError, "made by the system and stays as it is"):
                attempt()
        with mute_logger("odoo.models"):
            result = self.Partner.load(["name", "billdozer_id"], [["Imported", "mine"]])
        self.assertIn("made by the system", result["messages"][0]["message"])

    def test_it_stays_through_changes_and_archiving(self):
        kept = self.ann.billdozer_id
        self.ann.write({"name": "Ann Two", "email": "ann@example.com", "is_company": True})
        self.ann.active = False
        self.env.flush_all()
        self.env.invalidate_all()
        self.assertEqual(self.ann.billdozer_id, kept)
        self.assertEqual(self.Partner.billdozer_read(kept, ["name"])["name"], "Ann Two")

    def test_a_copy_gets_its_own(self):
        self.assertNotEqual(self.ann.copy().billdozer_id, self.ann.billdozer_id)

    def test_a_new_client_shows_none_before_it_is_saved(self):
        form = Form(self.Partner)
        form.name = "New"
        self.assertTrue(form._get_modifier("billdozer_id", "invisible"))
        self.assertTrue(form.save().billdozer_id)

    def test_after_a_merge_both_ids_find_the_client_that_stays(self):
        cid = self.Partner.create({"name": "Cid"})
        ids = {partner: partner.billdozer_id for partner in (self.ann, self.bob, cid)}
        self.merge(self.bob, cid)
        self.merge(self.ann, self.bob)
        self.assertEqual(self.ann.billdozer_id, ids[self.ann])
        self.assertEqual(set(self.ann.billdozer_former_ids.mapped("name")), set(ids.values()) - {ids[self.ann]})
        for id_ in ids.values():
            self.assertEqual(
                self.Partner.billdozer_read(id_, ["name"]),
                {"id": self.ann.id, "billdozer_id": ids[self.ann], "name": "Ann"})
        self.Partner.billdozer_update(ids[cid], {"email": "ann@example.com"})
        self.assertEqual(self.ann.email, "ann@example.com")

    def test_the_id_of_a_deleted_client_finds_nobody(self):
        gone = self.bob.billdozer_id
        self.bob.unlink()
        with self.assertRaises(UnknownBilldozerId):
            self.Partner.billdozer_read(gone)

    def test_what_no_client_has(self):
        for unknown in ("", False, None, 7, "no such id", [self.ann.billdozer_id], "%"):
            with self.assertRaisesRegex(UnknownBilldozerId, "No client has the Billdozer Id"):
                self.Partner.billdozer_read(unknown)
            with self.assertRaises(UnknownBilldozerId):
                self.Partner.billdozer_update(unknown, {"name": "x"})

    def test_fields_that_nobody_changes_or_that_do_not_exist(self):
        read, update = self.Partner.billdozer_read, self.Partner.billdozer_update
        with self.assertRaisesRegex(ForbiddenFields, "cannot be changed by you: billdozer_id, create_date, nonsense"):
            update(self.ann.billdozer_id, {
                "name": "Changed", "billdozer_id": "mine", "create_date": "2020-01-01", "nonsense": 1})
        self.assertEqual(self.ann.name, "Ann")
        with self.assertRaisesRegex(ForbiddenFields, "cannot be read by you: nonsense"):
            read(self.ann.billdozer_id, ["name", "nonsense"])
        for values in ("name", ["name"], None):
            with self.assertRaisesRegex(ForbiddenFields, "Give the values"):
                update(self.ann.billdozer_id, values)

    def test_what_is_read_without_a_choice(self):
        self.ann.account_number = "AC-1"
        self.assertEqual(self.Partner.billdozer_read(self.ann.billdozer_id), {
            "id": self.ann.id, "billdozer_id": self.ann.billdozer_id, "account_number": "AC-1", "name": "Ann",
            "email": False, "phone": False, "active": True})

    def test_the_search_finds_a_client_by_a_former_id(self):
        former = self.bob.billdozer_id
        self.merge(self.ann, self.bob)
        domain = ["|", ("billdozer_id", "=", former), ("billdozer_former_ids.name", "=", former)]
        self.assertEqual(self.Partner.search(domain), self.ann)
