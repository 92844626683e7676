"""The invariants of PEERS as property tests, each named after its number."""

from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction
from itertools import islice, pairwise, zip_longest

from billing_engine.cycles import ALIGNMENTS, POLICIES, Terms, cycle_at, cycles, due_cycles, next_cycle, schedule_date
from billing_engine.money import compound_discount, cumulative, exact, round_to, unit_price
from billing_engine.periods import Period, Recurrence, add_months
from billing_engine.proration import UNITS, prorate
from billing_engine.steps import FREQUENCIES, SALES_UNIT_MONTHS, Step, every_days
from dateutil.relativedelta import relativedelta
from hypothesis import assume, given, settings
from hypothesis import strategies as st

ONE_DAY = timedelta(days=1)

days = st.dates(date(2019, 1, 1), date(2032, 12, 31))
month_ends = st.builds(lambda day: add_months(day, 0, last_day=True), days)
anchors = days | month_ends  # the ends of months are where dates go wrong
month_steps = st.sampled_from([FREQUENCIES[name] for name in SALES_UNIT_MONTHS]) | st.builds(
    Step, st.just("month"), st.integers(1, 40)
)
steps = st.sampled_from(sorted(FREQUENCIES.values(), key=repr)) | month_steps | st.integers(1, 45).map(every_days)
roundings = st.sampled_from([Decimal("0.01"), Decimal("0.05"), Decimal(1), Decimal("0.001"), 0.01])
prices = st.decimals(-100000, 100000, places=4).map(exact)
positive_prices = st.decimals(0, 100000, places=4).map(exact)
offsets = st.integers(-40, 40)


@st.composite
def closed_terms(draw, longest=1200, step=steps):
    """A term with an end, of up to `longest` days, perhaps partly billed elsewhere."""
    start = draw(anchors)
    return Terms(
        start=start,
        step=draw(step),
        end=start + timedelta(days=draw(st.integers(0, longest))),
        alignment=draw(st.sampled_from(ALIGNMENTS)),
        billed_through=draw(st.none() | st.integers(-60, 600).map(lambda count: start + timedelta(days=count))),
        last_day=draw(st.booleans()),
    )


recurrences = st.builds(Recurrence, anchors, steps, st.booleans())


@st.composite
def natural_periods(draw, recurrence=recurrences):
    """A recurrence and one of its periods."""
    series = draw(recurrence)
    return series, series.period(draw(st.integers(-30, 30)))


def day_in(period):
    return st.integers(0, period.days - 1).map(lambda count: period.start + timedelta(days=count))


def span_in(period):
    bounds = st.lists(st.integers(0, period.days), min_size=2, max_size=2, unique=True).map(sorted)
    return bounds.map(lambda pair: Period(*(period.start + timedelta(days=count) for count in pair)))


def cut(parts, day):
    """Cut whichever part has `day` inside it in two."""
    return [
        piece
        for part in parts
        for piece in ((Period(part.start, day), Period(day, part.stop)) if part.start < day < part.stop else (part,))
    ]


# --- cycles -----------------------------------------------------------------------------------------------------------


@given(closed_terms())
def test_i1_no_overlap(terms):
    for before, after in pairwise(cycles(terms)):
        assert before.end < after.start
        assert before.natural.stop <= after.natural.start


@given(closed_terms())
def test_i2_no_gap(terms):
    found = list(cycles(terms))
    assert bool(found) == (terms.first_day <= terms.end)
    if found:
        assert (found[0].start, found[-1].end) == (terms.first_day, terms.end)
    for before, after in pairwise(found):
        assert before.end + ONE_DAY == after.start
        assert before.index + 1 == after.index


@given(closed_terms())
def test_i3_inside_the_term(terms):
    for cycle in cycles(terms):
        assert terms.start <= cycle.start <= cycle.end <= terms.end
        assert terms.billed_through is None or terms.billed_through < cycle.start
        assert cycle.natural.start <= cycle.start and cycle.end <= cycle.natural.end


@given(closed_terms())
def test_i3_only_the_first_and_the_last_cycle_are_cut(terms):
    assert not any(cycle.is_cut for cycle in list(cycles(terms))[1:-1])


@given(anchors, steps, st.booleans(), st.integers(-200, 200))
def test_i4_anchor(anchor, step, last_day, index):
    """Every start equals another library's direct computation from the anchor."""
    expected = anchor + relativedelta(**{f"{step.unit}s": step.count * index})
    if last_day and step.unit == "month":
        expected += relativedelta(day=31)
    assert Recurrence(anchor, step, last_day).start_of(index) == expected


