"""What a change makes of the change logs of a subscription: decided, shown with its money, and only then written."""

from dataclasses import dataclass, field, replace
from types import SimpleNamespace
from typing import Any

from ..engine.facts import Log
from ..engine.money import exact

# What becomes of an engine's log when a field of its record is written.
_WRITTEN = {
    "quantity": lambda value: {"delta": exact(value)},
    "state": lambda value: {"pending": value != "archived"},
    "counts_from": lambda value: {"counts_from": value or None},
}


@dataclass
class LogEdits:
    """The edits of the logs of one subscription.

    ``created`` and ``completing`` are values of new logs in the order of entry; the second ones complete older changes
    because of the first. ``changed`` maps logs to new values, ``removed`` are logs that have not taken effect.
    ``notes`` are told on the subscription.
    """

    subscription: Any
    removed: Any
    created: list = field(default_factory=list)
    completing: list = field(default_factory=list)
    changed: dict = field(default_factory=dict)
    notes: list = field(default_factory=list)

    def __bool__(self):
        return bool(self.removed or self.created or self.completing or self.changed)

    def get_entries(self):
        """Return the entries of ``engine.history`` that the subscription has when the edits are written."""
        entries = self.subscription._get_entries(self.removed)
        newest = max((entry.id for entry in entries), default=0)
        created = enumerate([*self.created, *self.completing], start=newest + 1)
        return [*entries, *(self.subscription._entry(number, vals) for number, vals in created)]

    def apply(self, logs, first):
        """Return what the engine's ``logs`` of the subscription are when the edits are written.

        :param first: id of the first log that is not written yet, above those of all others
        :return: the logs, and the values of those that are not written by id
        """
        removed, changed = set(self.removed.ids), {log.id: vals for log, vals in self.changed.items()}
        kept = [_changed(log, changed.get(log.id, {})) for log in logs if log.id not in removed]
        new = dict(enumerate([*self.created, *self.completing], start=first))
        following = first + len(self.created)
        created = [_unwritten(number, vals, first if number >= following else None) for number, vals in new.items()]
        return (*kept, *created), {number: SimpleNamespace(**vals) for number, vals in new.items()}


def _changed(log, vals):
    for name, value in vals.items():
        log = replace(log, **_WRITTEN[name](value)) if name in _WRITTEN else log
    return log


def _unwritten(number, vals, cause):
    return Log(
        id=number, effective=vals["effective_date"], delta=exact(vals["quantity"]),
        price=exact(vals["price_unit"]) if vals["sets_price"] else None, pending=vals["state"] != "archived",
        refundable=vals.get("refund", True), counts_from=vals.get("counts_from"),
        pauses=vals["event"] == "pause" and vals.get("pause_policy") != "full", cause=cause)
