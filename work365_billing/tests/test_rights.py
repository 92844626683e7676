from functools import partial

from odoo import Command
from odoo.exceptions import AccessError
from odoo.tests import Form, HttpCase, new_test_user, tagged
from odoo.tools import mute_logger

from .common import BillingCommon

GROUPS = ("none", "viewer", "user", "admin")
# model: what each of GROUPS may do: read, write, create, unlink
RIGHTS = {
    "billing.contract": ("", "r", "rwc", "rwcu"),
    "billing.subscription": ("", "r", "rwcu", "rwcu"),
    "billing.item": ("", "r", "rwcu", "rwcu"),
    "billing.usage": ("", "r", "rwcu", "rwcu"),
    "billing.rate.card": ("", "r", "r", "rwcu"),
    "billing.rate.card.tier": ("", "r", "r", "rwcu"),
    "billing.schedule": ("", "r", "r", "r"),
    "billing.change.log": ("", "r", "r", "r"),
    "billing.day.change": ("", "r", "r", "r"),
    "billing.run": ("", "r", "r", "r"),
    "billing.job": ("", "r", "r", "r"),
    "billing.lot": ("", "r", "r", "r"),
    "billing.audit": ("", "r", "r", "r"),
    "billing.dashboard.card": ("", "r", "r", "r"),
    "billing.missing.data": ("", "r", "r", "r"),
    "billing.run.report": ("", "r", "r", "r"),
    "billing.forecast": ("", "r", "r", "r"),
    "billing.revenue": ("", "r", "r", "r"),
    "billing.contract.suspend": ("", "", "rwcu", "rwcu"),
    "billing.contract.close": ("", "", "rwcu", "rwcu"),
    "billing.contract.day": ("", "", "rwcu", "rwcu"),
    "billing.contract.renew": ("", "", "rwcu", "rwcu"),
    "billing.subscription.change": ("", "", "rwcu", "rwcu"),
    "billing.change.log.edit": ("", "", "rwcu", "rwcu"),
    "billing.change.log.archive": ("", "", "rwcu", "rwcu"),
    "billing.generate": ("", "", "rwcu", "rwcu"),
    "billing.generate.line": ("", "", "rwcu", "rwcu"),
    "billing.bulk.generate": ("", "", "rwcu", "rwcu"),
    "billing.bulk.generate.row": ("", "", "rwcu", "rwcu"),
}
OPERATIONS = {"r": "read", "w": "write", "c": "create", "u": "unlink"}
WINDOWS = (
    "billing.generate", "billing.bulk.generate", "billing.contract.", "billing.subscription.", "billing.change.log.")
# Cards belong to no company, here nothing is missing, reports of a moment are their user's, and lots go when they are
# billed: they have own tests.
OTHERS = ("billing.dashboard.card", "billing.missing.data", "billing.forecast", "billing.revenue", "billing.lot")
RECORDS = [model for model in RIGHTS if not model.startswith(WINDOWS) and model not in OTHERS]