def test_i4_anchor_up_to_200_from_every_day_of_a_leap_year():
    for offset in range(366):
        anchor = date(2024, 1, 1) + timedelta(days=offset)
        recurrence = Recurrence(anchor, Step("month", 1))
        assert [recurrence.start_of(index) for index in range(0, 201, 8)] == [
            anchor + relativedelta(months=index) for index in range(0, 201, 8)
        ]


@given(recurrences, st.integers(-5000, 5000))
def test_i4_index_of_is_the_inverse_of_period(recurrence, offset):
    day = recurrence.anchor + timedelta(days=offset)
    assert recurrence.period(recurrence.index_of(day)).contains(day)


@given(anchors, month_steps, st.integers(-200, 200))
def test_i5_recovery(anchor, step, index):
    start = Recurrence(anchor, step).start_of(index)
    assert start.day == anchor.day or (start.day < anchor.day and (start + ONE_DAY).day == 1)


@given(anchors, month_steps, st.integers(-200, 200))
def test_i5_last_day_is_the_last_day(anchor, step, index):
    assert (Recurrence(anchor, step, last_day=True).start_of(index) + ONE_DAY).day == 1


@given(closed_terms(longest=400), st.data())
def test_every_way_to_a_cycle_agrees(terms, data):
    found = list(cycles(terms))
    for cycle, following in zip_longest(found, found[1:]):
        assert cycle_at(terms, data.draw(day_in(cycle.span))) == cycle
        assert next_cycle(terms, cycle) == following
        assert cycle.natural == terms.recurrence.period(cycle.index)
    for outside in (terms.first_day - ONE_DAY, terms.end + ONE_DAY):
        assert cycle_at(terms, outside) is None


@given(closed_terms(longest=400), st.integers(-30, 430))
def test_until_keeps_the_cycles_that_have_started(terms, count):
    until = terms.start + timedelta(days=count)
    assert list(cycles(terms, until)) == [cycle for cycle in cycles(terms) if cycle.start <= until]


@given(closed_terms(longest=400))
def test_an_end_changes_nothing_before_it(terms):
    """An open-ended contract has the same cycles, up to the cut."""
    found = list(cycles(terms))
    endless = Terms(terms.start, terms.step, None, terms.alignment, terms.billed_through, terms.last_day)
    same = list(islice(cycles(endless), len(found)))
    assert found[:-1] == same[:-1]
    assert [cycle.start for cycle in found] == [cycle.start for cycle in same]


# --- runs -------------------------------------------------------------------------------------------------------------


class Ledger:
    """Billed periods by start, as the job keeps them: what is due and not yet there is added."""

    def __init__(self, terms, policy, offset):
        self.terms, self.policy, self.offset = terms, policy, offset
        self.rows = {}

    def run(self, today):
        """Bill what is due; return the new rows."""
        due = due_cycles(self.terms, self.policy, self.offset, today)
        new = {cycle.start: cycle for cycle in due if cycle.start not in self.rows}
        self.rows |= new
        return new


def days_of_runs(terms, offset):
    """Every day from the first to the last on which anything can become due."""
    first = min(terms.start, terms.start + timedelta(days=offset))
    last = max(terms.end, terms.end + timedelta(days=offset))
    return [first + timedelta(days=count) for count in range((last - first).days + 1)]


@settings(max_examples=25)
@given(closed_terms(longest=120), st.sampled_from(POLICIES), st.integers(-5, 5))
def test_i6_run_date_independence(terms, policy, offset):
    every = days_of_runs(terms, offset)
    ledgers = []
    for run_days in (every, every[::7] + every[-1:], every[-1:], every[:1] + every[-1:]):
        ledgers.append(Ledger(terms, policy, offset))
        for today in run_days:
            ledgers[-1].run(today)
    assert all(ledger.rows == ledgers[0].rows for ledger in ledgers)
    assert list(ledgers[0].rows.values()) == list(cycles(terms)), "all of the term, oldest first"


@given(closed_terms(longest=400), st.sampled_from(POLICIES), offsets, st.integers(-50, 500))
def test_i6_due_is_by_schedule_date_alone(terms, policy, offset, count):
    today = terms.start + timedelta(days=count)
    assert due_cycles(terms, policy, offset, today) == [
        cycle for cycle in cycles(terms) if schedule_date(cycle, policy, offset) <= today
    ]


