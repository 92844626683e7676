from odoo import Command
from odoo.exceptions import AccessError
from odoo.tests import Form, new_test_user, tagged

from .common import BilldozerCommon

GROUPS = ("none", "viewer", "user", "admin")
OPERATIONS = {"r": "read", "w": "write", "c": "create", "u": "unlink"}
# model: what each of GROUPS may do: read, write, create, unlink
RIGHTS = {
    "billdozer.holiday": ("", "r", "r", "rwcu"),
    "billdozer.former.id": ("", "r", "r", "r"),
    "billing.contract.value": ("", "rwcu", "rwcu", "rwcu"),
}


@tagged("post_install", "-at_install")
class TestRights(BilldozerCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.other = cls.setup_other_company(name="Company B")["company"]
        cls.users = {group: cls.make_user(group, cls.company) for group in GROUPS}

    @classmethod
    def make_user(cls, group, company, login=None):
        groups = "base.group_user" if group == "none" else f"work365_billing.billing_group_{group}"
        return new_test_user(
            cls.env, login=login or f"billdozer_{group}", groups=groups, company_id=company.id,
            company_ids=[Command.set(company.ids)], tz="UTC")

    def test_each_group_on_each_model(self):
        for model, allowed in RIGHTS.items():
            for group, letters in zip(GROUPS, allowed, strict=True):
                records = self.env[model].with_user(self.users[group])
                found = "".join(letter for letter, operation in OPERATIONS.items() if records.has_access(operation))
                self.assertEqual(found, letters, f"{group} on {model}")

    def test_another_company_s_holidays_are_not_seen(self):
        own = self.make_holiday("2026-11-04")
        foreign = self.make_holiday("2026-11-05", company_id=self.other.id)
        Holiday = self.Holiday.with_user(self.users["admin"])
        self.assertEqual(Holiday.search([("id", "in", (own | foreign).ids)]).ids, own.ids)
        with self.assertRaises(AccessError):
            foreign.with_env(Holiday.env).read(["name"])
        with self.assertRaises(AccessError):
            self.Holiday.with_user(self.users["admin"]).create({
                "name": "x", "date": "2026-11-06", "company_id": self.other.id})

    def test_another_company_s_former_ids_are_not_seen(self):
        foreign, shared = self.env["res.partner"].create([
            {"name": "Foreign", "company_id": self.other.id}, {"name": "Shared"}])
        ids = self.env["billdozer.former.id"].sudo().create([
            {"name": "one", "partner_id": foreign.id}, {"name": "two", "partner_id": shared.id}])
        for group in ("viewer", "user", "admin"):
            found = ids.with_user(self.users[group]).search([("id", "in", ids.ids)])
            self.assertEqual(found.mapped("name"), ["two"], group)

    def test_a_clerk_s_invoices_know_the_holidays(self):
        self.make_holiday("2026-11-04")
        self.env.registry.clear_cache()
        for group in ("viewer", "user"):
            company = self.company.with_user(self.users[group])
            self.assertEqual(str(company._billdozer_collection("issued", "2026-11-04").date), "2026-11-05")

    def test_everybody_opens_a_client(self):
        partner = self.env["res.partner"].create({"name": "Ann"})
        for group in GROUPS:
            form = Form(partner.with_user(self.users[group]))
            self.assertEqual(form.billdozer_id, partner.billdozer_id, group)

    def test_an_outside_program_has_the_rights_of_its_user(self):
        foreign = self.env["res.partner"].create({"name": "Foreign", "company_id": self.other.id})
        own = self.env["res.partner"].create({"name": "Own", "company_id": self.company.id})
        for group in GROUPS:
            Partner = self.env["res.partner"].with_user(self.users[group])
            self.env.invalidate_all()
            with self.assertRaises(AccessError):
                Partner.billdozer_read(foreign.billdozer_id)
            with self.assertRaises(AccessError):
                Partner.billdozer_update(foreign.billdozer_id, {"name": "x"})
            self.assertEqual(Partner.billdozer_read(own.billdozer_id)["name"], "Own")
        with self.assertRaises(AccessError):  # an internal user without the right to edit contacts
            self.env["res.partner"].with_user(self.users["none"]).billdozer_update(own.billdozer_id, {"name": "x"})
        self.assertEqual((foreign.name, own.name), ("Foreign", "Own"))

    def test_the_portal_reads_nobody_else(self):
        portal = new_test_user(self.env, login="billdozer_portal", groups="base.group_portal")
        other = self.env["res.partner"].create({"name": "Other"})
        with self.assertRaises(AccessError):
            self.env["res.partner"].with_user(portal).billdozer_read(other.billdozer_id, ["name"])