class RightsCommon(BillingCommon):
    """One invoiced contract with an item and a change, and a user of each group."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.contract = cls.make_contract(
            {"quantity": 5, "price_unit": 30.0}, date_start="2026-04-01",
            item_ids=[Command.create({
                "product_id": cls.licence.id, "name": "Later", "price_unit": 7.0, "invoice_on": "2026-12-01"})])
        cls.make_usage()
        cls.make_day_change()
        cls.users = {group: cls.make_user(group, cls.company) for group in GROUPS}

    @classmethod
    def make_usage(cls):
        """Make usage priced by a rate card, on a contract that is not billed yet."""
        card = cls.env["billing.rate.card"].create({
            "name": "Storage", "tier_ids": [Command.create({"up_to": 100, "price": 1.0})]})
        draft = cls.make_contract(
            {"pricing": "usage", "rate_card_id": card.id}, date_start="2026-04-01", activate=False)
        cls.usage = cls.env["billing.usage"].create({
            "subscription_id": draft.subscription_ids.id, "period_start": "2026-04-01", "period_end": "2026-04-30"})

    @classmethod
    def make_day_change(cls):
        """Move the billing day of a contract that starts much later."""
        later = cls.make_contract({"quantity": 1}, date_start="2030-04-01", today="2026-04-01")
        later.move_billing_day(15)

    @classmethod
    def make_user(cls, group, companies, login=None):
        groups = "base.group_user" if group == "none" else f"work365_billing.billing_group_{group}"
        return new_test_user(
            cls.env, login=login or f"rights_{group}", groups=groups, company_id=companies[0].id,
            company_ids=[Command.set(companies.ids)], tz="UTC")

    def as_user(self, record, group):
        return record.with_user(self.users[group]).with_context(allowed_company_ids=self.users[group].company_ids.ids)

    def is_refused(self, attempt):
        """Tell whether the attempt is refused when nothing is in the cache, as it is for a request."""
        self.env.invalidate_all()
        try:
            with self.today("2026-04-10"), self.env.cr.savepoint():
                attempt()
        except AccessError:
            return True
        return False

    def records_of(self, model):
        return self.env[model].sudo().with_context(active_test=False).search([("company_id", "=", self.company.id)])


@tagged("post_install", "-at_install")
class TestRights(RightsCommon):
    """What each group may and may not do."""

    def test_each_group_on_each_model(self):
        for model, allowed in RIGHTS.items():
            for group, letters in zip(GROUPS, allowed, strict=True):
                records = self.as_user(self.env[model], group)
                found = "".join(letter for letter, operation in OPERATIONS.items() if records.has_access(operation))
                self.assertEqual(found, letters, f"{group} on {model}")

    def test_a_clerk_does_the_daily_work(self):
        clerk = self.users["user"]
        with self.today("2026-04-10"):
            form = Form(self.env["billing.contract"].with_user(clerk))
            form.partner_id = self.customer
            form.date_start = "2026-04-05"
            with form.subscription_ids.new() as line:
                line.product_id = self.licence
                line.quantity = 3
            contract = form.save()
            contract.action_activate()
            contract.subscription_ids.change_quantity(4, "2026-04-20")
            window = self.env["billing.generate"].with_user(clerk).create({"contract_id": contract.id})
            window.action_proceed()
            self.assertEqual(contract.invoice_count, 1)
            second, third = contract.schedule_ids.sorted("cycle_start")[1:3]
            second.action_skip()
            third.sudo()._set_error("no_journal", "No journal")
            third.action_retry()
            self.assertRecordValues(second + third, [
                {"state": "skipped", "active": False, "retry_at": False},
                {"state": "error", "active": True, "retry_at": False}])
            contract.subscription_ids.deactivate("2026-04-30")
            contract.action_suspend()
            contract.action_activate()
            contract.action_close()
        self.assertEqual(contract.state, "closed")

    def test_only_an_administrator_deletes_a_contract(self):
        draft = self.make_contract({"quantity": 1}, date_start="2026-04-01", activate=False)
        with self.assertRaises(AccessError):
            self.as_user(draft, "user").unlink()
        self.as_user(draft, "admin").unlink()
        self.assertFalse(draft.exists())

    def test_a_viewer_changes_nothing(self):
        self.run_job("2026-04-02")
        contract = self.as_user(self.contract, "viewer")
        row = contract.schedule_ids.filtered(lambda row: row.state == "pending")[:1]
        row.sudo()._set_error("no_journal", "No journal")
        subscription, item = contract.subscription_ids, contract.item_ids
        attempts = {
            "suspend": contract.action_suspend,
            "close": contract.action_close,
            "renew": lambda: contract.action_renew(12),
            "renew window": contract.action_open_renewal,
            "billing day": lambda: contract.move_billing_day(15),
            "billing day window": contract.action_open_day_move,
            "generate": contract.action_generate_invoice,
            "generate a schedule": row.action_generate_invoice,
            "skip": row.action_skip,
            "retry": row.action_retry,
            "run a job": self.as_user(self.records_of("billing.job")[:1], "viewer").action_run_now,
            "quantity": lambda: subscription.change_quantity(9, "2026-04-20"),
            "price": lambda: subscription.change_price(9.0, "2026-04-20"),
            "deactivate": lambda: subscription.deactivate("2026-04-20"),
            "item": lambda: item.write({"price_unit": 1.0}),
            "usage": lambda: self.as_user(self.usage, "viewer").write({"cost": 1.0}),
            "reprice usage": self.as_user(self.usage, "viewer").action_reprice,
            "invoice": lambda: contract.invoice_ids.write({"ref": "x"}),
            "post": contract.invoice_ids.action_post,
        }
        self.assertEqual([name for name, attempt in attempts.items() if not self.is_refused(attempt)], [])

    def test_a_viewer_reads_the_contract_with_its_figures_and_invoices(self):
        self.run_job("2026-04-02")
        contract = self.as_user(self.contract, "viewer")
        with self.today("2026-04-10"):
            self.assertEqual((contract.invoice_count, contract.schedule_count, contract.change_log_count), (1, 13, 1))
            self.assertEqual(contract.next_invoice_amount, 150.0)
            self.assertEqual(len(contract.plan("2026-05-02")), 1)
        self.assertEqual(contract.invoice_ids.invoice_line_ids.mapped("price_subtotal"), [150.0])
        self.assertEqual(Form(contract.invoice_ids).partner_id, self.customer)  # Odoo's form reads much more
        self.assertEqual(Form(contract).partner_id, self.customer)

    def test_a_viewer_sees_no_other_accounting(self):
        self.run_job("2026-04-02")
        other = self.init_invoice("out_invoice", products=self.licence, post=True)
        Move = self.as_user(self.env["account.move"], "viewer")
        self.assertEqual(Move.search([]), self.contract.invoice_ids.with_env(Move.env))
        with self.assertRaises(AccessError):
            other.with_env(Move.env).read(["name"])

    def test_the_system_alone_writes_logs_and_runs(self):
        self.run_job("2026-04-02")
        for model in ("billing.change.log", "billing.day.change", "billing.run", "billing.job"):
            record = self.records_of(model)[:1]
            for group in ("user", "admin"):
                with self.assertRaises(AccessError, msg=f"{group} on {model}"):
                    self.as_user(record, group).write({"company_id": self.company.id})

    def test_nobody_frees_a_billed_item_by_hand(self):
        self.run_job("2026-12-02")
        item = self.contract.item_ids
        self.assertEqual(item.invoice_id, self.contract.invoice_ids.sorted("invoice_date")[-1])
        for group in ("user", "admin"):
            with self.assertRaises(AccessError, msg=group):
                self.as_user(item, group).write({"invoice_line_id": False})


@tagged("post_install", "-at_install")
class TestCompanies(RightsCommon):
    """Whoever works for another company sees nothing of this one."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.other = cls.setup_other_company(name="Company B")["company"]
        cls.users["admin"] = cls.make_user("admin", cls.other, login="rights_admin_b")
        cls.both = cls.make_user("admin", cls.company | cls.other, login="rights_both")

    def setUp(self):
        super().setUp()
        self.run_job("2026-04-02")

    def test_a_window_is_its_opener_s_own(self):
        """What a window shows of money is read and changed by nobody else, of this company or another."""
        for model, window in self.open_windows().items():
            self.assertEqual(window.read(["create_uid"])[0]["create_uid"][0], self.env.uid)
            for own in map(window.with_user, (self.users["admin"], self.both)):
                for attempt in (
                        partial(own.read, ["display_name"]), partial(own.write, {"create_uid": self.env.uid}),
                        own.unlink):
                    self.assertTrue(self.is_refused(attempt), f"{attempt} of {model}")
                self.assertFalse(own.search([("id", "=", window.id)]), model)

    def open_windows(self):
        """Open each window of the app and return them by model."""
        contract = self.make_contract({"price_unit": 12.0}, name="Window", date_start="2026-04-01")
        with self.today("2026-04-10"):
            [log] = contract.subscription_ids.change_quantity(3, "2026-12-20")
            about = {"contract_id": contract.id}
            single = self.env["billing.generate"].create(about)
            bulk = self.env["billing.bulk.generate"].create({"row_ids": [Command.create(about)]})
            values = {
                **dict.fromkeys(
                    ("billing.contract.close", "billing.contract.day", "billing.contract.renew",
                     "billing.contract.suspend"), about),
                "billing.subscription.change": {"subscription_id": contract.subscription_ids.id, "action": "quantity"},
                "billing.change.log.edit": {"log_id": log.id},
                "billing.change.log.archive": {"log_id": log.id},
            }
            windows = {model: self.env[model].create(vals) for model, vals in values.items()}
        windows |= {"billing.generate": single, "billing.generate.line": single.preview_line_ids[:1],
                    "billing.bulk.generate": bulk, "billing.bulk.generate.row": bulk.row_ids}
        expected = {model for model in RIGHTS if model.startswith(WINDOWS)} - {"billing.change.log"}
        self.assertEqual(set(windows), expected)
        return windows

    def test_nothing_is_found_and_nothing_is_read(self):
        for model in RECORDS:
            records = self.records_of(model)
            self.assertTrue(records, model)
            own = self.as_user(self.env[model], "admin").with_context(active_test=False)
            self.assertFalse(own.search([("id", "in", records.ids)]), model)
            self.assertFalse(own._read_group([("id", "in", records.ids)], [], ["__count"])[0][0], model)
            with self.assertRaises(AccessError, msg=model):
                own.browse(records.ids).read(["display_name"])

    def test_nothing_is_changed(self):
        foreign = self.as_user(self.contract, "admin")
        attempts = {
            "write": lambda: foreign.write({"discount": 5.0}),
            "close": foreign.action_close,
            "renew": lambda: foreign.action_renew(12),
            "renew window": lambda: foreign.action_open_renewal(),
            "billing day": lambda: foreign.move_billing_day(15),
            "quantity": lambda: self.as_user(self.contract.subscription_ids, "admin").change_quantity(9),
            "skip": self.as_user(self.contract.schedule_ids[1], "admin").action_skip,
            "window": lambda: self.as_user(self.env["billing.generate"], "admin").create(
                {"contract_id": self.contract.id}).action_proceed(),
        }
        self.assertEqual([name for name, attempt in attempts.items() if not self.is_refused(attempt)], [])

    def test_the_window_shows_nothing_of_another_company(self):
        Window = self.as_user(self.env["billing.generate"], "admin")
        chosen = {"contract_id": self.contract.id}
        shown = {"preview_line_ids": {"fields": {"name": {}, "amount": {}}}, "amount_total": {}, "contract_id": {}}

        def read(window_id):
            self.env.flush_all()
            self.env.invalidate_all()
            return Window.browse(window_id).read(["amount_total", "info"])

        attempts = {
            "create": lambda: read(Window.create(chosen).id),
            "button": lambda: read(self.as_user(self.contract, "admin").action_generate_invoice()["res_id"]),
            "onchange": lambda: Window.onchange(chosen, ["contract_id"], shown),
        }
        self.assertEqual([name for name, attempt in attempts.items() if not self.is_refused(attempt)], [])

    def test_the_chosen_companies_decide(self):
        for model in RECORDS:
            records = self.records_of(model).with_user(self.both)
            for company, expected in ((self.company, sorted(records.ids)), (self.other, [])):
                chosen = records.with_context(allowed_company_ids=company.ids, active_test=False)
                self.assertEqual(chosen.search([("id", "in", records.ids)], order="id").ids, expected, model)


