"""The changes of one subscription in the order of their days, and what an earlier change makes of a later stop.

A pause and a deactivation bring the quantity to zero, a resume brings it back. They are kept as differences like every
other change; so when days before them change, they have to follow. ``unbalanced`` tells by how much.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from fractions import Fraction

ACTIVE, PAUSED, INACTIVE = "active", "paused", "inactive"
_STATES = {"create": ACTIVE, "activate": ACTIVE, "resume": ACTIVE, "pause": PAUSED, "deactivate": INACTIVE}


@dataclass(frozen=True)
class Entry:
    """One change: from ``day`` on, ``delta`` more units.

    Ids grow in the order of entry. ``billed`` tells that a pause leaves the quantity as it is: it is billed in full.
    ``completes`` is the id of the change that this one adds to, because that one could not be altered any more.
    """

    id: int
    day: date
    event: str
    delta: Fraction
    billed: bool = False
    completes: int | None = None

    @property
    def head(self):
        return self.completes or self.id

    @property
    def empties(self):
        """Whether the quantity is zero from this change on."""
        return self.event == "deactivate" or (self.event == "pause" and not self.billed)


def in_order(entries: Iterable[Entry]) -> list[Entry]:
    """Return the changes by day, then as they were entered; what completes a change stands right after it."""
    return sorted(entries, key=lambda entry: (entry.day, entry.head, entry.id))


def _grouped(entries, key):
    """Return the changes by ``key``, in order."""
    groups = {}
    for entry in in_order(entries):
        groups.setdefault(key(entry), []).append(entry)
    return groups


def quantity_on(entries: Iterable[Entry], day: date) -> Fraction:
    """Return the quantity in force on ``day``."""
    return sum((entry.delta for entry in entries if entry.day <= day), Fraction(0))


def state_on(entries: Iterable[Entry], day: date) -> str:
    """Return ACTIVE, PAUSED or INACTIVE: what the subscription is on ``day``."""
    return last_state(entries, day)[0]


def last_state(entries: Iterable[Entry], day: date) -> tuple[str, Entry | None]:
    """Return the state on ``day`` and the change that made it so."""
    found = [entry for entry in in_order(entries) if entry.day <= day and entry.event in _STATES]
    return (_STATES[found[-1].event], found[-1]) if found else (ACTIVE, None)


def first_negative(entries: Iterable[Entry], day: date) -> date | None:
    """Return the first day, from ``day`` on, at whose end the quantity is below zero."""
    running = Fraction(0)
    for changed, group in _grouped(entries, lambda entry: entry.day).items():
        running += sum(entry.delta for entry in group)
        if running < 0 and changed >= day:
            return changed
    return None


def unbalanced(entries: Iterable[Entry]) -> Iterator[tuple[Entry, Fraction]]:
    """Yield each change that no longer does what it says, with the difference that is missing.

    A stop leaves nothing, whatever comes while it lasts; a resume returns to the quantity before its pause, and
    without a pause it changes nothing. Only a new activation chooses its own quantity.
    """
    running = before = Fraction(0)
    stopped = None
    for group in _grouped(entries, lambda entry: entry.head).values():
        entry, start = group[0], running
        running += sum(one.delta for one in group)
        wanted = running
        if entry.empties:
            before = start if stopped is None else before
            stopped, wanted = entry.event, Fraction(0)
        elif entry.event == "resume":
            wanted = before if stopped == "pause" else start
            stopped = None if stopped == "pause" else stopped
        elif entry.event == "activate":
            stopped = None
        elif stopped:
            wanted = Fraction(0)
        if running != wanted:
            yield entry, wanted - running
            running = wanted
