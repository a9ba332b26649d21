"""The day's weighings shared out: what each means, and that no kilogram is lost or made."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.clearance.weights import Meaning, Weighing, WeightShare, meaning_of, share_weights
from services.domain.kinds import FacilityKind, WeighingDirection

START = datetime(2026, 3, 2, 4, tzinfo=UTC)
KNOWN = frozenset({"V1", "V2", "H1"})
KINDS = {
    "S": FacilityKind.TRANSFER_STATION,
    "L": FacilityKind.LANDFILL,
    "I": FacilityKind.INCINERATOR,
    "C": FacilityKind.CONSTRUCTION_LANDFILL,
}


def weighed(place: str, direction: str, vehicle_id: str, at_h: float, kg: float = 100.0) -> Weighing:
    """Return a weighing so many hours into the day."""
    at = START + timedelta(hours=at_h)
    return Weighing(KINDS[place], vehicle_id, at, at.replace(minute=0, second=0), kg, WeighingDirection(direction))


@pytest.mark.parametrize(
    ("steps", "meanings"),
    [
        # A truck tips at a station.
        ([("S", "in", "V1")], [Meaning.TIPPED_AT_STATION]),
        # A truck tips at the landfill itself: collected and received.
        ([("L", "in", "V1")], [Meaning.TIPPED_AT_SITE]),
        # A hook-lift of the register hauls from the station to the incinerator.
        ([("S", "out", "H1"), ("I", "in", "H1")], [Meaning.NEITHER, Meaning.HAULED]),
        # It has brought its load, so that the next one is its own.
        (
            [("S", "out", "H1"), ("L", "in", "H1"), ("L", "in", "H1")],
            [Meaning.NEITHER, Meaning.HAULED, Meaning.TIPPED_AT_SITE],
        ),
        # A stranger brings refuse to the landfill: from a station, for all we know.
        ([("L", "in", "X9")], [Meaning.HAULED]),
        # A stranger tips at a station.
        ([("S", "in", "X9")], [Meaning.TIPPED_AT_STATION]),
        # Construction waste is another matter.
        ([("C", "in", "V1")], [Meaning.NEITHER]),
    ],
)
def test_what_a_weighing_means(steps: list[tuple[str, str, str]], meanings: list[Meaning]) -> None:
    """Each chain of weighings is read as an office would."""
    weighings = [weighed(*step, at_h=index) for index, step in enumerate(steps)]
    assert meaning_of(weighings, KNOWN) == meanings


def test_a_vehicle_s_refuse_is_shared_over_the_zones_it_served() -> None:
    """Three quarters collected in one zone leave three quarters of the weight there; what is hauled on follows."""
    weighings = [
        weighed("S", "in", "V1", 1, 4000),
        weighed("S", "out", "H1", 2, 3000),
        weighed("L", "in", "H1", 3, 3000),
        weighed("L", "in", "V2", 4, 500),
    ]
    shares = share_weights(weighings, {("V1", "Z1"): 300.0, ("V1", "Z2"): 100.0}, KNOWN, START)
    tipped: dict[str | None, float] = {}
    received: dict[str | None, float] = {}
    for share in shares:
        tipped[share.zone_id] = tipped.get(share.zone_id, 0.0) + share.tipped_kg
        received[share.zone_id] = received.get(share.zone_id, 0.0) + share.received_kg
    assert tipped == {"Z1": 3000.0, "Z2": 1000.0, None: 500.0}
    assert received == {"Z1": 2250.0, "Z2": 750.0, None: 500.0}


def test_a_haul_over_the_day_s_end_is_no_collection() -> None:
    """What left a station before the day began and reaches the landfill in it was not collected by the hook-lift."""
    weighings = [weighed("S", "out", "H1", -1, 9000), weighed("L", "in", "H1", 0.5, 9000)]
    shares = share_weights(weighings, {}, KNOWN, START)
    assert shares == [WeightShare(START, "unassigned", None, 0.0, 9000.0)]


PLACES = st.sampled_from(list(KINDS))
WEIGHINGS = st.lists(
    st.builds(
        weighed,
        PLACES,
        st.sampled_from(["in", "out"]),
        st.sampled_from(["V1", "V2", "H1", "X9"]),
        st.integers(0, 23),
        st.floats(1, 10_000),
    ),
    max_size=12,
)
COLLECTED = st.dictionaries(
    st.tuples(st.sampled_from(["V1", "V2"]), st.sampled_from(["Z1", "Z2", None])), st.floats(0, 5000)
)


@given(weighings=WEIGHINGS, collected=COLLECTED)
def test_no_kilogram_is_lost_or_made(weighings: list[Weighing], collected: dict[tuple[str, str | None], float]) -> None:
    """The sums over all shares are those of the weighings, however they are shared."""
    shares = share_weights(weighings, collected, KNOWN, START)
    ordered = sorted(weighings, key=lambda item: (item.at, item.vehicle_id, item.facility_kind, item.net_kg))
    meanings = meaning_of(ordered, KNOWN)
    tipped = sum(
        item.net_kg
        for item, meaning in zip(ordered, meanings, strict=True)
        if meaning in (Meaning.TIPPED_AT_STATION, Meaning.TIPPED_AT_SITE)
    )
    received = sum(
        item.net_kg
        for item, meaning in zip(ordered, meanings, strict=True)
        if meaning in (Meaning.HAULED, Meaning.TIPPED_AT_SITE)
    )
    assert sum(share.tipped_kg for share in shares) == pytest.approx(tipped)
    assert sum(share.received_kg for share in shares) == pytest.approx(received)