@given(closed_terms(longest=400), st.sampled_from(POLICIES), offsets, st.integers(-50, 500))
def test_i7_idempotence(terms, policy, offset, count):
    today = terms.start + timedelta(days=count)
    ledger = Ledger(terms, policy, offset)
    ledger.run(today)
    assert not ledger.run(today)
    assert not ledger.run(today - ONE_DAY)


@given(closed_terms(longest=400), offsets, offsets)
def test_i28_advance_and_arrears_bill_the_same_periods(terms, one_offset, other_offset):
    last = terms.end + timedelta(days=50)
    advance = due_cycles(terms, "advance", one_offset, last)
    assert advance == due_cycles(terms, "arrears", other_offset, last) == list(cycles(terms))
    for cycle in advance:
        ahead, behind = schedule_date(cycle, "advance", one_offset), schedule_date(cycle, "arrears", one_offset)
        assert behind - ahead == cycle.end - cycle.start


# --- proration --------------------------------------------------------------------------------------------------------


@given(natural_periods(), st.sampled_from(UNITS), prices, roundings, st.data())
def test_i13_proration_sum(world, unit, price, rounding, data):
    recurrence, natural = world
    parts = [natural]
    for day in data.draw(st.lists(day_in(natural), max_size=6)):
        parts = cut(parts, day)
    shares = [prorate(part, natural, recurrence, unit) for part in parts]
    assert sum(shares) == 1
    assert sum(cumulative([price * share for share in shares], 0, rounding)) == round_to(price, rounding)


@given(natural_periods(), st.sampled_from(UNITS), prices, roundings, st.data())
def test_i14_associativity(world, unit, price, rounding, data):
    recurrence, natural = world
    one, other = data.draw(day_in(natural)), data.draw(day_in(natural))
    parts, same = cut(cut([natural], one), other), cut(cut([natural], other), one)
    billed = [
        cumulative([price * prorate(part, natural, recurrence, unit) for part in order], 0, rounding)
        for order in (parts, same)
    ]
    assert parts == same and billed[0] == billed[1]


@given(natural_periods(), st.sampled_from(UNITS), positive_prices, roundings, st.data())
def test_i15_bounds(world, unit, price, rounding, data):
    recurrence, natural = world
    share = prorate(data.draw(span_in(natural)), natural, recurrence, unit)
    assert 0 < share <= 1
    assert 0 <= round_to(price * share, rounding) <= round_to(price, rounding)
    assert prorate(natural, natural, recurrence, unit) == 1


@given(natural_periods(), st.sampled_from(UNITS), positive_prices, roundings, st.data())
def test_i16_monotone(world, unit, price, rounding, data):
    recurrence, natural = world
    longer = data.draw(span_in(natural))
    shorter = data.draw(span_in(longer))
    less, more = (prorate(span, natural, recurrence, unit) for span in (shorter, longer))
    assert (less < more) == (shorter != longer) and less <= more
    assert round_to(price * less, rounding) <= round_to(price * more, rounding)


@given(natural_periods(st.builds(Recurrence, anchors, month_steps, st.booleans())), st.data())
def test_months_are_days_over_days_of_each_month_day_by_day(world, data):
    """The definition, one day at a time: each costs 1 ÷ days of its month ÷ months of the cycle."""
    recurrence, natural = world
    start = data.draw(day_in(natural))
    span = Period(start, min(natural.stop, start + timedelta(days=40)))
    monthly = Recurrence(recurrence.anchor, Step("month", 1), recurrence.last_day)
    each = [span.start + timedelta(days=count) for count in range(span.days)]
    costs = [Fraction(1, monthly.period(monthly.index_of(day)).days * recurrence.step.count) for day in each]
    assert prorate(span, natural, recurrence, "months") == sum(costs)


@given(closed_terms(step=month_steps), st.sampled_from(sorted(SALES_UNIT_MONTHS.values())))
def test_i29_refine_in_months_is_exact_for_any_term(terms, other):
    """The months of a term do not depend on the frequency, part-cycles included."""
    assume(terms.alignment == "anniversary" or {terms.step.count, other} <= set(SALES_UNIT_MONTHS.values()))
    finer = Terms(terms.start, Step("month", other), terms.end, terms.alignment, terms.billed_through, terms.last_day)
    months = [
        sum(prorate(cycle.span, cycle.natural, each.recurrence, "months") * each.step.count for cycle in cycles(each))
        for each in (terms, finer)
    ]
    assert months[0] == months[1]


