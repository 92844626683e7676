"""What each group may do with repeating invoices, and a clerk's day as a real user."""

from odoo import Command
from odoo.exceptions import AccessError, UserError
from odoo.tests import HttpCase, new_test_user, tagged

from .repeating_common import RepeatingCommon

GROUPS = ("none", "portal", "invoicing", "viewer", "user", "admin", "approver")
OPERATIONS = {"r": "read", "w": "write", "c": "create", "u": "unlink"}
NOBODY = ("", "", "")
# model: what each of GROUPS may do: read, write, create, unlink
RIGHTS = {
    "repeating.invoice": (*NOBODY, "r", "rwcu", "rwcu", "rwcu"),
    "repeating.invoice.line": (*NOBODY, "r", "rwcu", "rwcu", "rwcu"),
    "repeating.escalation": (*NOBODY, "r", "r", "rwcu", "r"),
    "repeating.escalation.year": (*NOBODY, "r", "r", "rwcu", "r"),
    "repeating.escalation.dry.run": (*NOBODY, "rwcu", "rwcu", "rwcu", "rwcu"),
    "repeating.escalation.dry.run.line": (*NOBODY, "rwcu", "rwcu", "rwcu", "rwcu"),
    "repeating.clawback": (*NOBODY, "r", "r", "rw", "r"),
    "repeating.invoice.cancel": (*NOBODY, "", "rwcu", "rwcu", "rwcu"),
    "repeating.invoice.cancel.line": (*NOBODY, "", "rwcu", "rwcu", "rwcu"),
    "repeating.invoice.change.run.date": (*NOBODY, "", "rwcu", "rwcu", "rwcu"),
    "repeating.invoice.reactivate": (*NOBODY, "", "rwcu", "rwcu", "rwcu"),
    "repeating.invoice.refuse": (*NOBODY, "", "rwcu", "rwcu", "rwcu"),
    "repeating.invoice.calculate": (*NOBODY, "rwcu", "rwcu", "rwcu", "rwcu"),
    "repeating.invoice.calculate.line": (*NOBODY, "rwcu", "rwcu", "rwcu", "rwcu"),
}
XMLIDS = {
    "none": "base.group_user", "portal": "base.group_portal", "invoicing": "account.group_account_invoice",
    "viewer": "work365_billing.billing_group_viewer", "user": "work365_billing.billing_group_user",
    "admin": "work365_billing.billing_group_admin",
    "approver": "work365_billing.billing_group_user,billdozer_repeating.billdozer_group_approver"}


class RightsCommon(RepeatingCommon):
    @classmethod
    def make_user(cls, group, companies=None, login=None):
        companies = companies or cls.company
        return new_test_user(
            cls.env, login=login or f"repeating_{group}", groups=XMLIDS[group], company_id=companies[0].id,
            company_ids=[Command.set(companies.ids)], tz="UTC")


