"""When a disk needs attention."""

import pytest

from services.ingest.disk_alarms import is_short

GB = 10**9


@pytest.mark.parametrize(
    ("free_gb", "total_gb", "was_short", "short"),
    [
        (3.1, 30, False, False),
        (2.9, 30, False, True),
        (4.4, 30, True, True),
        (4.6, 30, True, False),
        (5.1, 4_000, False, False),
        (4.9, 4_000, False, True),
        (7.6, 4_000, True, False),
        (0, 0.02, False, True),
    ],
)
def test_a_disk_is_short_with_a_tenth_or_five_gigabytes_left(
    free_gb: float, total_gb: float, was_short: bool, short: bool
) -> None:
    """Of a small disk a tenth counts, of a large one 5 GB; the alarm stays until half as much again is free."""
    assert is_short(round(free_gb * GB), round(total_gb * GB), was_short) is short
