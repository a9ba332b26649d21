"""The TOML file that says what goes wrong."""

from pathlib import Path

import pytest

from firmware_sim.faults import Faults, load_faults
from services.domain.errors import InvalidRequestError

EVERY_KEY = """
fix_interval_s = 30
gps_noise_m = 10.0
service_events = false
load_sensor = false
dead_spots_per_hour = 2
dead_spot_s = 300
skip_ratio = 0.05
drive_past_ratio = 0.02
breakdowns = 1
wrong_clock_s = -90
silent_devices = 3
gaps_per_hour = 0.5
canyon_drift_m = 30
queue_ratio = 0.01
forgotten_event_ratio = 0.1
drivers_wait = false
"""


def test_absent_keys_mean_no_faults(tmp_path: Path) -> None:
    """An empty file is a fleet without faults."""
    (tmp_path / "none.toml").write_text("")
    assert load_faults(tmp_path / "none.toml") == Faults()


def test_every_key_of_the_interface_is_read(tmp_path: Path) -> None:
    """The keys that interfaces.md names, whole numbers where a number is expected among them."""
    (tmp_path / "all.toml").write_text(EVERY_KEY)
    assert load_faults(tmp_path / "all.toml") == Faults(
        30, 10.0, False, False, 2, 300, 0.05, 0.02, 1, -90, 3, 0.5, 30, 0.01, 0.1, False
    )


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("skip_rate = 0.1", "Unknown key 'skip_rate'; expected one of fix_interval_s"),
        ("skip_ratio = '0.1'", "Expected skip_ratio to be a number, got '0.1'"),
        ("skip_ratio = true", "Expected skip_ratio to be a number, got True"),
        ("service_events = 0", "Expected service_events to be true or false, got 0"),
        ("breakdowns = 1.5", "Expected breakdowns to be a whole number, got 1.5"),
        ("skip_ratio = 1.5", "Expected skip_ratio from 0 to 1, got 1.5"),
        ("gps_noise_m = nan", "Expected gps_noise_m from 0 to 1000, got nan"),
        ("fix_interval_s = 0", "Expected fix_interval_s from 1 to 3600, got 0"),
        ("silent_devices = -1", "Expected silent_devices from 0 to 100000, got -1"),
        ("skip_ratio = 0.7\ndrive_past_ratio = 0.7", "to be 1 together at most"),
        ("skip_ratio = 0.7\nqueue_ratio = 0.7", "to be 1 together at most"),
        ("skip_ratio = ", "is not TOML"),
        ("[gps]\nnoise_m = 3", "Unknown key 'gps'"),
    ],
)
def test_a_wrong_file_is_told_in_a_sentence(tmp_path: Path, text: str, expected: str) -> None:
    """The sentence names the file, the key and what was expected."""
    path = tmp_path / "faults.toml"
    path.write_text(text)
    with pytest.raises(InvalidRequestError) as caught:
        load_faults(path)
    assert expected in str(caught.value)
    assert str(path) in str(caught.value)


def test_a_missing_file_is_told_in_a_sentence(tmp_path: Path) -> None:
    """A file that is not there, and a folder, are no files."""
    for path in (tmp_path / "nowhere.toml", tmp_path):
        with pytest.raises(InvalidRequestError, match="cannot be read"):
            load_faults(path)
