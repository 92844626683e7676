"""Random lives of repeating invoices, with a second opinion of what is invoiced: written here, without the engine."""

from calendar import monthrange
from dataclasses import dataclass
from datetime import date, timedelta

from hypothesis import strategies as st

from .repeating_common import RepeatingCommon

LAST = date(2027, 6, 28)
AHEAD = timedelta(days=15)
DAY = timedelta(days=1)
# (price, quantity) -> amount, halves away from zero.
CENTS = {(0.0, 1.0): 0.0, (0.0, 2.5): 0.0, (0.01, 1.0): 0.01, (0.01, 2.5): 0.03,
         (33.33, 1.0): 33.33, (33.33, 2.5): 83.33,
         (100.0, 1.0): 100.0, (100.0, 2.5): 250.0}


def month_after(start, months):
    """Return the same day so many months later, the last day of a month that is too short."""
    number = start.year * 12 + start.month - 1 + months
    year, month = divmod(number, 12)
    return date(year, month + 1, min(start.day, monthrange(year, month + 1)[1]))


@dataclass(frozen=True)
class Line:
    price: float
    quantity: float
    term: int
    starts_after: int


@dataclass(frozen=True)
class Life:
    interval: str
    run_date: date
    weekday: int
    months: tuple
    term: int
    billed_through: date | None
    lines: tuple

    def run_dates(self):
        """Yield the run dates of this life up to LAST, the oldest first, whatever was billed elsewhere."""
        day = self.run_date
        while day <= LAST + AHEAD:
            if self.is_run(day):
                yield day
            day += DAY

    def is_run(self, day):
        """Tell whether ``day``, from the run date on, is one."""
        if self.interval == "weekly":
            return day.weekday() == self.weekday
        wanted = min(self.run_date.day, monthrange(day.year, day.month)[1])
        months = {"monthly": range(1, 13), "annually": [self.run_date.month], "other": self.months}[self.interval]
        return day.day == wanted and day.month in months

    def expected(self):
        """Return [(run date, [(amount, quantity)])]."""
        end = month_after(self.run_date, self.term) - DAY if self.term else None
        found = []
        for day in self.run_dates():
            if (end and day > end) or (self.billed_through and day <= self.billed_through):
                continue
            lines = []
            for line in self.lines:
                start = self.run_date + timedelta(days=line.starts_after)
                if start <= day and (not line.term or day < month_after(start, line.term)):
                    lines.append((CENTS[line.price, line.quantity], line.quantity))
            if lines:
                found.append((day, lines))
        return found


lines = st.builds(
    Line, price=st.sampled_from([0.0, 0.01, 33.33, 100.0]), quantity=st.sampled_from([1.0, 2.5]),
    term=st.integers(0, 4), starts_after=st.sampled_from([0, 0, 1, 30, 45]))


@st.composite
def lives(draw):
    start = draw(st.one_of(
        st.sampled_from([
            date(2026, 8, 31), date(2026, 10, 30), date(2026, 8, 29), date(2027, 1, 31), date(2026, 12, 31)]),
        st.dates(date(2026, 7, 1), date(2027, 1, 31))))
    term = draw(st.sampled_from([0, 4, 5, 9, 12]))
    return Life(
        interval=draw(st.sampled_from(["weekly", "monthly", "annually", "other"])), run_date=start,
        weekday=draw(st.integers(0, 6)),
        months=tuple(sorted(draw(st.sets(st.integers(1, 12), min_size=1, max_size=5)))), term=term,
        billed_through=draw(st.sampled_from([None, None, start, start + timedelta(days=40)])),
        lines=tuple(draw(st.lists(lines, min_size=1, max_size=3))))


class RepeatingLives(RepeatingCommon):
    def begin(self, life, number, escalate=False, **vals):
        """Return the repeating invoice of ``life``, entered 40 days before its run date, for a client of its own."""
        if life.interval == "weekly":
            vals["weekday"] = str(life.weekday)
        if life.interval == "other":
            vals["months"] = ",".join(map(str, life.months))
        return self.make_repeating(
            *({"price_unit": line.price, "quantity": line.quantity, "term": line.term, "name": f"Line {place}",
               "escalate": escalate,
               "date_start": life.run_date + timedelta(days=line.starts_after)}
              for place, line in enumerate(life.lines)),
            interval=life.interval, run_date=life.run_date, term=life.term, billed_through=life.billed_through,
            name=f"Life {number}", partner_id=self.env["res.partner"].create({"name": "Client"}).id,
            today=life.run_date - timedelta(days=40), **vals)
