"""Stays found in made-up tracks: event strings of what the truck did, and what must come of it."""

import numpy as np
import pytest

from services.clearance.stays import find_stays
from services.clearance.track import FloatArray, Track, clean_track
from tests.unit.clearance.drives import START_S, Drive, point_at


def drive_of(story: str) -> Drive:
    """Return a drive told in letters, one for 15 s: S stands, M drives 100 m."""
    drive = Drive()
    for letter in story:
        x_m = drive.corners[-1][1]
        drive = drive.wait(15) if letter == "S" else drive.to(x_m + 100, speed_kmh=24)
    return drive


@pytest.mark.parametrize(
    ("story", "stays"),
    [
        ("MMMMMMMM", 0),  # only drives
        ("MMMMSSSSMMMM", 1),  # one minute
        ("MMMMSSMMMM", 1),  # half a minute
        ("MMMSSSSMMMMSSSSMMM", 2),  # two stands
        ("SSSSMMMMMMMMSSSS", 2),  # begins and ends standing
        ("SSSSSSSSSSSSSSSS", 1),  # stands throughout
    ],
)
@pytest.mark.parametrize("interval_s", [5.0, 15.0])
def test_a_truck_stands_as_often_as_its_story_says(story: str, stays: int, interval_s: float) -> None:
    """Each run of S in a story is one stay, whatever the interval between fixes."""
    day = drive_of(story).observe([], noise_m=3, interval_s=interval_s)
    assert len(find_stays(day.track)) == stays


@pytest.mark.parametrize("noise_m", [0.0, 5.0, 12.0])
def test_a_stay_is_found_where_and_when_it_was(noise_m: float) -> None:
    """Start and end are within two intervals and a noisy metre of the truth, the place within three errors."""
    drive = Drive().to(2000).wait(180).to(4000)
    arrived_s = START_S + drive.corners[1][0]
    for seed in range(10):
        day = drive.observe([point_at(2000)], noise_m=noise_m, seed=seed)
        place = day.places.by_id["P2000"]
        (stay,) = [stay for stay in find_stays(day.track) if stay.duration_s > 60]
        assert abs(stay.start_s - arrived_s) < 30 + noise_m
        assert abs(stay.end_s - arrived_s - 180) < 30 + noise_m
        assert stay.error_m < 2 * noise_m + 8
        assert np.hypot(stay.x_m - place.x_m, stay.y_m - place.y_m) < 3 * stay.error_m


def test_a_stay_is_never_a_gap_in_the_data() -> None:
    """A truck that is heard before and after twenty silent minutes at one place has not been seen to stand there."""
    drive = Drive().to(1000).wait(1200).to(2000)
    arrived_s = drive.corners[1][0]
    day = drive.observe([], noise_m=5, gaps=[(arrived_s - 1, arrived_s + 1199)])
    assert all(stay.duration_s < 120 for stay in find_stays(day.track))
    track = day.track
    for stay in find_stays(track):
        assert np.max(np.diff(track.time_s[stay.first : stay.last + 1]), initial=0) <= 60


def test_a_reported_speed_tells_a_crawl_from_a_stand() -> None:
    """Rolling at 8 km/h under noise of 10 m looks like standing, but not to a receiver that knows the speed."""
    drive = Drive().to(1000).to(1120, speed_kmh=8).to(2500)
    for seed in range(10):
        day = drive.observe([], noise_m=10, speed=True, seed=seed)
        assert [stay for stay in find_stays(day.track) if stay.duration_s > 40] == []


def test_a_track_is_cleaned_of_repeats_and_jumps_in_any_order() -> None:
    """Fixes in any order, sent twice, with one in the next county, come out sorted and plausible."""
    time_s = np.array([30.0, 0.0, 15.0, 15.0, 45.0, 60.0])
    x_m = np.array([200.0, 0.0, 100.0, 100.0, 90_000.0, 400.0])
    nothing = np.full(6, np.nan)
    track = clean_track(Track(time_s, x_m, np.zeros(6), nothing, nothing, nothing))
    assert track.time_s.tolist() == [0.0, 15.0, 30.0, 60.0]
    assert track.x_m.tolist() == [0.0, 100.0, 200.0, 400.0]


def test_a_truck_that_turns_every_minute_does_not_stand() -> None:
    """Fixes a minute apart with a corner between most of them are driving, not noise about a place."""
    generator = np.random.default_rng(5)
    heading: FloatArray = np.cumsum(generator.normal(0.0, 1.2, 120))
    step_m = generator.uniform(90.0, 260.0, 120)
    nothing = np.full(120, np.nan)
    x_m, y_m = np.cumsum(step_m * np.cos(heading)), np.cumsum(step_m * np.sin(heading))
    time_s: FloatArray = np.arange(0.0, 7200.0, 60.0)
    track = clean_track(Track(time_s, x_m, y_m, nothing, nothing, nothing))
    for stay in find_stays(track):
        inside = slice(stay.first, stay.last + 1)
        assert np.max(np.hypot(np.diff(track.x_m[inside]), np.diff(track.y_m[inside])), initial=0.0) < 84


def test_a_stand_that_reflected_signals_cut_in_parts_is_one_stay() -> None:
    """The receiver jumps by 60 m and back, its speed says that the truck never moved: one stay, known less exactly."""
    time_s: FloatArray = np.arange(0.0, 600.0, 15.0)
    x_m = np.concatenate(
        (100.0 * np.arange(-10, 0), np.zeros(6), np.full(6, 60.0), np.zeros(8), 100.0 * np.arange(1, 11))
    )
    speed_kmh = np.where((np.arange(40) >= 10) & (np.arange(40) < 30), 0.5, 24.0)
    y_m = np.random.default_rng(1).normal(0.0, 3.0, 40)
    nothing = np.full(40, np.nan)
    track = clean_track(Track(time_s, x_m, y_m, speed_kmh, nothing, nothing))
    (stay,) = find_stays(track)
    assert stay.duration_s > 260
    assert stay.error_m > 12


@pytest.mark.parametrize("count", [0, 1, 2])
def test_a_track_of_almost_nothing_has_no_stays_and_no_mishaps(count: int) -> None:
    """No fix, one fix and two fixes far apart are no stay."""
    numbers = np.arange(count, dtype=np.float64)
    nothing = np.full(count, np.nan)
    track = clean_track(Track(numbers * 15, numbers * 150, numbers, nothing, nothing, nothing))
    assert find_stays(track) == []