@tagged("post_install", "-at_install")
class TestRepeatingRights(RightsCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.users = {group: cls.make_user(group) for group in GROUPS}
        cls.repeating = cls.make_repeating({"price_unit": 100.0}, run_date="2026-01-01")

    def test_each_group_on_each_model(self):
        for model, allowed in RIGHTS.items():
            for group, letters in zip(GROUPS, allowed, strict=True):
                records = self.env[model].with_user(self.users[group])
                found = "".join(letter for letter, operation in OPERATIONS.items() if records.has_access(operation))
                self.assertEqual(found, letters, f"{group} on {model}")

    def test_every_model_is_in_a_table_of_rights(self):
        """A model of this addon that nobody has thought of fails here."""
        data = self.env["ir.model.data"].search([("module", "=", "billdozer_repeating"), ("model", "=", "ir.model")])
        own = self.env["ir.model"].browse(data.mapped("res_id"))
        repeating = {model.model for model in own if model.model.startswith("repeating.")
                     and not self.env[model.model]._abstract}
        self.assertLessEqual(set(RIGHTS), repeating)
        unknown = repeating - set(RIGHTS)
        self.assertFalse(unknown, "give these a row in RIGHTS")

    def test_every_window_is_its_opener_s_own(self):
        """Odoo shows an open window over RPC to everybody with the group; ours each have a rule against it."""
        Rule = self.env["ir.rule"].with_user(self.users["admin"])
        own = {name: cls for name, cls in self.env.registry.items()
               if cls._transient and cls._original_module in ("billdozer_repeating", "work365_billing")}
        self.assertIn("repeating.invoice.cancel", own)
        for name in own:
            for operation in ("read", "write", "unlink"):
                self.assertIn("create_uid", str(Rule._compute_domain(name, operation)), f"{operation} of {name}")

    def test_who_may_not_enter_them_may_not_act_on_them(self):
        for group in ("none", "portal", "invoicing", "viewer"):
            repeating = self.repeating.with_user(self.users[group])
            for attempt in (
                    lambda repeating=repeating: repeating.cancel("2026-02-01"),
                    lambda repeating=repeating: repeating.change_run_date("2026-02-05", confirm=True),
                    lambda repeating=repeating: repeating.reactivate("2026-02-05"),
                    lambda repeating=repeating: repeating.reverse_escalation("2027-01-01"),
                    lambda repeating=repeating: repeating.write({"term": 12}),
                    repeating.action_cancel, repeating.action_change_run_date, repeating.action_reactivate,
                    repeating.action_refuse, repeating.action_approve, repeating.unlink):
                self.env.invalidate_all()
                with self.assertRaises(AccessError):
                    attempt()
        self.env.invalidate_all()
        self.assertRecordValues(self.repeating, [{"state": "active", "term": 0, "anchor_date": False}])

    def test_a_viewer_calculates(self):
        with self.today("2026-01-10"):
            repeating = self.repeating.with_user(self.users["viewer"])
            found = repeating.calculate("2026-02-01", "2026-03-31")
            window = self.env["repeating.invoice.calculate"].with_user(self.users["viewer"]).browse(
                repeating.action_calculate()["res_id"])
            window.write({"date_from": "2026-02-01", "date_to": "2026-03-31"})
            window.action_calculate()
        self.assertEqual([(str(one["date_issued"]), one["total"]) for one in found], [
            ("2026-02-01", 100.0), ("2026-03-01", 100.0)])
        self.assertEqual(window.total, 200.0)
        with self.assertRaises(AccessError):
            self.repeating.with_user(self.users["invoicing"]).calculate("2026-02-01", "2026-03-31")

    def test_a_clerk_s_day(self):
        clerk = self.users["user"]
        self.repeating = self.repeating.with_user(clerk)
        with self.today("2026-03-01"):
            repeating = self.env["repeating.invoice"].with_user(clerk).create(self.repeating_vals(
                {"price_unit": 100.0, "escalate": True}, {"price_unit": 20.0, "name": "Mail"}, run_date="2026-03-10",
                term=24, escalation_percent=10.0))
            self.assertRuns(repeating, [("2026-03-10", [("Hosting", 1, 100, 100), ("Mail", 1, 20, 20)])])
        with self.today("2026-03-15"):
            repeating.line_ids[1].price_unit = 25.0
            repeating.write({"info": "Main Road", "line_ids": [Command.create({
                "product_id": self.licence.id, "name": "Fax", "price_unit": 5.0, "tax_ids": False})]})
            found = repeating.calculate("2026-04-01", "2026-04-30")
            self.assertEqual([(str(one["date_issued"]), one["total_excl"]) for one in found], [("2026-04-10", 130.0)])
            repeating.change_run_date("2026-04-15", confirm=True)
            self.assertEqual(str(repeating.next_run_date), "2026-04-15")
        with self.today("2026-04-01"):
            window = self.env["repeating.invoice.cancel"].with_user(clerk).browse(repeating.action_cancel()["res_id"])
            window.last_access = "2026-04-01"
            window.line_ids.credit = True
            window.action_confirm()
            self.assertEqual(repeating.state, "inactive")
            self.assertEqual(repeating.invoice_ids.mapped("state"), ["cancel"])
            window = self.env["repeating.invoice.reactivate"].with_user(clerk).browse(
                repeating.action_reactivate()["res_id"])
            window.date = "2026-04-10"
            window.action_confirm()
            self.assertEqual((repeating.state, str(repeating.next_run_date)), ("active", "2026-05-15"))
            self.assertEqual(self.run_dates(repeating)[-1], "2026-04-15")

    def test_a_clerk_saves_a_run_without_anything_to_bill(self):
        """Its line starts after the first run, which is due: that is told on the run, and is no failure."""
        with self.today("2026-01-05"):
            repeating = self.env["repeating.invoice"].with_user(self.users["user"]).create(
                self.repeating_vals({"price_unit": 100.0, "date_start": "2026-01-20"}, run_date="2026-01-01"))
        first = repeating.sudo().schedule_ids.sorted("cycle_start")[0]
        self.assertRecordValues(first, [{"state": "pending", "reason": "nothing_to_bill", "attempts": 0}])
        self.run_job("2026-02-01")
        self.assertRecordValues(first, [{"state": "skipped", "reason": "nothing_to_bill", "attempts": 0}])
        self.assertEqual(self.run_dates(repeating), ["2026-02-01"])

    def test_a_clerk_saves_what_was_missed_and_only_the_current_run_is_billed(self):
        self.repeating.contract_id.catch_up = "current"
        with self.today("2026-04-05"):
            repeating = self.env["repeating.invoice"].with_user(self.users["user"]).create(
                self.repeating_vals({"price_unit": 70.0}, run_date="2026-01-10"))
        self.assertEqual(repeating.contract_id, self.repeating.contract_id)
        self.assertRecordValues(repeating.sudo().schedule_ids.sorted("cycle_start")[:4], [
            *[{"state": "skipped", "reason": "catch_up"}] * 3, {"state": "invoiced", "reason": False}])
        self.assertEqual(self.run_dates(repeating), ["2026-04-10"])

    def test_a_clerk_deletes_what_was_never_billed(self):
        clerk = self.users["user"]
        with self.today("2026-01-01"):
            repeating = self.env["repeating.invoice"].with_user(clerk).create(
                self.repeating_vals({"price_unit": 100.0}, run_date="2026-06-01"))
            subscription, rows = repeating.line_ids.subscription_id, repeating.schedule_ids
            repeating.unlink()
        self.assertFalse((subscription.exists(), rows.exists()) == (subscription, rows))
        with self.assertRaisesRegex(UserError, "has invoices and stays as their proof"):
            self.repeating.with_user(clerk).unlink()

    # ---- approval -------------------------------------------------------------------------------------------------

    def make_awaiting(self):
        self.company.billdozer_approve = True
        with self.today("2026-03-01"):
            repeating = self.env["repeating.invoice"].with_user(self.users["user"]).create(
                self.repeating_vals({"price_unit": 100.0}, run_date="2026-03-01"))
        self.assertRecordValues(repeating, [{"state": "awaiting", "invoice_ids": []}])
        return repeating

    def test_who_may_not_approve_has_no_other_way(self):
        repeating = self.make_awaiting()
        for group in ("user", "admin"):
            own = repeating.with_user(self.users[group])
            with self.today("2026-03-02"):
                with self.assertRaisesRegex(UserError, "Only users with the right Approve Repeating Invoices"):
                    own.action_approve()
                with self.assertRaisesRegex(UserError, "Only users with the right Approve Repeating Invoices"):
                    self.env["repeating.invoice.refuse"].with_user(self.users[group]).create(
                        {"repeating_invoice_id": own.id, "reason": "No"}).action_confirm()
                for vals in ({"state": "active"}, {"refusal_reason": "x"}, {"restart_date": "2026-03-01"},
                             {"anchor_date": "2026-03-01"}):
                    with self.assertRaisesRegex(AccessError, "is not entered: approve, cancel, re-activate"):
                        own.write(vals)
                with self.assertRaisesRegex(AccessError, "“Status” is not entered"):
                    own.create(self.repeating_vals({"price_unit": 1.0}, run_date="2026-03-01", state="active"))
        self.assertRecordValues(repeating, [{"state": "awaiting", "invoice_ids": [], "anchor_date": False}])
        self.run_job("2026-03-02")
        self.assertFalse(repeating.invoice_ids)

    def test_an_immediate_line_awaits_approval_too(self):
        self.company.billdozer_approve = True
        fee = {"price_unit": 500.0, "name": "Set-up", "term": 1, "immediate": True}
        with self.today("2026-03-01"):
            both, alone = self.env["repeating.invoice"].with_user(self.users["user"]).create([
                self.repeating_vals({"price_unit": 100.0}, fee, run_date="2026-03-01"),
                self.repeating_vals(fee, run_date="2026-03-01", partner_id=self.env["res.partner"].create(
                    {"name": "Tailspin"}).id)])
        self.run_job("2026-03-02")
        self.assertFalse((both | alone).contract_id.invoice_ids - self.repeating.invoice_ids)
        with self.today("2026-03-05"):
            (both | alone).with_user(self.users["approver"]).action_approve()
        for repeating, amounts in ((both, [100.0, 500.0]), (alone, [500.0])):
            own = repeating.contract_id.invoice_ids - self.repeating.invoice_ids
            self.assertEqual(sorted(own.mapped("amount_untaxed")), amounts)
        self.run_job("2026-03-06")
        self.assertEqual(len(both.contract_id.invoice_ids - self.repeating.invoice_ids), 2)

    def test_re_activating_is_no_approval(self):
        repeating = self.make_awaiting()
        approver = self.users["approver"]
        with self.today("2026-03-02"):
            repeating.with_user(approver)._refuse("Not agreed")
            repeating.reactivate("2026-03-01")
            self.assertRecordValues(repeating, [{"state": "awaiting", "invoice_ids": []}])
        self.run_job("2026-03-03")
        self.assertFalse(repeating.invoice_ids)
        with self.today("2026-03-03"):
            repeating.with_user(approver).action_approve()
        self.assertRuns(repeating, [("2026-03-01", [("Hosting", 1, 100, 100)])])

    def test_what_was_billed_awaits_approval_after_it_was_re_activated(self):
        self.company.billdozer_approve = True
        clerk, approver = self.users["user"], self.users["approver"]
        repeating = self.repeating.with_user(clerk)
        with self.today("2026-01-20"):
            repeating.cancel("2026-01-20")
            repeating.reactivate("2026-02-01")
            self.assertEqual(repeating.state, "awaiting")
        self.run_job("2026-02-20")
        self.assertEqual(self.run_dates(repeating), ["2026-01-01"])
        with self.today("2026-02-20"):
            repeating.with_user(approver).action_approve()
        self.assertEqual(self.run_dates(repeating), ["2026-01-01", "2026-02-01", "2026-03-01"])

    def test_an_approver_approves_and_refuses(self):
        first, second = self.make_awaiting(), self.make_awaiting()
        approver = self.users["approver"]
        with self.today("2026-03-02"):
            first.with_user(approver).action_approve()
            second.with_user(approver)._refuse("Not agreed")
        self.assertRecordValues(first | second, [
            {"state": "active", "refusal_reason": False}, {"state": "inactive", "refusal_reason": "Not agreed"}])
        self.assertRuns(first, [("2026-03-01", [("Hosting", 1, 100, 100)])])
        self.assertFalse(second.invoice_ids)


@tagged("post_install", "-at_install")
class TestRepeatingRpc(RightsCommon, HttpCase):
    """The same over Odoo's web API, as a clerk: an outside program can do what the clerk can, and no more."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.clerk = cls.make_user("user", login="repeating_rpc")
        cls.repeating = cls.make_repeating({"price_unit": 100.0}, run_date="2026-01-01")

    def call(self, model, method, *args, **kwargs):
        """Call ``method`` as the web client does; return its result, or raise what it answers."""
        response = self.url_open("/web/dataset/call_kw", json={"jsonrpc": "2.0", "id": 1, "method": "call", "params": {
            "model": model, "method": method, "args": args, "kwargs": kwargs}}).json()
        return response.get("result"), response.get("error", {}).get("data", {}).get("message", "")

    def test_a_clerk_over_rpc(self):
        self.authenticate("repeating_rpc", "repeating_rpc")
        vals = {"partner_id": self.customer.id, "run_date": "2030-01-01", "line_ids": [
            [0, 0, {"product_id": self.licence.id, "price_unit": 10.0, "tax_ids": [[5, 0, 0]]}]]}
        ids, message = self.call("repeating.invoice", "create", [vals])
        self.assertEqual(message, "")
        repeating = self.env["repeating.invoice"].browse(ids)
        self.assertRecordValues(repeating, [{"state": "active", "user_id": self.clerk.id}])
        found, message = self.call("repeating.invoice", "calculate", ids, "2030-01-01", "2030-02-28")
        self.assertEqual([one["total"] for one in found], [10.0, 10.0])
        _result, message = self.call("repeating.invoice", "change_run_date", ids, "2030-01-05")
        self.assertIn("Tick Confirm New Run Date", message)
        self.assertIn("is not entered", self.call("repeating.invoice", "write", ids, {"state": "inactive"})[1])
        self.assertIn("Private", self.call("repeating.invoice", "_refuse", ids, "x")[1])
        self.assertIn("Only users with the right", self.call("repeating.invoice", "action_approve", ids)[1])
        _result, message = self.call("repeating.invoice", "cancel", ids, "2029-12-31")
        self.assertEqual(message, "")
        self.env.invalidate_all()
        self.assertEqual(repeating.state, "inactive")

    def test_the_tie_of_an_invoice_is_not_written(self):
        self.authenticate("repeating_rpc", "repeating_rpc")
        move = self.invoices_of(self.repeating)
        for value in (False, self.repeating.id):
            _result, message = self.call("account.move", "write", move.ids, {"repeating_invoice_id": value})
            self.assertIn("is written by billing only", message)
        _result, message = self.call("account.move", "create", [
            {"move_type": "out_invoice", "partner_id": self.customer.id, "repeating_invoice_id": self.repeating.id}])
        self.assertIn("is written by billing only", message)
        for model, ids in (("billing.schedule", self.repeating.schedule_ids.ids),
                           ("billing.change.log", self.repeating.line_ids.subscription_id.change_log_ids.ids)):
            _result, message = self.call(model, "write", ids, {"repeating_invoice_id": False})
            self.assertTrue(message, model)
        self.env.invalidate_all()
        self.assertEqual(self.repeating.invoice_ids, move)