@tagged("post_install", "-at_install")
class TestRightsOverRpc(RightsCommon, HttpCase):
    """The same over the wire, as an outside program would try it."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        other = cls.setup_other_company(name="Company B")["company"]
        cls.users["foreign"] = cls.make_user("admin", other, login="rights_foreign")

    def call(self, model, method, *args, **kwargs):
        return self.make_jsonrpc_request(
            f"/web/dataset/call_kw/{model}/{method}",
            {"model": model, "method": method, "args": args, "kwargs": kwargs})

    def assertRefused(self, *args, **kwargs):
        with mute_logger("odoo.http"), self.assertRaises(Exception) as refusal:
            self.call(*args, **kwargs)
        self.assertIn("AccessError", str(refusal.exception))

    def test_every_model_for_every_group(self):
        with mute_logger("odoo.tests.common"):  # the job's registry mode is on already
            self.run_job("2026-04-02")
        ids = {model: self.records_of(model).ids for model in RECORDS}
        for group in (*GROUPS, "foreign"):
            self.authenticate(f"rights_{group}", f"rights_{group}")
            for model in RECORDS:
                if group in ("none", "foreign"):
                    self.assertRefused(model, "read", ids[model], ["display_name"])
                else:
                    self.assertEqual(len(self.call(model, "read", ids[model], ["display_name"])), len(ids[model]))
                if group == "foreign":
                    context = {"active_test": False}
                    self.assertEqual(self.call(model, "search_read", [("id", "in", ids[model])], context=context), [])
                if group == "foreign" or "u" not in RIGHTS[model][GROUPS.index(group)]:
                    self.assertRefused(model, "unlink", ids[model])

    def test_a_viewer_does_not_generate(self):
        self.authenticate("rights_viewer", "rights_viewer")
        self.assertRefused("billing.generate", "create", [{"contract_id": self.contract.id}])
        self.assertRefused("billing.contract", "action_generate_invoice", self.contract.ids)
