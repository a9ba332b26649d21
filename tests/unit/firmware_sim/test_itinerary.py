"""Where a truck is in its route when the route changes."""

import pytest

from firmware_sim.devices.itinerary import Itinerary
from tests.unit.firmware_sim.small_day import route


def after(done: int, first: str, revised: str, revision: int = 2) -> str:
    """Return the stops ahead, in words, once `done` stops of `first` are done and `revised` has arrived."""
    itinerary = Itinerary()
    itinerary.revise(route("V1", first))
    for stop in itinerary.stops[:done]:
        itinerary.complete(stop)
    itinerary.revise(route("V1", revised, revision=revision))
    return " ".join(stop.id for stop in itinerary.ahead)


@pytest.mark.parametrize(
    ("done", "first", "revised", "ahead"),
    [
        (0, "D P1 P2 D", "D P2 P1 D", "D P2 P1 D"),  # not gone yet
        (1, "D P1 P2 D", "D P2 P1 D", "P2 P1 D"),  # on the way to P1, which stands after P2 now
        (2, "D P1 P2 P3 D", "D P1 P3 D", "P3 D"),  # P2 taken away
        (3, "D P1 P2 P3 D", "D P1 P2 P5 P3 D", "P5 P3 D"),  # P5 added
        (3, "D P1 P2 P3 D", "D P4 P5 D", "P4 P5 D"),  # nothing in common
        (3, "D P1 P2 P3 D", "P3 P4 D", "P3 P4 D"),  # what is done is left out
        (4, "D P1 S P2 S D", "D P1 S P2 P3 S D", "P3 S D"),  # the station twice: the first was done
        (5, "D P1 P2 P3 D", "D P1 P2 P3 D P4 D", "P4 D"),  # home, and out again
        (5, "D P1 P2 P3 D", "D P1 P2 P3 D", ""),  # nothing new
        (3, "D P1 P2 P3 D", "", ""),  # nothing left to do
    ],
)
def test_a_revision_is_entered_after_what_is_done(done: int, first: str, revised: str, ahead: str) -> None:
    """The truck never does a stop twice, and goes on where the revision has it."""
    if revised:
        assert after(done, first, revised) == ahead
        return
    itinerary = Itinerary()
    itinerary.revise(route("V1", first))
    for stop in itinerary.stops[:done]:
        itinerary.complete(stop)
    empty = route("V1", "D", revision=2)
    assert itinerary.revise(type(empty)(**{name: getattr(empty, name) for name in _WITHOUT_STOPS}))
    assert itinerary.ahead == ()


_WITHOUT_STOPS = ("plan_id", "service_date", "revision", "vehicle_id", "published_at")


@pytest.mark.parametrize(
    ("plan_id", "revision", "followed"),
    [
        ("plan", 1, False),  # the retained message again
        ("plan", 2, True),  # a revision
        ("other", 2, True),  # another plan, published later
        ("other", 1, True),  # another plan of the same revision: it was published after ours was taken
        ("plan", 3, True),
    ],
)
def test_only_newer_routes_are_followed(plan_id: str, revision: int, followed: bool) -> None:
    """The same message may come again after every reconnection."""
    itinerary = Itinerary()
    itinerary.revise(route("V1", "D P1 D"))
    assert itinerary.revise(route("V1", "D P2 D", plan_id=plan_id, revision=revision)) is followed


def test_a_stop_taken_away_while_under_way_still_counts_as_done() -> None:
    """The truck serves P1, which the revision that came on the way has no more, and goes on with it."""
    itinerary = Itinerary()
    itinerary.revise(route("V1", "D P1 P2 D"))
    depot, point, *_ = itinerary.stops
    itinerary.complete(depot)
    itinerary.revise(route("V1", "D P2 P3 D", revision=2))
    itinerary.complete(point)
    assert [stop.id for stop in itinerary.ahead] == ["P2", "P3", "D"]