@given(anchors, st.sampled_from(UNITS), positive_prices, roundings)
def test_i29_refine_twelve_months_are_a_year(anchor, unit, monthly_price, rounding):
    end = add_months(anchor, 12) - ONE_DAY
    totals = {}
    for name in ("monthly", "quarterly", "semi_annual", "annual"):
        terms = Terms(anchor, FREQUENCIES[name], end)
        amounts = [
            monthly_price * terms.step.count * prorate(cycle.span, cycle.natural, terms.recurrence, unit)
            for cycle in cycles(terms)
        ]
        totals[name] = sum(amounts)
        drift = abs(sum(round_to(amount, rounding) for amount in amounts) - round_to(sum(amounts), rounding))
        assert drift <= exact(rounding) * (len(amounts) + 1) / 2, "half a unit per invoice"
    assert set(totals.values()) == {12 * monthly_price}


# --- money ------------------------------------------------------------------------------------------------------------


@given(prices, roundings)
def test_rounding_is_the_nearest_multiple_and_symmetric(amount, rounding):
    rounded, unit = exact(round_to(amount, rounding)), exact(rounding)
    assert (rounded / unit).denominator == 1
    assert abs(rounded - amount) <= unit / 2
    assert round_to(-amount, rounding) == -round_to(amount, rounding)
    assert round_to(rounded, rounding) == rounded


@given(prices, st.integers(-3, 3), roundings)
def test_halves_go_away_from_zero(amount, whole, rounding):
    half = (whole + Fraction(1, 2)) * exact(rounding)
    assert abs(round_to(half, rounding)) >= abs(half)


@given(st.lists(prices, min_size=1, max_size=8), prices, roundings)
def test_cumulative_pieces_add_up_whatever_was_billed(parts, already, rounding):
    billed = round_to(already, rounding)
    pieces = cumulative(parts, billed, rounding, base=Fraction(1, 3))
    assert len(pieces) == len(parts)
    assert billed + sum(pieces) == round_to(Fraction(1, 3) + sum(parts), rounding)


@given(st.lists(prices, min_size=2, max_size=8), roundings, st.data())
def test_cumulative_in_two_bills_equals_one(parts, rounding, data):
    first = data.draw(st.integers(1, len(parts) - 1))
    before = cumulative(parts[:first], 0, rounding)
    after = cumulative(parts[first:], sum(before), rounding, base=sum(parts[:first]))
    assert before + after == cumulative(parts, 0, rounding)


@given(natural_periods(), st.sampled_from(UNITS), positive_prices, roundings, st.data())
def test_i20_credit_limit(world, unit, price, rounding, data):
    """A period is billed in full, then reduced by quantity units that leave on any days, one credit each."""
    recurrence, natural = world
    leaving = data.draw(st.lists(span_in(natural), min_size=1, max_size=6))
    full = price * len(leaving)
    billed = round_to(full, rounding)
    reductions = [-price * prorate(span, natural, recurrence, unit) for span in leaving]
    pieces = cumulative(reductions, billed, rounding, base=full)
    assert all(piece <= 0 for piece in pieces)
    assert 0 <= -sum(pieces) <= billed


@given(natural_periods(), st.sampled_from(UNITS), positive_prices, roundings, st.data())
def test_i20_all_units_gone_for_all_days_credits_what_was_billed(world, unit, price, rounding, data):
    recurrence, natural = world
    parts = [natural]
    for day in data.draw(st.lists(day_in(natural), max_size=4)):
        parts = cut(parts, day)
    reductions = [-price * prorate(part, natural, recurrence, unit) for part in reversed(parts)]
    billed = round_to(price, rounding)
    assert sum(cumulative(reductions, billed, rounding, base=price)) == -billed


@given(prices, st.integers(1, 50), roundings)
def test_i17_change_and_revert_nets_to_zero(price, quantity, rounding):
    base = price / 7
    pieces = cumulative([quantity * price / 3, -quantity * price / 3], round_to(base, rounding), rounding, base)
    assert sum(pieces) == 0


@given(st.lists(st.decimals(0, 100, places=2), max_size=4), prices)
def test_discounts_compound_without_loss(percents, price):
    remaining = price
    for percent in percents:
        remaining -= remaining * exact(percent) / 100
    assert price - price * compound_discount(*percents) / 100 == remaining


@given(prices, st.decimals(-1000, 1000, places=3).filter(bool))
def test_unit_price_times_quantity_is_the_amount(amount, quantity):
    assert unit_price(amount, quantity) * exact(quantity) == amount
