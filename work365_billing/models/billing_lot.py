from odoo import api, fields, models
from odoo.tools import SQL

SMALLEST = 20  # contracts of a lot that is made smaller than the others so that all lanes end together


class BillingLot(models.Model):
    """Contracts of a run that wait for their turn: what one process bills in one transaction.

    A lot is held by a row lock and deleted by the transaction that bills it. Nothing is saved as being in progress:
    whoever dies gives his lot back at once.
    """

    _name = "billing.lot"
    _description = "Lot of Contracts"
    _order = "again, id"

    run_id = fields.Many2one("billing.run", required=True, readonly=True, ondelete="cascade")
    company_id = fields.Many2one(related="run_id.company_id", store=True, index=True, precompute=True)
    contract_list = fields.Json(required=True, readonly=True, help="The ids of the contracts, in their order.")
    again = fields.Boolean(
        readonly=True, help="Somebody else held this contract: it is tried a second time when all others are done.")

    _next_idx = models.Index("(run_id, again, id)")

    @api.model
    def _cut(self, run, ids, size, lanes):
        """Make lots of up to ``size`` of the contracts ``ids``, the last ones smaller so that no lane waits for long.

        :param lanes: how many processes work on them
        """
        vals_list, left = [], list(ids)
        while left:
            share = -(-len(left) // (2 * lanes)) if lanes > 1 else size
            end = min(size, max(share, SMALLEST))
            vals_list.append({"run_id": run.id, "contract_list": left[:end]})
            left = left[end:]
        return self.create(vals_list)

    @api.model
    def _claim(self, domain, limit=1):
        """Lock the next lots of ``domain`` that nobody holds. First statement of its transaction."""
        query = self._search(domain, limit=limit, order=self._order)
        self.env.cr.execute(
            SQL("%s FOR UPDATE OF %s SKIP LOCKED", query.select(), SQL.identifier(self._table)), log_exceptions=False)
        return self.browse(id_ for [id_] in self.env.cr.fetchall())

    def _put_back(self, ids):
        """The lot (held by the caller) is done but for the contracts ``ids``: each becomes a lot of its own."""
        self.create([{"run_id": self.run_id.id, "contract_list": [id_], "again": True} for id_ in ids])
        self.unlink()

    def _count_contracts(self):
        """Return how many contracts are in these lots."""
        return sum(len(lot.contract_list) for lot in self)
