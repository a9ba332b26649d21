"""Tracks: cut at gaps in time and distance, and outliers marked but never joined."""

from datetime import UTC, datetime, timedelta

import msgspec
import pytest

from services.api.shapes.vehicles import TrackAnswer, track_json
from services.api.tracks import segments_of
from services.clearance.track import LONGEST_RUN_OF_OUTLIERS
from services.store.live_vehicles import Fix, TrackRow

START = datetime(2026, 11, 21, tzinfo=UTC)
METRE = 1 / 111_320
"""Degrees of latitude."""


def fixes_at(places: list[tuple[float, float]]) -> list[Fix]:
    """Return fixes at (seconds, metres north)."""
    return [
        Fix(116.0, 40.0 + north_m * METRE, START + timedelta(seconds=at_s), None, None, None)
        for at_s, north_m in places
    ]


def track_of(fixes: list[Fix]) -> TrackRow:
    """Return fixes as the store gives them: a list for each value."""
    names = ("lon", "lat", "observed_at", "speed_kmh", "heading_deg", "load_kg")
    columns = [[getattr(fix, name) for fix in fixes] for name in names]
    return TrackRow("V1", None, [fix.observed_at.timestamp() for fix in fixes], *columns)


def drawn(places: list[tuple[float, float]]) -> str:
    """Return the segments as text: a dot for each fix, an x for an outlier, a bar for each gap."""
    return "|".join(
        "".join("x" if marked.outlier else "." for marked in segment)
        for segment in segments_of(track_of(fixes_at(places)))
    )


@pytest.mark.parametrize(
    ("places", "expected"),
    [
        ([], ""),
        ([(0, 0)], "."),
        ([(0, 0), (60, 0), (120, 0)], "..."),
        ([(0, 0), (180, 0)], ".."),  # three minutes are no gap yet
        ([(0, 0), (181, 0)], ".|."),
        ([(0, 0), (60, 0), (400, 0), (460, 0), (1000, 0)], "..|..|."),
        ([(0, 0), (60, 999)], ".."),  # nor is less than a kilometre
        ([(0, 0), (60, 1001)], ".|."),
        ([(0, 0), (60, 300), (70, 9000), (120, 600)], "..x."),  # a jump that comes back
        ([(0, 0), (60, 300), (70, 9000), (80, 9100), (90, 9050), (150, 600), (210, 900)], "..xxx.."),  # and lasts
        ([(0, 0), (60, 300), (60, 1000), (120, 600)], "..x."),  # two places at one instant
        ([(0, 0), (60, -300), (60, 700), (120, 1000)], ".x.."),  # the one with the shorter way is believed
        ([(0, 9000), (10, 0), (70, 300), (130, 500)], "x..."),  # the first
        ([(0, 0), (60, 300), (120, 500), (130, 9000)], "...x"),  # the last, until others agree with it
        ([(0, 0), (100, 0), (150, 9000), (400, 0)], "..x|."),  # an outlier does not bridge a gap
    ],
)
def test_a_track_is_cut_and_marked(places: list[tuple[float, float]], expected: str) -> None:
    """What is drawn of each."""
    assert drawn(places) == expected


def test_no_fix_is_lost() -> None:
    """All fixes are in the segments, in order, whatever they are."""
    places = [(15.0 * number, 80.0 * number + (20_000.0 if number % 7 == 3 else 0.0)) for number in range(300)]
    fixes = fixes_at(places)
    segments = segments_of(track_of(fixes))
    found = [msgspec.structs.replace(fix, outlier=False) for segment in segments for fix in segment]
    assert found == fixes
    assert sum(marked.outlier for segment in segments for marked in segment) == 43


def test_a_receiver_that_stays_elsewhere_is_believed_in_the_end() -> None:
    """A long run far away costs no more than a run of outliers may have: the vehicle was carried there."""
    places = [(10.0 * number, 0.0) for number in range(100)]
    places += [(1000.0 + 10.0 * number, 50_000.0) for number in range(100)]
    marks = [marked.outlier for segment in segments_of(track_of(fixes_at(places))) for marked in segment]
    assert 0 < sum(marks) <= LONGEST_RUN_OF_OUTLIERS


def test_a_track_is_written_as_its_shape_writes_it() -> None:
    """What writes thousands of fixes at once says the same as the shape that describes them."""
    known = Fix(116.1, 40.0, START + timedelta(seconds=1, milliseconds=500), 25.3, 0.0, 1500.0)
    for fixes in ([], [known, *fixes_at([(20, 0), (35, 9_000), (400, 20)])]):
        asked = ("V\n1 车", START, START + timedelta(days=1), segments_of(track_of(fixes)))
        assert track_json(*asked).decode() == TrackAnswer.of(*asked).model_dump_json()
