from .bulk_common import BulkCommon


class WindowCommon(BulkCommon):
    def open(self, contracts, day="2026-01-10", **vals):
        """Return the window as the list of contracts opens it."""
        with self.today(day):
            window = self.env["billing.bulk.generate"].with_context(
                active_model="billing.contract", active_ids=contracts.ids).create(vals)
            self.env.flush_all()
        return window

    def proceed(self, window, day="2026-01-10"):
        """Proceed, let the background job work, and return the run."""
        with self.today(day):
            action = window.action_proceed()
        self.run_bulk(day)
        return self.env[action["res_model"]].browse(action["res_id"])

    def assertRows(self, window, expected):
        """Compare all rows with (contract, status, amount, last amount, anomaly)."""
        self.assertEqual(
            [(row.contract_id, row.status, row.amount, row.last_amount, row.anomaly) for row in window.row_ids],
            expected)
