"""Reads the meters of usage-based subscriptions: a constant number of queries, none where there are no such ones."""

from collections import defaultdict
from dataclasses import replace
from decimal import Decimal

from odoo.tools import SQL

from ..engine import facts
from ..engine.entered import usage_cycle
from ..engine.money import exact


class MeterReader:
    """The meters of ``subscriptions``, read when it is made.

    :param replaced: invoices whose content counts as not billed
    """

    def __init__(self, subscriptions, replaced):
        self._subscriptions = subscriptions.filtered(lambda sub: sub.pricing == "usage")
        self._held = defaultdict(list)
        settled = self._subscriptions.filtered(lambda sub: sub.rate_card_id or sub.minimum_commitment)
        if settled:
            settled.env["billing.usage"].flush_model()
            settled.env["account.move.line"].flush_model()
            settled.env["billing.schedule"].flush_model(["resulting_invoice_id"])
            self._read_amounts(settled, replaced)
            self._read_quantities(settled.filtered("rate_card_id"), replaced)

    def _read_amounts(self, subscriptions, replaced):
        """Read, per day on which usage ended, what live invoices hold: of usage, and of top-ups, without any."""
        for subscription, day, usage, top_up in subscriptions.env.execute_query(SQL(
                """
                SELECT line.billing_subscription_id, line.billing_period_end,
                       COALESCE(SUM(line.billing_amount) FILTER (WHERE used.line_id IS NOT NULL), 0),
                       COALESCE(SUM(line.billing_amount) FILTER (WHERE used.line_id IS NULL), 0)
                  FROM account_move_line line
                  JOIN billing_schedule row ON row.resulting_invoice_id = line.move_id
             LEFT JOIN LATERAL (SELECT rel.line_id FROM billing_usage_line_rel rel WHERE rel.line_id = line.id LIMIT 1)
                       used ON TRUE
                 WHERE line.billing_subscription_id = ANY(%(ids)s)
                   AND line.billing_period_end IS NOT NULL
                   AND line.billing_cycle_start IS NULL
                   AND line.move_id != ALL(%(replaced)s)
              GROUP BY line.billing_subscription_id, line.billing_period_end
                """, ids=subscriptions.ids, replaced=replaced.ids)):
            self._held[subscription].append(
                (day, facts.Metered(usage=Decimal(str(usage)), top_up=Decimal(str(top_up)))))

    def _read_quantities(self, subscriptions, replaced):
        """Read, per day on which usage ended, the quantity that the rate card has priced on live invoices."""
        if not subscriptions:
            return
        for subscription, day, quantity in subscriptions.env.execute_query(SQL(
                """
                SELECT usage.subscription_id, usage.period_end, SUM(usage.quantity)
                  FROM billing_usage usage
                  JOIN account_move_line line ON line.id = usage.invoice_line_id
                  JOIN billing_schedule row ON row.resulting_invoice_id = line.move_id
                 WHERE usage.subscription_id = ANY(%(ids)s)
                   AND usage.is_tiered
                   AND line.move_id != ALL(%(replaced)s)
              GROUP BY usage.subscription_id, usage.period_end
                """, ids=subscriptions.ids, replaced=replaced.ids)):
            self._held[subscription].append((day, facts.Metered(quantity=exact(quantity))))

    def meters(self, subscriptions, terms_of):
        """Return the engine's meters of the ``subscriptions`` of one contract.

        :param terms_of: function of a subscription, gives the terms of the cycles in which it is billed
        """
        return tuple(
            facts.Meter(
                id=sub.id, card=sub.rate_card_id._get_billing_card() if sub.rate_card_id else None,
                minimum=Decimal(str(sub.minimum_commitment)), by_record=sub.usage_rollup == "none",
                held=self._by_cycle(self._held[sub.id], terms_of(sub)))
            for sub in subscriptions & self._subscriptions)

    @staticmethod
    def _by_cycle(found, terms):
        held = defaultdict(facts.Metered)
        for day, more in found:
            start = usage_cycle(terms, day).start
            before = held[start]
            held[start] = facts.Metered(
                before.quantity + more.quantity, before.usage + more.usage, before.top_up + more.top_up)
        return held

    def has_minimum(self, subscriptions):
        """Tell whether one of ``subscriptions`` has a minimum commitment."""
        return any(sub.minimum_commitment for sub in subscriptions & self._subscriptions)


def with_previous(rows, others, end):
    """Return the engine rows of one owner of cycles with the schedule date of the row before each.

    :param others: its rows in the ledger
    :param end: its last day: from then on a change-log invoice closes cycles like a regular one
    """
    regular = {row.cycle_start: row.schedule_date for row in others if row.kind == "regular"}
    regular |= {row.start: row.schedule_date for row in rows if row.kind == "regular"}
    final = [row for row in others if row.kind == "change_log" and end and row.schedule_date > end]

    def previous(row):
        if row.kind == "regular":
            return regular.get(max((start for start in regular if start < row.start), default=None))
        dates = [*regular.values(), *(other.schedule_date for other in final if other.id != row.key)]
        return max((day for day in dates if day < row.schedule_date), default=None)

    return [replace(row, previous=previous(row)) for row in rows]
