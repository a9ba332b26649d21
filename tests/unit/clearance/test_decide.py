"""Due visits decided from visits: event strings of a point's day, and brute force beside the assignment."""

from datetime import UTC, date, datetime, timedelta
from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.clearance.decide import PlannedStop, decide_due_visits, match_visits
from services.domain.due import DueVisit
from services.domain.kinds import DueVisitStatus, MissedReason
from services.domain.town import Interval
from services.domain.visit import Visit

DAY = date(2026, 3, 2)
MORNING = datetime(2026, 3, 2, 4, tzinfo=UTC)


def hour(number: float) -> datetime:
    """Return an hour of the day."""
    return MORNING + timedelta(hours=number)


def due(occurrence: int, start: float, end: float) -> DueVisit:
    """Return a due visit with one window."""
    return DueVisit("P", DAY, occurrence, (Interval(hour(start), hour(end)),), 100.0)


def visit(at: float, confidence: float = 0.9, vehicle_id: str = "V") -> Visit:
    """Return a visit of three minutes."""
    return Visit("P", vehicle_id, Interval(hour(at), hour(at + 0.05)), confidence, ())


def story_of(text: str, windows: list[DueVisit], planned: bool, now: float) -> str:
    """Decide a day told in letters, one an hour (v for a visit), and return what became of each due visit."""
    visits = [visit(at + 0.5) for at, letter in enumerate(text) if letter == "v"]
    stops = {("P", item.occurrence): PlannedStop("V", hour(1)) for item in windows} if planned else {}
    letters = {
        (DueVisitStatus.CLEARED, None): "C",
        (DueVisitStatus.PENDING, None): "p",
        (DueVisitStatus.PENDING, MissedReason.NOT_PLANNED): "n",
        (DueVisitStatus.PENDING, MissedReason.VISITED_OUTSIDE_WINDOW): "o",
        (DueVisitStatus.MISSED, MissedReason.NOT_PLANNED): "N",
        (DueVisitStatus.MISSED, MissedReason.PLANNED_BUT_NOT_VISITED): "M",
        (DueVisitStatus.MISSED, MissedReason.VISITED_OUTSIDE_WINDOW): "O",
    }
    decisions = decide_due_visits(windows, visits, stops, hour(now))
    return "".join(letters[decision.status, decision.reason] for decision in decisions)


ONCE = [due(1, 0, 24)]
TWICE = [due(1, 0, 24), due(2, 0, 24)]
WINDOWS = [due(1, 2, 4), due(2, 8, 10)]


@pytest.mark.parametrize(
    ("windows", "text", "planned", "now", "expected"),
    [
        (ONCE, "....", True, 5, "p"),  # planned, the day goes on
        (ONCE, "....", False, 5, "n"),  # known by now not to be planned
        (ONCE, "....", True, 24, "M"),  # the day is over
        (ONCE, "....", False, 24, "N"),
        (ONCE, "..v.", False, 3, "C"),  # unplanned, and cleared all the same
        (TWICE, "..v.", True, 24, "CM"),  # one visit clears one due visit at most
        (TWICE, "v.v.", True, 24, "CC"),
        (TWICE, "vvvv", True, 24, "CC"),  # more visits than were due
        (WINDOWS, "..v.....v.", True, 24, "CC"),
        (WINDOWS, "..vv......", True, 24, "CO"),  # both in the first window: the second one came too early
        (WINDOWS, "v.........", True, 3, "oo"),  # too early, and there is still time for both
        (WINDOWS, "v.........", True, 5, "Oo"),
        (WINDOWS, "..........", True, 5, "Mp"),
        (WINDOWS, "........v.", True, 24, "MC"),
    ],
)
def test_a_day_ends_as_its_story_says(
    windows: list[DueVisit], text: str, planned: bool, now: float, expected: str
) -> None:
    """Each story of visits has one outcome, by the windows, the plan and the clock."""
    assert story_of(text, windows, planned, now) == expected


def test_a_visit_that_reaches_into_a_window_clears_it() -> None:
    """A visit is in its window when some of it is."""
    assert story_of("", [due(1, 2, 4)], True, 1) == "p"
    decisions = decide_due_visits([due(1, 2, 4)], [visit(1.97), visit(4.0)], {}, hour(5))
    assert decisions[0].cleared_by == visit(1.97)


def test_of_visits_that_could_clear_the_surest_does() -> None:
    """Between an uncertain visit and a sure one in the same window the sure one is named."""
    decisions = decide_due_visits([due(1, 0, 24)], [visit(1, 0.6), visit(2, 0.99)], {}, hour(3))
    assert decisions[0].cleared_by == visit(2, 0.99)


def best_by_brute_force(wanted: list[DueVisit], visits: list[Visit]) -> int:
    """Return how many due visits can be cleared at most, by trying every order."""
    slots: list[Visit | None] = [*visits, *([None] * len(wanted))]
    return max(
        sum(chosen is not None and item.in_window(chosen.interval) for item, chosen in zip(wanted, order, strict=True))
        for order in permutations(slots, len(wanted))
    )


HOURS = st.integers(0, 20)
DUE_LISTS = st.lists(st.tuples(HOURS, st.integers(1, 8)), min_size=1, max_size=3).map(
    lambda spans: [due(index + 1, start, start + length) for index, (start, length) in enumerate(spans)]
)
VISIT_LISTS = st.lists(st.tuples(HOURS, st.sampled_from([0.55, 0.8, 0.99])), max_size=4).map(
    lambda items: [visit(at, confidence, f"V{index}") for index, (at, confidence) in enumerate(items)]
)


@given(wanted=DUE_LISTS, visits=VISIT_LISTS)
def test_as_many_are_cleared_as_can_be(wanted: list[DueVisit], visits: list[Visit]) -> None:
    """The assignment clears as many due visits as brute force does, each visit once and in its window."""
    ordered = sorted(visits, key=lambda item: (item.interval.start, item.vehicle_id))
    chosen = match_visits(wanted, ordered)
    cleared = [found for found in chosen if found is not None]
    assert len(cleared) == best_by_brute_force(wanted, visits)
    assert len({item.vehicle_id for item in cleared}) == len(cleared)
    assert all(found is None or item.in_window(found.interval) for item, found in zip(wanted, chosen, strict=True))


@given(wanted=DUE_LISTS, visits=VISIT_LISTS, data=st.data())
def test_the_order_of_visits_changes_nothing(wanted: list[DueVisit], visits: list[Visit], data: st.DataObject) -> None:
    """Shuffled due visits and visits are decided the same."""
    straight = decide_due_visits(wanted, visits, {}, hour(24))
    shuffled = decide_due_visits(data.draw(st.permutations(wanted)), data.draw(st.permutations(visits)), {}, hour(24))
    assert shuffled == straight


@given(wanted=DUE_LISTS, visits=VISIT_LISTS, more=VISIT_LISTS)
def test_one_visit_more_never_clears_less(wanted: list[DueVisit], visits: list[Visit], more: list[Visit]) -> None:
    """With more visits at least as many due visits are cleared."""

    def cleared(found: list[Visit]) -> int:
        decisions = decide_due_visits(wanted, found, {}, hour(24))
        return sum(decision.status is DueVisitStatus.CLEARED for decision in decisions)

    assert cleared(visits + more) >= cleared(visits)
