"""Stays in a recording with real dirt: never a gap, never a drive, and a picture that can be opened."""

from pathlib import Path
from xml.etree import ElementTree

import pytest

from bench.clearance.jerseycity import picture, read_day, summary
from services.stack.tools import PROJECT_DIR

REAL_FIXES = PROJECT_DIR.parent / "shared/data/jerseycity/truck_gps_2015-12.csv"
MADE_UP = [
    *(("A", f"07:{minute:02}:00", 40.70 + 0.002 * minute) for minute in range(10)),
    *(("A", f"07:{minute:02}:00", 40.72) for minute in range(10, 16)),  # five minutes at one place
    *(("A", f"07:{minute:02}:00", 40.72) for minute in range(40, 42)),  # heard there again after a gap
    *(("A", f"07:{minute:02}:00", 40.72 + 0.002 * (minute - 41)) for minute in range(42, 52)),
    *(("B", f"07:{minute:02}:00", 40.70 + 0.002 * minute) for minute in range(20)),
]
"""Vehicle, time of day, latitude."""


@pytest.fixture
def recording(tmp_path: Path) -> Path:
    """A made-up recording in the form of the real one."""
    lines = [f"{vehicle},2015-12-10 {time},{latitude:.5f},-74.0500" for vehicle, time, latitude in MADE_UP]
    source = tmp_path / "gps.csv"
    source.write_text("\n".join(["vehicle,ts_local,lat,lon", *lines]) + "\n", encoding="utf-8")
    return source


def test_stays_of_a_recording_are_found_and_judged(recording: Path) -> None:
    """A stand before a gap and one after it are two, both beside the street that the other truck drove."""
    day = read_day(recording)
    before, after = (judged for judged in day.stays if judged.stay.duration_s > 50)
    assert 300 <= before.stay.duration_s < 420
    assert after.stay.duration_s < 180
    assert before.is_plausible
    counts = summary(day)
    assert (counts["trucks"], counts["fixes"]) == (2, len(MADE_UP))
    assert counts["plausible: no gap"] == 1


def test_the_picture_shows_every_stay(recording: Path) -> None:
    """It is SVG with a circle for each stay."""
    day = read_day(recording)
    root = ElementTree.fromstring(picture(day))
    assert len([one for one in root.iter() if one.tag.endswith("circle")]) == len(day.stays)


@pytest.mark.skipif(not REAL_FIXES.exists(), reason="the recording of Jersey City is not on this machine")
def test_real_stays_are_plausible() -> None:
    """Of the real stays none is a gap, hardly one a drive, and nine in ten are by a road that trucks drive."""
    counts = summary(read_day(REAL_FIXES))
    assert counts["stays"] > 500
    assert counts["plausible: no gap"] == 1
    assert counts["plausible: no speed"] > 0.97
    assert counts["plausible: road side"] > 0.85
